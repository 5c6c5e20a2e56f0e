"""Stage dpo: by preference pairs (Rafailov et al. 2023), with TRL's DPOTrainer over pairs that are token ids."""

from collections.abc import Mapping
from typing import Any

from pipelines.finetune.conversation import messages_of, tools_of
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.stages import DPO
from pipelines.finetune.tasks.task import Dialogue, Task
from pipelines.finetune.templates.encoding import RowEncoding
from pipelines.finetune.templates.masking import encode_pair


def _encode(row: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, Any]:
    """Return `prompt_ids`, `chosen_ids` and `rejected_ids` of a pair, and what is left out of it."""
    answers = (row["chosen"], row["rejected"])
    return encode_pair(tokenizer, messages_of(row), *answers, recipe.cutoff_len, tools_of(row))


def _has_loss(encoded: Mapping[str, list[int]]) -> bool:
    """Say whether there are a prompt and two answers, which within the cutoff are not one and the same."""
    chosen, rejected = encoded["chosen_ids"], encoded["rejected_ids"]
    return bool(encoded["prompt_ids"] and chosen and rejected and chosen != rejected)


def _dialogues(row: Mapping[str, Any]) -> list[Dialogue]:
    """Return the conversation with either answer, the chosen one first."""
    answers = (row["chosen"], row["rejected"])
    return [([*messages_of(row), {"role": "assistant", "content": text}], tools_of(row)) for text in answers]


def preference_losses(recipe: Recipe) -> dict[str, float]:
    """Return TRL's losses with their weights.

    TRL's sigmoid loss knows no label smoothing e, its robust one (Chowdhury et al. 2024) is ((1-e) a - e b) / (1-2e) of
    the losses a, b of a pair as it is and swapped; cDPO's (1-e) a + e b (Mitchell 2023) is therefore
    2 (1-e) sigmoid - (1-2e) robust.
    """
    smooth = recipe.dpo_label_smoothing
    losses: dict[str, float] = {recipe.pref_loss: 1.0}
    if smooth and recipe.pref_loss == "sigmoid":
        losses = {"sigmoid": 2 * (1 - smooth), "robust": 2 * smooth - 1}
    return losses | ({"sft": recipe.pref_ftx} if recipe.pref_ftx else {})


def _arguments(options: dict[str, Any], recipe: Recipe) -> Any:
    from trl import DPOConfig

    losses = preference_losses(recipe)
    options |= {"loss_type": list(losses), "loss_weights": list(losses.values()), "train_sampling_strategy": "random"}
    return DPOConfig(**options, beta=recipe.pref_beta, label_smoothing=recipe.dpo_label_smoothing)


def _make_trainer(model: Any, arguments: Any, tokenizer: Any, **options: Any) -> Any:
    """Return a DPOTrainer; the reference is the base: the model with its adapter off.

    Where the model trains whole, TRL loads the base a second time.
    """
    from trl import DPOTrainer

    class PreferenceTrainer(DPOTrainer):
        def _prepare_dataset(self, dataset, *arguments, **options):
            return dataset  # encoded by encoding.tokens_of, under the same template as every other row

    return PreferenceTrainer(model, args=arguments, processing_class=tokenizer, **options)


PREFERENCES = Task(
    stage=DPO,
    encoding=RowEncoding(_encode, _has_loss, ("cutoff_len", "train_on_prompt", "mask_history")),
    dialogues=_dialogues,
    arguments=_arguments,
    make_trainer=_make_trainer,
    metrics={"eval_loss": "loss", "eval_rewards/accuracies": "accuracy", "eval_rewards/margins": "margin"},
    logged={
        "rewards/accuracies": "reward_accuracy",
        "rewards/margins": "reward_margin",
        "rewards/chosen": "reward_chosen",
        "rewards/rejected": "reward_rejected",
    },
    sequences=2,
    has_reference=True,
    run_label="DPO",
)
