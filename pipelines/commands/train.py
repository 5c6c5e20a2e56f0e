"""`graftline train` and `graftline sweep`: recipes by name, path or flags, trained here and recorded in MLflow."""

import difflib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.commands.export import keep
from pipelines.core.errors import InputError
from pipelines.finetune.models.servability import told
from pipelines.finetune.recipes.files import parse_arguments, read_recipe, recipe_of
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.sweep import SweepResult, parse_grid, sweep
from pipelines.finetune.training.tracked import recipe_path, train_and_track
from resources.settings import Settings

log = logging.getLogger("graftline")
_SHOWN_ROWS = 3

TRAIN_HELP = """\
RECIPE is a name in the recipes folder or below it (lora, dpo), or a path to a YAML file, in LLaMA-Factory's keys.
key=value pairs and --key value flags go over it; flags alone are a whole recipe.

  graftline train lora                            the partition's own run, seen in Dagster
  graftline train lora lora_rank=4 max_steps=20   a recipe derived from it, tracked in MLflow
  graftline train ./qwen2_lora.yaml --lora_rank 4
  graftline train --model_name_or_path smollm2 --stage sft --do_train --dataset_dir ./data --template chatml

A key that LLaMA-Factory has and Graftline has not is refused with what to use; an unknown one names its neighbour.
dataset_dir: FOLDER trains on that folder's rows (from where you are); without it, on GRAFTLINE_INSTRUCTIONS.
"""
SWEEP_HELP = """\
Each --set names a key with its values; several make a grid. Other pairs and flags hold for every member.

  graftline sweep lora --set lora_rank=4,8,16
  graftline sweep recipes/lora.yaml --set lora_rank=4,8 --set learning_rate=5e-4,1e-3 max_steps=20

A value that holds a comma stands in double quotes: --set 'lora_target="q_proj,v_proj",all'.

One MLflow run holds the table and the picture, a nested one each training. A member that failed stops no other; a
second call trains only what is not there yet.
"""


def train_command(arguments: Sequence[str]) -> int:
    """Train what the command line names; print what was trained, where it lies and its run; 0 or 1."""
    settings = Settings.load()
    name, path, overrides = read_arguments(arguments, settings.recipes)
    if path and path.parent.resolve() == settings.recipes.resolve() and not overrides and _is_partition(name):
        return _train_partition(name, settings)
    recipe = _recipe(path, overrides)
    record = train_and_track(name, recipe, *_inputs(recipe, settings))
    keep(record, settings.home)
    _print_record(record)
    return 0


def sweep_command(arguments: Sequence[str]) -> int:
    """Train every member of a grid and print its table; 1 where one failed."""
    from resources.tracking.sweep_tracker import SweepTracker

    settings = Settings.load()
    sets, rest = _split_sets(arguments)
    name, path, overrides = read_arguments(rest, settings.recipes)
    grid = parse_grid(sets)
    base_values = {**(read_recipe(path) if path else {}), **overrides}
    where = str(path or "the command line")
    members = {label: recipe_of({**base_values, **values}, where) for label, values in grid.items()}
    dataset, base, home, tracker = _inputs(next(iter(members.values())), settings)
    sweeps = SweepTracker(tracker.uri, tracker.home)
    result = sweep(name, members, dataset, base, home, sweeps)
    for member in result.members:
        if member.record:
            keep(member.record, home)
    _print_sweep(result)
    return 1 if result.failed else 0


def read_arguments(arguments: Sequence[str], recipes: Path) -> tuple[str, Path | None, dict[str, Any]]:
    """Return a training's name, its recipe's file (None: flags alone) and the keys given beside it."""
    first = arguments[0] if arguments else ""
    if not first:
        raise InputError("the command line", "no recipe and no flag", "RECIPE or --key value", "graftline train --help")
    if first.startswith("--") or ("=" in first and not Path(first).is_file()):
        overrides = parse_arguments(arguments)
        model = str(overrides.get("model_name_or_path", "smollm2")).rstrip("/")
        return str(overrides.get("run_name") or f"{model.rsplit('/', 1)[-1]}-flags"), None, overrides
    path = recipe_file_of(first, recipes)
    return path.stem, path, parse_arguments(arguments[1:])


def recipe_file_of(text: str, recipes: Path) -> Path:
    """Return the file that a name or path means; InputError names the recipe that is spelled most like it.

    A name may be of a recipe in the recipes folder or one folder below it, with its ending or without.
    """
    ended = text.endswith((".yaml", ".yml", ".json"))
    path = Path(text).expanduser()
    if "/" in text or (ended and path.is_file()):
        return path
    name = path.stem if ended else text
    known = {other.stem: other for other in (*recipes.glob("*/*.yaml"), *recipes.glob("*.yaml"))}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.4)
    raise InputError(
        f"recipe '{text}'",
        "no such recipe",
        f"one of {', '.join(sorted(known)) or 'none'}, or a path to a YAML file",
        f"graftline train {near[0] if near else (sorted(known) or ['RECIPE'])[0]}",
    )


def _recipe(path: Path | None, overrides: Mapping[str, Any]) -> Recipe:
    return recipe_of({**(read_recipe(path) if path else {}), **overrides}, str(path or "the command line"))


def _inputs(recipe: Recipe, settings: Settings) -> tuple[Any, Any, Path, Any]:
    from resources.models.small_model import SmallModel
    from resources.tracking.tracker import Tracker

    folder = Path(recipe.dataset_dir).expanduser().resolve() if recipe.dataset_dir else settings.instructions
    dataset = _dataset(folder, settings.home, recipe)
    tracker = Tracker(settings.tracking_uri, settings.home)
    tracker.check()  # before hours of training, not after
    return dataset, SmallModel(settings.home).resolve(recipe.model_name_or_path), settings.home, tracker


def _dataset(folder: Path, home: Path, recipe: Recipe) -> dict[str, Any]:
    from pipelines.finetune.dataset.ledger import problems_in
    from pipelines.finetune.dataset.preparation import prepare, read_ledger
    from pipelines.finetune.recipes.recipe import names_in

    record = prepare(folder, home, wanted=frozenset(names_in(recipe.dataset) + names_in(recipe.eval_dataset)))
    fates = record["kept"], record["repaired_rows"], sum(record["rejected"].values())
    log.info("kept %d rows, repaired %d, rejected %d %s", *fates, record["rejected"] or "")
    for problem in problems_in(read_ledger(record))[:_SHOWN_ROWS]:
        log.warning("%s", problem)
    return record


def _is_partition(name: str) -> bool:
    from assets.finetune.partitions import RECIPES

    return name in RECIPES.get_partition_keys()


def _train_partition(name: str, settings: Settings) -> int:
    from pipelines.commands.run import run_selected
    from resources.tables.tables import TableStore

    status = run_selected(["instruction_dataset", "model_profile", "adapter"], [name])
    if status == 0:
        stored = TableStore(settings.home / "tables").read_record(f"adapter/{name}")
        record = TrainingRecord.read(stored, f"adapter/{name}")
        keep(record, settings.home)
        _print_record(record)
    return status


def _print_record(record: TrainingRecord) -> None:
    print(f"trained     {record.run_name}")
    print(f"adapter     {record.path}")
    print(f"recipe      {recipe_path(record)}")
    print(f"MLflow run  {record.run_id}")
    print(f"held out    {_held_out(record)}")
    print(f"vllm        {told(record.vllm_lora)}")
    print(f"export      graftline export {record.key[:8]}")
    if record.rows_without_loss:
        rows = record.rows_without_loss + record.rows
        print(f"left out    {record.rows_without_loss} of {rows} rows: no answer within cutoff_len; raise it")
    for note in record.notes:
        print(f"noted       {note}")


def _held_out(record: TrainingRecord) -> str:
    losses = record.held_out()
    if losses is None:
        return "nothing: no row is held out of so few"
    return f"loss {losses[0]:.3f} before, {losses[1]:.3f} after"


def _split_sets(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    sets, rest, parts = [], [], iter(arguments)
    for part in parts:
        if part == "--set":
            sets.append(next(parts, ""))
        elif part.startswith("--set="):
            sets.append(part.removeprefix("--set="))
        else:
            rest.append(part)
    return sets, rest


def _print_sweep(result: SweepResult) -> None:
    width = max(len(member.label) for member in result.members)
    for member in result.members:
        loss = "no held-out loss" if member.loss is None else f"held-out loss {member.loss:.4f}"
        loss = "FAILED" if member.error else loss
        print(f"{member.label:<{width}}  {loss}  {member.error or member.path}")
    for member in result.members:
        if member.record and not member.record.vllm_lora["servable"]:
            print(f"vllm        {member.label}: {told(member.record.vllm_lora)}")
    if result.best:
        print(f"best: {result.best.label}")
    print(f"MLflow run  {result.run_id} (with one nested run a member)")
