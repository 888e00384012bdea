"""Measure libraries of ten thousand, a hundred thousand and a million documents.

    python -m benchmarks.scale [--documents 10000 100000 1000000] [--work FOLDER]

Texts are recombined from sentences of Cranfield and CISI, and vectors from the vectors of those
sentences with noise added, so that a million documents need not be embedded. All else is what
`fingerpost index` and a server do. Building and searching run in processes of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.corpora import DATA, all_questions, read_collections
from benchmarks.measure import disk, percentile, prepared_encoder, run
from benchmarks.report import PAGE, Others, machine, table, write_section
from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder, ReadsAllLanguages
from embedder.index import approximate
from embedder.index.facets import FacetFilter
from embedder.library import Library
from embedder.records import Document, Filters, Passage, Question
from embedder.text.passages import split_into_passages
from embedder.vectors import DocumentRows, Float32Array, PassageSlots, PassageVectors, normalise
from server.cli.console import Bars

COLLECTIONS = ("cranfield", "cisi")
SIZES = (10_000, 100_000, 1_000_000)
# Topics and the share of all documents that have them: what the filters let through.
SHARES = {"none": 1.0, "50 %": 0.5, "5 %": 0.05, "0.1 %": 0.001}
_CHANGE = 1000  # documents that are added to a library
_QUESTIONS = 200
_RECALL_QUESTIONS = 50
_NEAREST = 10
_NOISE = 0.35  # the length of the noise added to a vector of length 1
_MB = 1_000_000


def main() -> None:
    """Measure each size and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--work", type=Path, help="folder of the libraries, which are kept there")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--step", choices=("build", "grow", "again", "search"))
    arguments = parser.parse_args()
    if arguments.step:
        step = {"build": _build, "grow": _grow, "again": _again, "search": _search}
        found = step[arguments.step](arguments.work, arguments.documents[0], arguments.data)
        print(json.dumps(found))
        return
    others = Others()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        _write_base(work, arguments.data)
        measured = [_measure(work, size, arguments.data) for size in arguments.documents]
    text = "\n\n".join((_report(measured), machine(("faiss-cpu", "tantivy", "numpy"), others)))
    write_section(arguments.out, "scale", text)
    print(text)


def _measure(work: Path, size: int, data: Path) -> dict[str, Any]:
    """Measure one size, each step in a process of its own."""
    found: dict[str, Any] = {"documents": size}
    for step in ("build", "again", "grow", "search"):
        command = [sys.executable, "-m", "benchmarks.scale", "--step", step]
        command += ["--work", str(work), "--documents", str(size), "--data", str(data)]
        found |= json.loads(run(command).strip().split("\n")[-1])
        print(found, file=sys.stderr, flush=True)
    return found


# The generated documents and their vectors.


def _write_base(work: Path, data: Path) -> None:
    """Embed the collections' sentences once, and write their texts and vectors."""
    work.mkdir(parents=True, exist_ok=True)
    if (work / "base.npy").is_file():
        return
    encoder = prepared_encoder()
    texts: list[list[str]] = []
    vectors: list[Float32Array] = []
    for each in read_collections(data, COLLECTIONS).documents:
        document = Document(id=each["_id"], title=each["title"], abstract=each["text"])
        cut = split_into_passages(document, encoder.count_tokens, encoder.max_tokens)
        found = encoder.encode_passages(cut)
        sentences = [part.text[start:end].strip() for part in cut for start, end in part.offsets]
        if len(sentences) > 1:
            texts.append(sentences)
            vectors.append(np.concatenate([part.sentences for part in found]))
    (work / "base.json").write_text(json.dumps(texts), encoding="utf-8")
    np.save(work / "base.npy", np.concatenate(vectors))


class StandIn(ReadsAllLanguages):
    """The model, except that passages get the vectors of known sentences, with noise added."""

    def __init__(self, work: Path, encoder: Encoder) -> None:
        self._encoder = encoder
        self._random = np.random.default_rng(1)
        texts = json.loads((work / "base.json").read_text(encoding="utf-8"))
        self._vectors = np.load(work / "base.npy")
        self._known = {
            text: row for row, text in enumerate(text for each in texts for text in each)
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Estimate the count: exact counting would take most of the time of a build."""
        return [len(text) // 5 + 1 for text in texts]

    def encode_passages(self, cut: Sequence[Passage]) -> list[PassageVectors]:
        """Look up the sentences' vectors."""
        return [self._one(each) for each in cut]

    def _one(self, passage: Passage) -> PassageVectors:
        texts = [passage.text[start:end].strip() for start, end in passage.offsets]
        indices = [self._known.get(text, hash(text) % len(self._vectors)) for text in texts]
        shape = (len(indices) + 1, self._vectors.shape[1])
        noise = self._random.normal(0, _NOISE / np.sqrt(shape[1]), shape).astype(np.float32)
        rows = self._vectors[indices]
        found = normalise(np.concatenate((rows.mean(axis=0)[np.newaxis], rows)) + noise)
        return PassageVectors(found[0], found[1:])


def _write_corpus(path: Path, work: Path, first: int, last: int) -> None:
    """Write documents `first` to `last`: a title, sentences of two documents, and metadata."""
    base = json.loads((work / "base.json").read_text(encoding="utf-8"))
    random = np.random.default_rng(first)
    from pycountry import countries

    names = [each.name for each in countries]
    with path.open("w", encoding="utf-8") as file:
        for number in range(first, last):
            one, other = (base[part] for part in random.integers(0, len(base), 2))
            body = [*one[1 : 1 + max(1, len(one) // 2)], *other[-max(1, len(other) // 2) :]]
            topics = [f"topic {random.integers(40)}"]
            topics += [name for name, share in SHARES.items() if random.random() < share < 1]
            record = {
                "id": f"document-{number}",
                "title": f"{one[0]} {number}",
                "abstract": " ".join(body),
                "countries": [names[int(random.beta(1, 4) * len(names))]],
                "authors": [f"Author {int(50_000 * random.beta(1, 4))}" for _ in range(2)],
                "topics": topics,
                "year": int(random.integers(1980, 2026)),
            }
            file.write(json.dumps(record) + "\n")


@contextmanager
def _timed(found: dict[str, Any], name: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    found[name] = round(time.perf_counter() - begin, 2)


def _folder(work: Path, size: int) -> Path:
    return work / f"library-{size}"


# The steps.


def _build(work: Path, size: int, data: Path) -> dict[str, Any]:  # noqa: ARG001
    """Build the library."""
    folder = _folder(work, size)
    corpus = work / f"corpus-{size}.jsonl"
    _write_corpus(corpus, work, 0, size)
    found: dict[str, Any] = {}
    with _timed(found, "build_s"):
        index(folder, [corpus], Bars(), load=partial(_stand_in, work))
    manifest = Library(folder).status()[1]
    return {
        **found,
        "passages": manifest.passages,
        "disk_mb": round(disk(folder)),
        "index": manifest.dense["kind"],
        "built_recall": manifest.dense["recall"],
    }


def _again(work: Path, size: int, data: Path) -> dict[str, Any]:  # noqa: ARG001
    """Index the same file again."""
    found: dict[str, Any] = {}
    with _timed(found, "again_s"):
        report = index(
            _folder(work, size),
            [work / f"corpus-{size}.jsonl"],
            Bars(),
            load=partial(_stand_in, work),
        )
    assert (report.unchanged, report.embedded) == (size, 0)  # noqa: S101
    return found


def _grow(work: Path, size: int, data: Path) -> dict[str, Any]:  # noqa: ARG001
    """Add a thousand documents, and for comparison build a library of those alone."""
    more = work / f"more-{size}.jsonl"
    _write_corpus(more, work, size, size + _CHANGE)
    found: dict[str, Any] = {}
    with _timed(found, "grow_s"):
        index(_folder(work, size), [more], Bars(), load=partial(_stand_in, work))
    with tempfile.TemporaryDirectory() as alone, _timed(found, "alone_s"):
        index(Path(alone), [more], Bars(), load=partial(_stand_in, work))
    return found


def _stand_in(work: Path, model: str) -> Encoder:
    encoder: Any = StandIn(work, prepared_encoder(model))
    return encoder  # type: ignore[no-any-return]


@dataclass
class Timed:
    """An encoder that counts the seconds spent in it, and the CPU seconds of this thread."""

    encoder: Encoder
    spent: float = 0.0
    worked: float = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        """Encode, and count the time."""
        begin, work = time.perf_counter(), time.thread_time()
        rows = self.encoder.encode_queries(texts, reproducible=reproducible)
        self.spent += time.perf_counter() - begin
        self.worked += time.thread_time() - work
        return rows


def _search(work: Path, size: int, data: Path) -> dict[str, Any]:
    """Open the library, ask it, and compare its nearest passages with an exact search's."""
    timed: Any = Timed(prepared_encoder())
    questions = all_questions(data, COLLECTIONS)[:_QUESTIONS]
    timed.encode_queries(questions[:20])
    before = _memory()
    found: dict[str, Any] = {}
    library = Library(_folder(work, size), load=lambda _, **__: timed)
    with _timed(found, "start_s"):
        library.load()
    found["memory_start_mb"] = round(_memory() - before)
    mapped = _mapped()
    for name in SHARES:
        filters = Filters(topics=() if name == "none" else (name,))
        began = time.perf_counter()
        timed.spent = 0.0
        library.ask(Question("a first question with this filter", filters=filters))
        found[f"first {name}"] = round((time.perf_counter() - began - timed.spent) * 1000, 1)
        took = [_ask(library, timed, Question(text, filters=filters)) for text in questions]
        waited, worked = zip(*took, strict=True)
        found[f"p50 {name}"] = round(percentile(waited, 50), 1)
        found[f"p95 {name}"] = round(percentile(waited, 95), 1)
        found[f"work p50 {name}"] = round(percentile(worked, 50), 1)
        found[f"work p95 {name}"] = round(percentile(worked, 95), 1)
    found["memory_mb"] = round(_memory() - before)
    found["mapped_mb"] = round(_mapped() - mapped)
    return found | _recall(library, timed.encode_queries(questions[:_RECALL_QUESTIONS]))


def _ask(library: Library, timed: Timed, question: Question) -> tuple[float, float]:
    """Ask once; return the milliseconds, and the CPU milliseconds, both without the encoder's."""
    timed.spent = timed.worked = 0.0
    begin, work = time.perf_counter(), time.thread_time()
    library.ask(question)
    worked = time.thread_time() - work - timed.worked
    return (time.perf_counter() - begin - timed.spent) * 1000, worked * 1000


def _recall(library: Library, queries: Float32Array) -> dict[str, Any]:
    """Return the share of the ten nearest passages that the index finds, for each filter."""
    with library._serving() as (loaded, snapshot):
        scopes = {
            name: loaded.filtered_set(
                FacetFilter() if name == "none" else loaded.facets.resolve(Filters(topics=(name,)))
            )
            for name in SHARES
        }
        ids, rows = snapshot.passages()
        position = loaded.facets.positions(DocumentRows(rows))
        exact = {name: approximate.NearestVectors(queries) for name in SHARES}
        kept: dict[str, list[Any]] = {name: [] for name in SHARES}
        start = 0
        model = loaded.manifest.model_sha256
        for block in snapshot.passage_vectors(model, loaded.manifest.dim):
            for name, scope in scopes.items():
                allowed = np.flatnonzero(scope.mask[position[start : start + len(block)]])
                exact[name].add(block[allowed])
                kept[name].append(start + allowed)
            start += len(block)
        found = {}
        for name, scope in scopes.items():
            order = np.concatenate(kept[name])
            nearest = [order[each] for each in exact[name].slots]
            got = [loaded.dense.search(query, 1000, scope.passages)[0] for query in queries]
            found[f"recall {name}"] = float(
                np.mean(
                    [
                        np.isin(
                            rows[wanted],
                            loaded.facets.rows[
                                loaded.passages.positions_of(PassageSlots(near[:_NEAREST]))
                            ],
                        ).mean()
                        for wanted, near in zip(nearest, got, strict=True)
                    ]
                )
            )
        assert len(ids) == start  # noqa: S101
        return found


def _memory() -> float:
    """Return the memory that is this process's alone, in MB."""
    found = psutil.Process().memory_info()
    return float(found.rss - found.shared) / _MB


def _mapped() -> float:
    """Return how much of files is mapped, in MB; the system reclaims it when others need it."""
    return float(psutil.Process().memory_info().shared) / _MB


def _report(measured: Sequence[dict[str, Any]]) -> str:
    """Return the section: its two tables."""
    costs = [
        ("passages", "passages", ""),
        ("index", "index of vectors", ""),
        ("build_s", "build without the model", " s"),
        ("again_s", "index again, unchanged", " s"),
        ("grow_s", f"add {_CHANGE:,} documents", " s"),
        ("alone_s", f"a library of those {_CHANGE:,} alone", " s"),
        ("disk_mb", "disk", " MB"),
        ("start_s", "start, the model loaded before", " s"),
        ("memory_start_mb", "memory above the model, at the start", " MB"),
        ("memory_mb", "memory above the model, after 800 questions", " MB"),
        ("mapped_mb", "and of files mapped meanwhile", " MB"),
        ("built_recall", "recall@10 as the build measured it", ""),
    ]
    sizes = [f"{each['documents']:,} documents" for each in measured]
    first = table(
        ["", *sizes],
        [[name, *(f"{each[key]}{unit}" for each in measured)] for key, name, unit in costs],
    )
    rows = [
        [
            f"{each['documents']:,}",
            name,
            each[f"p50 {name}"],
            each[f"p95 {name}"],
            each[f"work p50 {name}"],
            each[f"work p95 {name}"],
            each[f"first {name}"],
            f"{each[f'recall {name}']:.3f}",
        ]
        for each in measured
        for name in SHARES
    ]
    header = ["documents", "filter lets through", "p50 ms", "p95 ms", "p50 work", "p95 work"]
    header += ["first ms", "recall@10"]
    return (
        "## Large libraries\n\n`python -m benchmarks.scale`\n\n"
        f"{first}\n\nA question on one thread without the model's part, {_QUESTIONS} different "
        "questions of both collections asked once with each filter; `work` are the milliseconds in "
        "which the processor worked on it, the others are with what it waited for other processes; "
        "`first` is the first with a filter, when its documents are counted. What is mapped of "
        "files, the passages' and sentences' vectors above all, the system takes back when others "
        "need it. Recall is of the ten nearest passages against "
        f"an exact search, {_RECALL_QUESTIONS} questions.\n\n{table(header, rows)}"
    )


if __name__ == "__main__":
    main()
