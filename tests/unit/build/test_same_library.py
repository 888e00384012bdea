"""The same documents make the same library, whatever was added, changed and removed before."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from embedder.encoders.encoder import Encoder
from embedder.library import Library
from embedder.records import Answer, Document, Question
from embedder.store.database import Store
from tests.conftest import SEEDS, write_jsonl
from tests.support.words import load_words, returns

SEQUENCES = 60
STEPS = 6

WORDS = (
    *("war", "peace", "fever", "night", "harvest", "border", "village", "nurse", "wage", "debt"),
    *("passport", "river"),
)
PLACES = ("Mali", "Lebanon", "Viet Nam", "Worldwide")
QUESTIONS = (
    "a nurse by the river at night",
    "wage debt and a passport taken at the border",
    "fever",
    "The harvest was lost. My village is at war. Who pays the debt?",
    "sourdough",
)


def a_document(key: str, chance: random.Random) -> dict[str, Any]:
    """A document of this id: some are equal but for it, some have no text or several passages."""
    sentences = chance.choice((0, 1, 1, 2, 9))
    text = " ".join(" ".join(chance.sample(WORDS, 5)).capitalize() + "." for _ in range(sentences))
    return {
        "id": key,
        "title": chance.choice(("War and peace", "A nurse", f"Title {key}", "")),
        "abstract": text,
        "countries": chance.sample(PLACES, chance.choice((0, 1, 2))),
        "topics": chance.sample(("Health", "Work", "health"), chance.choice((0, 1))),
        "year": chance.choice((None, 1999, 2015)),
    }


@dataclass
class History:
    """A library that is changed at random through its front door."""

    folder: Path
    chance: random.Random
    library: Library
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def step(self) -> None:
        (self.chance.choice((self.write_file, self.write_file, self.add_document, self.remove)))()

    def document(self) -> dict[str, Any]:
        """A document by one of a few ids; what is in another source too stays as it is there."""
        key = f"d{self.chance.randrange(14)}"
        held = {each.id for each in self.held()}
        if key not in held or self.chance.random() < 0.5:
            self.texts.setdefault(key, a_document(key, self.chance))
        return self.texts[key]

    def held(self) -> list[Document]:
        return list(self.library.documents()) if (self.folder / "v").exists() else []

    def write_file(self) -> None:
        """Write one of three files anew, and index the folder."""
        chosen = {each["id"]: each for each in (self.document() for _ in range(5))}
        name = f"{self.chance.randrange(3)}.jsonl"
        write_jsonl(self.folder / "sources" / name, *chosen.values())
        self.library.add(self.folder / "sources")

    def add_document(self) -> None:
        """Add a document from memory, changed if no file holds it."""
        chosen = self.document()
        if not any(each.id == chosen["id"] for each in self.held()):
            chosen = self.texts[chosen["id"]] = a_document(chosen["id"], self.chance)
        lists = {name: tuple(value) for name, value in chosen.items() if isinstance(value, list)}
        self.library.add(Document(**{**chosen, **lists}))

    def remove(self) -> None:
        held = [each.id for each in self.held()]
        if held:
            removed = self.chance.sample(held, min(len(held), 2))
            self.library.remove(removed)
            for key in removed:
                self.texts.pop(key, None)
            for path in (self.folder / "sources").glob("*.jsonl"):
                path.touch()


def without_time(answer: Answer) -> dict[str, Any]:
    """All that a person sees of an answer, to the last digit."""
    return {**answer.as_dict(), "took_ms": 0, "generation": 0}


def vectors_of(library: Library, folder: Path) -> dict[str, list[bytes]]:
    """The vectors of each document's passages and sentences, by its id."""
    _, manifest = library.status()
    found: dict[str, list[bytes]] = {}
    with Store(folder).snapshot() as snapshot:
        rows: dict[int, str] = {row: key for row, key in snapshot.ids()}  # noqa: C416
        _, documents = snapshot.passages()
        blocks = snapshot.passage_vectors(manifest.model_sha256, manifest.dim)
        passages = [row.tobytes() for block in blocks for row in block]
        sentences = snapshot.sentence_vectors(manifest.model_sha256, manifest.dim)
        for document, passage, (_, own) in zip(documents, passages, sentences, strict=True):
            found.setdefault(rows[int(document)], []).extend((passage, own.tobytes()))
    return found


def assert_same(one: Library, two: Library, folders: tuple[Path, Path]) -> None:
    assert list(one.documents()) == list(two.documents())
    assert vectors_of(one, folders[0]) == vectors_of(two, folders[1])
    assert one.status()[1].calibration == two.status()[1].calibration
    assert one.filter_values() == two.filter_values()
    for text in QUESTIONS:
        for each in ("hybrid", "semantic", "keyword"):
            question = Question(text, mode=each, limit=20)
            assert without_time(one.ask(question)) == without_time(two.ask(question))


def fresh(library: Library, folder: Path, chance: random.Random) -> Library:
    """Build what a library holds anew, in another order."""
    documents = list(library.documents())
    chance.shuffle(documents)
    built = Library(folder, load=load_words)
    built.add(*documents)
    return built


@pytest.mark.slow
@pytest.mark.parametrize("sequence", range(SEQUENCES))
def test_a_library_does_not_show_its_history(
    sequence: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sequence % 2:  # as in a large library, each generation is derived from the one before
        monkeypatch.setattr("embedder.build.generation.FULL_REBUILD_UP_TO", 0)
    chance = random.Random(sequence)  # noqa: S311
    history = History(tmp_path, chance, Library(tmp_path / "v", load=load_words))
    history.write_file()
    for _ in range(STEPS):
        history.step()
    if not history.held():
        history.write_file()
    other = fresh(history.library, tmp_path / "fresh", chance)
    assert_same(history.library, other, (tmp_path / "v", tmp_path / "fresh"))


@pytest.mark.slow
def test_neither_does_one_with_the_real_model(tmp_path: Path, encoder: Encoder) -> None:
    library = Library(tmp_path / "v", load=returns(encoder))
    for page in sorted(SEEDS.iterdir(), reverse=True):
        library.add(page)
    extra = Document(id="extra", title="A landlord", abstract="He keeps their passports.")
    library.add(extra)
    library.remove("extra")
    other = Library(tmp_path / "w", load=returns(encoder))
    other.add(SEEDS)
    assert_same(library, other, (tmp_path / "v", tmp_path / "w"))
