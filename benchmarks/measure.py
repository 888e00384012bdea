"""Measures other processes, and writes what was found: what the benchmarks share."""

from __future__ import annotations

import http.client
import json
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from embedder.trec_files import Qrels, Query, read_qrels, read_queries

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
PAGE = ROOT / "benchmarks" / "README.md"

_HOST = "127.0.0.1"
_MB = 1_000_000
_SAMPLE_EVERY = 0.05  # seconds
_HEADING = """# Benchmarks

Each section is written by the script that it names; the others are left as they are.
"""


@dataclass(frozen=True, slots=True)
class Collection:
    """Judged collections read as one; ids begin with a collection's name.

    `documents` have the keys of BEIR; a question's `kind` is the name of its collection.
    """

    documents: list[dict[str, str]]
    questions: list[Query]
    qrels: Qrels

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Write corpus, queries and judgements as BEIR has them, and give their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        corpus, queries, qrels = (
            folder / name for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv")
        )
        corpus.write_text(_lines(self.documents), encoding="utf-8")
        queries.write_text(
            _lines([{"_id": each.id, "text": each.text} for each in self.questions]),
            encoding="utf-8",
        )
        rows = [
            f"{query}\t{document}\t{grade}\n"
            for query, judged in self.qrels.items()
            for document, grade in judged.items()
        ]
        qrels.write_text("query-id\tcorpus-id\tscore\n" + "".join(rows), encoding="utf-8")
        return corpus, queries, qrels


def read_collections(
    data: Path, names: Sequence[str], documents: int | None = None, questions: int | None = None
) -> Collection:
    """Read collections as one, or the first so many documents and questions, evenly.

    Judgements of documents that are left out are left out too, and then questions without any
    relevant document.
    """
    read = [
        _read_one(data / name, _share(documents, len(names)), _share(questions, len(names)))
        for name in names
    ]
    return Collection(
        [document for each in read for document in each.documents],
        [question for each in read for question in each.questions],
        {query: judged for each in read for query, judged in each.qrels.items()},
    )


def all_questions(data: Path, names: Sequence[str]) -> list[str]:
    """Read the questions of collections, judged or not, each once, mixed the same way always."""
    files = [data / name / "queries.jsonl" for name in names]
    texts = list(dict.fromkeys(each.text for file in files for each in read_queries(file)[0]))
    return [texts[at] for at in np.random.default_rng(0).permutation(len(texts))]


def _share(total: int | None, among: int) -> int | None:
    return None if total is None else max(1, total // among)


def _read_one(folder: Path, documents: int | None, questions: int | None) -> Collection:
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").split("\n")
    prefix = f"{folder.name}-"
    kept = [
        {"_id": prefix + each["_id"], "title": each["title"], "text": each["text"]}
        for each in (json.loads(line) for line in lines if line.strip())
    ][:documents]
    ids = {each["_id"] for each in kept}
    qrels = {
        prefix + query: {
            prefix + document: grade
            for document, grade in judged.items()
            if prefix + document in ids
        }
        for query, judged in read_qrels(folder / "qrels.tsv").items()
    }
    asked = [
        Query(prefix + each.id, each.text, folder.name)
        for each in read_queries(folder / "queries.jsonl")[0]
        if any(qrels.get(prefix + each.id, {}).values())
    ][:questions]
    return Collection(kept, asked, {each.id: qrels[each.id] for each in asked})


def _lines(values: Sequence[Mapping[str, str]]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in values)


def environment() -> dict[str, str]:
    """Give the environment of every child: this one's, and no model hub."""
    return {**os.environ, "HF_HUB_OFFLINE": "1"}


def run(command: Sequence[str | Path]) -> str:
    """Run a command to its end and give what it printed.

    Raises RuntimeError, with the end of its standard error, if it fails.
    """
    done = subprocess.run(  # noqa: S603
        [str(each) for each in command],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def free_port() -> int:
    """Give a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Sequence[str | Path], port: int, patience: float = 180.0) -> Iterator[int]:
    """Run a server as a child while in the block, from when its port answers; give its pid.

    Raises RuntimeError if the port does not answer in `patience` seconds.
    """
    child = subprocess.Popen(  # noqa: S603
        [str(each) for each in command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(child, port, patience)
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(child: subprocess.Popen[bytes], port: int, patience: float) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if child.poll() is not None:
            raise RuntimeError(f"the server ended with {child.returncode} before it answered")
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"port {port} did not answer in {patience:.0f} seconds")


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load: answers a second, and milliseconds an answer."""

    per_second: float
    p50: float
    p95: float


def load(ports: Sequence[int], path: str, questions: Sequence[str], clients: int) -> Load:
    """Post every question once, from so many clients at a time, each on its own connection.

    The clients are shared out evenly among the servers at `ports`.

    Raises RuntimeError if any answer is not 200.
    """
    waiting = iter(questions)
    taking = threading.Lock()
    spans: list[float] = []
    problems: list[str] = []

    def client(port: int) -> None:
        connection = http.client.HTTPConnection(_HOST, port, timeout=120)
        try:
            while not problems:
                with taking:
                    question = next(waiting, None)
                if question is None:
                    return
                spans.append(_post(connection, path, question))
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            problems.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=client, args=(ports[number % len(ports)],))
        for number in range(clients)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if problems:
        raise RuntimeError(f"{len(problems)} of {clients} clients failed: {problems[0]}")
    return Load(len(spans) / seconds, percentile(spans, 50), percentile(spans, 95))


def _post(connection: http.client.HTTPConnection, path: str, question: str) -> float:
    """Ask once, and give the milliseconds until the whole answer was there."""
    body = json.dumps({"query": question, "limit": 10}).encode()
    began = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    took = 1000 * (time.perf_counter() - began)
    if answer.status != 200:
        raise RuntimeError(f"status {answer.status}: {text[:200]!r}")
    return took


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` percent of the values do not exceed, interpolated."""
    return float(np.percentile(values, share))


def memory(pid: int) -> float:
    """Give the resident memory of a process and all its children, in MB; 0 if it has ended."""
    try:
        parent = psutil.Process(pid)
        tree = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(map(_resident, tree)) / _MB


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def run_watched(command: Sequence[str | Path]) -> tuple[str, float]:
    """Run a command to its end; give what it printed and its largest memory, in MB.

    Memory is looked at every 50 ms. What it writes to standard error is shown.

    Raises RuntimeError if it fails.
    """
    with subprocess.Popen(  # noqa: S603
        [str(each) for each in command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
    ) as child:
        ended = threading.Event()
        largest = [0.0]

        def watch() -> None:
            while not ended.wait(_SAMPLE_EVERY):
                largest[0] = max(largest[0], memory(child.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        printed, _ = child.communicate()
        ended.set()
        watcher.join()
    if child.returncode:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}")
    return printed, largest[0]


def disk(folder: Path) -> float:
    """Give the size of all files in a folder, in MB."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / _MB


class Others:
    """What else used the machine's cores since this was made: figures of a busy machine mislead."""

    def __init__(self) -> None:
        """Begin to count."""
        self._began = self._counts()

    def share(self) -> float:
        """Give the share of all cores' time that other processes took, 0 to 1.

        Children count as ours once they have ended.
        """
        everything, ours, seconds = np.subtract(self._counts(), self._began)
        cores = psutil.cpu_count() or 1
        return float(max(0.0, everything - ours) / (seconds * cores))

    @staticmethod
    def _counts() -> tuple[float, float, float]:
        """Give the seconds that all processes took, those that ours took, and the time."""
        taken = psutil.cpu_times()
        everything = taken.user + taken.system + getattr(taken, "nice", 0.0)
        return everything, sum(os.times()[:4]), time.monotonic()


def machine(packages: Sequence[str], others: Others) -> str:
    """Describe in a sentence the machine, the versions and the day that figures are of."""
    able = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {len(able)} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}. Other processes took "
        f"{others.share():.0%} of the cores' time meanwhile."
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Write a Markdown table; every column but the first is set to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, each))} |" for each in lines)


def write_section(page: Path, name: str, text: str) -> None:
    """Put a text between the marks of a section, at the page's end if it has none yet."""
    old = page.read_text(encoding="utf-8") if page.exists() else _HEADING
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else ""
    if not found:
        before = before.rstrip("\n") + "\n\n"
    section = f"{begin}\n{text.strip()}\n{end}"
    page.write_text(before + section + (after or "\n"), encoding="utf-8")
