"""A question to an answer: search both ways, fuse, look closer, show the evidence, judge."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from embedder import passages, understand
from embedder.calibrate import Signals, decide
from embedder.dense import Positions
from embedder.encode import Rows, normalise
from embedder.errors import RequestError
from embedder.facets import Allowed
from embedder.fusion import convex, stretch, usual_low
from embedder.lexical import Wanted
from embedder.loaded import Loaded, Scope
from embedder.records import (
    MODES,
    Answer,
    Document,
    Evidence,
    Hit,
    Legs,
    Matched,
    Question,
    Recipe,
    Span,
    Understood,
)
from embedder.store import Snapshot

# How many documents each way of searching puts forward, and so how far an answer can be paged.
DEPTH = 1000
# How many of them are looked at sentence by sentence.
CLOSER = 100
LONGEST_QUESTION = 10_000
LARGEST_LIMIT = 100

RECIPE = Recipe()

# A second sentence, or a second part, is shown when it fits nearly as well as the first.
_SHOWN = 2
# A part that tells less than this, against the one that tells most, is not shown as fitting.
_TELLING = 1 / 3
_NEARLY = 0.9
# Letters that a word has for which related words are looked for.
_TELLING_WORD = 4
# What a question must hold, and what it must not: half a character, controls but white space.
_LETTER = re.compile(r"[^\W_]")
_HALF = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it is searched: vectors of unit length, and words.

    `vectors` (1 + parts, dim) are of the whole and of its parts, if any, and `tells` (parts,) how
    much each part tells, the most 1; `places` are those of its sentences, the first of the parts;
    `low` is about
    the lowest cosine that the library has with it; `words` are its different words, `strange`
    those that the library does not know.
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
        return np.concatenate(([0], 1 + np.flatnonzero(self.tells >= _TELLING)))


@dataclass(frozen=True, slots=True)
class _Found:
    """The candidates of a question.

    `scope` is the whole hit set over all documents. The arrays are of the candidates, best
    first: `positions` of documents, `similarities` (cosine), `keywords` (BM25, 0 if not
    found), `scores`.
    """

    scope: Scope
    positions: Positions
    similarities: Rows
    keywords: Rows
    scores: Rows


def answer(
    loaded: Loaded, snapshot: Snapshot, question: Question, recipe: Recipe = RECIPE
) -> Answer:
    """Answer a question from one generation of a library.

    Raises RequestError (UnknownValue for a filter) for a question that cannot be answered as
    it stands.
    """
    begin = time.perf_counter()
    check(question)
    asked = _asked(loaded, question, recipe)
    weight = {"hybrid": recipe.dense_weight, "semantic": 1.0, "keyword": 0.0}[question.mode]
    found = _first(loaded, question, asked, weight)
    if question.mode != "keyword":
        found = _look_closer(loaded, asked, found, weight, recipe)
    page = range(question.offset, min(question.offset + question.limit, len(found.positions)))
    return Answer(
        verdict=decide(_signals(asked, found), loaded.manifest.calibration),
        total=found.scope.total,
        hits=tuple(_hits(loaded, snapshot, asked, found, page)),
        facets=found.scope.facets,
        understood=asked.understood,
        model=loaded.manifest.model,
        generation=loaded.generation,
        took_ms=round((time.perf_counter() - begin) * 1000, 1),
    )


def place(loaded: Loaded, row: int) -> tuple[float, float] | None:
    """Give where the document in a row lies on the map, None where there is no saying."""
    if loaded.chart is None:
        return None
    at = np.flatnonzero(loaded.chart.rows == row)
    if len(at):
        x, y = loaded.chart.places()[at[0]].tolist()
        return x, y
    vector = _vector(loaded, row)
    return None if vector is None else loaded.chart.beside(vector)


def neighbours(loaded: Loaded, snapshot: Snapshot, row: int, limit: int) -> list[Hit]:
    """Give the documents nearest to the one in a row, by the average of its passages."""
    check_range("limit", limit, 1, LARGEST_LIMIT)
    position = np.flatnonzero(loaded.facets.rows == row)
    vector = _vector(loaded, row)
    if vector is None:
        return []
    scope = loaded.scope(Allowed())
    near, cosines = _nearest(loaded, vector, scope, len(position) + limit)
    others = near != position
    positions, similarities = near[others], cosines[others]
    nothing = np.zeros_like(similarities)
    found = _sorted(_Found(scope, positions, similarities, nothing, stretch(similarities, 0.0)))
    asked = _Asked(
        vector[np.newaxis],
        np.empty(0, np.float32),
        (),
        0.0,
        0,
        0,
        Wanted(""),
        (),
    )
    page = range(min(limit, len(found.positions)))
    return list(_hits(loaded, snapshot, asked, found, page))


def _vector(loaded: Loaded, row: int) -> Rows | None:
    """Give the vector of the document in a row, float32 (dim,); None if it has no text."""
    own, _ = loaded.passages_of(np.flatnonzero(loaded.facets.rows == row))
    return normalise(loaded.dense.vectors(own).mean(axis=0)) if len(own) else None


def check(question: Question) -> None:
    """Refuse a question that cannot be answered; a message never holds its text.

    Raises RequestError naming the field.
    """
    text = question.text
    if not text.strip():
        raise RequestError("query", "the question is empty. Write a few words or a situation.")
    if len(text) > LONGEST_QUESTION:
        raise RequestError(
            "query",
            "the question has {count} characters; at most {most} are read. "
            "Leave out what matters least.",
            count=len(text),
            most=LONGEST_QUESTION,
        )
    if not _LETTER.search(text):
        raise RequestError("query", "the question holds no word. Write a few words.")
    if _HALF.search(text):
        raise RequestError(
            "query", "the question holds half of a character (a lone surrogate). Send valid text."
        )
    if _CONTROL.search(text):
        raise RequestError("query", "the question holds control characters. Send plain text.")
    if question.mode not in MODES:
        raise RequestError("mode", f"{question.mode!r} is no mode. Known: {', '.join(MODES)}.")
    check_range("limit", question.limit, 1, LARGEST_LIMIT)
    check_range("offset", question.offset, 0, DEPTH - 1)
    if question.offset + question.limit > DEPTH:
        raise RequestError(
            "offset",
            "only the first {most} hits can be paged through. Narrow with filters.",
            most=DEPTH,
        )


def check_range(field: str, value: int, low: int, high: int) -> None:
    """Raise RequestError for a number that is not in `low` to `high`."""
    if not low <= value <= high:
        raise RequestError(field, f"{field} {value} is out of range: {low} to {high}.")


def _asked(loaded: Loaded, question: Question, recipe: Recipe) -> _Asked:
    """Read a question and encode all that is to be encoded of it in one go."""
    if question.expand:
        reading = understand.read_question(question.text, loaded.glossary, loaded.speller, recipe)
    else:
        reading = understand.read_plainly(question.text)
    strange = [word for word in reading.strange if not loaded.lexical.knows(word)]
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
    return _Asked(
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


def _first(loaded: Loaded, question: Question, asked: _Asked, weight: float) -> _Found:
    """Search both ways and fuse."""
    allowed = loaded.facets.resolve(question.filters)
    scope = loaded.scope(allowed)
    everything = len(scope.mask)
    by_keyword = loaded.lexical.search(
        asked.wanted, everything if question.mode == "keyword" else DEPTH, allowed
    )
    rows = np.asarray([row for row, _ in by_keyword], dtype=np.int64)
    named = np.searchsorted(loaded.facets.rows, rows)
    bm25 = np.asarray([score for _, score in by_keyword], dtype=np.float32)
    if question.mode == "keyword":
        scope = _narrowed(loaded, scope, named[bm25 > 0])
    if question.min_similarity is not None:
        near = loaded.passage_documents[loaded.dense.within(asked.vector, question.min_similarity)]
        scope = _narrowed(loaded, scope, near[near >= 0])
    inside = scope.mask[named]
    named, bm25 = named[inside], bm25[inside]
    if question.mode == "keyword":
        positions = np.sort(named[:DEPTH])
        similarities = _similarities(loaded, asked.vector, positions)
    else:
        positions, similarities = _nearest(loaded, asked.vector, scope)
    if question.mode == "hybrid":
        also = np.setdiff1d(named, positions)
        positions = np.concatenate((positions, also))
        similarities = np.concatenate((similarities, _similarities(loaded, asked.vector, also)))
    keywords = _scores_at(positions, named, bm25)
    scores = convex(similarities, keywords, weight, *_chance(loaded, asked))
    return _sorted(_Found(scope, positions, similarities, keywords, scores))


def _narrowed(loaded: Loaded, scope: Scope, positions: Positions) -> Scope:
    """Give the scope of those documents of a scope that are at some positions."""
    mask = np.zeros_like(scope.mask)
    mask[positions] = scope.mask[positions]
    return loaded.scope_of(mask)


def _scores_at(positions: Positions, named: Positions, scores: Rows) -> Rows:
    """Give the scores of the documents at some positions, of those named; 0 for the others."""
    found = np.zeros(len(positions), dtype=np.float32)
    order = np.argsort(positions)
    at = np.minimum(np.searchsorted(positions, named, sorter=order), max(len(positions) - 1, 0))
    if len(positions):
        at = order[at]
        there = positions[at] == named
        found[at[there]] = scores[there]
    return found


def _look_closer(
    loaded: Loaded, asked: _Asked, found: _Found, weight: float, recipe: Recipe
) -> _Found:
    """Score the first candidates again by their sentences and the parts of the question.

    The others keep their order behind them, with scores under the lowest of the first.
    """
    first = found.positions[:CLOSER]
    if not len(first):
        return found
    best = _best(loaded, asked, first)
    dense = found.similarities[:CLOSER] + recipe.sentence_weight * best[:, 0]
    share = 1 + recipe.sentence_weight + recipe.parts_weight
    if len(asked.tells):
        # A part counts by what it tells and by how much the library has to say to it.
        says = np.maximum(best[:, 1:].max(axis=0), 0.01) * np.maximum(asked.tells, 0.01)
        dense = dense + recipe.parts_weight * (best[:, 1:] @ says) / says.sum()
    else:
        dense = dense + recipe.parts_weight * best[:, 0]
    scores = found.scores.copy()
    scores[:CLOSER] = convex(
        (dense / share).astype(np.float32), found.keywords[:CLOSER], weight, *_chance(loaded, asked)
    )
    scores[CLOSER:] = np.minimum(scores[CLOSER:], scores[:CLOSER].min()) * 0.999
    return _sorted(_Found(found.scope, found.positions, found.similarities, found.keywords, scores))


def _chance(loaded: Loaded, asked: _Asked) -> tuple[float, float]:
    """Give about the lowest cosine of the question with the library, and the highest by chance."""
    return asked.low, loaded.manifest.calibration["none"]


def _sorted(found: _Found) -> _Found:
    """Put candidates in order: by score, then similarity, then as the library is."""
    order = np.lexsort((found.positions, -found.similarities, -found.scores))
    return _Found(
        found.scope,
        found.positions[order],
        found.similarities[order],
        found.keywords[order],
        found.scores[order],
    )


def _nearest(
    loaded: Loaded, vector: Rows, scope: Scope, count: int = DEPTH
) -> tuple[Positions, Rows]:
    """Give the `count` nearest documents of a scope, in ascending order, with their cosines."""
    limit = count + count // 4
    while True:
        nearest, cosines = loaded.dense.search(vector, limit, scope.passages)
        documents, first = np.unique(loaded.passage_documents[nearest], return_index=True)
        # Many passages of few documents may fill the list: then look further down.
        if len(first) >= count or len(nearest) < limit:
            kept = np.sort(np.argsort(first)[:count])
            return documents[kept], cosines[first[kept]]
        limit *= 2


def _similarities(loaded: Loaded, vector: Rows, positions: Positions) -> Rows:
    """Give each document's cosine with a vector: that of its nearest passage, float32 (n,)."""
    if not len(positions):
        return np.empty(0, dtype=np.float32)
    members, begins = loaded.passages_of(positions)
    return np.maximum.reduceat(loaded.dense.similarities(vector, members), begins)


def _best(loaded: Loaded, asked: _Asked, positions: Positions) -> Rows:
    """Give the cosines of documents' best sentences: float32 (documents, 1 + parts).

    The first column is for the whole question, the others for its parts.
    """
    vectors, begins = loaded.sentences(positions)
    cosines = asked.vectors @ vectors.T
    # A product's last digits depend on where a row stands in it; equal documents must be equal.
    return np.round(np.clip(np.maximum.reduceat(cosines, begins, axis=1).T, -1, 1), 5)


def _signals(asked: _Asked, found: _Found) -> Signals | None:
    if not len(found.positions):
        return None
    return Signals(float(found.similarities.max()), asked.words, asked.strange)


def _hits(
    loaded: Loaded, snapshot: Snapshot, asked: _Asked, found: _Found, page: range
) -> Iterator[Hit]:
    shown = found.positions[page.start : page.stop]
    if not len(shown):
        return
    rows = loaded.facets.rows[shown].tolist()
    documents = snapshot.documents(rows)
    spans = snapshot.spans(rows)
    telling = asked.shown()
    vectors, begins = loaded.sentences(shown)
    for at, row, told in zip(page, rows, np.split(vectors, begins[1:]), strict=True):
        document = documents[row]
        # Each by itself, for a product's last digits depend on what else is in it.
        cosines = np.clip(told @ asked.vectors.T, -1, 1)
        keyword = float(found.keywords[at])
        yield Hit(
            rank=at + 1,
            score=_round(found.scores[at]),
            similarity=_round(found.similarities[at]),
            document=document,
            evidence=tuple(_evidence(document, spans[row], cosines[:, telling].max(axis=1))),
            legs=Legs(_round(found.similarities[at]), _round(keyword) if keyword else None),
            matched=tuple(_matched(asked, cosines)),
        )


def _evidence(document: Document, spans: Sequence[Span], cosines: Rows) -> Iterator[Evidence]:
    """Give the sentence that fits best, the whole question or a part, and one nearly as good.

    `cosines` (sentences,) are each one's best.
    """
    best = cosines.tolist()
    # A title shows itself: it is evidence only where there is nothing else.
    shown = [at for at, span in enumerate(spans) if span.field == "abstract"] or range(len(spans))
    ranked = sorted(shown, key=lambda at: -best[at])[:_SHOWN]
    for index in ranked:
        if index != ranked[0] and best[index] < _NEARLY * abs(best[ranked[0]]):
            return
        span = spans[index]
        text: str = getattr(document, span.field)[span.start : span.end]
        yield Evidence(span.field, span.start, span.end, text, _round(best[index]))


def _matched(asked: _Asked, cosines: Rows) -> Iterator[Matched]:
    """Give the part of the question that a document fits best, and one nearly as good."""
    if not asked.places:
        return
    best = cosines[:, 1 : 1 + len(asked.places)].max(axis=0, initial=-1.0)
    best[asked.tells[: len(asked.places)] < _TELLING] = -1.0
    for index in np.argsort(-best, kind="stable")[:_SHOWN]:
        if best[index] < _NEARLY * best.max():
            return
        start, end = asked.places[index]
        yield Matched(start, end, _round(best[index]))


def _round(value: float | np.floating) -> float:
    """Round to six digits, about what float32 holds."""
    return round(float(value), 6)
