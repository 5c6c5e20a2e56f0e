"""A recipe as TRL's configuration."""

from pathlib import Path
from typing import Any

from pipelines.finetune.models.loading import precision
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.tasks import task_of

_PAGED = "paged_adamw"
_SAME = {"adamw_torch": "adamw_torch_fused", "adamw_hf": "adamw_torch_fused"}


def optimizer(recipe: Recipe, cuda: bool) -> str:
    """Return transformers' name of the optimiser; paged and 8-bit ones need a GPU: elsewhere AdamW stands in."""
    return _SAME.get(recipe.optim, recipe.optim) if cuda or not _needs_gpu(recipe) else "adamw_torch_fused"


def stand_ins(recipe: Recipe, cuda: bool) -> list[str]:
    """Return a line for each thing that the recipe asks for and this device has not: what stands in for it."""
    lines = []
    if not cuda and _needs_gpu(recipe):
        lines.append(f"optim: {recipe.optim} – needs a GPU; AdamW in float32 stood in for it")
    if not cuda and recipe.fp16:
        lines.append(f"fp16: true – a CPU has no float16 arithmetic; computed in {precision(recipe)}")
    return lines


def _needs_gpu(recipe: Recipe) -> bool:
    return _PAGED in recipe.optim or recipe.optim.endswith(("_8bit", "_bnb"))


def trainer_arguments(recipe: Recipe, work: Path, kept: int, autocast: bool = True, padded: bool = False) -> Any:
    """Return the stage's configuration of TRL; `autocast` False where the model computes in its own precision."""
    import torch

    cuda = torch.cuda.is_available()
    compute = precision(recipe)
    options: dict[str, Any] = {
        "output_dir": str(work / "checkpoints"),
        "use_cpu": not cuda,
        "bf16": autocast and compute == "bfloat16",
        "fp16": autocast and compute == "float16",
        "seed": recipe.seed,
        "data_seed": recipe.data_seed,
        "per_device_train_batch_size": recipe.per_device_train_batch_size,
        "per_device_eval_batch_size": recipe.per_device_eval_batch_size,
        "gradient_accumulation_steps": recipe.gradient_accumulation_steps,
        "learning_rate": recipe.learning_rate,
        "num_train_epochs": recipe.num_train_epochs,
        "max_steps": recipe.max_steps,
        "weight_decay": recipe.weight_decay,
        "optim": optimizer(recipe, cuda),
        "lr_scheduler_type": recipe.lr_scheduler_type,
        "warmup_steps": recipe.warmup_steps or recipe.warmup_ratio,
        "adam_beta1": recipe.adam_beta1,
        "adam_beta2": recipe.adam_beta2,
        "adam_epsilon": recipe.adam_epsilon,
        "max_grad_norm": recipe.max_grad_norm,
        "neftune_noise_alpha": recipe.neftune_noise_alpha,
        "gradient_checkpointing": not recipe.keeps_activations(cuda),
        "max_length": recipe.cutoff_len,
        "logging_steps": recipe.logging_steps,
        "save_steps": recipe.save_steps,
        "save_total_limit": recipe.save_total_limit or kept,
        "report_to": "none",
        "logging_first_step": True,
        "disable_tqdm": True,
        "dataloader_pin_memory": cuda,
        "trust_remote_code": recipe.trust_remote_code,
        # Padding is never counted: a row without it has no mask to count by.
        "include_num_input_tokens_seen": "non_padding" if padded else "all",
        "train_sampling_strategy": "group_by_length" if padded and recipe.group_by_length else "random",
    }
    options |= _evaluation(recipe)
    return task_of(recipe).arguments(options, recipe)


def _evaluation(recipe: Recipe) -> dict[str, Any]:
    if not recipe.early_stopping_steps:
        steps = recipe.eval_steps if recipe.eval_strategy == "steps" else None
        return {"eval_strategy": recipe.eval_strategy, "eval_steps": steps}
    # The best is kept by its checkpoint, so one is written at every evaluation.
    every = recipe.eval_steps or recipe.save_steps
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False}
    best["restore_callback_states_from_checkpoint"] = True  # how long there was none better goes on, too
    return {"eval_strategy": "steps", "eval_steps": every, "save_steps": every, **best}
