"""Splits documents into passages that the model can read whole, and queries into windows.

Only this module decides what text of a document the model sees: the title, then as many whole
sentences of the abstract as fit; a longer abstract goes on in further passages, each under the
title again. Nothing is left out: a sentence that is too long for one passage is cut in two, and
again, until its pieces fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from embedder.records import Document, FieldName, Passage, Span
from embedder.text.sentences import split_sentences

# Part of every library's manifest: raise it when a change here results in other passages.
RULE_VERSION = 3

CountTokens = Callable[[Sequence[str]], list[int]]
Fits = Callable[[int, int], bool]

_AFTER_TITLE = "\n"


def split_into_windows(
    text: str, count_tokens: CountTokens, max_tokens: int
) -> list[tuple[int, int]]:
    """Split a text into runs of whole sentences of at most `max_tokens` each.

    Returns them as (start, end) in characters; each sentence is in exactly one. A sentence that
    does not fit is cut.
    """
    if text.strip() and count_tokens([text])[0] <= max_tokens:
        return [(len(text) - len(text.lstrip()), len(text.rstrip()))]
    runs = _runs("", text, count_tokens, max_tokens)
    return [(run[0][0], run[-1][1]) for run in runs]


def split_into_passages(
    document: Document, count_tokens: CountTokens, max_tokens: int, reader: str = ""
) -> list[Passage]:
    """Split a document into passages of at most `max_tokens` each; none if it has no text.

    `count_tokens` must count as the model does, without its special tokens; `reader` names what
    reads the passages, where the model has several readers.
    """
    title, abstract = document.title, document.abstract
    # A title that would leave the abstract less than half of the tokens has passages of its own.
    fits = 2 * count_tokens([title])[0] <= max_tokens
    passages: list[Passage] = []
    above = ""
    if title.strip() and (not fits or not abstract.strip()):
        passages += _field_passages("title", title, "", count_tokens, max_tokens)
    if abstract.strip():
        above = title + _AFTER_TITLE if title.strip() and fits else ""
        passages += _field_passages("abstract", abstract, above, count_tokens, max_tokens)
    if above:
        passages[0] = _with_title(passages[0], title)
    return [replace(passage, reader=reader) for passage in passages] if reader else passages


def content_hash(passage: Passage) -> bytes:
    """Return the SHA-256 (32 bytes) of what a passage's vectors depend on besides the model."""
    digest = hashlib.sha256(passage.text.encode("utf-8"))
    digest.update(repr(passage.offsets).encode("ascii"))
    digest.update(passage.reader.encode("utf-8"))
    return digest.digest()


def _field_passages(
    field: FieldName, text: str, above: str, count_tokens: CountTokens, max_tokens: int
) -> Iterator[Passage]:
    """Split one field into passages, each under the text `above`."""
    for run in _runs(above, text, count_tokens, max_tokens):
        begin, end = run[0][0], run[-1][1]
        shift = len(above) - begin
        yield Passage(
            text=above + text[begin:end],
            sentences=tuple(Span(field, start, stop) for start, stop in run),
            offsets=tuple((start + shift, stop + shift) for start, stop in run),
        )


def _with_title(passage: Passage, title: str) -> Passage:
    """Return a passage with the title that stands above it among its sentences."""
    return Passage(
        passage.text,
        (Span("title", 0, len(title)), *passage.sentences),
        ((0, len(title)), *passage.offsets),
    )


def _runs(
    above: str, text: str, count_tokens: CountTokens, max_tokens: int
) -> Iterator[list[tuple[int, int]]]:
    """Group the sentences of a text, or their pieces, into runs that fit under the text `above`."""

    def fits(start: int, end: int) -> bool:
        return count_tokens([above + text[start:end]])[0] <= max_tokens

    whole = split_sentences(text)
    tokens_of = count_tokens([above + text[start:end] for start, end in whole])
    pieces = [
        piece
        for sentence, tokens in zip(whole, tokens_of, strict=True)
        for piece in ([sentence] if tokens <= max_tokens else _pieces(text, *sentence, fits))
    ]
    counts = count_tokens([above, *(text[start:end] for start, end in pieces)])
    room = max_tokens - counts[0]
    run: list[tuple[int, int]] = []
    run_tokens = 0
    for piece, tokens in zip(pieces, counts[1:], strict=True):
        if run and run_tokens + tokens > room:
            yield from _fitting(run, fits)
            run, run_tokens = [], 0
        run.append(piece)
        run_tokens += tokens
    if run:
        yield from _fitting(run, fits)


def _fitting(run: list[tuple[int, int]], fits: Fits) -> Iterator[list[tuple[int, int]]]:
    """Split a run that has more tokens as a whole than its sentences have one by one."""
    if len(run) == 1 or fits(run[0][0], run[-1][1]):
        yield run
        return
    half = len(run) // 2
    yield from _fitting(run[:half], fits)
    yield from _fitting(run[half:], fits)


def _pieces(text: str, start: int, end: int, fits: Fits) -> Iterator[tuple[int, int]]:
    """Cut a sentence that does not fit in two, at the space nearest its middle, until all fit."""
    if end - start <= 1 or fits(start, end):
        yield start, end
        return
    middle = (start + end) // 2
    before, after = text.rfind(" ", start + 1, middle), text.find(" ", middle, end - 1)
    spaces = [space for space in (before, after) if space > start]
    cut = min(spaces, key=lambda space: abs(space - middle)) if spaces else middle
    for left, right in ((start, cut), (cut + bool(spaces), end)):
        if text[left:right].strip():
            yield from _pieces(text, left, right, fits)
