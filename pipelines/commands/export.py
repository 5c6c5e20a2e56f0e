"""`graftline export`: the merged model of a recipe or a training, or the graph as files that Neo4j imports."""

import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands.command import Command, NearestChoice
from pipelines.commands.names import complete_recipe
from pipelines.core.errors import InputError, NotMaterializedError

if TYPE_CHECKING:
    from pipelines.finetune.training.record import TrainingRecord
    from resources.tables.tables import TableStore

log = logging.getLogger("graftline")

_TRAININGS = "training/"
_SHORTEST_KEY = 4
_SHOWN = 8


@click.command(cls=Command)
@click.argument("wanted", metavar="RECIPE_OR_KEY", shell_complete=complete_recipe)
@click.argument("folder", metavar="[FOLDER]", required=False)
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
def command(wanted: str, folder: str | None, form: str, gguf_type: str, output: str | None) -> int:
    """Write a merged model as safetensors or as GGUF, or the graph for Neo4j's import.

    RECIPE_OR_KEY is the name of a recipe that was run, or a training's key (its beginning will do).

    `graftline export neo4j FOLDER` writes the files of a first load into a server that may be stopped, and prints the
    command of neo4j-admin that takes them; the next run with NEO4J_URI makes the indexes.
    """
    if wanted == "neo4j":
        print(_for_neo4j(folder))
        return 0
    if folder is not None:
        raise click.UsageError(f"Got unexpected extra argument ({folder})")
    from pipelines.finetune.merging.exporting import export
    from pipelines.finetune.training.record import TrainingRecord
    from resources.settings import Settings
    from resources.tables.tables import TableStore

    settings = Settings.load()
    tables = TableStore(settings.home / "tables")
    name = Path(wanted).stem  # recipes/lora.yaml means the recipe lora
    if tables.digest(f"merged_model/{name}"):
        model = Path(tables.read_record(f"merged_model/{name}")["path"])
    elif key := training_of(name, tables):
        kept = f"{_TRAININGS}{key}"
        model, name = merged(TrainingRecord.read(tables.read_record(kept), kept), settings.home), key[:_SHOWN]
    else:
        raise _unknown(wanted, tables)
    ending = ".gguf" if form == "gguf" else ""
    target = Path(output) if output else settings.home / "exports" / f"{name}{ending}"
    print(export(model, target, form, gguf_type))
    return 0


def _for_neo4j(folder: str | None) -> str:
    """Write the current graph's import files and return what to do with them, step by step."""
    from resources.graph.embedded import EmbeddedGraphStore
    from resources.graph.neo4j_loads.import_files import write_import_files
    from resources.settings import Settings

    if folder is None:
        raise click.UsageError("Missing argument 'FOLDER': graftline export neo4j FOLDER")
    store = EmbeddedGraphStore(Settings.load().home / "graph")
    graph, version = store.graph(), store.version()
    if graph is None or version is None:
        run = "graftline run --select knowledge_graph"
        raise NotMaterializedError("graftline export neo4j", "no graph", "an earlier run", run)
    line = write_import_files(graph, version, Path(folder))
    return (
        f"cd {shlex.quote(str(Path(folder).absolute()))}    # where the server is, while it is stopped\n{line}\n"
        "# start the server; then, for the indexes:\n"
        "NEO4J_URI=bolt://localhost:7687 graftline run --select knowledge_graph"
    )


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
