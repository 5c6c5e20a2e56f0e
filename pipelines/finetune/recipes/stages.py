"""The stages that a recipe may name, as data: the rows of each and its keys. What a stage does is its `tasks.Task`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.finetune.conversation import ANSWERED, PREFERENCE


@dataclass(frozen=True)
class Stage:
    """What recipes and their rows must know of a stage.

    `name` is what a recipe writes and `about` how it learns. `kind` is the kind of stored row that it trains on, and
    `rows_name` what such rows are called in messages. `own_keys` have an effect in stages that list them, and in no
    other. `refused` holds keys that it cannot honour, by the reason.
    """

    name: str
    about: str
    kind: str
    rows_name: str
    own_keys: tuple[str, ...] = ()
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


SFT = Stage(name="sft", about="supervised", kind=ANSWERED, rows_name="rows with an answer")
DPO = Stage(
    name="dpo",
    about="by preference pairs (Rafailov et al. 2023)",
    kind=PREFERENCE,
    rows_name="preference pairs (chosen, rejected)",
    own_keys=("pref_beta", "pref_loss", "pref_ftx", "dpo_label_smoothing"),
    refused={
        "packing needs stage: sft: a preference pair is no sequence": ("packing", "neat_packing"),
        "mask_history and train_on_prompt need stage: sft": ("mask_history", "train_on_prompt"),
    },
)
STAGES: dict[str, Stage] = {stage.name: stage for stage in (SFT, DPO)}
"""Every stage by its name: what `stage` may be in a recipe."""


def keys_of_other_stages(name: str) -> tuple[str, ...]:
    """Return the keys that only stages other than this one look at."""
    own = STAGES[name].own_keys
    return tuple(dict.fromkeys(key for stage in STAGES.values() for key in stage.own_keys if key not in own))
