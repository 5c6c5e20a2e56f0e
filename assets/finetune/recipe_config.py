"""The launchpad's form of a recipe: the most used keys typed, every other by name, all of them over the partition's."""

from typing import Any

import dagster as dg
from pydantic import Field

from pipelines.core.errors import ConfigurationError, shell_command

_BELOW = (
    "model_name_or_path", "template", "new_special_tokens", "add_tokens", "trust_remote_code", "eval_dataset",
)  # fmt: skip


class RecipeConfig(dg.Config):
    """Other values for this run; what is left empty stays as the recipe's file says."""

    lora_rank: int | None = Field(default=None, description="rank r of the update BA")
    lora_alpha: int | None = Field(default=None, description="alpha / rank scales the update")
    learning_rate: float | None = Field(default=None, description="peak of the schedule")
    num_train_epochs: float | None = Field(default=None, description="passes over the rows")
    max_steps: int | None = Field(default=None, description="updates in all; -1: as the epochs say")
    max_samples: int | None = Field(default=None, description="train on the first so many rows of each dataset")
    per_device_train_batch_size: int | None = Field(default=None, description="rows of one forward pass")
    gradient_accumulation_steps: int | None = Field(default=None, description="forward passes of one update")
    cutoff_len: int | None = Field(default=None, description="tokens of a conversation that are kept")
    packing: bool | None = Field(default=None, description="several conversations in a sequence")
    seed: int | None = Field(default=None, description="of adapter, order of rows and dropout")
    overrides: dict[str, str] = Field(default={}, description="any other key of a recipe, its value as text")

    def values(self) -> dict[str, Any]:
        """Return the keys that are given; ConfigurationError for one that the assets below read from the file."""
        given = {key: value for key, value in self.model_dump(exclude={"overrides"}).items() if value is not None}
        for key in _BELOW:
            if key in self.overrides:
                command = shell_command("graftline", "train", "RECIPE", f"{key}={self.overrides[key]}")
                raise ConfigurationError(
                    f"overrides, key '{key}'",
                    "a key that merging and evaluation read from the recipe's file",
                    "keys of the training alone",
                    f"{command}, or a recipe of its own",
                )
        return {**given, **self.overrides}
