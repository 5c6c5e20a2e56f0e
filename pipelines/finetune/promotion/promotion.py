"""Promotion: which adapter may carry the alias `champion`, and why; every verdict comes with its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.finetune.evaluation.noise import noise_floor
from pipelines.finetune.promotion.evidence import BASE, Evidence, Testing, gather
from pipelines.finetune.promotion.verdicts import HOLD, PROMOTE, REJECT, Outcome, judge
from pipelines.measuring.gates import Gate
from pipelines.measuring.intervals import DEFAULT_LEVEL
from pipelines.measuring.paired import error_rate
from pipelines.measuring.slices import LEAST_ROWS


class PromotionSettings(BaseModel):
    """What better means: by more than chance and noise on every one of the metrics, and worse in no slice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: tuple[str, ...] = Field(default=("token_f1", "chrf"), description="metrics that must all be better")
    resamples: int = Field(default=10_000, gt=0, description="bootstrap resamples")
    level: float = Field(default=DEFAULT_LEVEL, gt=0, lt=1, description="coverage of the intervals")
    seed: int = Field(default=0, description="seed of the resampling")
    noise: Mapping[str, Annotated[float, Field(ge=0)]] = Field(
        default={}, description="by metric, what a gain must exceed; else what two runs of the same weights showed"
    )
    least_slice_rows: int = Field(default=LEAST_ROWS, gt=1, description="rows below which a slice is not tested")


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
        if self.predictions["base_model"][0].as_py() == self.model:
            return "the candidate is the base itself: there is nothing to compare"
        return next((reason for gate in self.gates if (reason := gate.refusal())), None)

    def beside(self, model: str) -> pa.ChunkedArray | None:
        """Return what the champion with this digest answered to these rows, where it stands beside them; else None."""
        own = {"champion", "champion_model"} <= set(self.predictions.column_names)
        same = own and set(self.predictions["champion_model"].to_pylist()) == {model}
        return self.predictions["champion"] if same else None


@dataclass(frozen=True)
class Champion:
    """Who carries the alias now, and what it answered, by row id.

    A candidate's predictions may hold its answers in columns of their own, `champion` and `champion_model`.
    """

    recipe: str
    model: str
    version: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Decision:
    """ "promote" with the recipe that becomes champion, "hold", or "reject" where all that were tested are worse.

    `challenger` is the best of those held, or None. `error_rate` is the share of nights that may promote wrongly, over
    all their recipes together; half of what the intervals of `level` leave out.
    """

    verdict: str
    recipe: str | None
    challenger: str | None
    reason: str
    outcomes: Sequence[Outcome]
    level: float = DEFAULT_LEVEL
    error_rate: float = error_rate(DEFAULT_LEVEL)

    def record(self) -> dict[str, Any]:
        """Return the decision as JSON."""
        return asdict(self)


def decide(
    candidates: Mapping[str, Candidate | None], champion: Champion | None, settings: PromotionSettings | None = None
) -> Decision:
    """Hold every recipe's predictions against the champion's (with none: the base's) on the same held-out rows.

    At most one is promoted: of those better, the one with the largest mean gain. A missing or refused recipe blocks no
    other.
    """
    settings = settings or PromotionSettings()
    told = {recipe: _untested(recipe, candidates[recipe], champion) for recipe in sorted(candidates)}
    tested = {recipe: offer for recipe in told if told[recipe] is None and (offer := candidates[recipe])}
    how = _testing(settings, tested)
    found = {recipe: _evidence(offer, champion, how) for recipe, offer in tested.items()}
    against = f"champion {champion.recipe} (version {champion.version})" if champion else BASE
    judged = judge(found, {recipe: offer.model for recipe, offer in tested.items()}, against, how)
    ranked = sorted(judged, key=lambda outcome: (-outcome.gain, outcome.recipe))
    best = next((outcome for outcome in ranked if outcome.verdict == PROMOTE), None)
    if best:
        ranked = [_second(outcome, best) for outcome in ranked]
    others = [outcome.recipe for outcome in ranked if outcome.verdict == HOLD]
    known = {outcome.recipe: outcome for outcome in ranked}
    outcomes = [told[recipe] or known[recipe] for recipe in told]
    verdict = PROMOTE if best else REJECT if ranked and not others else HOLD
    reason = f"{best.recipe} is {best.reason}" if best else _stays(champion, outcomes)
    level, rate = settings.level, error_rate(settings.level)
    challenger = others[0] if others else None
    return Decision(verdict, best.recipe if best else None, challenger, reason, outcomes, level, rate)


def _untested(recipe: str, candidate: Candidate | None, champion: Champion | None) -> Outcome | None:
    """Return the outcome of a recipe whose rows cannot or need not be tested, or None."""
    if candidate is None:
        return Outcome(recipe, "missing", "no evaluation")
    refusal = candidate.refusal()
    if refusal:
        return Outcome(recipe, "refused", refusal, candidate.model)
    if champion and champion.model == candidate.model:
        return Outcome(recipe, "champion", f"is the champion (version {champion.version})", candidate.model)
    unknown = _champion_texts(candidate, champion).count(None) if champion else 0
    if unknown:
        return Outcome(recipe, "refused", f"the champion has not answered {unknown} of the rows", candidate.model)
    return None


def _champion_texts(candidate: Candidate, champion: Champion) -> list[str | None]:
    own = candidate.beside(champion.model)
    if own is not None:
        return own.to_pylist()
    return [champion.texts.get(row_id) for row_id in candidate.predictions["row_id"].to_pylist()]


def _testing(settings: PromotionSettings, tested: Mapping[str, Candidate]) -> Testing:
    shared = settings.model_dump(include={"metrics", "level", "resamples", "seed"})
    noise = {**_measured_noise(settings, tested), **settings.noise}
    return Testing(**shared, noise=noise, least_rows=settings.least_slice_rows, recipes=max(1, len(tested)))


def _measured_noise(settings: PromotionSettings, tested: Mapping[str, Candidate]) -> dict[str, float]:
    """Return by metric the largest noise that two runs of a tested recipe's weights showed."""
    every = [noise_floor(candidate.predictions, settings.metrics) for candidate in tested.values()]
    names = [name for name in settings.metrics if any(name in found for found in every)]
    return {name: max(found[name] for found in every if name in found) for name in names}


def _evidence(candidate: Candidate, champion: Champion | None, how: Testing) -> Evidence:
    texts = [text or "" for text in _champion_texts(candidate, champion)] if champion else None
    return gather(candidate.predictions, texts, how)


def _second(outcome: Outcome, best: Outcome) -> Outcome:
    """Return the outcome of one that would have been promoted, had another not gained more."""
    if outcome.verdict != PROMOTE or outcome is best:
        return outcome
    return replace(outcome, verdict=HOLD, reason=f"{outcome.reason}; {best.recipe} gained more")


def _stays(champion: Champion | None, outcomes: Sequence[Outcome]) -> str:
    why = "; ".join(f"{outcome.recipe}: {outcome.reason}" for outcome in outcomes) or "there are no recipes"
    stays = f"{champion.recipe} (version {champion.version}) stays champion" if champion else "there is no champion yet"
    return f"{stays}; {why}"
