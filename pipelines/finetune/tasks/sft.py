"""Stage sft: supervised, by the answers of conversations."""

from collections.abc import Mapping
from typing import Any

from pipelines.finetune.conversation import messages_of, tools_of
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.stages import SFT
from pipelines.finetune.tasks.answer_trainer import make_trainer
from pipelines.finetune.tasks.task import Dialogue, Task
from pipelines.finetune.templates.encoding import RowEncoding
from pipelines.finetune.templates.masking import encode_conversation


def _encode(row: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    """Return `input_ids` and `labels` of a conversation."""
    options = (recipe.train_on_prompt, recipe.mask_history)
    return encode_conversation(tokenizer, messages_of(row), recipe.cutoff_len, tools_of(row), *options)


def _has_loss(encoded: Mapping[str, list[int]]) -> bool:
    return any(label >= 0 for label in encoded["labels"][1:])  # a conversation's first token is never predicted


def _dialogues(row: Mapping[str, Any]) -> list[Dialogue]:
    return [(messages_of(row), tools_of(row))]


def _arguments(options: dict[str, Any], recipe: Recipe) -> Any:
    from trl import SFTConfig

    return SFTConfig(**options, dataset_kwargs={"skip_prepare_dataset": True})


SUPERVISED = Task(
    stage=SFT,
    encoding=RowEncoding(_encode, _has_loss, ("cutoff_len", "train_on_prompt", "mask_history")),
    dialogues=_dialogues,
    arguments=_arguments,
    make_trainer=make_trainer,
    without_padding=True,
)
