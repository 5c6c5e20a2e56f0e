"""Runs in this process, for the command line: the same jobs as the schedule, and where to look afterwards."""

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psutil

from pipelines.core.errors import ConfigurationError
from pipelines.orchestration.night import night_steps

if TYPE_CHECKING:
    from pipelines.orchestration.outcomes import Outcome

log = logging.getLogger("graftline")


def _recipes(wanted: Sequence[str] | None) -> list[str]:
    from assets.finetune.partitions import RECIPES

    known = list(RECIPES.get_partition_keys())
    for name in wanted or []:
        if name not in known:
            raise ConfigurationError(
                "--recipe", f"'{name}'", f"one of {', '.join(known)}", f"add recipes/{name}.yaml or choose one of these"
            )
    return list(wanted) if wanted else known


def _report(outcomes: Mapping[str, "Outcome"], seconds: float) -> int:
    for name, outcome in outcomes.items():
        print(outcome.told(name))
    print(f"{seconds:.0f} s, peak memory {_peak_gib():.1f} GiB in this process and its largest child")
    if not all(outcome.done for outcome in outcomes.values()):
        print("Something failed: its reason is above, and in the UI (make ui) under Runs.", file=sys.stderr)
        return 1
    print("Look at it: make ui (Dagster and MLflow)")
    print('Ask it:     .venv/bin/graftline ask "What does express delivery in Europe cost?"')
    return 0


def _peak_gib() -> float:
    import resource

    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    scale = 1024 if psutil.LINUX else 1
    return (own + child) * scale / 2**30


def run_night(recipes: Sequence[str] | None, config: Mapping[str, Any] | None = None) -> int:
    """Do what the schedule does, now; print one line a step and where to look. `config` is by asset."""
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.orchestration.running import run_steps

    started = time.monotonic()
    night = datetime.now().strftime("%Y-%m-%dT%H:%M:%S")
    with dg.DagsterInstance.get() as instance:
        outcomes = run_steps(defs, instance, night_steps(_recipes(recipes)), night, config=config)
    return _report(outcomes, time.monotonic() - started)


def run_selected(names: Sequence[str], recipes: Sequence[str] | None, config: Mapping[str, Any] | None = None) -> int:
    """Materialise some assets on what is stored; print one line each."""
    import dagster as dg

    from pipelines.definitions import defs, tables
    from pipelines.orchestration.running import run_selection

    known = sorted(key.to_user_string() for key in defs.resolve_asset_graph().materializable_asset_keys)
    for name in names:
        if name not in known:
            raise ConfigurationError("--select", f"'{name}'", "an asset", f"choose from {', '.join(known)}")
    started = time.monotonic()
    with dg.DagsterInstance.get() as instance:
        outcomes = run_selection(defs, instance, names, _recipes(recipes), tables, config)
    return _report(outcomes, time.monotonic() - started)
