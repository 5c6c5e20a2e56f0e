"""The rows that a recipe cannot do without; what is missing is said before hours of training, or minutes of loading."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.rows.table import question_of
from pipelines.finetune.recipes.datasets import row_counts
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.stages import STAGES
from pipelines.text.near_duplicates import tokens


def kind_of(recipe: Recipe) -> str:
    """Return the kind of row that the recipe's stage trains on."""
    return STAGES[recipe.stage].kind


def require_kind(recipe: Recipe, dataset: dict[str, Any]) -> None:
    """InputError where the dataset's record already says that rows are missing: of the stage's kind, or held out."""
    kinds = dataset.get("kinds", {}).get("train")
    if kinds is not None and not kinds.get(kind_of(recipe)):
        raise no_rows_error(recipe, kinds)
    if dataset.get("test") == 0 and not recipe.eval_dataset:
        require_held_out(recipe, 0)


def rows_line(recipe: Recipe, dataset: Mapping[str, Any]) -> str:
    """Return how many of the dataset's rows the recipe trains on and how many it measures the held-out loss on."""
    train, held_out = row_counts(recipe, dataset)
    why = f"all of eval_dataset: {recipe.eval_dataset}" if recipe.eval_dataset else "by source"
    most = f" (at most {recipe.max_samples} of each dataset: max_samples)" if recipe.max_samples else ""
    return f"{train} to train on{most}, {held_out} held out, {why}"


def asked_in_both(
    recipe: Recipe, trained: Iterable[Mapping[str, Any]], held_out: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Return a line where rows of `eval_dataset` ask what a trained row asks; no split by source kept them apart."""
    if not recipe.eval_dataset:
        return []
    asked = {tuple(tokens(question_of(row["messages"]))) for row in trained}
    both = [tuple(tokens(question_of(row["messages"]))) in asked for row in held_out]
    if not any(both):
        return []
    counted = f"{sum(both)} of its {len(both)} rows ask what a trained row asks"
    return [f"eval_dataset: {recipe.eval_dataset} – {counted}: their loss says less"]


def no_rows_error(recipe: Recipe, kinds: Mapping[str, int] | None = None) -> InputError:
    """Return the error of a stage without a row to train on; `kinds` counts those of other kinds, where known."""
    stage = STAGES[recipe.stage]
    others = [
        other.name for other in STAGES.values() if other.kind != stage.kind and (not kinds or other.kind in kinds)
    ]
    there = ", ".join(f"{count} of kind {kind}" for kind, count in (kinds or {}).items())
    return InputError(
        f"the dataset for stage: {stage.name}",
        "no row of that kind" + (f" ({there})" if there else ""),
        stage.rows_name,
        "".join(f"write stage: {' or '.join(others)}, " if others else "")
        + "add such rows, or correct dataset and dataset_dir in the recipe",
    )


def require_loss(recipe: Recipe, rows: int, with_loss: int) -> None:
    """InputError where of `rows` rows not one keeps a token with loss."""
    if not with_loss:
        raise InputError(
            f"cutoff_len: {recipe.cutoff_len}",
            f"none of {rows} rows with an answer within its first {recipe.cutoff_len} tokens",
            "a cutoff_len that reaches the answers",
            f"raise it: cutoff_len={max(2048, 2 * recipe.cutoff_len)}, or leave it out",
        )


def require_held_out(recipe: Recipe, held_out: int) -> None:
    """InputError where a training is to stop by a held-out loss and no row is held out."""
    if recipe.early_stopping_steps and not held_out:
        raise InputError(
            f"early_stopping_steps: {recipe.early_stopping_steps}",
            "no held-out row to take a loss on",
            "rows from more sources, some of which are held out",
            "add rows, or leave early_stopping_steps out and give max_steps or num_train_epochs",
        )
