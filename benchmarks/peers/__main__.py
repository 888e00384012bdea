"""Compare Fingerpost with other libraries: the same texts, questions and model, on one machine.

python -m benchmarks.peers                                      (everything: takes long)
python -m benchmarks.peers --documents 100 --questions 20 --rounds 1

Each system runs in its own process, and txtai and Chroma in environments of their own, made at
the first run. Writes the section `peers` of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import corpora, measure, report
from embedder.encoders.model_files import BUNDLED_MODEL, find_model
from embedder.measures import summarise

CONSTRAINTS = measure.ROOT / "constraints.txt"
COLLECTIONS = ("cranfield", "cisi")
# Newer versions of torch come with gigabytes for graphics cards: this one is installed first.
TORCH = "torch==2.13.0"
PACKAGES = {
    "txtai": ("txtai==9.14.0",),
    "Chroma": ("chromadb==1.5.9", "sentence-transformers==6.2.0"),
}
MODULES = {
    "Fingerpost": "benchmarks.peers.fingerpost",
    "plain": "benchmarks.peers.plain",
    "txtai": "benchmarks.peers.txtai",
    "Chroma": "benchmarks.peers.chroma",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one run of one system; memory and disk in MB."""

    seconds: float
    documents_per_second: float
    p50: float
    p95: float
    ndcg: tuple[float, ...]
    memory: float
    disk: float


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: which figure of a run, its number format, and which value is best."""

    name: str
    value: Callable[[Measured], float]
    number_format: str
    best: Callable[[Sequence[float]], float]


COLUMNS = (
    Column("indexing, s", lambda each: each.seconds, ".1f", min),
    Column("documents/s", lambda each: each.documents_per_second, ".1f", max),
    Column("p50, ms", lambda each: each.p50, ".1f", min),
    Column("p95, ms", lambda each: each.p95, ".1f", min),
    Column("nDCG@10 Cranfield", lambda each: each.ndcg[0], ".4f", max),
    Column("nDCG@10 CISI", lambda each: each.ndcg[1], ".4f", max),
    Column("peak memory, MB", lambda each: each.memory, ".0f", min),
    Column("disk, MB", lambda each: each.disk, ".1f", min),
)


def main() -> None:
    """Run every system in turn, round by round, and write the table of the medians."""
    parser = argparse.ArgumentParser(description="Fingerpost beside its peers.")
    parser.add_argument("--data", type=Path, default=corpora.DATA)
    parser.add_argument("--envs", type=Path, default=cache(), help="the peers' environments")
    parser.add_argument("--documents", type=int, help="how many, of all collections together")
    parser.add_argument("--questions", type=int, help="how many, of all collections together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=report.PAGE)
    arguments = parser.parse_args()
    others = report.Others()
    collection = corpora.read_collections(
        arguments.data, COLLECTIONS, arguments.documents, arguments.questions
    )
    pythons = {name: python_of(name, arguments.envs) for name in MODULES}
    runs: dict[str, list[Measured]] = {name: [] for name in MODULES}
    for number in range(1, arguments.rounds + 1):
        for name, python in pythons.items():
            runs[name].append(run(name, python, collection))
            print(f"round {number}: {name}: {runs[name][-1]}", flush=True)
    text = section(collection, runs, others)
    print(text)
    report.write_section(arguments.out, "peers", text)


def cache() -> Path:
    """Return the folder where the peers' environments are kept unless another one is named."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "fingerpost-peers"


def python_of(name: str, envs: Path) -> Path:
    """Return the Python interpreter of a system; a peer's environment is created if it is missing.

    Packages that a peer shares with Fingerpost have the same versions.
    """
    if name not in PACKAGES:
        return Path(sys.executable)
    folder = envs.absolute() / name.lower()
    python, made = folder / "bin" / "python", folder / "made.txt"
    wanted = " ".join((TORCH, *PACKAGES[name]))
    if made.exists() and made.read_text(encoding="utf-8") == wanted:
        return python
    print(f"{name}: creating an environment in {folder}", flush=True)
    call([sys.executable, "-m", "venv", str(folder)])
    install = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS)]
    call([*install, TORCH])
    call([*install, TORCH, *PACKAGES[name]])
    made.write_text(wanted, encoding="utf-8")
    return python


def call(command: Sequence[str]) -> None:
    """Run a command, passing its output through."""
    subprocess.run(command, check=True)  # noqa: S603


def run(name: str, python: Path, collection: corpora.Collection) -> Measured:
    """Run one system in a process of its own: index, answer, and measure."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus, queries, _ = collection.write(folder)
        index = folder / "index"
        model = find_model(BUNDLED_MODEL)
        command: list[str | Path] = [python, "-m", MODULES[name], corpus, queries, model, index]
        printed, memory = measure.run_watched(command)
        # Libraries may print more; our result is the last line.
        result = json.loads(printed.strip().split("\n")[-1])
        return Measured(
            result["seconds"],
            len(collection.documents) / result["seconds"],
            measure.percentile(result["milliseconds"], 50),
            measure.percentile(result["milliseconds"], 95),
            ndcg(collection, result["found"]),
            memory,
            measure.disk(index),
        )


def ndcg(collection: corpora.Collection, found: dict[str, list[str]]) -> tuple[float, ...]:
    """Return nDCG@10 over each collection's own questions."""
    ranked = {
        query: {key: float(len(ids) - rank) for rank, key in enumerate(ids)}
        for query, ids in found.items()
    }
    means = {
        each.kind: each.mean
        for each in summarise(collection.questions, ranked, collection.qrels)
        if each.measure == "nDCG@10"
    }
    return tuple(means[kind] for kind in COLLECTIONS)


def section(
    collection: corpora.Collection, runs: dict[str, list[Measured]], others: report.Others
) -> str:
    """Return the section: the medians, with the best of each column in bold and named below it."""
    medians = {
        name: [statistics.median(map(each.value, taken)) for each in COLUMNS]
        for name, taken in runs.items()
    }
    bests = [
        column.best([values[index] for values in medians.values()])
        for index, column in enumerate(COLUMNS)
    ]
    rows = [[name, *map(cell, COLUMNS, values, bests)] for name, values in medians.items()]
    firsts = [
        ", ".join(row[0] for row in rows if row[index].startswith("**"))
        for index in range(1, len(COLUMNS) + 1)
    ]
    peers = ", ".join(each for packages in PACKAGES.values() for each in packages)
    rounds = len(next(iter(runs.values())))
    documents, questions = len(collection.documents), len(collection.questions)
    return f"""## Beside the peers

Made by `python -m benchmarks.peers`: {documents} abstracts and {questions}
questions of Cranfield and CISI in one library, each system in its own process with the same
model. Indexing is from the file to an index on disk, with the model loaded; p50 and p95 are of
one question at a time, in process, embedding and search, 10 answers. Memory is the largest of
the whole run. Medians of {rounds} round{"s" if rounds > 1 else ""}.

{report.table(["", *(each.name for each in COLUMNS)], [*rows, ["first", *firsts]])}

Fingerpost reads abstracts whole, and also embeds their sentences and the words that the library
uses; the others read the first 256 tokens (txtai: 512) as one vector. txtai searches meaning and
keywords (`hybrid=True`), Chroma and the plain way meaning alone. Where Fingerpost is not first: the
plain way reads a question once; Fingerpost also reads its parts and its words that are new to the
library, looks its words up, and compares the sentences of a hundred documents. On disk lie also the
sentences' vectors, twice (in the store, and in the file that questions read), the words' vectors,
the keyword index and the abstracts with their checksums.
Versions: {peers}; {TORCH}.

{report.machine(["fingerpost", "sentence-transformers", "transformers", "faiss-cpu"], others)}
"""


def cell(column: Column, value: float, best: float) -> str:
    """Format one value, in bold if it equals the best one as written."""
    text = format(value, column.number_format)
    return f"**{text}**" if text == format(best, column.number_format) else text


if __name__ == "__main__":
    main()
