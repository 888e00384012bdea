"""The keyword index: BM25 over stemmed words."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

from embedder.index.facet_arrays import labels
from embedder.index.facets import MAX_YEAR, MIN_YEAR, FacetFilter
from embedder.index.word_analysis import chain, content_words, english_analyser, names, stems
from embedder.records import Document
from embedder.text.languages import ENGLISH, language_of_document
from embedder.vectors import DocumentRows, Float32Array

# Part of every library's manifest: raise it when fields, labels or word rules change, or any
# other file in a generation's folder.
RULE_VERSION = 10

# The weight of a word found in a field; `text` is title and abstract.
FIELDS: dict[str, float] = {
    "text": 1.0,
    "authors": 1.0,
    "places": 0.3,
    "year": 0.3,
}
_FIELDS_OF_FEW_WORDS = ("places", "year")
_WRITER_BYTES = 128_000_000
# The words of a query are looked up until this many documents were visited, counting a document
# once for each word; the rarest few words are looked up in any case.
_MAX_VISITED = 300_000
_MIN_WORDS = 3
_MIN_VOCABULARY_WORD = 3  # letters
# A score is a float32, in which whole numbers below 2 ** 24 are exact.
_MAX_FLAGS = 24


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text in one language, an ISO 639 code; its words are looked up as those of the language."""

    text: str
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """What to look for: the words of phrases, which are the sentences of a question, and rings.

    A synonym ring, by its number, counts `ring_weight` times what a word does.
    """

    phrases: Sequence[Phrase] = ()
    rings: Sequence[int] = ()
    ring_weight: float = 1.0


class LexicalIndex:
    """A keyword index in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`."""
        self._index = tantivy.Index.open(str(folder))
        _register(self._index)
        self._schema = self._index.schema
        self._index.reload()
        self._searcher = self._index.searcher()
        # Most words of a query need not be looked up in the fields that have few words.
        self._words_in_field = {
            name: frozenset(word for word, _ in self._searcher.terms_with_prefix(name, ""))
            for name in _FIELDS_OF_FEW_WORDS
        }
        found = self._searcher.terms_with_prefix("language", "")
        self._languages = sorted(language for language, _ in found)

    def search(
        self, query: LexicalQuery, limit: int, allowed: FacetFilter | None = None
    ) -> tuple[DocumentRows, Float32Array]:
        """Return the row numbers of documents that share words with a query, best first.

        Returns int64 (k,) with k at most `limit`, and float32 (k,): BM25, summed over words and
        fields, over 0 and without an upper bound; equal scores by row number. The text is only
        words: nothing in it is an operator.

        Where the limit would cut through documents of equal score, all of these are left out, so
        that the result does not depend on the order in which documents were indexed; only if all
        results have the same score, the limit keeps those that were indexed first.
        """
        clauses = list(self._clauses(query))
        count = self._searcher.num_docs
        if not clauses or limit <= 0 or not count:
            return DocumentRows(np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.float32)
        found = self._searcher.search(
            self._filtered(clauses, allowed or FacetFilter()),
            min(limit + 1, count),  # one more than wanted tells whether the limit cuts a tie
            count=False,
        ).hits
        scores = np.asarray([score for score, _ in found], dtype=np.float32)
        kept = _without_cut_tie(scores, limit)
        rows = np.asarray(
            self._searcher.fast_field_values("row", [address for _, address in found[:kept]]),
            dtype=np.int64,
        )
        order = np.lexsort((rows, -scores[:kept]))
        return DocumentRows(rows[order]), scores[order]

    def knows(self, word: str, language: str = ENGLISH) -> bool:
        """Return whether any document has this word, in any of its forms and in any field.

        It is looked for as a word of its own language, and of each that documents are in. Stop
        words count as known.
        """
        return any(
            all(any(self._has_word(name, stem) for name in FIELDS) for stem in stems(word, each))
            for each in dict.fromkeys((language, *self._languages))
        )

    def information(self, phrase: Phrase) -> float:
        """Return how informative a phrase is: the sum of the weights of its different words."""
        return sum(map(self.weight, set(stems(phrase.text, phrase.language))))

    def weight(self, stem: str) -> float:
        """Return the BM25 weight of a word, by its stem.

        A word that n of N documents have weighs `log(1 + (N - n + 0.5) / (n + 0.5))`; Robertson
        and Zaragoza, "The Probabilistic Relevance Framework", 2009, as in Lucene and tantivy.
        """
        n = self._searcher.doc_freq("text", stem)
        return math.log(1 + (self.size - n + 0.5) / (n + 0.5))

    def rings_in(self, rows: DocumentRows, rings: Iterable[int]) -> set[int]:
        """Return those of some synonym rings that any of the documents in some rows has.

        `rows` is int64 (n,).
        """
        return {int(number) for number in self._terms_in("rings", map(str, rings), rows)}

    def words_in(self, rows: DocumentRows, words: Iterable[str]) -> set[str]:
        """Return those of some English words that a document in some rows has, in any form.

        That is in its title or abstract; stop words are in none. `rows` is int64 (n,).
        """
        stems_of = {word: stems(word) for word in words}
        held = self._terms_in("text", itertools.chain.from_iterable(stems_of.values()), rows)
        return {word for word, of_word in stems_of.items() if held.intersection(of_word)}

    def vocabulary(self) -> dict[str, int]:
        """Return the words of titles and abstracts, in lower case, with their document counts."""
        words = self._searcher.terms_with_prefix("forms", "")
        return {
            word: count
            for word, count in words
            if len(word) >= _MIN_VOCABULARY_WORD and word.isalpha()
        }

    @property
    def size(self) -> int:
        """The number of documents."""
        return self._searcher.num_docs

    def _clauses(self, query: LexicalQuery) -> Iterator[tantivy.Query]:
        """Yield a query for each thing that adds to the score."""
        # A word that is asked for twice counts twice, as in BM25 with query term frequencies.
        in_texts = Counter(word for phrase in query.phrases for word in self._words(phrase))
        in_names = Counter(word for phrase in query.phrases for word in _english_words(phrase))
        for word in self._rarest(in_texts | in_names):
            for name, weight in FIELDS.items():
                # Texts are in the document's language, all else is names and numbers.
                times = (in_texts if name == "text" else in_names)[word]
                if times and self._has_word(name, word):
                    yield self._term(word, name, weight * times)
        for ring in query.rings:
            yield self._term(str(ring), "rings", query.ring_weight)

    def _words(self, phrase: Phrase) -> list[str]:
        """Return the words of a phrase as texts may have them.

        These are its stems in its own language, and those that its names have in the others that
        documents are in: French turns `Kinshasa` into `kinshas`.
        """
        own = stems(phrase.text, phrase.language)
        others = [each for each in self._languages if each != phrase.language]
        if not others:
            return own
        of_names = names(phrase.text, phrase.language)
        foreign = {stem for language in others for stem in stems(of_names, language)}
        return own + sorted(foreign.difference(own))

    def _rarest(self, words: Iterable[str]) -> list[str]:
        """Return the words that fewest documents have, as many as are looked up for a query.

        In a library of a million documents a page-long query has words that most documents have:
        they tell least and take longest.
        """
        counts = {word: self._searcher.doc_freq("text", word) for word in words}
        ordered = sorted(counts, key=counts.__getitem__)
        visited = itertools.accumulate(counts[word] for word in ordered)
        return [
            word
            for rank, (word, total) in enumerate(zip(ordered, visited, strict=True))
            if rank < _MIN_WORDS or total <= _MAX_VISITED
        ]

    def _terms_in(self, name: str, terms: Iterable[str], rows: DocumentRows) -> set[str]:
        """Return those of some terms that any of the documents in some rows has in a field.

        It takes one query for 24 terms: each adds a power of two to the score of the documents that
        have it.
        """
        distinct = list(dict.fromkeys(terms))
        held: set[str] = set()
        if not len(rows):
            return held
        of_rows = [tantivy.Query.term_query(self._schema, "row", row) for row in rows.tolist()]
        among = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in of_rows])
        must = (tantivy.Occur.Must, tantivy.Query.const_score_query(among, 0.0))
        for begin in range(0, len(distinct), _MAX_FLAGS):
            flags = {1 << at: term for at, term in enumerate(distinct[begin : begin + _MAX_FLAGS])}
            should = (
                tantivy.Query.const_score_query(self._term(term, name, 1.0), float(flag))
                for flag, term in flags.items()
            )
            query = tantivy.Query.boolean_query(
                [must, *((tantivy.Occur.Should, each) for each in should)]
            )
            for score, _ in self._searcher.search(query, len(rows), count=False).hits:
                held.update(term for flag, term in flags.items() if int(score) & flag)
        return held

    def _has_word(self, name: str, word: str) -> bool:
        """Return whether any document has a word in a field."""
        few = self._words_in_field.get(name)
        return bool(self._searcher.doc_freq(name, word)) if few is None else word in few

    def _term(self, word: str, name: str, weight: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, name, word, index_option="freq")
        return tantivy.Query.boost_query(query, weight)

    def _filtered(self, clauses: Iterable[tantivy.Query], allowed: FacetFilter) -> tantivy.Query:
        """Return the query for any of the clauses in documents that pass the filter."""
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in clauses])
        for condition in self._conditions(allowed):
            query = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), (tantivy.Occur.Must, condition)]
            )
        return query

    def _conditions(self, allowed: FacetFilter) -> Iterator[tantivy.Query]:
        """Yield queries that must hold and add nothing to the score."""
        for any_of in allowed.any_of:
            query = tantivy.Query.term_set_query(self._schema, "labels", sorted(any_of))
            yield tantivy.Query.const_score_query(query, 0.0)
        if allowed.year_from is not None or allowed.year_to is not None:
            query = tantivy.Query.range_query(
                self._schema,
                "published",
                tantivy.FieldType.Integer,
                lower_bound=MIN_YEAR if allowed.year_from is None else allowed.year_from,
                upper_bound=MAX_YEAR if allowed.year_to is None else allowed.year_to,
            )
            yield tantivy.Query.const_score_query(query, 0.0)


def write_index(
    folder: Path,
    documents: Iterable[tuple[int, Document]],
    removed: Iterable[int] = (),
    rings: Callable[[Document], Sequence[int]] = lambda _: (),
) -> None:
    """Write documents, with their row numbers, into the index in `folder`, made if there is none.

    `removed` are row numbers of documents to take out first, those that are written again among
    them; `rings` returns the numbers of the synonym rings in a document, one as often as it
    occurs.

    Documents that were taken out still count in the weights of BM25 (how many documents there
    are, how many have a word, how long they are) until tantivy merges their segment away, which
    it does when it likes: its Python package has no call for it. Where scores must be those of a
    fresh index, write a fresh one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(_schema(), path=str(folder))
    _register(index)
    # With one thread the order of documents, and so of equal scores, is the same every time.
    writer = index.writer(_WRITER_BYTES, num_threads=1)
    for row in removed:
        writer.delete_documents_by_term("row", row)
    for row, document in documents:
        writer.add_document(_entry(row, document, rings(document)))
    writer.commit()
    writer.wait_merging_threads()


def _without_cut_tie(scores: Float32Array, limit: int) -> int:
    """Return how many of descending scores to keep, at most `limit`; see `LexicalIndex.search`."""
    if len(scores) <= limit or scores[limit - 1] != scores[limit]:
        return min(limit, len(scores))
    above = int(np.count_nonzero(scores > scores[limit]))
    return above or limit


def _english_words(phrase: Phrase) -> list[str]:
    """Return the words of a phrase as names, places and years have them."""
    if phrase.language == ENGLISH:
        return stems(phrase.text)
    return stems(content_words(phrase.text, phrase.language))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in FIELDS:
        analyser = "plain" if name == "text" else "words"
        builder.add_text_field(name, tokenizer_name=analyser, index_option="freq")
    builder.add_text_field("rings", tokenizer_name="plain", index_option="freq")
    builder.add_text_field("forms", tokenizer_name="forms", index_option="basic")
    builder.add_text_field("labels", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published", indexed=True, fast=True)
    builder.add_integer_field("row", indexed=True, fast=True)
    return builder.build()


def _entry(row: int, document: Document, rings: Sequence[int]) -> tantivy.Document:
    year = document.year
    text = f"{document.title}\n{document.abstract}"
    language = language_of_document(document)
    values: dict[str, Any] = {
        "text": " ".join(stems(text, language)),
        # The words by which English questions are corrected.
        "forms": text if language == ENGLISH else "",
        "language": language,
        "rings": " ".join(map(str, rings)),
        "authors": " ; ".join(document.authors),
        "places": " ; ".join((*document.countries, *document.regions)),
        "year": str(year) if year else "",
        "labels": labels(document),
        "published": year or 0,
        "row": row,
    }
    return tantivy.Document(**values)


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer("words", english_analyser())
    index.register_tokenizer("forms", chain(tantivy.Tokenizer.simple(), tantivy.Filter.lowercase()))
    index.register_tokenizer("plain", chain(tantivy.Tokenizer.whitespace()))
