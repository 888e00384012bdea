"""Run other processes, and measure their speed, memory and disk."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL, SPACE_MODELS, load_encoder
from embedder.encoders.model_files import locate_model
from embedder.encoders.preparing import prepare
from embedder.encoders.readers import ReaderName, locate_reader
from embedder.errors import EncoderError

ROOT = Path(__file__).parent.parent

_HOST = "127.0.0.1"
_MB = 1_000_000
_SAMPLE_EVERY = 0.05  # seconds


def prepared_encoder(model: str = DEFAULT_MODEL, reader: ReaderName | None = None) -> Encoder:
    """Prepare a model for this processor if that was not done yet, and load it.

    `reader`, `full` or `quick`, reads the questions, where the model is one of ours.

    Raises EncoderError if the model cannot be loaded or has no readers.
    """
    if reader is not None and model not in SPACE_MODELS:
        raise EncoderError(
            f"the model {model} has one reader, for questions and documents alike, and none "
            f"called {reader!r}. Leave --reader out."
        )
    prepare(model, reader=reader)
    return load_encoder(model, reader=reader)


@contextmanager
def model_folder(model: str) -> Iterator[Path]:
    """Yield the sentence-transformers folder of a model: one of ours is put together for it.

    Raises EncoderError if the model cannot be had.
    """
    reader = SPACE_MODELS.get(model)
    files = locate_model(model) if reader is None else locate_reader(reader)
    with files.open_folder() as folder:
        yield folder


def environment() -> dict[str, str]:
    """Return the environment of child processes: this one's, with the model hub switched off."""
    return {**os.environ, "HF_HUB_OFFLINE": "1"}


def run(command: Sequence[str | Path]) -> str:
    """Run a command to its end, and return its standard output.

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
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Sequence[str | Path], port: int, timeout: float = 180.0) -> Iterator[int]:
    """Run a server as a child process and yield its pid, once its port answers.

    Raises RuntimeError if the port does not answer within `timeout` seconds.
    """
    child = subprocess.Popen(  # noqa: S603
        [str(each) for each in command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(child, port, timeout)
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(child: subprocess.Popen[bytes], port: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise RuntimeError(f"the server ended with {child.returncode} before it answered")
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"port {port} did not answer within {timeout:.0f} seconds")


@dataclass(frozen=True, slots=True)
class Load:
    """A server's answers per second under load, and the percentiles of their milliseconds."""

    per_second: float
    p50: float
    p95: float


def load(ports: Sequence[int], path: str, questions: Sequence[str], clients: int) -> Load:
    """Post every question once from simultaneous clients, each with its own connection.

    The clients are divided evenly among the servers at `ports`.

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
    """Ask once, and return the milliseconds until the whole answer was read."""
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
    """Return the value that `share` percent of the values do not exceed, interpolated."""
    return float(np.percentile(values, share))


def memory(pid: int) -> float:
    """Return the resident memory of a process and its children in MB; 0 if it has ended."""
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
    """Run a command to its end, and return its standard output and its peak memory in MB.

    Memory is sampled every 50 ms. Standard error is passed through.

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
        peak = [0.0]

        def watch() -> None:
            while not ended.wait(_SAMPLE_EVERY):
                peak[0] = max(peak[0], memory(child.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        printed, _ = child.communicate()
        ended.set()
        watcher.join()
    if child.returncode:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}")
    return printed, peak[0]


def disk(folder: Path) -> float:
    """Return the size of all files in a folder, in MB."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / _MB
