"""The survey of all passage vectors: which index is written, from what, and the calibration."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.build.calibration import everyday_questions
from embedder.build.context import BuildContext
from embedder.build.dense_survey import survey
from embedder.index import approximate
from embedder.index.approximate import ApproximateIndex
from embedder.index.dense import all_slots
from embedder.records import Document, Manifest, Passage
from embedder.store import generations
from embedder.text.passages import content_hash, split_into_passages
from embedder.vectors import Float32Array, Float64Array, Int64Array
from tests.conftest import Silent, write_jsonl
from tests.support.words import a_document, build_words, read_words

EXACT = {"kind": "exact", "recall": 1.0}
# Not what any index here measures: an index that has this is the base's.
OF_BASE = {"kind": "approximate", "recall": 0.5, "probes": 3}


def a_base(dense: dict[str, Any]) -> Manifest:
    """The manifest of a base, of which the survey looks at `dense` alone."""
    return Manifest(
        model="words",
        model_sha256="",
        precision="f32",
        dim=16,
        readers={},
        passage_rule=0,
        lexical_rule=0,
        glossary_sha256="",
        version="",
        created="",
        documents=0,
        passages=0,
        files={},
        calibration={},
        dense=dense,
    )


@pytest.fixture
def approximate_over_50(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library of more than 50 passages has an approximate index."""
    monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 50)


def put(context: BuildContext, first: int, last: int, sentences: int = 2) -> None:
    """Store documents with their passages and vectors: of seven sentences, it has two passages."""
    encoder, writer = context.encoder, context.writer
    found: dict[str, list[tuple[Passage, bytes]]] = {}
    with writer.transaction():
        for at in range(first, last):
            text = " ".join(
                f"This is sentence {each} of document d{at}." for each in range(sentences)
            )
            document = Document(id=f"d{at}", title=f"Title d{at}", abstract=text)
            own = split_into_passages(document, encoder.count_tokens, encoder.max_tokens)
            found[document.id] = [(passage, content_hash(passage)) for passage in own]
            writer.put_passages(writer.put_document(document), found[document.id])
    passages = [passage for own in found.values() for passage, _ in own]
    contents = [content for own in found.values() for _, content in own]
    writer.keep_vectors(contents, encoder.fingerprint, encoder.encode_passages(passages))


def remove(context: BuildContext, first: int, last: int) -> None:
    with context.writer.transaction():
        for at in range(first, last):
            context.writer.remove_document(f"d{at}")


@dataclass(frozen=True)
class Surveyed:
    """What a survey returned, and the folder that it was to write into."""

    dense: dict[str, Any]
    calibration: dict[str, float]
    folder: Path

    @property
    def slots(self) -> list[int]:
        found: list[int] = np.load(self.folder / generations.SLOTS).tolist()
        return found


def surveyed(context: BuildContext, number: int, base: Manifest | None = None) -> Surveyed:
    """Survey the library for generation `number`."""
    folder = generations.folder(context.folder, number) / generations.DENSE
    folder.parent.mkdir(parents=True)
    with context.writer.transaction():
        return Surveyed(*survey(context, folder, base), folder)


def stored(context: BuildContext) -> tuple[list[int], Float32Array]:
    """The ids of all passages, ascending, and their vectors."""
    blocks = context.writer.passage_vectors(context.encoder.fingerprint, context.encoder.dim)
    none = np.empty((0, context.encoder.dim), dtype=np.float32)
    return context.writer.passages()[0].tolist(), np.concatenate((none, *blocks))


def encoded(context: BuildContext, *texts: str) -> Float32Array:
    """The vectors of short texts, rounded as they are stored."""
    return context.encoder.encode_queries(texts).astype(np.float16).astype(np.float32)


def assert_holds_all(context: BuildContext, found: Surveyed) -> None:
    """Assert that every passage is in the index, once, and is found by its vector."""
    index = ApproximateIndex.read(found.folder / generations.INDEX, 1000)
    slots = found.slots
    assert len(slots) == len(set(slots))
    vectors = index.vectors(all_slots(len(slots)))
    for passage, vector in zip(*stored(context), strict=True):
        slot = slots.index(passage)
        rounded = vector.astype(np.float16).astype(np.float32)
        assert np.array_equal(vectors[slot], rounded)
        nearest, scores = index.search(vector, 1)
        assert scores[0] == pytest.approx(1, abs=1e-3)
        assert np.array_equal(vectors[nearest[0]], rounded)


# Which kind of index.


def test_an_empty_library_has_an_exact_index(context: BuildContext, progress: Silent) -> None:
    found = surveyed(context, 1)
    assert (found.dense, found.calibration) == (EXACT, {"median": -1.0, "chance": -1.0})
    assert not found.folder.exists()
    assert progress.steps == [("Asking", 0), ("Comparing", 0)]


@pytest.mark.usefixtures("approximate_over_50")
def test_up_to_the_bound_an_index_is_exact_and_not_written(
    context: BuildContext, progress: Silent
) -> None:
    put(context, 0, 50)
    found = surveyed(context, 1)
    assert found.dense == EXACT
    assert not found.folder.exists()
    assert progress.steps == [("Asking", 200), ("Comparing", 50)]


@pytest.mark.slow
@pytest.mark.usefixtures("approximate_over_50")
def test_above_the_bound_an_index_is_approximate_and_written(
    context: BuildContext, progress: Silent
) -> None:
    put(context, 0, 51)
    found = surveyed(context, 1)
    assert found.dense.keys() == {"kind", "recall", "probes"}
    assert found.dense["kind"] == "approximate"
    assert 0.98 <= found.dense["recall"] <= 1
    assert found.dense["probes"] == 7  # all of its cells, the root of 51
    assert {path.name for path in found.folder.iterdir()} == {
        "index.faiss",
        "passages.npy",
        "0.f16",
    }
    assert found.slots == stored(context)[0]
    assert_holds_all(context, found)
    assert progress.steps == [("Asking", 200), ("Asking", 102), ("Comparing", 51)]


@pytest.mark.usefixtures("approximate_over_50")
def test_what_is_said_of_an_exact_index_is_a_copy(context: BuildContext) -> None:
    surveyed(context, 1).dense["recall"] = 0
    assert surveyed(context, 2).dense == EXACT


@pytest.mark.usefixtures("approximate_over_50")
def test_a_library_that_shrank_has_an_exact_index(context: BuildContext) -> None:
    put(context, 0, 54)
    base = surveyed(context, 1).dense
    remove(context, 0, 4)
    found = surveyed(context, 2, a_base(base))
    assert found.dense == EXACT
    assert not found.folder.exists()


# Own sentences: an index that is written is measured by them.


@pytest.mark.usefixtures("approximate_over_50")
def test_own_sentences_are_embedded_only_where_an_index_is_written(
    context: BuildContext, progress: Silent
) -> None:
    put(context, 0, 50)
    exact = surveyed(context, 1)
    put(context, 50, 52)
    written = surveyed(context, 2)
    put(context, 52, 54)
    extended = surveyed(context, 3, a_base(OF_BASE))
    again = surveyed(context, 4)
    assert [exact.dense, extended.dense] == [EXACT, OF_BASE]
    assert {written.dense["kind"], again.dense["kind"]} == {"approximate"}
    assert progress.steps == [
        *[("Asking", 200), ("Comparing", 50)],
        *[("Asking", 0), ("Asking", 104), ("Comparing", 52)],
        *[("Asking", 0), ("Comparing", 54)],
        *[("Asking", 0), ("Asking", 4), ("Comparing", 54)],
    ]


@pytest.mark.usefixtures("approximate_over_50")
def test_recall_is_measured_with_everyday_questions_and_own_sentences(
    context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Float32Array] = []
    nearest: list[Int64Array] = []

    def measure(_: Path, queries: Float32Array, exact: Int64Array) -> tuple[int, float]:
        asked.append(queries)
        nearest.append(exact)
        return 5, 0.87654321

    monkeypatch.setattr("embedder.index.approximate.measure", measure)
    put(context, 0, 51)
    found = surveyed(context, 1)
    assert found.dense == {"kind": "approximate", "recall": 0.8765, "probes": 5}
    queries, slots = asked[0], nearest[0]
    own = [f"This is sentence {each} of document d{at}." for at in range(51) for each in (0, 1)]
    assert queries.dtype == np.float32
    assert queries[:200].tobytes() == encoded(context, *everyday_questions()).tobytes()
    assert len(queries) == 200 + len(own)
    assert {row.tobytes() for row in queries[200:]} == {
        row.tobytes() for row in encoded(context, *own)
    }
    cosines = queries @ stored(context)[1].T
    best = np.sort(cosines, axis=1)[:, :-11:-1]
    assert slots.shape == (302, 10)
    assert np.allclose(np.take_along_axis(cosines, slots, axis=1), best, rtol=0, atol=1e-6)


# Extended or made again: when more than a tenth of its vectors is gone, or three tenths are added.


@pytest.mark.slow
@pytest.mark.usefixtures("approximate_over_50")
@pytest.mark.parametrize(
    ("gone", "added", "extended"),
    [
        (0, 0, True),
        (10, 0, True),
        (11, 0, False),
        (0, 30, True),
        (0, 31, False),
        (10, 30, True),
        (11, 30, False),
        (10, 31, False),
    ],
)
def test_an_index_is_extended_up_to_the_bounds(
    context: BuildContext, gone: int, added: int, extended: bool
) -> None:
    put(context, 0, 100)
    first = surveyed(context, 1)
    remove(context, 20, 20 + gone)
    put(context, 100, 100 + added)
    ids, _ = stored(context)
    assert len(ids) == 100 - gone + added
    found = surveyed(context, 2, a_base(OF_BASE))
    assert_holds_all(context, found)
    files = {path.name: path.stat().st_ino for path in found.folder.glob("*.f16")}
    assert (found.dense == OF_BASE) == extended
    if extended:
        assert found.slots == first.slots + [each for each in ids if each not in first.slots]
        assert files.keys() == {"0.f16", "1.f16"}
        assert files["0.f16"] == (first.folder / "0.f16").stat().st_ino
    else:
        assert found.slots == ids
        assert files.keys() == {"0.f16"}
        assert (found.dense["kind"], found.dense["recall"] >= 0.98) == ("approximate", True)


@pytest.mark.slow
@pytest.mark.usefixtures("approximate_over_50")
def test_what_is_gone_adds_up_over_generations(context: BuildContext) -> None:
    put(context, 0, 100)
    surveyed(context, 1)
    remove(context, 0, 6)
    put(context, 100, 105)
    second = surveyed(context, 2, a_base(OF_BASE))
    assert (second.dense, len(second.slots)) == (OF_BASE, 105)
    remove(context, 6, 10)
    third = surveyed(context, 3, a_base(OF_BASE))  # 10 of 105
    assert (third.dense, third.slots) == (OF_BASE, second.slots)
    remove(context, 10, 11)
    fourth = surveyed(context, 4, a_base(OF_BASE))  # 11 of 105
    assert fourth.dense != OF_BASE
    assert fourth.slots == stored(context)[0]
    assert_holds_all(context, fourth)


@pytest.mark.slow
@pytest.mark.usefixtures("approximate_over_50")
def test_a_changed_document_is_gone_and_added(context: BuildContext) -> None:
    put(context, 0, 100)
    surveyed(context, 1)
    put(context, 0, 10, sentences=3)
    second = surveyed(context, 2, a_base(OF_BASE))
    assert (second.dense, len(second.slots)) == (OF_BASE, 110)
    assert_holds_all(context, second)
    put(context, 10, 12, sentences=3)
    third = surveyed(context, 3, a_base(OF_BASE))  # 12 of 110 are gone
    assert third.dense != OF_BASE
    assert len(third.slots) == 100


@pytest.mark.usefixtures("approximate_over_50")
def test_without_a_base_an_index_is_made_again(context: BuildContext) -> None:
    put(context, 0, 60)
    surveyed(context, 1)
    assert surveyed(context, 2).dense != OF_BASE


@pytest.mark.usefixtures("approximate_over_50")
def test_a_base_with_an_exact_index_is_not_extended(context: BuildContext) -> None:
    put(context, 0, 50)
    first = surveyed(context, 1)
    put(context, 50, 51)
    found = surveyed(context, 2, a_base(first.dense))
    assert found.dense["kind"] == "approximate"
    assert found.slots == stored(context)[0]


@pytest.mark.slow
@pytest.mark.usefixtures("approximate_over_50")
@pytest.mark.parametrize(("most", "extended"), [(2, True), (1, False)])
def test_an_index_of_many_files_is_made_again(
    context: BuildContext, monkeypatch: pytest.MonkeyPatch, most: int, extended: bool
) -> None:
    monkeypatch.setattr("embedder.index.float16_files.MAX_FILES", most)
    put(context, 0, 60)
    surveyed(context, 1)
    put(context, 60, 61)
    found = surveyed(context, 2, a_base(OF_BASE))
    assert (found.dense == OF_BASE) == extended
    assert len(found.slots) == 61


# The calibration.


def numpy_calibration(context: BuildContext) -> dict[str, float]:
    """The calibration with plain numpy, and the quantiles of the standard library."""

    def exact(vectors: Float32Array) -> Float64Array:
        return vectors.astype(np.float16).astype(np.float64)

    questions, (_, vectors) = encoded(context, *everyday_questions()), stored(context)
    cosines = np.einsum("qd,pd->qp", exact(questions), exact(vectors))
    best: list[float] = np.clip(cosines.max(axis=1), -1, 1).tolist()
    median = statistics.median(best)
    quartile = statistics.quantiles(best, n=4, method="inclusive")[2]
    return {"median": median, "chance": median + 3.2 * (quartile - median) / 0.6745}


@pytest.mark.slow
def test_the_calibration_is_the_same_with_every_index(
    context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(context, 0, 60)
    put(context, 60, 90, sentences=7)
    monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 50)
    surveyed(context, 1)
    put(context, 90, 100, sentences=7)
    remove(context, 0, 5)
    extended = surveyed(context, 2, a_base(OF_BASE))
    again = surveyed(context, 3)
    monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 200_000)
    exact = surveyed(context, 4)
    assert extended.dense == OF_BASE
    assert again.dense["kind"] == "approximate"
    assert again.dense != OF_BASE
    assert exact.dense == EXACT
    assert context.writer.count_passages() == 135
    assert exact.calibration == pytest.approx(numpy_calibration(context))
    assert -1 < exact.calibration["median"] < exact.calibration["chance"]
    assert again.calibration == extended.calibration == exact.calibration


@pytest.mark.slow
@pytest.mark.parametrize("block", [1, 7, 64])
def test_vectors_read_in_small_blocks_give_the_same(
    context: BuildContext, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 50)
    put(context, 0, 30, sentences=7)
    put(context, 30, 64)
    whole = surveyed(context, 1)
    monkeypatch.setattr("embedder.store.snapshot._BLOCK", block)
    blocks = surveyed(context, 2)
    assert blocks.calibration == whole.calibration
    assert blocks.calibration == pytest.approx(numpy_calibration(context))
    assert blocks.slots == whole.slots == stored(context)[0]
    assert blocks.dense == whole.dense
    assert (blocks.folder / "0.f16").read_bytes() == (whole.folder / "0.f16").read_bytes()


@pytest.mark.parametrize("count", [1, 5])
def test_the_calibration_is_that_of_numpy(context: BuildContext, count: int) -> None:
    put(context, 0, count, sentences=7)
    found = surveyed(context, 1)
    assert context.writer.count_passages() == 2 * count
    assert found.calibration == pytest.approx(numpy_calibration(context))


# Whole builds.


def many(first: int, last: int) -> list[dict[str, Any]]:
    return [a_document(f"d{at}") for at in range(first, last)]


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library is large enough to be built upon."""
    monkeypatch.setattr("embedder.build.generation.FULL_REBUILD_UP_TO", 0)


@pytest.mark.slow
@pytest.mark.usefixtures("base", "approximate_over_50")
def test_a_small_change_adds_to_the_index_and_a_large_one_makes_it_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []
    real = approximate.measure

    def count(*given: Any) -> tuple[int, float]:
        trained.append(1)
        return real(*given)

    monkeypatch.setattr("embedder.index.approximate.measure", count)
    source = write_jsonl(tmp_path / "one.jsonl", *many(0, 200))
    build_words(tmp_path / "v", source)
    build_words(tmp_path / "v", write_jsonl(tmp_path / "two.jsonl", *many(200, 210)))
    assert len(trained) == 1
    build_words(tmp_path / "v", write_jsonl(tmp_path / "three.jsonl", *many(300, 400)))
    assert len(trained) == 2
    assert read_words(tmp_path / "v").status()[1].documents == 310


@pytest.mark.slow
@pytest.mark.usefixtures("approximate_over_50")
def test_the_manifest_says_what_the_index_finds(tmp_path: Path) -> None:
    build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", *many(0, 300)))
    dense = read_words(tmp_path / "v").status()[1].dense
    assert dense["kind"] == "approximate"
    assert 0.98 <= dense["recall"] <= 1
    assert dense["probes"] >= 1


@pytest.mark.slow
@pytest.mark.usefixtures("base", "approximate_over_50")
def test_vectors_added_to_the_index_lie_in_a_file_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_words(tmp_path / "v", write_jsonl(tmp_path / "one.jsonl", *many(0, 200)))

    def vectors(generation: int) -> dict[str, int]:
        place = tmp_path / "v" / "generations" / str(generation) / "dense"
        return {each.name: each.stat().st_ino for each in place.glob("*.f16")}

    build_words(tmp_path / "v", write_jsonl(tmp_path / "two.jsonl", *many(200, 210)))
    assert vectors(2).keys() == {"0.f16", "1.f16"}
    assert vectors(2)["0.f16"] == vectors(1)["0.f16"]
    assert read_words(tmp_path / "v").verify() == []
    monkeypatch.setattr("embedder.index.float16_files.MAX_FILES", 2)
    build_words(tmp_path / "v", write_jsonl(tmp_path / "three.jsonl", *many(300, 310)))
    assert vectors(3).keys() == {"0.f16"}
    assert read_words(tmp_path / "v").verify() == []
