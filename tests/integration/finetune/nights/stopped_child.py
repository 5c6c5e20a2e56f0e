"""A night's fine-tuning of the real definitions whose training has so many seconds; argv: where to, seconds.

It writes how each step ended to `outcomes.json`.
"""

import json
import sys
from pathlib import Path

import dagster as dg

from assets.finetune.partitions import RECIPES
from pipelines.definitions import defs
from pipelines.orchestration.limits import Clock, NightLimits
from pipelines.orchestration.night import night_steps
from pipelines.orchestration.running import run_steps


def main() -> None:
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    wanted = [one for one in night_steps(RECIPES.get_partition_keys()) if one.job in ("preparation", "finetune")]
    with dg.DagsterInstance.ephemeral() as instance:
        limits = NightLimits(assets={"adapter": seconds})
        outcomes = run_steps(defs, instance, wanted, "tonight", clock=Clock(limits))
    found = {name: [outcome.verdict, outcome.reason] for name, outcome in outcomes.items()}
    (folder / "outcomes.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
