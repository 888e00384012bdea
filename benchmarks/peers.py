"""Fingerpost beside its peers: the same texts, questions and model, on one machine.

python -m benchmarks.peers                                      (the whole of it: long)
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

from benchmarks import measure
from embedder.encoders.loading import DEFAULT_MODEL, find_model
from embedder.measures import summarise

CONSTRAINTS = measure.ROOT / "constraints.txt"
COLLECTIONS = ("cranfield", "cisi")
# Newer versions of torch come with gigabytes for graphics cards: this one is installed first.
TORCH = "torch==2.13.0"
PACKAGES = {
    "txtai": ("txtai==9.14.0",),
    "Chroma": ("chromadb==1.5.9", "sentence-transformers==6.2.0"),
}
SCRIPTS = {
    "Fingerpost": "benchmarks.peer_fingerpost",
    "plain": "benchmarks.peer_plain",
    "txtai": "benchmarks.peer_txtai",
    "Chroma": "benchmarks.peer_chroma",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of one system took and found; memory and disk in MB."""

    seconds: float
    documents_per_second: float
    p50: float
    p95: float
    ndcg: tuple[float, ...]
    memory: float
    disk: float


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: which value of a run, how it is written, and what is best."""

    name: str
    value: Callable[[Measured], float]
    form: str
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
    parser.add_argument("--data", type=Path, default=measure.DATA)
    parser.add_argument("--envs", type=Path, default=cache(), help="the peers' environments")
    parser.add_argument("--documents", type=int, help="so many, of both collections together")
    parser.add_argument("--questions", type=int, help="so many, of both collections together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=measure.PAGE)
    given = parser.parse_args()
    others = measure.Others()
    read = measure.read_collections(given.data, COLLECTIONS, given.documents, given.questions)
    pythons = {name: python_of(name, given.envs) for name in SCRIPTS}
    runs: dict[str, list[Measured]] = {name: [] for name in SCRIPTS}
    for number in range(1, given.rounds + 1):
        for name, python in pythons.items():
            runs[name].append(run(name, python, read))
            print(f"round {number}: {name}: {runs[name][-1]}", flush=True)
    text = section(read, runs, others)
    print(text)
    measure.write_section(given.out, "peers", text)


def cache() -> Path:
    """Give the folder where the peers' environments are kept unless another is given."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "fingerpost-peers"


def python_of(name: str, envs: Path) -> Path:
    """Give the interpreter of a system; a peer's environment is made if it is not there.

    Packages that a peer shares with Fingerpost are of the same versions.
    """
    if name not in PACKAGES:
        return Path(sys.executable)
    folder = envs.absolute() / name.lower()
    python, made = folder / "bin" / "python", folder / "made.txt"
    wanted = " ".join((TORCH, *PACKAGES[name]))
    if made.exists() and made.read_text(encoding="utf-8") == wanted:
        return python
    print(f"{name}: making an environment in {folder}", flush=True)
    call([sys.executable, "-m", "venv", str(folder)])
    install = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS)]
    call([*install, TORCH])
    call([*install, TORCH, *PACKAGES[name]])
    made.write_text(wanted, encoding="utf-8")
    return python


def call(command: Sequence[str]) -> None:
    """Run a command; what it prints is shown."""
    subprocess.run(command, check=True)  # noqa: S603


def run(name: str, python: Path, read: measure.Collection) -> Measured:
    """Have one system index and answer in a process of its own, and measure it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus, queries, _ = read.write(folder)
        index = folder / "index"
        model = find_model(DEFAULT_MODEL)
        command: list[str | Path] = [python, "-m", SCRIPTS[name], corpus, queries, model, index]
        printed, memory = measure.run_watched(command)
        # What libraries print goes before the one line that counts.
        told = json.loads(printed.strip().split("\n")[-1])
        return Measured(
            told["seconds"],
            len(read.documents) / told["seconds"],
            measure.percentile(told["milliseconds"], 50),
            measure.percentile(told["milliseconds"], 95),
            ndcg(read, told["found"]),
            memory,
            measure.disk(index),
        )


def ndcg(read: measure.Collection, found: dict[str, list[str]]) -> tuple[float, ...]:
    """Give nDCG@10 over each collection's own questions."""
    ranked = {
        query: {key: float(len(ids) - at) for at, key in enumerate(ids)}
        for query, ids in found.items()
    }
    means = {
        each.kind: each.mean
        for each in summarise(read.questions, ranked, read.qrels)
        if each.measure == "nDCG@10"
    }
    return tuple(means[kind] for kind in COLLECTIONS)


def section(
    read: measure.Collection, runs: dict[str, list[Measured]], others: measure.Others
) -> str:
    """Write the table of medians, with the best of each column in bold and named below it."""
    medians = {
        name: [statistics.median(map(each.value, taken)) for each in COLUMNS]
        for name, taken in runs.items()
    }
    bests = [
        column.best([values[at] for values in medians.values()])
        for at, column in enumerate(COLUMNS)
    ]
    rows = [[name, *map(cell, COLUMNS, values, bests)] for name, values in medians.items()]
    firsts = [
        ", ".join(line[0] for line in rows if line[at].startswith("**"))
        for at in range(1, len(COLUMNS) + 1)
    ]
    peers = ", ".join(each for packages in PACKAGES.values() for each in packages)
    rounds = len(next(iter(runs.values())))
    return f"""## Beside the peers

Made by `python -m benchmarks.peers`: {len(read.documents)} abstracts and {len(read.questions)}
questions of Cranfield and CISI in one library, each system in its own process with the same
model. Indexing is from the file to an index on disk, with the model loaded; p50 and p95 are of
one question at a time, in process, embedding and search, 10 answers. Memory is the largest of
the whole run. Medians of {rounds} round{"s" if rounds > 1 else ""}.

{measure.table(["", *(each.name for each in COLUMNS)], [*rows, ["first", *firsts]])}

Fingerpost reads abstracts whole, and also embeds their sentences and the words that the library
uses; the others read the first 256 tokens (txtai: 512) as one vector. txtai searches meaning and
keywords (`hybrid=True`), Chroma and the plain way meaning alone. Where Fingerpost is not first: the
plain way reads a question once; Fingerpost also reads its parts and its words that are new to the
library, looks its words up, and compares the sentences of a hundred documents. On disk lie also the
sentences' vectors, twice (in the store, and in the file that questions read), the words' vectors,
the keyword index and the abstracts with their checksums.
Versions: {peers}; {TORCH}.

{measure.machine(["fingerpost", "sentence-transformers", "transformers", "faiss-cpu"], others)}
"""


def cell(column: Column, value: float, best: float) -> str:
    """Write one value, in bold if it is the best as far as it is written."""
    text = format(value, column.form)
    return f"**{text}**" if text == format(best, column.form) else text


if __name__ == "__main__":
    main()
