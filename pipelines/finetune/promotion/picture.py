"""The decision to be looked at: each recipe's gain over base and champion with its interval, as table and picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.finetune.evaluation.side_by_side import shortened
from pipelines.finetune.promotion.evidence import ALL, BASE, Comparison
from pipelines.finetune.promotion.promotion import Decision
from pipelines.finetune.promotion.verdicts import HOLD, PROMOTE, REJECT, Outcome
from pipelines.measuring.intervals import interval_label
from pipelines.measuring.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {PROMOTE: "#2f6f4f", HOLD: "#b08d2f", REJECT: "#a33b2e"}
_UNTESTED = "#9aa5b1"
_LONGEST = 60
_BEHIND = {"facecolor": "white", "edgecolor": "none"}


def decision_rows(decision: Decision) -> list[dict[str, Any]]:
    """Return a row a test over all rows: recipe, verdict, against whom, metric, gain with its interval, rows won, p.

    A recipe that was not tested has one row with its reason.
    """
    interval = interval_label(decision.level)
    return [
        row for outcome in decision.outcomes for row in _tested(outcome, interval) or [_untested(outcome, interval)]
    ]


def _tested(outcome: Outcome, interval: str) -> list[dict[str, Any]]:
    rows = []
    for one in _overall(outcome):
        test = one.test
        rows.append(
            {
                "recipe": outcome.recipe,
                "verdict": outcome.verdict,
                "against": one.against,
                "metric": one.metric if one.decides else f"{one.metric} (does not decide)",
                "rows": test.rows,
                "gain": f"{test.difference.mean:+.3f}",
                interval: f"{test.difference.low:+.3f} … {test.difference.high:+.3f}",
                "won, lost, tied": f"{test.wins}, {test.losses}, {test.ties}",
                "p better": f"{test.better:.4f}",
                "smallest gain seen": f"{test.visible:.3f}",
                "why": "",
            }
        )
    return rows


def _untested(outcome: Outcome, interval: str) -> dict[str, Any]:
    names = ("against", "metric", "rows", "gain", interval, "won, lost, tied", "p better", "smallest gain seen")
    blank = dict.fromkeys(names, "–")
    return {"recipe": outcome.recipe, "verdict": outcome.verdict, **blank, "why": outcome.reason}


def _overall(outcome: Outcome) -> list[Comparison]:
    return [one for one in outcome.comparisons if one.slice == ALL]


def plot_decision(decision: Decision, path: Path) -> Path:
    """Draw the decision's figure; return the PNG."""
    return save_figure(decision_figure(decision), path)


def decision_figure(decision: Decision) -> "Figure":
    """Return a panel a deciding metric and opponent, a line a recipe: its gain with the paired interval, and its level.

    The recipes stand in one order with their verdicts; those that were not tested have their reason in place of a line.
    """
    outcomes = list(decision.outcomes)
    panels = _panels(outcomes)
    figure = new_figure(2.4 + 3.2 * len(panels), max(2.0, 0.34 * len(outcomes) + 1.3))
    drawn = list(figure.subplots(1, len(panels), sharey=True, squeeze=False).ravel())
    for (against, metric), axes in zip(panels, drawn, strict=True):
        for place, outcome in enumerate(outcomes):
            found = [one for one in _overall(outcome) if (one.against, one.metric) == (against, metric)]
            for one in found:
                gain, colour = one.test.difference, _COLOURS.get(outcome.verdict, _UNTESTED)
                axes.plot([gain.low, gain.high], [place, place], color=colour, linewidth=2)
                axes.plot([gain.mean], [place], "o", color=colour, markersize=6)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_title(f"{metric} against the {against}" if metric else "nothing was tested")
        axes.grid(axis="x", alpha=0.3)
    for place, outcome in enumerate(outcomes):
        if not _overall(outcome):
            drawn[0].text(0.02, place, shortened(outcome.reason, _LONGEST), fontsize=7, va="center", bbox=_BEHIND,
                          transform=drawn[0].get_yaxis_transform())  # fmt: skip
    drawn[0].set_yticks(range(len(outcomes)), [f"{outcome.recipe}: {outcome.verdict}" for outcome in outcomes])
    drawn[0].set_ylim(max(1, len(outcomes)) - 0.5, -0.5)
    figure.supxlabel(f"gain, paired {interval_label(decision.level)}", fontsize="small")
    return figure


def _panels(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Return (against, metric) of what was tested, whom it would replace first; a pair of "" where nothing was."""
    found = dict.fromkeys((one.against, one.metric) for o in outcomes for one in _overall(o) if one.decides)
    return sorted(found, key=lambda pair: (pair[0] == BASE, list(found).index(pair))) or [("", "")]
