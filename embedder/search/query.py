"""Encode a question: the vectors and words that both ways of searching look for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedder.encoders.encoder import Encoder
from embedder.index.lexical import LexicalIndex, LexicalQuery, Phrase
from embedder.records import Question, RankingWeights, Understood
from embedder.search.fusion import estimated_minimum
from embedder.search.rewriting import Part, RewrittenQuery, rewrite, verbatim
from embedder.search.served import ServedGeneration
from embedder.text import passages
from embedder.text.languages import ENGLISH
from embedder.vectors import Float32Array, Int64Array, normalise

# A part that weighs less than this, against the weightiest, is not shown as matched.
MIN_SHOWN_WEIGHT = 1 / 3


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A question as it is searched for: vectors of unit length, and words.

    `vectors` is float32 (1 + parts, dim): the whole question, then its parts if it has several.
    `ranking_vector` is float32 (dim,), what documents are ranked by: the vector of the question, or
    where marked documents move it.
    `part_weights` is float32 (parts,), how specific the words of each part and of its terms are,
    the highest 1: what is said by the way is not shown as matched. The parts are at `part_spans`,
    [start, end) in characters. `sample_cosines` is float32 (n,), the cosines of `ranking_vector`
    with passages that stand for the library's. `languages` are those of the question, the main one
    first. `known_share`, 0 to 1, is the share of its words in all languages that the library or the
    glossary has.
    """

    vectors: Float32Array
    ranking_vector: Float32Array
    part_weights: Float32Array
    part_spans: tuple[tuple[int, int], ...]
    sample_cosines: Float32Array
    lexical: LexicalQuery
    languages: tuple[str, ...] = (ENGLISH,)
    known_share: float = 1.0
    understood: tuple[Understood, ...] = ()

    @property
    def vector(self) -> Float32Array:
        """The vector of the whole question, float32 (dim,)."""
        whole: Float32Array = self.vectors[0]
        return whole

    @property
    def estimated_minimum(self) -> float:
        """About the lowest cosine of `ranking_vector` with the library's passages."""
        return estimated_minimum(self.sample_cosines)

    def evidence_rows(self) -> Int64Array:
        """Return the rows of `vectors` that evidence is shown for: the whole and weighty parts."""
        return np.concatenate(([0], 1 + np.flatnonzero(self.part_weights >= MIN_SHOWN_WEIGHT)))


def encode(served: ServedGeneration, question: Question, weights: RankingWeights) -> EncodedQuery:
    """Rewrite a question and encode all its texts in one call of the model."""
    if question.expand:
        rewritten = rewrite(
            question.text, served.glossary, served.speller, weights, question.ignore
        )
    else:
        rewritten = verbatim(question.text)
    whole, part_vectors = _encode_texts(
        served.encoder.for_queries(reader_language(rewritten.languages)),
        rewritten.whole,
        [part.text for part in rewritten.parts],
    )
    return EncodedQuery(
        vectors=np.concatenate((whole[np.newaxis], part_vectors)),
        ranking_vector=whole,
        part_weights=_part_weights(served.lexical, rewritten.parts),
        part_spans=tuple((part.start, part.end) for part in rewritten.parts),
        sample_cosines=served.sample @ whole,
        lexical=LexicalQuery(
            phrases=[Phrase(piece.text, piece.language) for piece in rewritten.pieces],
            rings=rewritten.rings,
            ring_weight=weights.ring_weight,
        ),
        languages=rewritten.languages,
        known_share=_known_share(served, rewritten),
        understood=rewritten.understood,
    )


def from_vector(vector: Float32Array) -> EncodedQuery:
    """Return a query without words from a document's vector, float32 (dim,), of unit length."""
    return EncodedQuery(
        vectors=vector[np.newaxis],
        ranking_vector=vector,
        part_weights=np.empty(0, dtype=np.float32),
        part_spans=(),
        sample_cosines=np.empty(0, dtype=np.float32),
        lexical=LexicalQuery(),
    )


def reader_language(languages: Sequence[str]) -> str:
    """Return the language by which the reader of a question is chosen.

    That is its first one that is not English, for a reader of other languages reads English too.
    """
    return next((each for each in languages if each != ENGLISH), ENGLISH)


def _known_share(served: ServedGeneration, rewritten: RewrittenQuery) -> float:
    """Return the share of a question's words, in all its languages, that are known: 0 to 1.

    English words are known to the glossary or the library, others to the library.
    """
    lexical = served.lexical
    unknown = sum(
        not (served.speller.uses(word) or lexical.knows(word))
        for word in rewritten.words_outside_glossary
    ) + sum(not lexical.knows(word, language) for word, language in rewritten.foreign_words)
    total = rewritten.word_count + len(rewritten.foreign_words)
    return 1 - unknown / max(total, 1)


def _encode_texts(
    encoder: Encoder, whole: str, parts: Sequence[str]
) -> tuple[Float32Array, Float32Array]:
    """Encode a question and its parts: float32 (dim,) and (parts, dim).

    A question that is longer than the model reads is the normalised mean of its windows.
    """
    spans = passages.split_into_windows(whole, encoder.count_tokens, encoder.max_tokens)
    windows = [whole[start:end] for start, end in spans]
    rows = encoder.encode_queries([*windows, *parts])
    window_vectors, part_vectors = np.split(rows, [len(windows)])
    if len(windows) == 1:
        return window_vectors[0], part_vectors
    return normalise(window_vectors.mean(axis=0)), part_vectors


def _part_weights(lexical: LexicalIndex, parts: Sequence[Part]) -> Float32Array:
    """Return how specific each part is, the highest 1: float32 (parts,), 0 to 1.

    The glossary's terms count too. Without them, a long sentence about everyday things would
    outweigh a short one on the library's subject, because words of no document are the rarest.
    """
    phrases = [Phrase(" ".join((part.text, *part.terms)), part.language) for part in parts]
    information = np.asarray([lexical.information(each) for each in phrases], dtype=np.float32)
    return information / max(float(information.max(initial=0.0)), 1e-9)
