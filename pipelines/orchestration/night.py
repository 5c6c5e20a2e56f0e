"""What a night does, in order: each unpartitioned asset once, each recipe once, then one decision."""

from collections.abc import Sequence
from dataclasses import dataclass

NIGHT_TAG = "graftline/night"


@dataclass(frozen=True)
class NightStep:
    """One run of a night: a job and, for a recipe's assets, its key; `needs` names the steps that it builds on."""

    job: str
    recipe: str | None = None
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.job}[{self.recipe}]" if self.recipe else self.job


def night_steps(recipes: Sequence[str]) -> list[NightStep]:
    """Return the runs of one night in the order in which they must go.

    The data comes after the documents, among which its gate looks for held-out questions. The decision needs no one
    recipe: it judges those that there are.

    >>> [step.name for step in night_steps(["lora"])]
    ['knowledge', 'preparation', 'finetune[lora]', 'promotion', 'answering']
    """
    data = ("preparation",)
    return [
        NightStep("knowledge"),
        NightStep("preparation"),
        *(NightStep("finetune", recipe, data) for recipe in sorted(recipes)),
        NightStep("promotion", needs=data),
        NightStep("answering", needs=("knowledge",)),
    ]
