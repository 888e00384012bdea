"""Compare Fingerpost's speed with the plain way's, on the same machine at the same time.

python -m benchmarks.speed            (everything: takes long)
python -m benchmarks.speed --short    (few documents and questions)
python -m benchmarks.speed --model fingerpost-quick

Every figure is the median of several rounds in which the two take turns, so that whatever else
the machine does slows both alike. The plain way has the same model: one of ours is put together
as a sentence-transformers folder. Writes a section of benchmarks/README.md for each model.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from sentence_transformers import SentenceTransformer

from benchmarks import corpora, measure, plain, report
from benchmarks.measure import prepared_encoder
from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL, SPACE_MODELS
from embedder.encoders.model_files import fingerprint
from embedder.encoders.readers import ReaderName
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.evaluation import SearchSettings, evaluate_library
from embedder.library import Library
from embedder.progress import NoProgress
from embedder.records import Document, Precision
from embedder.runtime import CORES
from embedder.text.passages import split_into_passages

Side = Literal["ours", "plain"]
# The model of each side: ours by name, the plain way's as a folder.
Models = dict[Side, str]
SIDES: tuple[Side, ...] = ("plain", "ours")
CLIENTS = (1, 16)
FINGERPOST = Path(sys.executable).with_name("fingerpost")
PLAIN = (sys.executable, "-m", "benchmarks.plain")
PATHS: dict[Side, str] = {"ours": "/api/search", "plain": "/search"}

_QUESTION = "embedding a question, ms"
# How many times better than the plain way each figure must be.
TARGETS = {
    "embedding, documents/s": 2.2,
    _QUESTION: 3.0,
    "command to answer, s": 1 / 0.3,
    "answers/s, 16 clients": 3.0,
    "p95 of 16 clients, ms": 2.0,
}
# A network of this size has less to gain on a question.
TARGETS_OF_FULL = TARGETS | {_QUESTION: 2.0}
# How much nDCG@10 the fast backend may lose against torch.
TARGET_NDCG = 0.002


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; `documents` of each collection, None for all."""

    rounds: int
    documents: int | None
    questions: int  # embedded one by one in a round
    warm_up: int  # questions to a server before its load
    alone: int  # questions of the one client
    crowd: int | None  # questions of the many clients, None for all that are left
    asks: int  # runs of the command


FULL = Size(rounds=3, documents=None, questions=50, warm_up=16, alone=90, crowd=None, asks=5)
SHORT = Size(rounds=3, documents=50, questions=20, warm_up=8, alone=16, crowd=48, asks=3)


@dataclass
class Values:
    """The values of one figure, of both sides, round by round."""

    higher_is_better: bool = False
    values: dict[Side, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})

    def median(self, side: Side) -> float:
        """Return one side's median."""
        return statistics.median(self.values[side])

    def ratio(self) -> float:
        """Return how many times better ours is."""
        ratio = self.median("ours") / self.median("plain")
        return ratio if self.higher_is_better else 1 / ratio


Figures = dict[str, Values]


def main() -> None:
    """Measure everything, and write the table."""
    parser = argparse.ArgumentParser(description="Fingerpost's speed beside the plain way's.")
    parser.add_argument("--data", type=Path, default=corpora.DATA)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="which both sides have")
    parser.add_argument("--short", action="store_true", help="few documents and questions")
    parser.add_argument("--rounds", type=int, help="at least 3")
    parser.add_argument("--out", type=Path, default=report.PAGE)
    arguments = parser.parse_args()
    size = SHORT if arguments.short else FULL
    size = replace(size, rounds=max(3, arguments.rounds or size.rounds))
    others = report.Others()
    cranfield = corpora.read_collections(arguments.data, ["cranfield"], size.documents)
    both = corpora.read_collections(
        arguments.data, ["cranfield", "cisi"], size.documents and 2 * size.documents
    )
    cranfield_questions = corpora.all_questions(arguments.data, ["cranfield"])
    questions = corpora.all_questions(arguments.data, ["cranfield", "cisi"])
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as temporary, measure.model_folder(arguments.model) as plain:
        folder = Path(temporary)
        models: Models = {"ours": arguments.model, "plain": str(plain)}
        embedding(figures, models, cranfield, cranfield_questions, size)
        folders = build(both, models, folder)
        commands(figures, models, folders, questions, size.asks)
        serving(figures, models, folders, questions, size)
        quality = backends(cranfield, models, folder)
    text = section(figures, arguments.model, quality, both, size, others)
    print(text)
    report.write_section(arguments.out, f"speed {arguments.model}", text)


def record(figures: Figures, name: str, side: Side, value: float) -> None:
    """Record one value, and show it."""
    figures.setdefault(name, Values("/s" in name)).values[side].append(value)
    print(f"{name}: {side} {value:.2f}", flush=True)


def embedding(
    figures: Figures,
    models: Models,
    collection: corpora.Collection,
    questions: Sequence[str],
    size: Size,
) -> None:
    """Embed documents and single questions, each side in a process that keeps its model."""
    documents = collection.documents
    with ExitStack() as stack:
        pools = {
            side: stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            for side in SIDES
        }
        for side in SIDES:  # loads and warms the models
            pools[side].submit(documents_per_second, side, models[side], documents[:32]).result()
            pools[side].submit(question_ms, side, models[side], questions[-5:]).result()
        for number in range(size.rounds):
            turn = [
                questions[(number * size.questions + index) % len(questions)]
                for index in range(size.questions)
            ]
            for side in SIDES:
                job = pools[side].submit(documents_per_second, side, models[side], documents)
                record(figures, "embedding, documents/s", side, job.result())
            for side in SIDES:
                job = pools[side].submit(question_ms, side, models[side], turn)
                record(figures, _QUESTION, side, job.result())


@cache
def plain_model(folder: str) -> SentenceTransformer:
    """Load the plain way's model, once in a process."""
    return plain.load_model(Path(folder))


@cache
def our_encoder(model: str) -> Encoder:
    """Load our encoder, once in a process."""
    return prepared_encoder(model)


def documents_per_second(side: Side, name: str, documents: Sequence[dict[str, str]]) -> float:
    """Return documents embedded per second; ours also splits passages and embeds sentences."""
    if side == "plain":
        model = plain_model(name)
        began = time.perf_counter()
        texts = [f"{each['title']}. {each['text']}" for each in documents]
        model.encode(texts, batch_size=32, normalize_embeddings=True)
    else:
        encoder = our_encoder(name)
        began = time.perf_counter()
        cut = [
            passage
            for each in documents
            for passage in split_into_passages(
                Document(each["_id"], each["title"], each["text"]),
                encoder.count_tokens,
                encoder.max_tokens,
            )
        ]
        encoder.encode_passages(cut)
    return len(documents) / (time.perf_counter() - began)


def question_ms(side: Side, name: str, questions: Sequence[str]) -> float:
    """Embed questions one by one, and return the mean milliseconds of one."""
    if side == "plain":
        model = plain_model(name)
        began = time.perf_counter()
        for question in questions:
            model.encode([question], normalize_embeddings=True)
    else:
        encoder = our_encoder(name)
        began = time.perf_counter()
        for question in questions:
            encoder.encode_queries([question])
    return 1000 * (time.perf_counter() - began) / len(questions)


def build(collection: corpora.Collection, models: Models, folder: Path) -> dict[Side, Path]:
    """Build both sides' libraries of the same documents, with their commands."""
    corpus, _, _ = collection.write(folder / "both")
    folders: dict[Side, Path] = {side: folder / side for side in SIDES}
    measure.run([*PLAIN, "index", corpus, folders["plain"], "--model", models["plain"]])
    measure.run(
        [FINGERPOST, "index", corpus, "--vectors", folders["ours"], "--model", models["ours"]]
    )
    return folders


def command(side: Side, verb: str, models: Models, folder: Path) -> list[str | Path]:
    """Return the beginning of a command of one side, with its library."""
    if side == "plain":
        return [*PLAIN, verb, folder, "--model", models["plain"]]
    return [FINGERPOST, verb, "--vectors", folder]


def commands(
    figures: Figures,
    models: Models,
    folders: dict[Side, Path],
    questions: Sequence[str],
    asks: int,
) -> None:
    """Time the command that asks, from the start of its process to its end."""
    for question in questions[:asks]:
        for side in SIDES:
            began = time.perf_counter()
            measure.run([*command(side, "ask", models, folders[side]), question])
            record(figures, "command to answer, s", side, time.perf_counter() - began)


def serving(
    figures: Figures,
    models: Models,
    folders: dict[Side, Path],
    questions: Sequence[str],
    size: Size,
) -> None:
    """Put each side's server under load, one at a time, and then one server for each core.

    Every round starts new servers and asks none of them a question twice, so that no cache
    helps.
    """
    warm_up, rest = questions[: size.warm_up], questions[size.warm_up :]
    alone, crowd = rest[: size.alone], rest[size.alone :][: size.crowd]
    for _ in range(size.rounds):
        for side in SIDES:
            server = command(side, "serve", models, folders[side])
            with servers(server, 1) as running:
                measure.load([*running], PATHS[side], warm_up, 8)
                for clients, asked in zip(CLIENTS, (alone, crowd), strict=True):
                    found = measure.load([*running], PATHS[side], asked, clients)
                    record_load(
                        figures, f"{clients} client{'s' if clients > 1 else ''}", side, found
                    )
                (pid,) = running.values()
                record(figures, "memory of the server, MB", side, measure.memory(pid))
            with servers(server, CORES) as running:
                measure.load([*running], PATHS[side], warm_up, 8)
                found = measure.load([*running], PATHS[side], crowd, CLIENTS[-1])
                name = f"{CLIENTS[-1]} clients of {CORES} servers"
                record_load(figures, name, side, found)


@contextmanager
def servers(command: Sequence[str | Path], count: int) -> Iterator[dict[int, int]]:
    """Run a number of servers inside the block; yields the process id of each by its port."""
    with ExitStack() as stack:
        ports = [measure.free_port() for _ in range(count)]
        yield {
            port: stack.enter_context(measure.serving([*command, "--port", str(port)], port))
            for port in ports
        }


def record_load(figures: Figures, name: str, side: Side, found: measure.Load) -> None:
    """Record the figures of one load."""
    record(figures, f"answers/s, {name}", side, found.per_second)
    record(figures, f"p50 of {name}, ms", side, found.p50)
    record(figures, f"p95 of {name}, ms", side, found.p95)


@dataclass(frozen=True, slots=True)
class Quality:
    """nDCG@10 on Cranfield with the usual backend and with torch."""

    backend: str
    questions: int
    usual: float
    torch: float


def backends(collection: corpora.Collection, models: Models, folder: Path) -> Quality:
    """Measure nDCG@10 with both backends, each with the library that it built."""
    corpus, queries, qrels = collection.write(folder / "cranfield")
    plain = Path(models["plain"])
    encoders: dict[str, Encoder] = {
        "usual": prepared_encoder(models["ours"]),
        "torch": TorchEncoder(models["ours"], plain, fingerprint(plain)),
    }
    means = {}
    for name, encoder in encoders.items():
        means[name] = ndcg(folder / name, corpus, (queries, qrels), encoder)
        print(f"nDCG@10 of {type(encoder).__name__}: {means[name]:.4f}", flush=True)
    return Quality(
        type(encoders["usual"]).__name__, len(collection.questions), means["usual"], means["torch"]
    )


def ndcg(folder: Path, corpus: Path, judged: tuple[Path, Path], encoder: Encoder) -> float:
    """Build a library with an encoder, and return the mean nDCG@10 of its answers."""

    def load(
        _: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
    ) -> Encoder:
        del precision, reader
        return encoder

    index(folder, [corpus], NoProgress(), load=load)
    found = evaluate_library(Library(folder, load=load), *judged, SearchSettings(), None)
    return next(each.mean for each in found.measured if each.measure == "nDCG@10")


def section(
    figures: Figures,
    model: str,
    quality: Quality,
    collection: corpora.Collection,
    size: Size,
    others: report.Others,
) -> str:
    """Return the section: the table, and what it was measured with."""
    targets = TARGETS_OF_FULL if SPACE_MODELS.get(model) == "full" else TARGETS
    rows = [row(name, taken, targets.get(name)) for name, taken in figures.items()]
    difference = quality.usual - quality.torch
    short = " --short" if size.documents else ""
    return f"""## Speed of {model} beside the plain way

Made by `python -m benchmarks.speed --model {model}{short}`: the same model, machine
and texts for Fingerpost and for `benchmarks/plain.py` (sentence-transformers, FAISS, Flask), which
take turns; medians of {size.rounds} rounds ({size.asks} for the command). The ratio says how many
times better Fingerpost is. Documents embedded: Cranfield's; searched:
{len(collection.documents)} of Cranfield and CISI together, over HTTP with their questions, none
asked twice of one server.

{report.table(["", "ours", "plain", "ratio", "target"], rows)}

nDCG@10 on Cranfield ({quality.questions} questions): {quality.usual:.4f} with the usual backend
(`{quality.backend}`), {quality.torch:.4f} with torch, difference {difference:+.4f}
(target: not under {-TARGET_NDCG:+.3f}).

Fingerpost reads abstracts whole and embeds their sentences too; the plain way reads as much of them
as the model takes. Fingerpost's answers hold evidence, facets and a verdict, and keywords count;
the plain way's are the ten nearest vectors.

{report.machine(["fingerpost", "torch", "sentence-transformers", "transformers"], others)}
"""


def row(name: str, values: Values, target: float | None) -> list[str]:
    """Return the table's row of a figure: its medians, and whether its target is reached."""
    ratio = values.ratio()
    wanted = "" if target is None else f"≥ {target:.2g}× {'yes' if ratio >= target else 'NO'}"
    ours, other = (f"{values.median(side):.2f}" for side in ("ours", "plain"))
    return [name, ours, other, f"{ratio:.2f}×", wanted]


if __name__ == "__main__":
    main()
