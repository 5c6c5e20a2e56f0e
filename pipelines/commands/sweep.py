"""`graftline sweep`: a recipe trained once for each setting of a grid, as nested runs of MLflow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pipelines.commands.command import takes_recipe
from pipelines.commands.export import keep_training
from pipelines.commands.train import read_arguments, training_inputs

if TYPE_CHECKING:
    from pipelines.finetune.training.sweep import SweepResult


@takes_recipe("RECIPE --set key=a,b,… [--set …] [key=value …]")
@click.option("--set", "sets", metavar="key=a,b,…", multiple=True, help="a key and its values; several make a grid")
def command(arguments: Sequence[str], sets: Sequence[str]) -> int:
    """Train a recipe once for each setting of a grid.

    Each --set names a key with its values; several make a grid. Other pairs and flags hold for every member.

    \b
      graftline sweep lora --set lora_rank=4,8,16
      graftline sweep recipes/lora.yaml --set lora_rank=4,8 --set learning_rate=5e-4,1e-3 max_steps=20

    A value that holds a comma stands in double quotes: --set 'lora_target="q_proj,v_proj",all'.

    One MLflow run holds the table and the picture, a nested one each training. A member that failed stops no other; a
    second call trains only what is not there yet.
    """
    from pipelines.finetune.recipes.files import read_recipe, recipe_of
    from pipelines.finetune.training.sweep import parse_grid, sweep
    from resources.settings import Settings
    from resources.tracking.sweep_tracker import SweepTracker

    settings = Settings.load()
    name, path, overrides = read_arguments(arguments, settings.recipes)
    grid = parse_grid(sets)
    base_values = {**(read_recipe(path) if path else {}), **overrides}
    where = str(path or "the command line")
    members = {label: recipe_of({**base_values, **values}, where) for label, values in grid.items()}
    dataset, base, home, tracker = training_inputs(next(iter(members.values())), settings)
    sweeps = SweepTracker(tracker.uri, tracker.home)
    result = sweep(name, members, dataset, base, home, sweeps)
    for member in result.members:
        if member.record:
            keep_training(member.record, home)
    _print_sweep(result)
    return 1 if result.failed else 0


def _print_sweep(result: "SweepResult") -> None:
    from pipelines.finetune.models.servability import servability_line

    width = max(len(member.label) for member in result.members)
    for member in result.members:
        loss = "no held-out loss" if member.loss is None else f"held-out loss {member.loss:.4f}"
        loss = "FAILED" if member.error else loss
        print(f"{member.label:<{width}}  {loss}  {member.error or member.path}")
    for member in result.members:
        if member.record and not member.record.vllm_lora["servable"]:
            print(f"vllm        {member.label}: {servability_line(member.record.vllm_lora)}")
    if result.best:
        print(f"best: {result.best.label}")
    print(f"MLflow run  {result.run_id} (with one nested run a member)")
