"""The keyword index: BM25 over stemmed words; the only `tantivy` import."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tantivy

from embedder.facets import Allowed, labels
from embedder.records import Document

# Part of every library's manifest: raise it when fields or word rules change.
RULE_VERSION = 1

# What a word found in a field counts for.
FIELDS: dict[str, float] = {
    "title": 1.0,
    "abstract": 1.0,
    "authors": 1.0,
    "places": 0.5,
    "year": 0.5,
}

_WRITER_BYTES = 128_000_000
_LONGEST_WORD = 40


class LexicalIndex:
    """A keyword index in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`."""
        self._analyzer = _analyzer()
        self._index = tantivy.Index.open(str(folder))
        self._index.register_tokenizer("words", self._analyzer)
        self._schema = self._index.schema
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(
        self, text: str, limit: int, allowed: Allowed | None = None
    ) -> list[tuple[int, float]]:
        """Give the row numbers of documents that share words with a text, best first.

        Scores are BM25, summed over words and fields, over 0 and without an upper bound. The
        text is words alone: nothing in it is an operator.
        """
        words = dict.fromkeys(self._analyzer.analyze(text))
        if not words or limit <= 0 or not self._searcher.num_docs:
            return []
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, self._word(word, field, weight))
                for word in words
                for field, weight in FIELDS.items()
            ]
        )
        for each in self._filters(allowed or Allowed()):
            query = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), (tantivy.Occur.Must, each)]
            )
        hits = self._searcher.search(query, min(limit, self._searcher.num_docs), count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        return [(int(row or 0), score) for row, (score, _) in zip(rows, hits, strict=True)]

    @property
    def size(self) -> int:
        """How many documents it holds."""
        return self._searcher.num_docs

    def _word(self, word: str, field: str, weight: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, field, word, index_option="freq")
        return tantivy.Query.boost_query(query, weight)

    def _filters(self, allowed: Allowed) -> Iterable[tantivy.Query]:
        """Give queries that must hold and add nothing to the score."""
        for wanted in allowed.any_of:
            query = tantivy.Query.term_set_query(self._schema, "labels", sorted(wanted))
            yield tantivy.Query.const_score_query(query, 0.0)
        if allowed.year_from is not None or allowed.year_to is not None:
            query = tantivy.Query.range_query(
                self._schema,
                "published",
                tantivy.FieldType.Integer,
                lower_bound=allowed.year_from if allowed.year_from is not None else 1,
                upper_bound=allowed.year_to if allowed.year_to is not None else 9999,
            )
            yield tantivy.Query.const_score_query(query, 0.0)


def write_index(
    folder: Path, documents: Iterable[tuple[int, Document]], replaced: Iterable[int] = ()
) -> None:
    """Write documents into the index in `folder`, making it if there is none.

    `replaced` are row numbers of documents to take out first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(_schema(), path=str(folder))
    index.register_tokenizer("words", _analyzer())
    # One thread: the order of documents, and so of equal scores, is the same every time.
    writer = index.writer(_WRITER_BYTES, num_threads=1)
    for row in replaced:
        writer.delete_documents_by_term("row", row)
    for row, document in documents:
        writer.add_document(_entry(row, document))
    writer.commit()
    writer.wait_merging_threads()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name="words", index_option="freq")
    builder.add_text_field("labels", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published", indexed=True, fast=True)
    builder.add_integer_field("row", indexed=True, fast=True)
    return builder.build()


def _entry(row: int, document: Document) -> tantivy.Document:
    year = document.year
    values: dict[str, Any] = {
        "title": document.title,
        "abstract": document.abstract,
        "authors": " ; ".join(document.authors),
        "places": " ; ".join((*document.countries, *document.regions)),
        "year": str(year) if year else "",
        "labels": labels(document),
        "published": year or 0,
        "row": row,
    }
    return tantivy.Document(**values)


def _analyzer() -> tantivy.TextAnalyzer:
    """Words without case and accents, English stop words left out, English stems."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for each in (
        tantivy.Filter.remove_long(_LONGEST_WORD),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stopword("english"),
        tantivy.Filter.stemmer("english"),
    ):
        builder = builder.filter(each)
    return builder.build()
