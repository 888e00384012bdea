r"""BibTeX, ours and that of other programs; `latex` decodes and escapes its values.

Read from any program's files:

| of a document | fields |
|---|---|
| title, abstract | `title`, `abstract` |
| authors | `author`, without it `editor`; `Last, First` is put in order, `{Name}` is kept whole |
| year | `year`, without it `date` |
| topics | `keywords`, without it `keyword`; between commas, or semicolons where there are any |

A citation key is not taken as an id: two libraries call different documents `smith2010`. Other
fields (journal, pages, publisher …) have no field in a document and are skipped, as BibTeX skips
text between entries. White space is one space, and a blank line ends a paragraph.

Written by us, in UTF-8, and read back unchanged:

    @techreport{health-mekong,
      fingerpostid = {health-mekong},
      title = {Health \& Human Trafficking},
      author = {{C. Zimmerman et al.}},
      countries = {Thailand, {Congo, Democratic Republic of the}},
    }

Each author is in braces, so that no part of an organisation is taken for a last name. The values
of a list are separated by commas; one that has a comma or semicolon itself is in braces. BibTeX
reads any white space as one space: spaces at the ends, several in a row, tabs and line breaks are
in braces, which keeps them for those readers that can keep them.
"""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from bibtexparser.library import Library
from bibtexparser.middlewares import default_parse_stack
from bibtexparser.middlewares.names import (
    parse_single_name_into_parts,
    split_multiple_persons_names,
)
from bibtexparser.model import (
    Block,
    DuplicateBlockKeyBlock,
    DuplicateFieldKeyBlock,
    Field,
    ParsingFailedBlock,
    String,
)
from bibtexparser.model import Entry as ParsedEntry
from bibtexparser.splitter import Splitter

from embedder.errors import SourceError
from embedder.files import read_text
from embedder.formats.fields import check, year_in
from embedder.formats.latex import decode, escape
from embedder.records import LIST_FIELDS, Document, Entry

# Its warnings are errors here, with file and line.
logging.getLogger("bibtexparser").addHandler(logging.NullHandler())

# The BibTeX field of each field of a document, in the order of the lines.
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
# Read where the first is missing.
_ALTERNATIVES = {"authors": ("editor",), "year": ("date",), "topics": ("keyword",)}
_READ = {*FIELDS.values(), *(name for names in _ALTERNATIVES.values() for name in names)}


def read(path: Path) -> Iterator[Entry]:
    """Read every entry of a file, in order.

    Raises SourceError, with file and line, for an entry that BibTeX could not read either, one
    that has a field twice, and a value that no @string defines.
    """
    entries = _entries(path)
    if not entries:
        problem = "there is no entry in this file; an entry begins with '@', its type and a brace"
        raise SourceError(path, 1, problem)
    for entry in entries:
        line = (entry.start_line or 0) + 1
        yield Entry(_document(path, line, _values(path, entry)), path, line)


def _entries(path: Path) -> list[ParsedEntry]:
    """Return the entries of a file, with the values of its strings inserted."""
    blocks: list[Block] = []
    for parsed in Splitter(read_text(path)).split().blocks:
        # Two entries may have the same key: we do not use it.
        block = parsed.ignore_error_block if isinstance(parsed, DuplicateBlockKeyBlock) else parsed
        if isinstance(block, ParsingFailedBlock):
            raise SourceError(path, (block.start_line or 0) + 1, _failure(block))
        if isinstance(block, ParsedEntry):
            block.key = str(len(blocks))
        if isinstance(block, ParsedEntry | String):
            blocks.append(block)
    library = Library(blocks, fail_on_duplicate_key=False)
    for step in default_parse_stack():
        library = step.transform(library)
    return library.entries


def _failure(block: ParsingFailedBlock) -> str:
    if isinstance(block, DuplicateFieldKeyBlock):
        names = ", ".join(sorted(block.duplicate_keys))
        return f"the entry that begins here has fields twice: {names}. Keep one of each"
    reason = getattr(block.error, "abort_reason", str(block.error)).strip()
    return f"the entry that begins here cannot be read: {reason}"


def _values(path: Path, entry: ParsedEntry) -> dict[str, str]:
    """Return the values of the fields that are read, as written in the file."""
    values: dict[str, str] = {}
    for field in entry.fields:
        name = field.key.casefold()
        if name not in _READ:
            continue
        if field.enclosing == "no-enclosing":
            raise SourceError(path, (field.start_line or 0) + 1, _undefined(field))
        values[name] = field.value
    return values


def _undefined(field: Field) -> str:
    if "#" in field.value:
        return f"{field.key}: values joined with '#' cannot be read; write one value"
    return f"{field.key}: no @string defines {field.value!r}; put text in braces"


def _document(path: Path, line: int, values: dict[str, str]) -> Document:
    raw = {own: values.get(name, "") for own, name in FIELDS.items()}
    for own, others in _ALTERNATIVES.items():
        raw[own] = raw[own] or next((values[name] for name in others if name in values), "")
    fields: dict[str, Any] = {}
    for own, value in raw.items():
        try:
            fields[own] = _READERS.get(own, decode)(value)
        except ValueError as error:
            raise SourceError(path, line, f"{own}: {error}") from error
    return check(path, line, fields)


def _year(value: str) -> int | None:
    return year_in(decode(value))


def _list(value: str) -> tuple[str, ...]:
    """Split a list at the separators outside braces."""
    parts, depth = [""], 0
    separators = _separators(value)
    # An escaped character is one with its backslash.
    for character in re.findall(r"\\.|.", value, re.DOTALL):
        depth += (character == "{") - (character == "}")
        if depth == 0 and character in separators:
            parts.append("")
        else:
            parts[-1] += character
    decoded = (decode(part.strip()) for part in parts)
    return tuple(part for part in decoded if part.strip())


def _separators(value: str) -> str:
    outside = re.sub(r"\\.", "", value, flags=re.DOTALL)
    while (shorter := re.sub(r"\{[^{}]*\}", "", outside)) != outside:
        outside = shorter
    return ";" if ";" in outside else ","


def _authors(value: str) -> tuple[str, ...]:
    names: list[str] = []
    for name in split_multiple_persons_names(value):
        if name == "others" and names:
            names[-1] += " et al."
        else:
            names.append(_name(name))
    return tuple(dict.fromkeys(name for name in names if name.strip()))


def _name(name: str) -> str:
    if "," not in name:
        return decode(name)
    parts = parse_single_name_into_parts(name, strict=False)
    return decode(parts.merge_first_name_first)


# All others are text.
_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(LIST_FIELDS, _list),
    "authors": _authors,
    "year": _year,
}


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as entries, one piece each."""
    taken: set[str] = set()
    for document in documents:
        values = ((name, _value(document, own)) for own, name in FIELDS.items())
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in values if value)
        yield f"@techreport{{{_key(document.id, taken)},\n{lines}}}\n\n"


def _value(document: Document, name: str) -> str:
    value = getattr(document, name)
    if name == "authors":
        return " and ".join(f"{{{escape(author)}}}" for author in value)
    if isinstance(value, tuple):
        return ", ".join(_list_value(part) for part in value)
    return "" if value is None else escape(str(value))


def _list_value(value: str) -> str:
    escaped = escape(value)
    return f"{{{escaped}}}" if re.search("[,;]", value) else escaped


def _key(document_id: str, taken: set[str]) -> str:
    """Make a citation key from an id: ASCII letters, digits and hyphens, and not yet taken."""
    ascii_only = unicodedata.normalize("NFKD", document_id).encode("ascii", "ignore").decode()
    key = "-".join(re.findall("[A-Za-z0-9]+", ascii_only)) or "document"
    # To BibTeX, keys that differ only in case are the same.
    while key.casefold() in taken:
        key += "-" + hashlib.sha256(document_id.encode()).hexdigest()[:8]
    taken.add(key.casefold())
    return key
