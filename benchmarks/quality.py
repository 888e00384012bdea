"""Write docs/quality.md: what each part of the search is worth, on three judged collections.

make quality        (a few minutes; the collections lie in ../shared/data)
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.corpora import DATA, ROOT
from benchmarks.measure import prepared_encoder
from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.evaluation import SearchSettings, evaluate_library
from embedder.library import Library
from embedder.progress import NoProgress
from embedder.records import Question
from embedder.trec_files import read_queries
from embedder.vectors import Float32Array

# What was tried and what the figures are not: written by hand, the end of the page.
NOTES = Path(__file__).with_name("quality_notes.md")
QUESTIONS = ROOT / "tests" / "quality"
# Two sets of judged questions to the seeds; the second in the words of people outside the field.
SETS = {
    "seeds": QUESTIONS / "questions_dev.jsonl",
    "plain words": QUESTIONS / "questions_plain.jsonl",
}

# What each row of the table leaves out or changes.
SETTINGS: dict[str, list[str]] = {
    "all parts": [],
    "without the glossary's terms in the question": ["terms=no"],
    "without glossary rings as keywords": ["ring_weight=0"],
    "without spelling": ["spelling=no"],
    "without related words": ["related_weight=0"],
    "words as they stand: none of these, all keywords' weight": ["expand=no"],
    "without sentences": ["sentence_weight=0"],
    "without the question's parts": ["parts_weight=0"],
    "without title weight": ["title_weight=0"],
    "dense weight 0.6": ["dense_weight=0.6"],
    "dense weight 0.9": ["dense_weight=0.9"],
    "keywords alone": ["mode=keyword"],
    "plain: passages' cosine alone": [
        "mode=semantic",
        "expand=no",
        "sentence_weight=0",
        "parts_weight=0",
    ],
}


# Ids of the questions that are close to the field but that the library does not answer; the
# other unanswerable questions are about other subjects.
NEAR_MISSES = {f"d{number:03}" for number in range(49, 61)} | {
    f"m{number:03}" for number in range(1, 21)
}


class CachingEncoder:
    """An encoder that keeps the vectors of questions: every setting asks the same ones."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[str, Float32Array] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def encode_queries(self, texts: list[str], *, reproducible: bool = False) -> Float32Array:
        """Encode the questions that were not encoded before; returns float32 (len(texts), dim).

        What a build stores (`reproducible`) is always encoded.
        """
        if reproducible:
            return self._encoder.encode_queries(texts, reproducible=True)
        missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors.update(zip(missing, self._encoder.encode_queries(missing), strict=True))
        if not texts:
            return self._encoder.encode_queries([])
        return np.stack([self._vectors[text] for text in texts])


def main() -> None:
    """Build the three libraries, measure every setting, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "quality.md")
    arguments = parser.parse_args()
    encoder = CachingEncoder(prepared_encoder())
    with tempfile.TemporaryDirectory() as folder:
        libraries = {
            name: build(Path(folder) / name, source, encoder)
            for name, source in (
                ("seeds", ROOT / "seeds"),
                ("Cranfield", arguments.data / "cranfield" / "corpus.jsonl"),
                ("CISI", arguments.data / "cisi" / "corpus.jsonl"),
            )
        }
        libraries["plain words"] = libraries["seeds"]
        files: dict[str, tuple[Path, Path | None]] = {
            **{name: (english(path, Path(folder)), None) for name, path in SETS.items()},
            "Cranfield": files_of(arguments.data / "cranfield"),
            "CISI": files_of(arguments.data / "cisi"),
        }
        lines = [*ablation(libraries, files), *by_kind(libraries["seeds"])]
        lines += [f"\n## Verdicts\n\nCalibration: {thresholds(libraries)}."]
        for name, path in SETS.items():
            lines += verdicts(libraries["seeds"], name, path)
        text = "\n".join(lines)
    arguments.out.write_text(text + "\n\n" + NOTES.read_text(encoding="utf-8"), encoding="utf-8")
    print(arguments.out)


def build(folder: Path, source: Path, encoder: CachingEncoder) -> Library:
    """Build a library and open it."""
    index(folder, [source], NoProgress(), load=lambda _, **__: encoder)  # type: ignore[arg-type]
    return Library(folder, load=lambda _, **__: encoder)  # type: ignore[arg-type]


def files_of(folder: Path) -> tuple[Path, Path]:
    """Return the paths of a collection's queries and judgements."""
    return folder / "queries.jsonl", folder / "qrels.tsv"


def english(questions: Path, folder: Path) -> Path:
    """Write the questions without those in other languages, and return the file's path."""
    lines = [line for line in questions.read_text(encoding="utf-8").split("\n") if line]
    path = folder / questions.name
    path.write_text(
        "\n".join(each for each in lines if '"crosslingual"' not in each), encoding="utf-8"
    )
    return path


def ablation(
    libraries: dict[str, Library], files: dict[str, tuple[Path, Path | None]]
) -> Iterator[str]:
    """Yield the table of settings: nDCG@10 with its interval, and p against all parts."""
    yield "# Quality\n"
    yield "nDCG@10 (linear gain, trec_eval) with its 95% bootstrap interval; in brackets the p of"
    yield "a two-sided paired permutation test against all parts. Made by `make quality`.\n"
    yield f"| setting | {' | '.join(files)} |"
    yield "|---|" + "---|" * len(files)
    for name, settings in SETTINGS.items():
        cells = []
        for collection, (queries, qrels) in files.items():
            library = libraries[collection]
            setting = SearchSettings().changed(settings)
            other = "mode=hybrid," + ",".join(undo(settings)) if settings else None
            evaluation = evaluate_library(library, queries, qrels, setting, other)
            overall = next(
                each
                for each in evaluation.measured
                if (each.kind, each.measure) == ("all", "nDCG@10")
            )
            p = f" (p {evaluation.compared[0].p:.3f})" if evaluation.compared else ""
            cells.append(f"{overall.mean:.4f} {overall.low:.3f}–{overall.high:.3f}{p}")
        print(name, cells, flush=True)
        yield f"| {name} | {' | '.join(cells)} |"


def undo(settings: list[str]) -> list[str]:
    """Return the settings that switch on again what these settings switch off or change."""
    default = SearchSettings()
    names = [each.partition("=")[0] for each in settings]
    values = {"mode": "hybrid", "expand": "yes"}
    for name in names:
        if name not in values:
            value = getattr(default.weights, name)
            values[name] = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    return [f"{name}={values[name]}" for name in names]


def by_kind(library: Library) -> Iterator[str]:
    """Yield the measures of the questions to the seeds by kind, with all parts on."""
    yield "\n## The questions to the seeds by kind\n"
    yield "| questions | kind | | nDCG@10 | Recall@10 | MRR@10 |"
    yield "|---|---|---|---|---|---|"
    for name, path in SETS.items():
        found = evaluate_library(library, path, None, SearchSettings(), None).measured
        for kind in dict.fromkeys(each.kind for each in found):
            row = {each.measure: each for each in found if each.kind == kind}
            cells = [f"{row[each].mean:.3f}" for each in ("nDCG@10", "Recall@10", "MRR@10")]
            yield f"| {name} | {kind} | {row['nDCG@10'].queries} | {' | '.join(cells)} |"


def verdicts(library: Library, name: str, path: Path) -> Iterator[str]:
    """Yield the verdicts on a set of questions to the seeds, and what each threshold would do."""
    queries, qrels = read_queries(path)
    counts: dict[str, Counter[str]] = {}
    strong_is_right: Counter[bool] = Counter()
    by_group: dict[str, Counter[str]] = {}
    best: list[tuple[float, str]] = []
    for query in queries:
        answer = library.ask(Question(query.text, limit=1))
        counts.setdefault(query.kind, Counter())[answer.verdict] += 1
        first = answer.hits[0]
        answered = query.kind != "none"
        kind = "answerable" if answered else "near" if query.id in NEAR_MISSES else "off"
        best.append((first.similarity, kind))
        by_group.setdefault(kind, Counter())[answer.verdict] += 1
        if answer.verdict == "strong":
            strong_is_right[answered and qrels[query.id].get(first.document.title, 0) == 3] += 1
    yield f"\n### {name[0].upper()}{name[1:]}\n"
    yield "| kind | strong | possible | none |"
    yield "|---|---|---|---|"
    for kind, count in counts.items():
        yield f"| {kind} | {count['strong']} | {count['possible']} | {count['none']} |"
    total = sum(strong_is_right.values())
    near, off, answerable = (by_group[group] for group in ("near", "off", "answerable"))
    recognised, hidden = near["none"] + off["none"], answerable["none"]
    nones = recognised + hidden
    yield (
        f"\n`strong` had a grade-3 document first in {strong_is_right[True]} of {total} answers. "
        f"`none` was right in {recognised} of {nones} (precision {recognised / nones:.2f}); it was "
        f"given to {off['none']} of {off.total()} questions of other subjects and to "
        f"{near['none']} of {near.total()} near misses, and hid {hidden} of "
        f"{answerable.total()} answers.\n"
    )
    yield "With the first hit's cosine alone, at each threshold:\n"
    yield "| cosine under | answers hidden | other subjects recognised | near misses recognised |"
    yield "|---|---|---|---|"
    for threshold in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
        shares = [
            np.mean([value < threshold for value, each in best if each == kind])
            for kind in ("answerable", "off", "near")
        ]
        yield f"| {threshold:.2f} | {' | '.join(f'{share:.2f}' for share in shares)} |"


def thresholds(libraries: dict[str, Library]) -> str:
    """Describe each library's calibration."""
    return "; ".join(
        f"{name}: none under {figures['none']:.3f}, strong from {figures['strong']:.3f}"
        for name, figures in (
            (name, libraries[name].status()[1].calibration)
            for name in ("seeds", "Cranfield", "CISI")
        )
    )


if __name__ == "__main__":
    main()
