"""What is to be looked at beside the figures: pictures and tables of an evaluation and of a decision, as metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.results import markdown_table, plot
from pipelines.core.errors import InputError, NotMaterializedError
from pipelines.finetune.evaluation.picture import plot_evaluation, plot_gains
from pipelines.finetune.evaluation.side_by_side import side_by_side
from pipelines.finetune.promotion.compared import compared_recipes
from pipelines.finetune.promotion.picture import decision_rows, plot_decision
from pipelines.finetune.promotion.promotion import Decision, PromotionSettings
from pipelines.finetune.training.record import TrainingRecord
from pipelines.measuring.parallel import plot_parallel
from resources.tables.tables import TableStore

_EXAMPLES = 12


@dataclass(frozen=True)
class Looks:
    """Pictures as files, the metadata that shows them, and tables (lists of rows) with all that they were cut from."""

    pictures: Sequence[Path]
    metadata: Mapping[str, Any]
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def look_at_evaluation(
    recipe: str, evaluation: pa.Table, predictions: pa.Table, held_out: Sequence[Mapping[str, Any]], folder: Path
) -> Looks:
    """Return the evaluation's two pictures, and its answers side by side."""
    means = plot_evaluation(evaluation, folder / f"evaluation-{recipe}.png")
    gains = plot_gains(evaluation, folder / f"gains-{recipe}.png")
    answers = side_by_side(predictions, held_out, PromotionSettings().metrics)
    shown = f"{answers.told(_EXAMPLES)}\n\n{markdown_table(answers.shortened(_EXAMPLES))}"
    metadata = {"plot": plot(means), "gains": plot(gains), "side_by_side": dg.MetadataValue.md(shown)}
    return Looks([means, gains], metadata, {"answers": answers.table()})


def look_at_decision(decision: Decision, tables: TableStore, recipes: Sequence[str], folder: Path) -> Looks:
    """Return the decision's picture and table, and these recipes beside each other in parallel coordinates."""
    trainings, absent = _trainings(tables, recipes)
    evaluations = {recipe: tables.read(f"evaluation/{recipe}") for recipe in trainings}
    compared = compared_recipes(trainings, evaluations, PromotionSettings().metrics)
    standing = {outcome.recipe for outcome in decision.outcomes if outcome.verdict == "champion"}
    marked = decision.recipe or next(iter(sorted(standing)), "")
    gains = plot_decision(decision, folder / "decision.png")
    parallel = plot_parallel(compared, folder / "recipes.png", marked)
    rows = [{"recipe": recipe, **values} for recipe, values in compared.items()]
    metadata = {
        "gains": dg.MetadataValue.md(markdown_table(decision_rows(decision))),
        "gains_plot": plot(gains),
        "recipes": dg.MetadataValue.md(markdown_table(rows)),
        "recipes_plot": plot(parallel),
        "recipes_not_compared": absent,
    }
    return Looks([gains, parallel], metadata, {"recipes": rows})


def _trainings(tables: TableStore, recipes: Sequence[str]) -> tuple[dict[str, TrainingRecord], dict[str, str]]:
    """Return the record of each recipe's training, and by recipe why there is none that can be read."""
    found, absent = {}, {}
    for recipe in recipes:
        name = f"adapter/{recipe}"
        try:
            found[recipe] = TrainingRecord.read(tables.read_record(name), name)
        except (InputError, NotMaterializedError) as error:  # a picture less is no reason to decide nothing
            absent[recipe] = str(error)
    return found, absent
