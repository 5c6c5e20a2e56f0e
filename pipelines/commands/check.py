"""`graftline check`: a recipe held against its keys, rows, template and base; nothing is trained."""

from collections.abc import Sequence

from pipelines.commands.command import takes_recipe
from pipelines.commands.train import examined_recipe, read_arguments


@takes_recipe("[RECIPE] [key=value …] [--key value …]")
def command(arguments: Sequence[str]) -> int:
    """Say all that is wrong with a recipe, and what is only noted, without training.

    RECIPE, pairs and flags are those of `graftline train`. Keys, values, rows, template and base are looked at; the
    rows are read and kept as a training would. A base that is not on this machine is not fetched.
    """
    from pipelines.finetune.recipes.faults import require_faultless
    from pipelines.finetune.recipes.wanted_rows import rows_line
    from resources.settings import Settings

    settings = Settings.load()
    name, path, overrides = read_arguments(arguments, settings.recipes)
    recipe, dataset, faults = examined_recipe(path, overrides, settings, fetch=False)
    require_faultless(str(path or "the command line"), faults)
    print(f"recipe      {name}: it can be trained")
    print(f"rows        {rows_line(recipe, dataset or {})}")
    for note in (*recipe.notes(), *(dataset or {}).get("notes", ())):
        print(f"noted       {note}")
    return 0
