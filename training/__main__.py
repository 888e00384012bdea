"""Make the three readers again: `python -m training STEP`, see docs/model.md.

Steps: `full`, `quick` and `languages` train one reader each and pack it, `measure` measures the
packed ones, `all` does all of it in this order. An interrupted step goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import torch

from embedder.encoders.base_weights import base_folder
from embedder.encoders.readers import READERS, ReaderName
from embedder.errors import EncoderError
from training.devices import find_device
from training.material import read_material
from training.measure import tables, write_json, write_section
from training.steps import PLANS, Options, step_measure, step_train

_OPTIONS: dict[ReaderName, str] = {"full": "mpnet", "quick": "minilm", "languages": "e5"}
_STEPS = (*PLANS, "measure", "all")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a step; return 0, or 2 after an error, which is printed."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        _run(given, _options(given))
    except (ValueError, OSError, EncoderError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m training", description=__doc__)
    parser.add_argument("step", choices=_STEPS)
    for name, option in _OPTIONS.items():
        what = f"folder of {READERS[name].base}, which is looked for if not given"
        parser.add_argument(f"--{option}", dest=name, type=Path, help=what)
    parser.add_argument("--work", type=Path, default=Path("build/encoder"))
    parser.add_argument("--weights", type=Path, help="of packed weights; default: in --work")
    parser.add_argument("--teacher", type=Path, help="weights of the full reader that teaches")
    parser.add_argument("--begin", type=Path, help="weights to go on from; see docs/model.md")
    parser.add_argument("--steps", type=int, help="of each run")
    parser.add_argument("--batch", type=int, help="texts a step, of `full` documents")
    parser.add_argument("--rate", type=float, help="learning rate")
    parser.add_argument("--every", type=int, help="steps between checkpoints")
    parser.add_argument("--seed", type=int, help="of the first run")
    parser.add_argument("--seeds", type=int, default=1, help="runs whose weights are averaged")
    parser.add_argument("--dropout", type=float, help="instead of the base model's own")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--card", type=Path, help="markdown file for the tables of `measure`")
    return parser


def _options(given: argparse.Namespace) -> Options:
    plan = {
        name: value
        for name in ("steps", "batch", "rate", "every", "seed")
        if (value := getattr(given, name)) is not None
    }
    return Options(
        work=given.work,
        bases={name: folder for name in READERS if (folder := getattr(given, name))},
        weights=given.weights or given.work / "weights",
        plan=plan,
        teacher=given.teacher,
        begin=given.begin,
        seeds=given.seeds,
        device=find_device(given.device),
        precision=given.precision,
        dropout=given.dropout,
    )


def _run(given: argparse.Namespace, options: Options) -> None:
    steps = (*PLANS, "measure") if given.step == "all" else (given.step,)
    needed = set(READERS) if "measure" in steps else {"full", *steps}
    with ExitStack() as stack:
        found = {
            name: options.bases.get(name)
            or stack.enter_context(base_folder(READERS[name].base, given.work / "bases"))
            for name in READERS
            if name in needed
        }
        _run_steps(steps, given, replace(options, bases=found))


def _run_steps(steps: Sequence[str], given: argparse.Namespace, options: Options) -> None:
    material = read_material()
    for step in steps:
        if step in READERS:
            step_train(step, material, options)
            continue
        scores = step_measure(material, options)
        write_json(given.work / "measures.json", scores, {"weights": str(options.weights)})
        (given.work / "measures.md").write_text(tables(scores) + "\n", encoding="utf-8")
        print(tables(scores))
        if given.card:
            write_section(given.card, scores)


if __name__ == "__main__":
    raise SystemExit(main())
