"""A question, read and encoded: what both ways of searching look for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedder.index.lexical import Wanted
from embedder.records import Question, Recipe, Understood
from embedder.search import rewriting
from embedder.search.fusion import usual_low
from embedder.search.served import Loaded
from embedder.text import passages
from embedder.vectors import Positions, Rows, normalise

# A part that tells less than this, against the one that tells most, is not shown as fitting.
TELLING = 1 / 3
# Letters that a word has for which related words are looked for.
_TELLING_WORD = 4
# In how many words that the library does not use it is looked for others near them. A story has
# many: those are everyday words, and what is near them is too.
_MOST_ODD = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is searched: vectors of unit length, and words.

    `vectors` (1 + parts, dim) are of the whole and of its parts, if any, and `tells` (parts,) how
    much each part tells, the most 1; the first of the parts are its sentences, whose `places` are
    [start, end) in characters. `low` is about the lowest cosine that the library has with it,
    `words` is how many different words it has, `strange` how many of them the library has not.
    """

    vectors: Rows
    tells: Rows
    places: tuple[tuple[int, int], ...]
    low: float
    words: int
    strange: int
    wanted: Wanted
    understood: tuple[Understood, ...]

    @property
    def vector(self) -> Rows:
        """The vector of the whole, float32 (dim,)."""
        whole: Rows = self.vectors[0]
        return whole

    def shown(self) -> Positions:
        """Give the rows of `vectors` whose sentences are shown: the whole and what tells enough."""
        return np.concatenate(([0], 1 + np.flatnonzero(self.tells >= TELLING)))


def read(loaded: Loaded, question: Question, recipe: Recipe) -> Asked:
    """Read a question and encode all that is to be encoded of it in one go."""
    if question.expand:
        reading = rewriting.read_question(question.text, loaded.glossary, loaded.speller, recipe)
    else:
        reading = rewriting.read_plainly(question.text)
    strange = [
        word
        for word in reading.strange
        if not (loaded.speller.uses(word) or loaded.lexical.knows(word))
    ]
    encoder = loaded.encoder
    places = passages.windows(reading.whole, encoder.count_tokens, encoder.max_tokens)
    whole = [reading.whole[start:end] for start, end in places]
    parts = [part.text for part in reading.parts] + [reading.terms] * bool(reading.terms)
    # Of short words most only join others: `her` is near `their`, which helps nobody; and who
    # asks of Italy does not ask of Croatia.
    odd = [
        each
        for each in strange
        if len(each) >= _TELLING_WORD
        and each not in reading.named
        and loaded.related.in_their_script(each)
    ]
    if len(odd) > _MOST_ODD:
        odd = []
    rows = encoder.encode_queries([*whole, *parts, *odd])
    windows, rest = rows[: len(whole)], rows[len(whole) :]
    tells = np.asarray([loaded.lexical.information(each) for each in parts], dtype=np.float32)
    near = loaded.related.near(rest[len(parts) :])
    related = {
        word: cosine * recipe.related_weight for each in near for word, cosine in each.items()
    }
    taken = [
        Understood("related", *reading.strange[word], ", ".join(each))
        for word, each in zip(odd, near, strict=True)
        if each and recipe.related_weight
    ]
    vector = windows[0] if len(windows) == 1 else normalise(windows.mean(axis=0))
    return Asked(
        vectors=np.concatenate((vector[np.newaxis], rest[: len(parts)])),
        tells=tells / max(float(tells.max(initial=0.0)), 1e-9),
        low=usual_low(loaded.sample @ vector),
        words=reading.words,
        strange=len(strange),
        places=tuple((part.start, part.end) for part in reading.parts),
        wanted=Wanted(
            reading.corrected,
            [part.corrected for part in reading.parts],
            related,
            reading.rings,
            recipe.title_weight,
            recipe.ring_weight,
        ),
        understood=(*reading.understood, *taken),
    )


def like(vector: Rows) -> Asked:
    """Take a document's vector, float32 (dim,), for a question without words."""
    return Asked(
        vectors=vector[np.newaxis],
        tells=np.empty(0, dtype=np.float32),
        places=(),
        low=0.0,
        words=0,
        strange=0,
        wanted=Wanted(""),
        understood=(),
    )
