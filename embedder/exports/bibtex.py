r"""Writes BibTeX, in UTF-8 and with LaTeX's special characters escaped.

    @techreport{health-mekong,
      fingerpostid = {health-mekong},
      title = {Health \& Human Trafficking},
      author = {{C. Zimmerman et al.}},
      countries = {Thailand, {Congo, Democratic Republic of the}},
    }

Each author stands in braces, so that no part of an organisation is taken for a last name.
Values of a list have commas between them; one that has a comma or semicolon itself stands in
braces. BibTeX reads any white space as one space: spaces at the ends, several in a row, tabs
and line breaks stand in braces, where it is kept by the readers that keep anything.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

from embedder.records import Document

# The fields in their order, by the names of the document's own.
FIELDS = {
    "id": "fingerpostid",
    "title": "title",
    "authors": "author",
    "year": "year",
    "abstract": "abstract",
    "topics": "keywords",
    "countries": "countries",
    "country_codes": "countrycodes",
    "regions": "regions",
    "category": "category",
    "sources": "sources",
}

# A carriage return is written as LaTeX's command that does nothing, other control characters
# by their number.
RETURN = r"{\relax}"

_ESCAPES = {
    **{character: f"\\{character}" for character in "{}%&$#_"},
    "\\": r"{\textbackslash}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "\r": RETURN,
}
# A brace without its other half would end the value, whatever stands before it.
_LONE_BRACES = {"{": r"{\ensuremath{\lbrace}}", "}": r"{\ensuremath{\rbrace}}"}
_TOKEN = re.compile(
    # White space that is more than one space between two words.
    r"(?P<white>\A[ \t\n]+|[ \t\n]+\Z|[ \t\n]{2,}|[\t\n])"
    # The first of a pair that LaTeX's fonts make one sign of, as -- of a dash.
    r"|(?P<pair>([-'`,<>])(?=\3)|[!?](?=`))"
    r"|(?P<special>[\x00-\x1f\x7f\\{}%&$#_~^])"
)


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as entries, a piece each."""
    taken: set[str] = set()
    for document in documents:
        values = ((name, _value(document, own)) for own, name in FIELDS.items())
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in values if value)
        yield f"@techreport{{{_key(document.id, taken)},\n{lines}}}\n\n"


def _value(document: Document, name: str) -> str:
    value = getattr(document, name)
    if name == "authors":
        return " and ".join(f"{{{_escape(each)}}}" for each in value)
    if isinstance(value, tuple):
        return ", ".join(_item(each) for each in value)
    return "" if value is None else _escape(str(value))


def _item(value: str) -> str:
    escaped = _escape(value)
    return f"{{{escaped}}}" if re.search("[,;]", value) else escaped


def _escape(text: str) -> str:
    specials = _ESCAPES if _is_balanced(text) else _ESCAPES | _LONE_BRACES

    def escape(found: re.Match[str]) -> str:
        token = found[0]
        if found["white"]:
            return f"{{{token}}}"
        if found["pair"]:
            return token + "{}"
        return specials.get(token) or rf"{{\symbol{{{ord(token)}}}}}"

    return _TOKEN.sub(escape, text)


def _is_balanced(text: str) -> bool:
    """Tell whether each brace of a text has its other half."""
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _key(document_id: str, taken: set[str]) -> str:
    """Make a citation key of an id: ASCII letters, digits and hyphens, unlike any before it."""
    ascii_only = unicodedata.normalize("NFKD", document_id).encode("ascii", "ignore").decode()
    key = "-".join(re.findall("[A-Za-z0-9]+", ascii_only)) or "document"
    # BibTeX takes keys that differ in case only for the same.
    while key.casefold() in taken:
        key += "-" + hashlib.sha256(document_id.encode()).hexdigest()[:8]
    taken.add(key.casefold())
    return key
