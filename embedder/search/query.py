"""Encode a question: the vectors and words that both ways of searching look for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embedder.encoders.encoder import Encoder
from embedder.index.lexical import LexicalIndex, LexicalQuery
from embedder.records import Question, RankingWeights, Understood
from embedder.search.fusion import estimated_minimum
from embedder.search.rewriting import RewrittenQuery, rewrite, verbatim
from embedder.search.served import ServedGeneration
from embedder.text import passages
from embedder.vectors import Float32Array, Int64Array, normalise

# A part that weighs less than this, against the weightiest, is not shown as matched.
MIN_SHOWN_WEIGHT = 1 / 3
# Related words are looked for only for words of at least this many letters, and only in questions
# with at most this many unknown words: a story has many, and they are everyday words, to which
# everyday words are near.
_MIN_EXPANDED_LETTERS = 4
_MAX_EXPANDED_WORDS = 8


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A question as it is searched for: vectors of unit length, and words.

    `vectors` is float32 (1 + parts, dim): the whole question, then its parts if it has several.
    `part_weights` is float32 (parts,), how specific each part's words are, the highest 1. The
    first of the parts are the question's sentences, at `part_spans`, [start, end) in characters;
    one more may be its glossary terms. `estimated_minimum` is about the lowest cosine of the
    question with the library's passages. `word_count` counts its different words,
    `unknown_word_count` those of them that neither library nor glossary has.
    """

    vectors: Float32Array
    part_weights: Float32Array
    part_spans: tuple[tuple[int, int], ...]
    estimated_minimum: float
    word_count: int
    unknown_word_count: int
    lexical: LexicalQuery
    understood: tuple[Understood, ...]

    @property
    def vector(self) -> Float32Array:
        """The vector of the whole question, float32 (dim,)."""
        whole: Float32Array = self.vectors[0]
        return whole

    def evidence_rows(self) -> Int64Array:
        """Return the rows of `vectors` that evidence is shown for: the whole and weighty parts."""
        return np.concatenate(([0], 1 + np.flatnonzero(self.part_weights >= MIN_SHOWN_WEIGHT)))


def encode(served: ServedGeneration, question: Question, weights: RankingWeights) -> EncodedQuery:
    """Rewrite a question and encode all its texts in one call of the model."""
    if question.expand:
        rewritten = rewrite(question.text, served.glossary, served.speller, weights)
    else:
        rewritten = verbatim(question.text)
    unknown_words = _unknown_words(served, rewritten)
    expanded = _expandable(served, rewritten, unknown_words)
    parts = [part.text for part in rewritten.parts]
    if rewritten.terms:
        parts.append(rewritten.terms)
    whole, part_vectors, word_vectors = _encode_texts(
        served.encoder.for_queries("en"), rewritten.whole, parts, expanded
    )
    related = dict(zip(expanded, served.related.near(word_vectors), strict=True))
    return EncodedQuery(
        vectors=np.concatenate((whole[np.newaxis], part_vectors)),
        part_weights=_part_weights(served.lexical, parts, weights),
        part_spans=tuple((part.start, part.end) for part in rewritten.parts),
        estimated_minimum=estimated_minimum(served.sample @ whole),
        word_count=rewritten.word_count,
        unknown_word_count=len(unknown_words),
        lexical=_lexical_query(rewritten, related, weights),
        understood=(*rewritten.understood, *_as_understood(rewritten, related, weights)),
    )


def from_vector(vector: Float32Array) -> EncodedQuery:
    """Return a query without words from a document's vector, float32 (dim,), of unit length."""
    return EncodedQuery(
        vectors=vector[np.newaxis],
        part_weights=np.empty(0, dtype=np.float32),
        part_spans=(),
        estimated_minimum=0.0,
        word_count=0,
        unknown_word_count=0,
        lexical=LexicalQuery(""),
        understood=(),
    )


def _unknown_words(served: ServedGeneration, rewritten: RewrittenQuery) -> list[str]:
    """List the words that neither glossary nor library has."""
    return [
        word
        for word in rewritten.words_outside_glossary
        if not (served.speller.uses(word) or served.lexical.knows(word))
    ]


def _expandable(
    served: ServedGeneration, rewritten: RewrittenQuery, unknown_words: Collection[str]
) -> list[str]:
    """List the unknown words for which related words are looked for.

    Short words mostly join others (`her` is near `their`, which does not help), and names have no
    related words (a question about Italy is not about Croatia).
    """
    words = [
        word
        for word in unknown_words
        if len(word) >= _MIN_EXPANDED_LETTERS
        and word not in rewritten.names
        and served.related.in_their_script(word)
    ]
    return words if len(words) <= _MAX_EXPANDED_WORDS else []


def _encode_texts(
    encoder: Encoder, whole: str, parts: Sequence[str], words: Sequence[str]
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Encode a question, its parts, and single words: float32 (dim,), (parts, dim), (words, dim).

    A question that is longer than the model reads is the normalised mean of its windows.
    """
    spans = passages.split_into_windows(whole, encoder.count_tokens, encoder.max_tokens)
    windows = [whole[start:end] for start, end in spans]
    rows = encoder.encode_queries([*windows, *parts, *words])
    window_vectors, part_vectors, word_vectors = np.split(
        rows, [len(windows), len(windows) + len(parts)]
    )
    if len(windows) == 1:
        return window_vectors[0], part_vectors, word_vectors
    return normalise(window_vectors.mean(axis=0)), part_vectors, word_vectors


def _part_weights(
    lexical: LexicalIndex, parts: Sequence[str], weights: RankingWeights
) -> Float32Array:
    """Return how specific each part's words are, the highest 1: float32 (parts,), 0 to 1."""
    if not weights.informative_parts:
        return np.ones(len(parts), dtype=np.float32)
    information = np.asarray([lexical.information(part) for part in parts], dtype=np.float32)
    return information / max(float(information.max(initial=0.0)), 1e-9)


def _lexical_query(
    rewritten: RewrittenQuery,
    related: Mapping[str, Mapping[str, float]],
    weights: RankingWeights,
) -> LexicalQuery:
    """Return what the keyword index looks for; `related` has the near words of each unknown one."""
    parts = rewritten.parts if weights.informative_words else ()
    return LexicalQuery(
        text=rewritten.corrected,
        parts=[part.corrected for part in parts],
        related={
            word: cosine * weights.related_weight
            for near in related.values()
            for word, cosine in near.items()
        },
        rings=rewritten.rings,
        title_weight=weights.title_weight,
        ring_weight=weights.ring_weight,
    )


def _as_understood(
    rewritten: RewrittenQuery,
    related: Mapping[str, Mapping[str, float]],
    weights: RankingWeights,
) -> list[Understood]:
    """Return the related words that are looked for, for a person to see."""
    if not weights.related_weight:
        return []
    return [
        Understood("related", *rewritten.words_outside_glossary[word], ", ".join(near))
        for word, near in related.items()
        if near
    ]
