"""The table of stages: a new one is its record in `recipes.stages`, its file here and its line below."""

from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.preference import PREFERENCES
from pipelines.finetune.tasks.sft import SUPERVISED
from pipelines.finetune.tasks.task import Task

TASKS: dict[str, Task] = {task.stage.name: task for task in (SUPERVISED, PREFERENCES)}
"""What each stage does, by the stage's name."""


def task_of(recipe: Recipe) -> Task:
    """Return what the recipe's stage does."""
    return TASKS[recipe.stage]
