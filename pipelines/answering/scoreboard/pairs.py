"""Paired differences between a mode and `native` over the same questions, with what the mode costs, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from pipelines.answering.modes.names import REPORT_MODES, WALK_MODES, GraphMode
from pipelines.answering.scoreboard.scoring import COST, QUALITY
from pipelines.measuring.bootstrap import Estimate, paired_bootstrap
from pipelines.measuring.intervals import DEFAULT_LEVEL

BASELINE = "native"
_OWN = (*(mode for mode in get_args(GraphMode) if mode != BASELINE), *WALK_MODES, *REPORT_MODES)
GRAPH_MODES = (*_OWN, "llamaindex-property-graph")
"""The modes that read more of the graph than its chunks."""

BETTER, WORSE, NOT_WORTH, NO_DIFFERENCE = "better", "worse", "not worth its cost", "no difference shown"
_LABELS = {"token_f1": "token F1", "recall_at_5": "recall@5"}

Group = tuple[str, str, str]
"""Mode, question type ("all" too) and metric."""


@dataclass(frozen=True)
class Pair:
    """A mode against `native` in one metric over the questions that both have it of."""

    mode: str
    difference: Estimate
    mean: float
    baseline: float
    questions: int
    verdict: str | None = None
    """Of qualities alone: the difference, at what price, and whether that is worth it."""


def compare_with_baseline(
    values: Mapping[Group, Mapping[str, float]], level: float = DEFAULT_LEVEL
) -> dict[Group, Pair]:
    """Return each mode's pair by mode, type and metric; `values` are by question id. `native` itself has none."""
    found: dict[Group, Pair] = {}
    for (mode, kind, metric), own in values.items():
        base = values.get((BASELINE, kind, metric), {})
        both = sorted(own.keys() & base.keys())
        if mode != BASELINE and both:
            new, old = [own[key] for key in both], [base[key] for key in both]
            difference = paired_bootstrap(new, old, level=level)
            found[mode, kind, metric] = Pair(mode, difference, sum(new) / len(new), sum(old) / len(old), len(both))
    for (mode, kind, metric), pair in list(found.items()):
        if metric in QUALITY:
            costs = {name: found[mode, kind, name] for name in COST if (mode, kind, name) in found}
            said = verdict(pair, metric, costs)
            found[mode, kind, metric] = replace(pair, verdict=said)
    return found


def verdict(pair: Pair, metric: str, costs: Mapping[str, Pair]) -> str:
    """Return the difference, its price and what follows, as a line.

    A mode is better or worse where the interval lies on one side of 0; else it is not worth its cost where it surely
    takes more tokens or seconds than `native`.
    """
    difference = pair.difference
    label = _LABELS.get(metric, metric.replace("_", " "))
    figure = f"{signed(difference.mean)} [{signed(difference.low)}, {signed(difference.high)}] {label}"
    dearer = any(cost.difference.low > 0 for cost in costs.values())
    if difference.low > 0:
        found = BETTER
    elif difference.high < 0:
        found = WORSE
    else:
        found = NOT_WORTH if dearer else NO_DIFFERENCE
    price = " and ".join(_price(name, cost) for name, cost in costs.items())
    return f"{pair.mode}: {figure}{f' for {price}' if price else ''}: {found}"


def graph_verdict(verdicts: Mapping[str, Sequence[str]]) -> str | None:
    """Return a line on the graph's modes from their verdicts by question type; None where none was asked.

    >>> graph_verdict({"all": ["local: +0.00 …: not worth its cost"], "multi-hop": ["local: +0.10 …: better"]})
    'the graph is worth its cost for multi-hop questions alone'
    """
    of_graph = {
        kind: [line for line in lines if line.partition(":")[0] in GRAPH_MODES] for kind, lines in verdicts.items()
    }
    if not any(of_graph.values()):
        return None
    won = sorted(kind for kind, lines in of_graph.items() if any(line.endswith(f": {BETTER}") for line in lines))
    if "all" in won:
        return "the graph is worth its cost: a mode of it is better than native over all questions"
    if won:
        return f"the graph is worth its cost for {', '.join(won)} questions alone"
    return "the graph is not worth its cost on these questions: none of its modes is better than native"


def signed(value: float) -> str:
    """Return a difference as it is printed.

    >>> signed(0.012), signed(-0.02), signed(-0.001)
    ('+0.01', '−0.02', '−0.00')
    """
    return f"{'−' if value < 0 else '+'}{abs(value):.2f}"


def _price(name: str, cost: Pair) -> str:
    unit = {"prompt_tokens": "tokens", "seconds": "time"}[name]
    if cost.baseline > 0:
        return f"{cost.mean / cost.baseline:.1f}× the {unit}"
    return f"{cost.mean:,.0f} {unit} where {BASELINE} takes none" if cost.mean > 0 else f"no {unit}"
