"""`graftline harness`: tasks of lm-eval on a recipe's merged model, by the engine that evaluates; kept in its run."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipelines.commands.command import Command
from pipelines.commands.names import complete_recipe


@click.command(cls=Command)
@click.argument("recipe", shell_complete=complete_recipe)
@click.option("--tasks", required=True, metavar="NAME,…", help="tasks or groups of lm-eval")
@click.option("--include", type=click.Path(path_type=Path, exists=True, file_okay=False), help="a folder of own tasks")
@click.option("--limit", type=click.IntRange(1), default=None, help="only so many rows of a task, to try it out")
@click.option("--shots", type=click.IntRange(0), default=None, help="answered examples (default: the task's)")
@click.option("--no-chat", is_flag=True, help="without the model's chat template, for tasks of base models")
@click.option("--json", "as_json", is_flag=True, help="print one JSON list")
def command(
    recipe: str, tasks: str, include: Path | None, limit: int | None, shots: int | None, no_chat: bool, as_json: bool
) -> int:
    """Run tasks of lm-eval on a recipe's model, by the engine that evaluates.

    The figures of the merged model go to the recipe's MLflow run. Needs `pip install 'graftline[lm-eval]'`. Tasks load
    their data from a hub unless their YAML names files. Figures of a --limit are printed and not logged.
    """
    from pipelines.finetune.merging.record import MergedRecord
    from resources.engines.engine import InferenceEngine
    from resources.harness.tasks import run_tasks
    from resources.settings import Settings
    from resources.tables.tables import TableStore
    from resources.tracking.tracker import Tracker

    settings = Settings.load()
    name = f"merged_model/{recipe}"
    merged = MergedRecord.read(TableStore(settings.home / "tables").read_record(name), name)
    engine = InferenceEngine.of(settings, settings.home / "work")
    found = run_tasks(tasks.split(","), Path(merged.path), engine, include, limit, shots, not no_chat)
    if limit is None and merged.run_id:
        numbers = {figure.name: figure.value for figure in found.figures}
        numbers |= {f"{figure.name}_stderr": figure.stderr for figure in found.figures if figure.stderr is not None}
        Tracker(settings.tracking_uri, settings.home).log_metrics(merged.run_id, numbers)
    if as_json:
        print(json.dumps([asdict(figure) for figure in found.figures], ensure_ascii=False))
        return 0
    for figure in found.figures:
        error = "" if figure.stderr is None else f" ± {figure.stderr:.4f}"
        better = "" if figure.higher_is_better else " (lower is better)"
        print(f"{figure.task} {figure.metric} {figure.filter}: {figure.value:.4f}{error}, {figure.rows} rows{better}")
    if found.cut_contexts:
        print(f"{found.cut_contexts} contexts were cut at their beginning: the model reads no more")
    print("not logged: --limit tries a task out" if limit is not None else f"logged to the run {merged.run_id}")
    return 0
