"""A question, read and encoded: what both ways of searching look for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedder.index.lexical import LexicalQuery
from embedder.records import Question, RankingWeights, Understood
from embedder.search import rewriting
from embedder.search.fusion import estimated_minimum
from embedder.search.served import ServedGeneration
from embedder.text import passages
from embedder.vectors import Float32Array, Int64Array, normalise

# A part that tells less than this, against the one that tells most, is not shown as fitting.
TELLING = 1 / 3
# Letters that a word has for which related words are looked for.
_TELLING_WORD = 4
# In how many words that the library does not use it is looked for others near them. A story has
# many: those are everyday words, and what is near them is too.
_MOST_ODD = 8


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A question as it is searched: vectors of unit length, and words.

    `vectors` (1 + parts, dim) are of the whole and of its parts, if any, and `part_weights`
    (parts,) how much each part tells, the most 1; the first of the parts are its sentences, whose
    `places` are [start, end) in characters. `low` is about the lowest cosine that the library has
    with it, `words` is how many different words it has, `unknown_words` how many of them the
    library does not have.
    """

    vectors: Float32Array
    part_weights: Float32Array
    places: tuple[tuple[int, int], ...]
    low: float
    words: int
    unknown_words: int
    wanted: LexicalQuery
    understood: tuple[Understood, ...]

    @property
    def vector(self) -> Float32Array:
        """The vector of the whole, float32 (dim,)."""
        whole: Float32Array = self.vectors[0]
        return whole

    def shown(self) -> Int64Array:
        """Give the rows of `vectors` whose sentences are shown: the whole and what tells enough."""
        return np.concatenate(([0], 1 + np.flatnonzero(self.part_weights >= TELLING)))


def read(loaded: ServedGeneration, question: Question, weights: RankingWeights) -> EncodedQuery:
    """Read a question and encode all that is to be encoded of it in one go."""
    if question.expand:
        reading = rewriting.read_question(question.text, loaded.glossary, loaded.speller, weights)
    else:
        reading = rewriting.read_plainly(question.text)
    unknown_words = [
        word
        for word in reading.unknown_words
        if not (loaded.speller.uses(word) or loaded.lexical.knows(word))
    ]
    encoder = loaded.encoder
    places = passages.split_into_windows(reading.whole, encoder.count_tokens, encoder.max_tokens)
    whole = [reading.whole[start:end] for start, end in places]
    parts = [part.text for part in reading.parts] + [reading.terms] * bool(reading.terms)
    # Of short words most only join others: `her` is near `their`, which helps nobody; and who
    # asks of Italy does not ask of Croatia.
    odd = [
        each
        for each in unknown_words
        if len(each) >= _TELLING_WORD
        and each not in reading.named
        and loaded.related.in_their_script(each)
    ]
    if len(odd) > _MOST_ODD:
        odd = []
    rows = encoder.encode_queries([*whole, *parts, *odd])
    windows, rest = rows[: len(whole)], rows[len(whole) :]
    part_weights = np.asarray(
        [loaded.lexical.information(each) for each in parts], dtype=np.float32
    )
    near = loaded.related.near(rest[len(parts) :])
    related = {
        word: cosine * weights.related_weight for each in near for word, cosine in each.items()
    }
    taken = [
        Understood("related", *reading.unknown_words[word], ", ".join(each))
        for word, each in zip(odd, near, strict=True)
        if each and weights.related_weight
    ]
    vector = windows[0] if len(windows) == 1 else normalise(windows.mean(axis=0))
    return EncodedQuery(
        vectors=np.concatenate((vector[np.newaxis], rest[: len(parts)])),
        part_weights=part_weights / max(float(part_weights.max(initial=0.0)), 1e-9),
        low=estimated_minimum(loaded.sample @ vector),
        words=reading.words,
        unknown_words=len(unknown_words),
        places=tuple((part.start, part.end) for part in reading.parts),
        wanted=LexicalQuery(
            reading.corrected,
            [part.corrected for part in reading.parts],
            related,
            reading.rings,
            weights.title_weight,
            weights.ring_weight,
        ),
        understood=(*reading.understood, *taken),
    )


def like(vector: Float32Array) -> EncodedQuery:
    """Take a document's vector, float32 (dim,), for a question without words."""
    return EncodedQuery(
        vectors=vector[np.newaxis],
        part_weights=np.empty(0, dtype=np.float32),
        places=(),
        low=0.0,
        words=0,
        unknown_words=0,
        wanted=LexicalQuery(""),
        understood=(),
    )
