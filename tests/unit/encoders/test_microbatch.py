from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from embedder.encoders.microbatch import Together
from tests.conftest import in_threads


class Slow:
    """Gives each text's length; the first call waits until it is let go."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, asked: Sequence[Sequence[str]]) -> list[list[int]]:
        texts = [text for each in asked for text in each]
        self.calls.append(texts)
        if len(self.calls) == 1:
            self.begun.set()
            assert self.go.wait(20)
        if "bad" in texts:
            raise ValueError("bad")
        return [[len(text) for text in each] for each in asked]


def ask_while_busy(slow: Slow, most: int, *asked: Sequence[str]) -> list[list[int] | str]:
    """Ask something, and while it is being answered everything else, in order."""
    together = Together(slow, most, len)
    answers: dict[int, list[int] | str] = {}

    def ask(number: int, texts: Sequence[str]) -> None:
        try:
            answers[number] = together(texts)
        except ValueError as error:
            answers[number] = str(error)

    threads = [threading.Thread(target=ask, args=(-1, ["first"]))]
    threads[0].start()
    assert slow.begun.wait(20)
    for number, texts in enumerate(asked):
        threads.append(threading.Thread(target=ask, args=(number, texts)))
        threads[-1].start()
        while len(together._waiting) <= number:
            pass
    slow.go.set()
    for thread in threads:
        thread.join(20)
    return [answers[number] for number in range(len(asked))]


def test_one_call_alone_is_answered_at_once() -> None:
    slow = Slow()
    slow.go.set()
    assert Together(slow, 10, len)(["a", "bcd"]) == [1, 3]


def test_those_who_wait_are_answered_by_one_call() -> None:
    slow = Slow()
    assert ask_while_busy(slow, 10, ["a"], ["bb", "ccc"], ["dddd"]) == [[1], [2, 3], [4]]
    assert slow.calls == [["first"], ["a", "bb", "ccc", "dddd"]]


def test_no_call_holds_more_than_the_most() -> None:
    slow = Slow()
    assert ask_while_busy(slow, 2, ["a"], ["bb"], ["ccc"], ["d"]) == [[1], [2], [3], [1]]
    assert slow.calls == [["first"], ["a", "bb"], ["ccc", "d"]]


def test_more_texts_than_the_most_go_alone() -> None:
    slow = Slow()
    assert ask_while_busy(slow, 2, ["a"], ["b", "c", "d"], ["e"]) == [[1], [1, 1, 1], [1]]
    assert slow.calls == [["first"], ["a"], ["b", "c", "d"], ["e"]]


def test_an_error_reaches_all_who_were_asked_together_and_no_one_after() -> None:
    slow = Slow()
    found = ask_while_busy(slow, 2, ["a"], ["bad"], ["ccc"])
    assert found == ["bad", "bad", [3]]


def test_after_an_error_the_next_is_answered() -> None:
    slow = Slow()
    slow.go.set()
    together = Together(slow, 10, len)
    with pytest.raises(ValueError, match="bad"):
        together(["bad"])
    assert together(["fine"]) == [4]


def test_many_threads_get_their_own_rows() -> None:
    together = Together[list[str], list[int]](
        lambda asked: [[int(text) for text in each] for each in asked], 16, len
    )

    def ask(own: int) -> None:
        for at in range(200):
            texts = [str(own * 1000 + at), str(own)]
            assert together(texts) == [own * 1000 + at, own]

    in_threads(16, ask)
