"""From evidence to verdicts: promote, hold or reject, corrected for all that was tested, in words and numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.finetune.promotion.evidence import BASE, REPORTED, Comparison, Evidence, Testing
from pipelines.measuring.bootstrap import Estimate
from pipelines.measuring.gates import first_faults
from pipelines.measuring.intervals import interval_label
from pipelines.measuring.paired import error_rate
from pipelines.measuring.significance import POWER, holm

PROMOTE, HOLD, REJECT = "promote", "hold", "reject"


@dataclass(frozen=True)
class Outcome:
    """What was found about one recipe, and why: "promote", "hold", "reject", "champion", "refused" or "missing".

    `p_better` is corrected for the recipes of the night.
    """

    recipe: str
    verdict: str
    reason: str
    model: str = ""
    against: str = ""
    differences: Mapping[str, Estimate] = field(default_factory=dict)
    p_better: float | None = None
    comparisons: Sequence[Comparison] = ()

    @property
    def gain(self) -> float:
        """Mean difference over the metrics, by which candidates are ranked."""
        return sum(gain.mean for gain in self.differences.values()) / max(1, len(self.differences))


def judge(found: Mapping[str, Evidence], models: Mapping[str, str], against: str, how: Testing) -> list[Outcome]:
    """Return the outcome of each recipe whose rows were tested; `against` names the one that would be replaced.

    Better is better on every deciding metric: the largest of their p-values (an intersection-union test, Berger 1982,
    needs no correction), by Holm over the recipes. Worse is worse than champion or base on any: Holm over recipes,
    opponents and metrics. A slice is worse by Holm over its recipe's slices and metrics.
    """
    better = holm({recipe: max(one.test.better for one in evidence.overall()) for recipe, evidence in found.items()})
    worse = holm(
        {
            (recipe, one.against, one.metric): one.test.worse
            for recipe, evidence in found.items()
            for who in dict.fromkeys((evidence.opponent, BASE))
            for one in evidence.overall(who)
        }
    )
    return [
        _outcome(recipe, evidence, models[recipe], against, better[recipe], worse, how)
        for recipe, evidence in found.items()
    ]


def _outcome(
    recipe: str,
    evidence: Evidence,
    model: str,
    against: str,
    p_better: float,
    worse: Mapping[tuple[str, str, str], float],
    how: Testing,
) -> Outcome:
    alpha = error_rate(how.level)
    mine = {(who, metric): p for (name, who, metric), p in worse.items() if name == recipe}
    lost = [key for key, p in mine.items() if p <= alpha]
    sliced = holm({(one.slice, one.metric): one.test.worse for one in evidence.sliced()})
    bad = [one for one in evidence.sliced() if sliced[one.slice, one.metric] <= alpha]
    gains = all(one.test.difference.mean > 0 for one in evidence.overall())
    verdict, finding = HOLD, f"not better than the {against}"
    if lost:
        whom = " and the ".join(dict.fromkeys(against if who == evidence.opponent else BASE for who, _ in lost))
        verdict, finding = REJECT, f"worse than the {whom} ({', '.join(dict.fromkeys(name for _, name in lost))})"
    elif p_better <= alpha and bad:
        finding = f"better than the {against}, but worse in {_parts(bad)}"
    elif p_better <= alpha:
        verdict, finding = PROMOTE, f"better than the {against}"
    elif gains:
        finding = f"not better than the {against} by more than chance{' and noise' if how.noise else ''}"
    numbers = "; ".join(f"{one.metric} {one.test.told()}, {one.test.visible:.3f} visible" for one in evidence.overall())
    limit, recipes = f"{alpha:.4g} at most", f"{how.recipes} recipe{'s' if how.recipes > 1 else ''}"
    chance = f"p {p_better:.4f}, {limit} promotes, by Holm over {recipes}"
    if verdict == REJECT:
        chance = f"p {min(mine.values()):.4f}, {limit} rejects, by Holm over {recipes} and its {len(mine)} tests each"
    reason = f"{finding} over {evidence.rows} rows: {numbers}{_beside(evidence)} ({chance}; {_tested(evidence, how)})"
    differences = {one.metric: one.test.difference for one in evidence.overall()}
    return Outcome(recipe, verdict, reason, model, against, differences, p_better, tuple(evidence.comparisons))


def _parts(bad: Sequence[Comparison]) -> str:
    told = [f"{one.slice} ({one.metric} {one.test.told()} of {one.test.rows})" for one in bad]
    return first_faults(told) + (f"; {len(told)} in all" if first_faults(told) != "; ".join(told) else "")


def _beside(evidence: Evidence) -> str:
    """Return what does not decide: whole answers by McNemar's test, and the base where there is a champion."""
    whole = evidence.of(evidence.opponent, REPORTED)
    told = f"; exact answers: {whole.wins} won and {whole.losses} lost, McNemar's p {whole.mcnemar:.4f}"
    if evidence.opponent == BASE:
        return told
    base = ", ".join(f"{one.metric} {one.test.difference.mean:+.3f}" for one in evidence.overall(BASE))
    return f"{told}; against the base {base}"


def _tested(evidence: Evidence, how: Testing) -> str:
    slices = len({one.slice for one in evidence.sliced()})
    small = f", {evidence.small_slices} of fewer than {how.least_rows} rows not" if evidence.small_slices else ""
    noise = ", ".join(f"{name} {floor:.3f}" for name, floor in sorted((how.noise or {}).items()))
    return (
        f"visible at power {POWER}; {slices} slice{'' if slices == 1 else 's'} tested{small}; "
        f"noise floor {noise or 'not measured'}; paired {interval_label(how.level)}s"
    )
