"""Calls that wait at the same time, answered together.

A model reads eight short questions in less time than one after another. Whoever finds the model
free takes all that wait along; nobody waits for others to come.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class _Call(Generic[Asked, Given]):
    """What one caller asks, and what became of it."""

    __slots__ = ("asked", "done", "error", "given", "taken")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.taken = False
        self.done = threading.Event()
        self.given: list[Given] = []
        self.error: BaseException | None = None


class Together(Generic[Asked, Given]):
    """Runs a few calls at a time, each with what callers that wait ask."""

    def __init__(
        self,
        run: Callable[[Sequence[Asked]], Sequence[Given]],
        most: int,
        size: Callable[[Asked], int],
        lanes: int = 1,
    ) -> None:
        """Wrap `run`, which gives one answer for each thing asked.

        At most about `most` go at once, counted by their `size`, and `run` is called by at most
        `lanes` threads.
        """
        self._run = run
        self._most = most
        self._size = size
        self._waiting: deque[_Call[Asked, Given]] = deque()
        self._queue = threading.Lock()  # of `_waiting`
        self._lanes = threading.Semaphore(lanes)

    def __call__(self, asked: Asked) -> Given:
        """Give the answer to one thing asked; raises what `run` raises."""
        call = _Call[Asked, Given](asked)
        with self._queue:
            self._waiting.append(call)
        while not call.taken:
            with self._lanes:
                if not call.taken:
                    self._answer(self._take())
        call.done.wait()
        if call.error is not None:
            raise call.error
        return call.given[0]

    def _take(self) -> list[_Call[Asked, Given]]:
        """Take those who wait, in the order in which they came."""
        taken: list[_Call[Asked, Given]] = []
        size = 0
        with self._queue:
            while self._waiting:
                own = self._size(self._waiting[0].asked)
                if taken and size + own > self._most:
                    break
                taken.append(self._waiting.popleft())
                taken[-1].taken = True
                size += own
        return taken

    def _answer(self, calls: Sequence[_Call[Asked, Given]]) -> None:
        if not calls:
            return
        try:
            for call, given in zip(calls, self._run([each.asked for each in calls]), strict=True):
                call.given.append(given)
        except BaseException as error:
            for call in calls:
                call.error = error
        finally:
            for call in calls:
                call.done.set()
