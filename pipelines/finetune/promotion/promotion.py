"""Promotion: which adapter may carry the alias `champion`, and why; every verdict comes with its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.measuring.bootstrap import Estimate, paired_bootstrap
from pipelines.measuring.gates import Gate
from pipelines.measuring.intervals import DEFAULT_LEVEL, interval_label
from pipelines.measuring.metrics import deciding_scores


class PromotionSettings(BaseModel):
    """What better means: the paired interval's low end above 0 on every one of the metrics."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: tuple[str, ...] = Field(default=("token_f1", "chrf"), description="metrics that must all be better")
    resamples: int = Field(default=10_000, gt=0, description="bootstrap resamples")
    level: float = Field(default=DEFAULT_LEVEL, gt=0, lt=1, description="coverage of the intervals")
    seed: int = Field(default=0, description="seed of the resampling")


@dataclass(frozen=True)
class Candidate:
    """A recipe's newest predictions; `model` and `dataset` are the digests that they should be about."""

    recipe: str
    predictions: pa.Table
    model: str
    dataset: str
    gates: Sequence[Gate] = ()

    def refusal(self) -> str | None:
        """Return why this candidate cannot be judged, or None."""
        if self.predictions.num_rows == 0:
            return "no predictions"
        for name, wanted in (("model", self.model), ("dataset", self.dataset)):
            found = self.predictions[name][0].as_py()
            if found != wanted:
                return f"stale predictions: of {name} {found}, now {wanted}"
        return next((reason for gate in self.gates if (reason := gate.refusal())), None)


@dataclass(frozen=True)
class Champion:
    """Who carries the alias now, and what it answered, by row id."""

    recipe: str
    model: str
    version: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What was found about one recipe: "better", "not better", "champion", "refused" or "missing", and why."""

    recipe: str
    verdict: str
    reason: str
    model: str = ""
    against: str = ""
    differences: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def gain(self) -> float:
        """Mean difference over the metrics, by which candidates are ranked."""
        return sum(gain.mean for gain in self.differences.values()) / max(1, len(self.differences))


@dataclass(frozen=True)
class Decision:
    """ "promote" with the recipe that becomes champion, or "keep"; `challenger` is the best of the others, or None."""

    verdict: str
    recipe: str | None
    challenger: str | None
    reason: str
    outcomes: Sequence[Outcome]

    def record(self) -> dict[str, Any]:
        """Return the decision as JSON."""
        return asdict(self)


def decide(
    candidates: Mapping[str, Candidate | None], champion: Champion | None, settings: PromotionSettings | None = None
) -> Decision:
    """Hold every recipe's predictions against the champion's (with none: the base's) on the same held-out rows.

    At most one is promoted: of those better on every metric, the one with the largest mean gain. A missing or refused
    recipe blocks no other.
    """
    settings = settings or PromotionSettings()
    outcomes = [_judge(recipe, candidates[recipe], champion, settings) for recipe in sorted(candidates)]
    ranked = sorted((o for o in outcomes if o.verdict in ("better", "not better")), key=lambda o: (-o.gain, o.recipe))
    best = next((outcome for outcome in ranked if outcome.verdict == "better"), None)
    others = [outcome.recipe for outcome in ranked if outcome is not best]
    challenger = others[0] if others else None
    if best:
        return Decision("promote", best.recipe, challenger, f"{best.recipe} is {best.reason}", outcomes)
    why = "; ".join(f"{outcome.recipe}: {outcome.reason}" for outcome in outcomes) or "there are no recipes"
    stays = f"{champion.recipe} (version {champion.version}) stays champion" if champion else "there is no champion yet"
    return Decision("keep", None, challenger, f"{stays}; {why}", outcomes)


def _judge(recipe: str, candidate: Candidate | None, champion: Champion | None, settings: PromotionSettings) -> Outcome:
    if candidate is None:
        return Outcome(recipe, "missing", "no evaluation")
    refusal = candidate.refusal()
    if refusal:
        return Outcome(recipe, "refused", refusal, candidate.model)
    if champion and champion.model == candidate.model:
        return Outcome(recipe, "champion", f"is the champion (version {champion.version})", candidate.model)
    rows = candidate.predictions.to_pylist()
    if champion and (unknown := [row["row_id"] for row in rows if row["row_id"] not in champion.texts]):
        return Outcome(recipe, "refused", f"the champion has not answered {len(unknown)} of the rows", candidate.model)
    against = f"champion {champion.recipe} (version {champion.version})" if champion else "base"
    old = [champion.texts[row["row_id"]] if champion else row["base"] for row in rows]
    differences = {metric: _difference(metric, rows, old, settings) for metric in settings.metrics}
    better = all(gain.low > 0 for gain in differences.values())
    verdict = "better" if better else "not better"
    numbers = ", ".join(
        f"{metric} {gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" for metric, gain in differences.items()
    )
    reason = f"{verdict} than the {against} over {len(rows)} rows: {numbers} (paired {interval_label(settings.level)}s)"
    return Outcome(recipe, verdict, reason, candidate.model, against, differences)


def _difference(metric: str, rows: Sequence[Mapping[str, Any]], old: Sequence[str], how: PromotionSettings) -> Estimate:
    references, where = [row["reference"] for row in rows], "the metrics of a promotion"
    new_scores = deciding_scores([row["adapter"] for row in rows], references, [metric], where)[metric]
    old_scores = deciding_scores(old, references, [metric], where)[metric]
    return paired_bootstrap(new_scores, old_scores, how.resamples, how.level, how.seed)
