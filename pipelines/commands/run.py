"""`graftline run`: the same jobs as the schedule, in this process, and where to look afterwards."""

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import psutil

from pipelines.commands.command import Command
from pipelines.commands.names import complete_assets, complete_partition
from pipelines.core.errors import ConfigurationError, shell_command
from pipelines.orchestration.night import night_steps

if TYPE_CHECKING:
    import dagster as dg

    from pipelines.orchestration.outcomes import Outcome

log = logging.getLogger("graftline")


@click.command(cls=Command)
@click.option(
    "--select", metavar="ASSET,…", shell_complete=complete_assets, help="only these assets, on what is stored"
)
@click.option(
    "--recipe",
    "recipes",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_partition,
    help="only these recipes (default: all)",
)
@click.option("--reembed", is_flag=True, help="make all vectors anew where EMBEDDING_MODEL is another")
@click.option("--rehash", is_flag=True, help="read every document, whatever its size and times say")
def command(select: str | None, recipes: tuple[str, ...], reembed: bool, rehash: bool) -> int:
    """Materialise every asset once (what `make run` calls)."""
    options = {"documents": {"rehash": rehash}, "chunk_embeddings": {"reembed": reembed}}
    config = {name: {"config": one} for name, one in options.items() if any(one.values())}
    return run_selected(select.split(","), recipes, config) if select else run_night(recipes, config)


def _recipes(wanted: Sequence[str] | None) -> list[str]:
    from assets.finetune.partitions import RECIPES
    from pipelines.text.nearest import nearest_name

    known = list(RECIPES.get_partition_keys())
    for name in wanted or []:
        if name not in known:
            near = nearest_name(name, known)
            fix = f"{shell_command('--recipe', near)}, or " if near else ""
            fix += f"add recipes/{name}.yaml"
            raise ConfigurationError("--recipe", f"'{name}'", f"one of {', '.join(known)}", fix)
    return list(wanted) if wanted else known


def _report(outcomes: Mapping[str, "Outcome"], seconds: float) -> int:
    for name, outcome in outcomes.items():
        print(outcome.as_line(name))
    from pipelines.definitions import meter
    from resources.engines.warm import engine_starts
    from resources.settings import Settings

    if spent := meter().line():
        print(spent)
    print(f"{seconds:.0f} s, peak memory {_peak_gib():.1f} GiB in this process and its largest child")
    print(f"engine starts: {engine_starts()}")
    if not all(outcome.well for outcome in outcomes.values()):
        print("Something failed: its reason is above, and in the UI (make ui) under Runs.", file=sys.stderr)
        return 1
    print("Look at it: make ui (Dagster and MLflow)")
    view = Settings.load().graph_view
    if view.exists():
        print(f"The graph:  {view}")
    print('Ask it:     .venv/bin/graftline ask "What does express delivery in Europe cost?"')
    return 0


def _peak_gib() -> float:
    import resource

    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    scale = 1024 if psutil.LINUX else 1
    return (own + child) * scale / 2**30


def open_instance() -> "dg.DagsterInstance":
    """Open Dagster's instance: of DAGSTER_HOME, else of the checkout, whose dagster.yaml puts its state in the home."""
    import dagster as dg

    from resources.settings import CHECKOUT

    os.environ.setdefault("DAGSTER_HOME", str(CHECKOUT))
    return dg.DagsterInstance.get()


def run_night(recipes: Sequence[str] | None, config: Mapping[str, Any] | None = None) -> int:
    """Do what the schedule does, now; print one line a step and where to look. `config` is by asset.

    However it ends, it leaves a digest (`graftline digest`).
    """
    from pipelines.definitions import defs, keeping, meter

    meter()  # a budget that cannot be held is refused before anything runs
    started = time.monotonic()
    night = datetime.now().strftime("%Y-%m-%dT%H:%M:%S")
    with open_instance() as instance:
        outcomes = keeping.night(defs, instance, night_steps(_recipes(recipes)), night, config=config)
    return _report(outcomes, time.monotonic() - started)


def run_selected(names: Sequence[str], recipes: Sequence[str] | None, config: Mapping[str, Any] | None = None) -> int:
    """Materialise some assets on what is stored; print one line each."""
    from pipelines.definitions import defs, meter, tables
    from pipelines.orchestration.running import run_selection
    from pipelines.text.nearest import nearest_name

    meter()
    known = sorted(key.to_user_string() for key in defs.resolve_asset_graph().materializable_asset_keys)
    for name in names:
        if name not in known:
            fix = f"--select {nearest_name(name, known) or known[0]}"
            raise ConfigurationError("--select", f"'{name}'", f"some of {', '.join(known)}", fix)
    started = time.monotonic()
    with open_instance() as instance:
        outcomes = run_selection(defs, instance, names, _recipes(recipes), tables, config)
    return _report(outcomes, time.monotonic() - started)
