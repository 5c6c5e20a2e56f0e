"""The launchpad's forms of what evaluation and promotion decide by: the level of their intervals, and the noise."""

import dagster as dg
from pydantic import Field

from resources.settings import Settings


class LevelConfig(dg.Config):
    """Another level for this run; left empty it is GRAFTLINE_LEVEL's."""

    level: float | None = Field(
        default=None,
        ge=0.5,
        lt=1,
        description="coverage of the intervals printed and decided by; empty: GRAFTLINE_LEVEL",
    )

    def of(self, settings: Settings) -> float:
        """Return the level of this run."""
        return settings.level if self.level is None else self.level


class DecisionConfig(LevelConfig):
    """What a promotion is decided by in this run."""

    noise: dict[str, float] = Field(
        default={}, description="by metric, what a gain must exceed; empty: what two runs of the same weights showed"
    )
