"""Documents that are hard for formats: generated ones, the same in every run, and the seeds."""

from __future__ import annotations

import random
import re
from pathlib import Path

from embedder.build.diff import find_changes, identify
from embedder.formats import listing
from embedder.formats.registry import EXPORTS, read
from embedder.records import Document
from embedder.text.countries import country_codes
from tests.conftest import SEEDS

_PIECES = (
    *("Health", "and", "of", "et al.", "others", "العربية", "é", "ß", "😀", "Ω", "A. B."),
    *(" ", " ", " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", "\x00", "\x0b", "\x1b", "\x7f"),
    *("\x85", "\xa0", "\u2028", "\u200b", "\u200f", "\ufeff", "\ufdd0"),
    *("{", "}", "\\", "%", "&", "$", "#", "_", "~", "^", "--", "``", "''", "'", '"', "?`", "<<"),
    *(",", ";", ":", "=", "+", "-", "@", "＝", "|", "[", "]", "(", ")", "\\;", "\\\\", "\\n", "//"),
    *("@article{x,", "\n@misc{y,", "\nTY  - X", "\nER  - ", "\nAB  - y", "C8  - {}", "$x$", "{x}"),
    *("\\emph{x}", "\\symbol{13}", "{\\relax}", "\\begin{x}", "http://a.b/c_d~e?f=g%20&h#i"),
)
# White space that the readers strip from the values of lists.
_WHITE = " \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"
_ID = re.compile(r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?")
_COUNTRIES = ("Lebanon", "Viet Nam", "Worldwide", "Congo, Democratic Republic of the")

PLAIN = Document(
    id="health-mekong",
    title="Health & Human Trafficking",
    abstract="A study.\nIn 50% of cases: “care”.",
    countries=("Thailand", "Congo, Democratic Republic of the"),
    country_codes=("THA", "COD"),
    regions=("Asia and the Pacific",),
    authors=("C. Zimmerman et al.", "International Organization for Migration (IOM)"),
    year=2014,
    topics=("Trafficking", "Health; care"),
    category="Reports",
    sources=("000.txt", "004.txt"),
)


def generated(count: int, seed: int = 20) -> list[Document]:
    """Return documents with distinct ids and all fields, made of pieces that break formats."""
    rng = random.Random(seed)  # noqa: S311 (no secret)

    def text(max_pieces: int) -> str:
        return "".join(rng.choice(_PIECES) for _ in range(rng.randint(0, max_pieces)))

    def values(max_count: int) -> tuple[str, ...]:
        stripped = (text(6).strip(_WHITE) for _ in range(rng.randint(0, max_count)))
        return tuple(dict.fromkeys(each for each in stripped if each))

    def document(number: int) -> Document:
        countries = (*rng.sample(_COUNTRIES, rng.randint(0, 3)), *values(1))
        codes = [*country_codes(countries), *rng.sample(["GEO", "ARM"], rng.randint(0, 2))]
        rng.shuffle(codes)
        key = f"{text(4)}{number}"
        return Document(
            id=key if _ID.fullmatch(key) else f"n{number}",
            title=text(12),
            abstract=text(30),
            countries=countries,
            country_codes=tuple(codes),
            regions=values(2),
            authors=values(3),
            year=rng.choice([None, 1000, 2014, 2999]),
            topics=values(3),
            category=text(4) or None,
            sources=values(2) or ("a.txt",),
        )

    return [document(number) for number in range(count)]


def seeds() -> tuple[Document, ...]:
    """Return the documents of the seeds, as a library has them."""
    pages = sorted(SEEDS.glob("*.txt"))
    entries = identify(entry for path in pages for entry in listing.read(path))
    return find_changes(entries, kept=[], stored={}, forgotten=[]).new


def written(form: str, *documents: Document) -> str:
    """Return the text of these documents in a format."""
    return "".join(EXPORTS[form].write(documents))


def read_back(form: str, folder: Path, *documents: Document) -> list[Document]:
    """Write documents to a file, and read it with our own reader."""
    path = folder / f"library.{EXPORTS[form].ending}"
    path.write_bytes(written(form, *documents).encode())
    return [entry.document for entry in read(path)]
