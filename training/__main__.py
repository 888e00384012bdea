"""Make the three readers again: `python -m training STEP`, see docs/model.md.

Steps: `full`, `quick` and `languages` train one reader each and pack it, `measure` measures the
packed ones, `all` does all of it in this order. An interrupted step goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from embedder.errors import EncoderError
from training.devices import find_device
from training.material import read_material
from training.measure import tables, write_json, write_section
from training.steps import BASES, PLANS, Options, step_measure, step_train

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
    for reader, option in (("full", "mpnet"), ("quick", "minilm"), ("languages", "e5")):
        parser.add_argument(
            f"--{option}", dest=reader, type=Path, help=f"folder of {BASES[reader]}"
        )
    parser.add_argument("--work", type=Path, default=Path("build/encoder"))
    parser.add_argument("--weights", type=Path, help="of packed weights; default: in --work")
    parser.add_argument("--teacher", type=Path, help="weights of the full reader that teaches")
    parser.add_argument("--begin", type=Path, help="weights to go on from")
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
        bases={name: folder for name in BASES if (folder := getattr(given, name))},
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
    needed = {"full", *(step for step in steps if step != "measure")}
    if missing := sorted(BASES[name] for name in needed - options.bases.keys()):
        raise ValueError(f"the folder of {missing[0]} is not given: see --help")
    given.work.mkdir(parents=True, exist_ok=True)
    material = read_material()
    for step in steps:
        if step != "measure":
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
