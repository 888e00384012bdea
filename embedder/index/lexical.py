"""The keyword index: BM25 over stemmed words; the only `tantivy` import."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

from embedder.index.facets import FacetFilter, labels
from embedder.records import Document
from embedder.text.words import regular
from embedder.vectors import Float32Array, Int64Array

# Part of every library's manifest: raise it when fields, labels or word rules change, or what
# else lies in a generation's folder.
RULE_VERSION = 6

# What a word found in a field counts for; the title stands in `text` too.
FIELDS: dict[str, float] = {
    "text": 1.0,
    "title": 1.0,
    "authors": 1.0,
    "places": 0.3,
    "year": 0.3,
}
_OF_FEW_WORDS = ("places", "year")
_WRITER_BYTES = 128_000_000
_LONGEST_WORD = 256  # bytes
# Documents that are looked through for a question's words, a document once for each of its words;
# fewer words than this are looked up in all of theirs.
_MOST_PLACES = 300_000
_FEWEST_WORDS = 3
_SHORTEST = 3  # letters of a word that the vocabulary lists


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """What to look for: the words of a text, related words with weights, glossary rings.

    `parts` are the text's sentences if it has several: a word counts by what its part tells.
    A word in the title counts `title_weight` on top of what it counts in the text, a ring
    `ring_weight` times what a word does.
    """

    text: str
    parts: Sequence[str] = ()
    related: Mapping[str, float] = field(default_factory=dict)
    rings: Sequence[int] = ()
    title_weight: float = 1.0
    ring_weight: float = 1.0


class LexicalIndex:
    """A keyword index in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`."""
        self._analyzer = _analyzer()
        self._index = tantivy.Index.open(str(folder))
        _register(self._index, self._analyzer)
        self._schema = self._index.schema
        self._index.reload()
        self._searcher = self._index.searcher()
        # Of few words, so that most of a question's need not be looked for in these.
        self._words_of = {
            name: frozenset(word for word, _ in self._searcher.terms_with_prefix(name, ""))
            for name in _OF_FEW_WORDS
        }

    def search(
        self, wanted: LexicalQuery, limit: int, allowed: FacetFilter | None = None
    ) -> tuple[Int64Array, Float32Array]:
        """Give the row numbers of documents that share words with a question, best first.

        Returns int64 (k,) with k at most `limit`, and float32 (k,): BM25, summed over words and
        fields, over 0 and without an upper bound. The text is words alone: nothing in it is an
        operator.
        """
        clauses = list(self._clauses(wanted))
        if not clauses or limit <= 0 or not self._searcher.num_docs:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in clauses])
        for each in self._filters(allowed or FacetFilter()):
            query = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), (tantivy.Occur.Must, each)]
            )
        hits = self._searcher.search(query, min(limit, self._searcher.num_docs), count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        scores = [score for score, _ in hits]
        return np.asarray(rows, dtype=np.int64), np.asarray(scores, dtype=np.float32)

    def _stems(self, text: str) -> list[str]:
        """Give the words of a text as the index has them."""
        return self._analyzer.analyze(regular(text))

    def knows(self, word: str) -> bool:
        """Tell whether any document has this word, in any of its forms and in any field.

        Stop words are known.
        """
        return all(any(self._is_in(name, stem) for name in FIELDS) for stem in self._stems(word))

    def information(self, text: str) -> float:
        """Give how much a text's different words tell apart: the sum of their BM25 weights.

        `log(1 + (N - n + 0.5) / (n + 0.5))` a word that n of N documents have; Robertson and
        Zaragoza, "The Probabilistic Relevance Framework", 2009, as Lucene and tantivy have it.
        """
        return self._told_by(set(self._stems(text)))

    def _told_by(self, words: Collection[str]) -> float:
        total = self.size
        counts = (self._searcher.doc_freq("text", each) for each in words)
        return sum(math.log(1 + (total - n + 0.5) / (n + 0.5)) for n in counts)

    def vocabulary(self) -> dict[str, int]:
        """Give the words of titles and abstracts, in lower case, with their document counts."""
        found = self._searcher.terms_with_prefix("forms", "")
        return {word: count for word, count in found if len(word) >= _SHORTEST and word.isalpha()}

    @property
    def size(self) -> int:
        """How many documents it holds."""
        return self._searcher.num_docs

    def _clauses(self, wanted: LexicalQuery) -> Iterator[tantivy.Query]:
        part_weights = self._tells(wanted.parts)
        # A word asked for twice counts twice, as in BM25 with query term frequencies.
        asked = Counter(self._stems(wanted.text))
        for word in self._rarest(asked):
            times = asked[word]
            for name, weight in FIELDS.items():
                if not self._is_in(name, word):
                    continue  # most words are nobody's name, no place and no year
                share = wanted.title_weight if name == "title" else 1.0
                yield self._word(word, name, weight * share * times * part_weights.get(word, 1.0))
        for related, weight in wanted.related.items():
            for word in self._stems(related):
                yield self._word(word, "text", weight)
        for ring in wanted.rings:
            yield self._word(str(ring), "rings", wanted.ring_weight)

    def _rarest(self, words: Iterable[str]) -> list[str]:
        """Give the words that fewest documents have, as many as are looked up for a question.

        In a library of a million documents a page-long question has words that most documents
        have: they tell least and take longest.
        """
        counts = {word: self._searcher.doc_freq("text", word) for word in words}
        ordered = sorted(counts, key=counts.__getitem__)
        places = itertools.accumulate(counts[word] for word in ordered)
        return [
            word
            for at, (word, total) in enumerate(zip(ordered, places, strict=True))
            if at < _FEWEST_WORDS or total <= _MOST_PLACES
        ]

    def _tells(self, parts: Sequence[str]) -> dict[str, float]:
        """Give what each word counts by the part it stands in, the most telling part's 1.

        In "Her employer keeps her passport. What guidance is there?" the second part says little,
        so `guidance` must not count as much as `passport`. The cube root keeps a short part heard.
        """
        words = [set(self._stems(each)) for each in parts]
        information = [self._told_by(each) for each in words]
        most = max(information, default=0.0)
        found: dict[str, float] = {}
        for own, told in zip(words, information, strict=True):
            share = math.cbrt(told / most) if most else 1.0
            found.update((word, max(found.get(word, 0.0), share)) for word in own)
        return found

    def _is_in(self, name: str, word: str) -> bool:
        """Tell whether any document has a word in a field."""
        few = self._words_of.get(name)
        return bool(self._searcher.doc_freq(name, word)) if few is None else word in few

    def _word(self, word: str, name: str, weight: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, name, word, index_option="freq")
        return tantivy.Query.boost_query(query, weight)

    def _filters(self, allowed: FacetFilter) -> Iterable[tantivy.Query]:
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
    folder: Path,
    documents: Iterable[tuple[int, Document]],
    replaced: Iterable[int] = (),
    rings: Callable[[Document], Sequence[int]] = lambda _: (),
) -> None:
    """Write documents into the index in `folder`, making it if there is none.

    `replaced` are row numbers of documents to take out first; `rings` gives the numbers of the
    glossary's rings in a document, as often as they stand there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(_schema(), path=str(folder))
    _register(index, _analyzer())
    # One thread: the order of documents, and so of equal scores, is the same every time.
    writer = index.writer(_WRITER_BYTES, num_threads=1)
    for row in replaced:
        writer.delete_documents_by_term("row", row)
    for row, document in documents:
        writer.add_document(_entry(row, document, rings(document)))
    writer.commit()
    writer.wait_merging_threads()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in FIELDS:
        builder.add_text_field(name, tokenizer_name="words", index_option="freq")
    builder.add_text_field("rings", tokenizer_name="plain", index_option="freq")
    builder.add_text_field("forms", tokenizer_name="forms", index_option="basic")
    builder.add_text_field("labels", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published", indexed=True, fast=True)
    builder.add_integer_field("row", indexed=True, fast=True)
    return builder.build()


def _entry(row: int, document: Document, rings: Sequence[int]) -> tantivy.Document:
    year = document.year
    text = f"{document.title}\n{document.abstract}"
    values: dict[str, Any] = {
        "title": regular(document.title),
        "text": regular(text),
        "forms": text,
        "rings": " ".join(map(str, rings)),
        "authors": " ; ".join(document.authors),
        "places": " ; ".join((*document.countries, *document.regions)),
        "year": str(year) if year else "",
        "labels": labels(document),
        "published": year or 0,
        "row": row,
    }
    return tantivy.Document(**values)


def _register(index: tantivy.Index, words: tantivy.TextAnalyzer) -> None:
    index.register_tokenizer("words", words)
    index.register_tokenizer(
        "forms", _chain(tantivy.Tokenizer.simple(), tantivy.Filter.lowercase())
    )
    index.register_tokenizer("plain", _chain(tantivy.Tokenizer.whitespace()))


def _analyzer() -> tantivy.TextAnalyzer:
    """Words without case and accents, English stop words left out, English stems."""
    return _chain(
        tantivy.Tokenizer.simple(),
        tantivy.Filter.remove_long(_LONGEST_WORD),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stopword("english"),
        tantivy.Filter.stemmer("english"),
    )


def _chain(tokenizer: tantivy.Tokenizer, *filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tokenizer)
    for each in filters:
        builder = builder.filter(each)
    return builder.build()
