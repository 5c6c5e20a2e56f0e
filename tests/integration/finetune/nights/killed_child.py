"""A night of the real definitions in this process, which ends itself with SIGKILL at a step; argv: where to, its step.

It writes which rows the engine was asked for and which were stored, one a line, and at its end what was decided.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from assets.finetune import evaluation, promotion, training
from assets.finetune.partitions import RECIPES
from pipelines.core.identity import json_digest
from pipelines.definitions import defs, tables
from pipelines.finetune.evaluation import answers
from pipelines.orchestration.night import night_steps
from pipelines.orchestration.running import run_steps
from resources.engines.engine import InferenceEngine

_ROWS_BEFORE_THE_END = 150


def main() -> None:
    folder, step = Path(sys.argv[1]), sys.argv[2]
    _log_rows(folder)
    ends = {
        "adapter": (training, "train_and_track"),
        "merged_model": (training.merging, "merge"),
        "evaluation": (evaluation.evaluating, "evaluate"),
        "registered_model": (promotion.registration, "links"),  # it is decided, and the registry does not know yet
    }
    if step == "predictions":
        _end_in_the_middle()
    elif step in ends:
        place, name = ends[step]
        setattr(place, name, _ending(getattr(place, name)))
    wanted = [one for one in night_steps(RECIPES.get_partition_keys()) if one.job not in ("knowledge", "answering")]
    with dg.DagsterInstance.ephemeral() as instance:
        outcomes = run_steps(defs, instance, wanted, "tonight")
    record = tables.read_record("registered_model")
    found = {
        "champion": record["champion"],
        "outcomes": {name: [outcome.verdict, outcome.reason] for name, outcome in outcomes.items()},
        "decision": record["decision"],
    }
    (folder / "ended.json").write_text(json.dumps(found), encoding="utf-8")


def _ending(work: Callable[..., Any]) -> Callable[..., Any]:
    def ended(*args: Any, **options: Any) -> None:
        work(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    return ended


def _end_in_the_middle() -> None:
    keep, kept = answers._Book.keep, [0]

    def keeping(self: Any, *args: Any) -> None:
        keep(self, *args)
        kept[0] += 1
        if kept[0] == _ROWS_BEFORE_THE_END:
            self.store()
            os.kill(os.getpid(), signal.SIGKILL)

    answers._Book.keep = keeping  # type: ignore[method-assign]


def _log_rows(folder: Path) -> None:
    generate, store = InferenceEngine.generate_many, answers._Book.store

    def write(name: str, rows: list[list[Any]]) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    def asking(self: Any, jobs: Any, *args: Any, **options: Any) -> Any:
        shape = options.get("at_once")
        write("asked.jsonl", [[model.name, shape, json_digest(ids)] for model, prompts in jobs for ids in prompts])
        return generate(self, jobs, *args, **options)

    def storing(self: Any) -> None:
        rows = [[self.asked.model.path.name, self.asked.at_once, digest] for digest in self._new]
        store(self)
        write("stored.jsonl", rows)

    InferenceEngine.generate_many = asking  # type: ignore[method-assign]
    answers._Book.store = storing  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
