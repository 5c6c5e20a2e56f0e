"""What a night does, in order: each unpartitioned asset once, each recipe once, then one decision."""

from collections.abc import Sequence
from dataclasses import dataclass

NIGHT_TAG = "graftline/night"


@dataclass(frozen=True)
class NightStep:
    """One run of a night: a job and, for a recipe's assets, its key."""

    job: str
    recipe: str | None = None

    @property
    def name(self) -> str:
        return f"{self.job}[{self.recipe}]" if self.recipe else self.job


def night_steps(recipes: Sequence[str]) -> list[NightStep]:
    """Return the runs of one night in the order in which they must go.

    >>> [step.name for step in night_steps(["lora"])]
    ['preparation', 'knowledge', 'finetune[lora]', 'promotion', 'answering']
    """
    trainings = [NightStep("finetune", recipe) for recipe in sorted(recipes)]
    return [
        NightStep("preparation"),
        NightStep("knowledge"),
        *trainings,
        NightStep("promotion"),
        NightStep("answering"),
    ]
