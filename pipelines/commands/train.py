"""`graftline train`: a recipe by name, path or flags, trained here and recorded in MLflow."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.commands.command import takes_recipe
from pipelines.commands.export import keep_training
from pipelines.core.errors import InputError, shell_command

if TYPE_CHECKING:
    from pipelines.finetune.recipes.recipe import Recipe
    from pipelines.finetune.training.record import TrainingRecord
    from resources.settings import Settings

log = logging.getLogger("graftline")
_SHOWN_ROWS = 3


@takes_recipe("[RECIPE] [key=value …] [--key value …]")
def command(arguments: Sequence[str]) -> int:
    """Train a recipe: by name, by path, or by LLaMA-Factory's flags.

    RECIPE is a name in the recipes folder or below it (lora, dpo), or a path to a YAML file, in LLaMA-Factory's keys.
    key=value pairs and --key value flags go over it; flags alone are a whole recipe.

    \b
      graftline train lora                            the partition's own run, seen in Dagster
      graftline train lora lora_rank=4 max_steps=20   a recipe derived from it, tracked in MLflow
      graftline train ./qwen2_lora.yaml --lora_rank 4
      graftline train --model_name_or_path smollm2 --stage sft --do_train --dataset_dir ./data --template chatml

    A key that LLaMA-Factory has and Graftline has not is refused with what to use; an unknown one names its neighbour.

    dataset_dir: FOLDER trains on that folder's rows (from where you are); without it, on GRAFTLINE_INSTRUCTIONS.
    """
    from pipelines.finetune.recipes.faults import require_faultless
    from pipelines.finetune.training.tracked import train_and_track
    from resources.settings import Settings

    settings = Settings.load()
    name, path, overrides = read_arguments(arguments, settings.recipes)
    if path and path.parent.resolve() == settings.recipes.resolve() and not overrides and _is_partition(name):
        return _train_partition(name, settings)
    recipe, dataset, faults = examined_recipe(path, overrides, settings)
    require_faultless(str(path or "the command line"), faults)
    record = train_and_track(name, recipe, *training_inputs(recipe, settings, dataset))
    keep_training(record, settings.home)
    _print_record(record)
    return 0


def read_arguments(arguments: Sequence[str], recipes: Path) -> tuple[str, Path | None, dict[str, Any]]:
    """Return a training's name, its recipe's file (None: flags alone) and the keys given beside it."""
    from pipelines.finetune.recipes.files import parse_arguments

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
    from pipelines.text.nearest import nearest_name

    ended = text.endswith((".yaml", ".yml", ".json"))
    path = Path(text).expanduser()
    if "/" in text or (ended and path.is_file()):
        return path
    name = path.stem if ended else text
    known = {other.stem: other for other in (*recipes.glob("*/*.yaml"), *recipes.glob("*.yaml"))}
    if name in known:
        return known[name]
    near = nearest_name(name, known, likeness=0.4)
    raise InputError(
        f"recipe '{text}'",
        "no such recipe",
        f"one of {', '.join(sorted(known)) or 'none'}, or a path to a YAML file",
        shell_command("graftline", "train", near or (sorted(known) or ["RECIPE"])[0]),
    )


def examined_recipe(
    path: Path | None, overrides: Mapping[str, Any], settings: "Settings", fetch: bool = True
) -> tuple["Recipe", dict[str, Any] | None, list[InputError]]:
    """Return the recipe, its dataset's record (None where no row can be used) and all faults of both and of the base.

    A base that is not on this machine is fetched where nothing else is wrong; with `fetch` False it is not looked at.
    """
    from pipelines.finetune.recipes.faults import faults_of
    from pipelines.finetune.recipes.files import examined, read_recipe
    from pipelines.finetune.training.training import input_faults
    from resources.models.small_model import SmallModel

    values = {**(read_recipe(path) if path else {}), **overrides}
    recipe, faults = examined(values, str(path or "the command line"))
    datasets: list[dict[str, Any]] = []
    faults += faults_of(lambda: datasets.append(_dataset(_folder(recipe, settings), settings.home, recipe)))
    dataset = datasets[0] if datasets else None
    faults += input_faults(recipe, dataset)
    if (fetch and not faults) or _is_folder(recipe.model_name_or_path):
        faults += faults_of(lambda: SmallModel(settings.home).resolve(recipe.model_name_or_path))
    return recipe, dataset, faults


def _is_folder(model: str) -> bool:
    """Say whether a name means a folder, there or not: no model on a hub is named like a path."""
    return model.startswith(("/", ".", "~")) or model.count("/") > 1 or Path(model).expanduser().is_dir()


def _folder(recipe: "Recipe", settings: "Settings") -> Path:
    return Path(recipe.dataset_dir).expanduser().resolve() if recipe.dataset_dir else settings.instructions


def training_inputs(
    recipe: "Recipe", settings: "Settings", dataset: dict[str, Any] | None = None
) -> tuple[Any, Any, Path, Any]:
    """Return (dataset, base model, home, tracker) of a training; the dataset is prepared, MLflow asked."""
    from resources.models.small_model import SmallModel
    from resources.tracking.tracker import Tracker

    dataset = dataset or _dataset(_folder(recipe, settings), settings.home, recipe)
    tracker = Tracker(settings.tracking_uri, settings.home)
    tracker.check()  # before hours of training, not after
    return dataset, SmallModel(settings.home).resolve(recipe.model_name_or_path), settings.home, tracker


def _dataset(folder: Path, home: Path, recipe: "Recipe") -> dict[str, Any]:
    from pipelines.finetune.dataset.ledger import problems_in
    from pipelines.finetune.dataset.preparation import prepare, read_ledger
    from pipelines.finetune.recipes.recipe import names_in
    from resources.feedback.files import write_instructions

    # What people said of answers belongs to the home's own data, not to a folder that a recipe brings.
    feedback = None if recipe.dataset_dir else write_instructions(home)
    wanted = frozenset(names_in(recipe.dataset) + names_in(recipe.eval_dataset))
    counted = wanted if recipe.dataset else None
    record = prepare(folder, home, wanted=wanted, counted=counted, feedback=feedback)
    fates = record["kept"], record["repaired_rows"], sum(record["rejected"].values())
    log.info("kept %d rows, repaired %d, rejected %d %s", *fates, record["rejected"] or "")
    for problem in problems_in(read_ledger(record))[:_SHOWN_ROWS]:
        log.warning("%s", problem)
    return record


def _is_partition(name: str) -> bool:
    from assets.finetune.partitions import RECIPES

    return name in RECIPES.get_partition_keys()


def _train_partition(name: str, settings: "Settings") -> int:
    from pipelines.commands.run import run_selected
    from pipelines.finetune.training.record import TrainingRecord
    from resources.tables.tables import TableStore

    status = run_selected(["instruction_dataset", "model_profile", "adapter"], [name])
    if status == 0:
        stored = TableStore(settings.home / "tables").read_record(f"adapter/{name}")
        record = TrainingRecord.read(stored, f"adapter/{name}")
        keep_training(record, settings.home)
        _print_record(record)
    return status


def _print_record(record: "TrainingRecord") -> None:
    from pipelines.finetune.models.servability import servability_line
    from pipelines.finetune.training.tracked import recipe_path

    print(f"trained     {record.run_name}")
    print(f"adapter     {record.path}")
    print(f"recipe      {recipe_path(record)}")
    print(f"MLflow run  {record.run_id}")
    print(f"rows        {record.rows} trained on, {record.held_out_rows} measured")
    print(f"held out    {_held_out(record)}")
    print(f"vllm        {servability_line(record.vllm_lora)}")
    print(f"export      graftline export {record.key[:8]}")
    if record.rows_without_loss:
        rows = record.rows_without_loss + record.rows
        print(f"left out    {record.rows_without_loss} of {rows} rows: nothing to learn within cutoff_len; raise it")
    if record.turns_without_loss:
        print(f"no loss     on {record.turns_without_loss} answers or calls: the notes say why")
    for note in record.notes:
        print(f"noted       {note}")


def _held_out(record: "TrainingRecord") -> str:
    losses = record.held_out()
    if losses is None:
        return "nothing: no row is held out of so few"
    return f"loss {losses[0]:.3f} before, {losses[1]:.3f} after"
