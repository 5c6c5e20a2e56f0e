"""`graftline export`: a table of what can be written, and the merged model of a recipe or of any training's key."""

import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from pipelines.commands.command import HELP_SETTINGS, Command, NearestChoice
from pipelines.commands.names import complete_recipe
from pipelines.core.errors import InputError, NotMaterializedError

if TYPE_CHECKING:
    from pipelines.finetune.training.record import TrainingRecord
    from resources.tables.tables import TableStore

log = logging.getLogger("graftline")

_TRAININGS = "training/"
_SHORTEST_KEY = 4
_SHOWN = 8
_MODEL = "model"
EXPORTS = {
    _MODEL: "write a merged model as safetensors or as GGUF",
    "graph": "write the knowledge graph as an interactive page, as GraphML and as Parquet",
    "neo4j": "write the knowledge graph as files for neo4j-admin's import",
}
"""What can be exported, with a line about it."""
_MODULES = {"graph": "pipelines.commands.graph.export", "neo4j": "pipelines.commands.graph.export_neo4j"}


class Exports(click.Group):
    """The exports of EXPORTS, each imported when it is asked for; a word that is none of them names a model."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names; nothing is imported."""
        return list(EXPORTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return an export, None for a name that the table has not."""
        if cmd_name not in EXPORTS:
            return None
        found: click.Command = model if cmd_name == _MODEL else importlib.import_module(_MODULES[cmd_name]).command
        found.name, found.short_help = cmd_name, EXPORTS[cmd_name]
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(EXPORTS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `graftline export lora` for `graftline export model lora`."""
        if not args or args[0] not in (*EXPORTS, *ctx.help_option_names):
            args = [_MODEL, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the exports and the recipes that begin so."""
        recipes = complete_recipe(ctx, model.params[0], incomplete)
        return [*super().shell_complete(ctx, incomplete), *map(CompletionItem, recipes)]


@click.group(cls=Exports, context_settings=HELP_SETTINGS)
def command() -> None:
    """Write a merged model, or the knowledge graph, in formats that other tools read.

    `graftline export lora` is `graftline export model lora`.
    """


@click.command(cls=Command)
@click.argument("wanted", metavar="RECIPE_OR_KEY", shell_complete=complete_recipe)
@click.option("--format", "form", type=NearestChoice(("safetensors", "gguf")), default="safetensors", show_default=True)
@click.option(
    "--type",
    "gguf_type",
    type=NearestChoice(("auto", "bf16", "f16", "f32", "q8_0")),
    default="auto",
    show_default=True,
    help="of the GGUF",
)
@click.option("--output", metavar="PATH", help="folder, or .gguf file (default: exports/ below the home)")
def model(wanted: str, form: str, gguf_type: str, output: str | None) -> int:
    """Write a merged model as safetensors or as GGUF.

    RECIPE_OR_KEY is the name of a recipe that was run, or a training's key (its beginning will do).
    """
    from pipelines.finetune.merging.exporting import export
    from pipelines.finetune.training.record import TrainingRecord
    from resources.settings import Settings
    from resources.tables.tables import TableStore

    settings = Settings.load()
    tables = TableStore(settings.home / "tables")
    name = Path(wanted).stem  # recipes/lora.yaml means the recipe lora
    if tables.digest(f"merged_model/{name}"):
        merged_model = Path(tables.read_record(f"merged_model/{name}")["path"])
    elif key := training_of(name, tables):
        kept = f"{_TRAININGS}{key}"
        record = TrainingRecord.read(tables.read_record(kept), kept)
        merged_model, name = merged(record, settings.home), key[:_SHOWN]
    else:
        raise _unknown(wanted, tables)
    ending = ".gguf" if form == "gguf" else ""
    target = Path(output) if output else settings.home / "exports" / f"{name}{ending}"
    print(export(merged_model, target, form, gguf_type))
    return 0


def keep_training(record: "TrainingRecord", home: Path) -> None:
    """Keep a training's record under its key, so that it can be exported."""
    from resources.tables.tables import TableStore

    TableStore(home / "tables").write_record(f"{_TRAININGS}{record.key}", record.as_json(), record.digest)


def training_of(beginning: str, tables: "TableStore") -> str | None:
    """Return the key of the kept training that begins so, or None; InputError where several do."""
    keys = [name.removeprefix(_TRAININGS) for name in tables.names(_TRAININGS)]
    found = [key for key in keys if len(beginning) >= _SHORTEST_KEY and key.startswith(beginning)]
    if len(found) > 1:
        raise InputError(
            f"the key '{beginning}'",
            f"{len(found)} trainings",
            "the beginning of one key",
            f"one of {', '.join(found)}",
        )
    return found[0] if found else None


def _unknown(wanted: str, tables: "TableStore") -> NotMaterializedError:
    recipes = [name.removeprefix("merged_model/") for name in tables.names("merged_model/")]
    keys = [name.removeprefix(_TRAININGS)[:_SHOWN] for name in tables.names(_TRAININGS)]
    return NotMaterializedError(
        f"the merged model of '{wanted}'",
        "neither a recipe that was merged nor a training's key",
        f"one of the recipes {', '.join(recipes) or '(none yet)'}, or of the keys {', '.join(keys) or '(none yet)'}",
        "graftline run --select merged_model for a recipe, or graftline train, which prints its key",
    )


def merged(record: "TrainingRecord", home: Path) -> Path:
    """Merge a training unless it is done and return the folder; InputError where a check of the merge fails."""
    from pipelines.core.checkpoints.revision import checkpoint_digest
    from pipelines.finetune.merging.checks import merge_checks
    from pipelines.finetune.merging.merging import merge
    from pipelines.finetune.models.base import BaseModel
    from pipelines.finetune.recipes.recipe import Recipe

    folder = Path(record.base_path)
    base = BaseModel(folder, record.base_name, checkpoint_digest(folder))
    made = merge(Recipe(**record.resolved), record, Path(record.dataset_path), base, home)
    for name, verdict in merge_checks(made).items():
        log.info("%s: %s (%s)", name, "holds" if verdict.passed else "FAILED", verdict.reason)
        if not verdict.passed:
            raise InputError(
                f"the merged model of {record.key}",
                f"{name} failed: {verdict.reason}",
                "a merged model that says what was trained",
                f"load the adapter beside its base, with PEFT: {record.path}",
            )
    return Path(made.path)
