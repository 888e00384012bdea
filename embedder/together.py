"""Calls that wait at the same time, answered together.

A model reads eight short questions in little more time than one. Whoever finds the model free
takes all that wait along; nobody waits for others to come.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from embedder.encode import Rows


class _Call:
    """One caller's texts, and what became of them."""

    __slots__ = ("done", "error", "rows", "taken", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.taken = False
        self.done = threading.Event()
        self.rows: Rows | None = None
        self.error: BaseException | None = None


class Together:
    """Runs a few calls at a time, each with the texts of callers that wait."""

    def __init__(self, run: Callable[[Sequence[str]], Rows], most: int, lanes: int = 1) -> None:
        """Wrap `run`, which gives a row for each text.

        At most about `most` texts go at once, and `run` is called by at most `lanes` threads.
        """
        self._run = run
        self._most = most
        self._waiting: deque[_Call] = deque()
        self._queue = threading.Lock()  # of `_waiting`
        self._lanes = threading.Semaphore(lanes)

    def __call__(self, texts: Sequence[str]) -> Rows:
        """Give the rows for some texts; raises what `run` raises."""
        call = _Call(texts)
        with self._queue:
            self._waiting.append(call)
        while not call.taken:
            with self._lanes:
                if not call.taken:
                    self._answer(self._take())
        call.done.wait()
        if call.rows is None:
            assert call.error is not None  # noqa: S101
            raise call.error
        return call.rows

    def _take(self) -> list[_Call]:
        """Take those who wait, in the order in which they came."""
        taken: list[_Call] = []
        texts = 0
        with self._queue:
            while self._waiting and (
                not taken or texts + len(self._waiting[0].texts) <= self._most
            ):
                taken.append(self._waiting.popleft())
                taken[-1].taken = True
                texts += len(taken[-1].texts)
        return taken

    def _answer(self, calls: Sequence[_Call]) -> None:
        if not calls:
            return
        try:
            rows = self._run([text for call in calls for text in call.texts])
            ends = np.cumsum([len(call.texts) for call in calls])
            for call, own in zip(calls, np.split(rows, ends[:-1]), strict=True):
                call.rows = own
        except BaseException as error:
            for call in calls:
                call.error = error
        finally:
            for call in calls:
                call.done.set()
