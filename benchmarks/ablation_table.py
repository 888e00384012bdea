"""The page of an ablation: what every setting changes, which parts earn their place, by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.ablation_settings import Setting
from embedder.measures import Compared, Measured

MEASURE = "nDCG@10"

# The group that is all questions of a set; the others are its kinds and languages.
ALL = "all"
# A part stays if it gives this much nDCG@10 on a set, and costs on none beyond chance.
_WORTH = 0.005
_SIGNIFICANT = 0.05

EXPLANATION = """nDCG@10 (linear gain, trec_eval) with its 95% bootstrap interval; of the other rows
the mean, and in brackets its paired difference with the interval and the p of a two-sided
permutation test; bold where p is under 0.05.
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a setting changes on a set of questions: nDCG@10 by group, `first` that of the base."""

    setting: Setting
    questions: str
    by_group: Mapping[str, Compared]


@dataclass(frozen=True, slots=True)
class Ablation:
    """What was measured: the base by set, and the effect of every setting on every set.

    `base` are the changes to the default settings that all else is compared with; `measured` has
    the base's nDCG@10 of each set by group, that of all its questions first.
    """

    base: tuple[str, ...]
    measured: Mapping[str, Sequence[Measured]]
    effects: Sequence[Effect]

    @property
    def base_label(self) -> str:
        """What all is compared with, in words."""
        return ", ".join(self.base) or "the default settings"

    def as_dict(self) -> dict[str, Any]:
        """Return all figures as a JSON object."""
        return asdict(self)

    def rows(self) -> dict[Setting, dict[str, Effect]]:
        """Return the effects by setting, and each setting's by set."""
        rows: dict[Setting, dict[str, Effect]] = {}
        for effect in self.effects:
            rows.setdefault(effect.setting, {})[effect.questions] = effect
        return rows


def page(ablation: Ablation, model: str) -> str:
    """Return the whole page, in Markdown; `model` is what `model_label` says of it."""
    lines = [
        f"# What each part gives: {model}\n",
        f"Compared with {ablation.base_label}. {EXPLANATION}",
        *effects_table(ablation),
        "\n## Which parts earn their place\n",
        f"What is lost without the part; it earns its place where that is {_WORTH} or more on one",
        "set, and on no set significantly less than nothing.\n",
        *_places_table(ablation),
        *_by_group(ablation),
    ]
    return "\n".join(lines) + "\n"


def effects_table(ablation: Ablation) -> Iterator[str]:
    """Yield the lines of the table of all settings over all sets."""
    yield f"| part | setting | {' | '.join(ablation.measured)} |"
    yield "|---|---|" + "---|" * len(ablation.measured)
    bases = [_base_cell(measured[0]) for measured in ablation.measured.values()]
    yield f"| **base** | | {' | '.join(bases)} |"
    for setting, effects in ablation.rows().items():
        cells = [_cell(effects[name].by_group[ALL]) for name in ablation.measured]
        name = f"**without:** {setting.label}" if setting.leaves_out else setting.label
        yield f"| {setting.part} | {name} | {' | '.join(cells)} |"


def verdict(losses: Mapping[str, Compared]) -> str:
    """Say whether a part earns its place; `losses` compares the base with it left out, by set."""
    costs = [name for name, each in losses.items() if each.difference > 0 and each.p < _SIGNIFICANT]
    gives = [name for name, each in losses.items() if -each.difference >= _WORTH]
    if costs:
        return f"no: costs on {', '.join(costs)}"
    return f"yes: {', '.join(gives)}" if gives else "no: gives nothing"


def _places_table(ablation: Ablation) -> Iterator[str]:
    yield f"| part | {' | '.join(ablation.measured)} | earns its place |"
    yield "|---|" + "---:|" * len(ablation.measured) + "---|"
    for setting, effects in ablation.rows().items():
        if setting.leaves_out:
            losses = {name: effects[name].by_group[ALL] for name in ablation.measured}
            cells = [_marked(f"{0.0 - each.difference:+.4f}", each) for each in losses.values()]
            yield f"| {setting.part} | {' | '.join(cells)} | {verdict(losses)} |"


def _by_group(ablation: Ablation) -> Iterator[str]:
    """Yield for each set with several groups the differences of each of them."""
    for name, measured in ablation.measured.items():
        groups = measured[1:]
        if len(groups) < 2:
            continue
        header = " | ".join(f"{each.kind} ({each.queries})" for each in groups)
        yield f"\n## {name}, by kind\n"
        yield f"| part | setting | {header} |"
        yield "|---|---|" + "---:|" * len(groups)
        yield f"| **base** | | {' | '.join(f'{each.mean:.4f}' for each in groups)} |"
        for setting, effects in ablation.rows().items():
            compared = effects[name].by_group
            cells = [
                _marked(f"{each.difference:+.4f}", each)
                for each in (compared[group.kind] for group in groups)
            ]
            yield f"| {setting.part} | {setting.label} | {' | '.join(cells)} |"


def _base_cell(measured: Measured) -> str:
    return f"**{measured.mean:.4f}** {measured.low:.3f}–{measured.high:.3f}"


def _cell(compared: Compared) -> str:
    difference = (
        f"{compared.difference:+.4f}, {compared.low:+.3f} to {compared.high:+.3f}, "
        f"p {compared.p:.3f}"
    )
    return f"{compared.second:.4f} ({_marked(difference, compared)})"


def _marked(text: str, compared: Compared) -> str:
    """Return a text in bold if the difference is significant."""
    return f"**{text}**" if compared.p < _SIGNIFICANT else text
