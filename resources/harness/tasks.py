"""Named tasks of lm-eval on one checkpoint: what is measured, and what is told of it."""

import contextlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.errors import ConfigurationError
from resources.engines.engine import InferenceEngine

log = logging.getLogger("graftline")


@dataclass(frozen=True)
class TaskFigure:
    """One figure of a task; `filter` says how the answer was read out of the text, `stderr` may be unknown."""

    task: str
    metric: str
    filter: str
    value: float
    stderr: float | None
    rows: int
    version: str
    higher_is_better: bool

    @property
    def name(self) -> str:
        """Its name as a metric of a run."""
        of_filter = f"_{self.filter}" if self.filter != "none" else ""
        return f"lm_eval/{self.task}/{self.metric}{of_filter}"


@dataclass(frozen=True)
class Harness:
    """What tasks gave: the figures, how many contexts were cut at their beginning, and lm-eval's version."""

    figures: tuple[TaskFigure, ...]
    cut_contexts: int
    version: str


def run_tasks(
    names: Sequence[str],
    model: Path,
    engine: InferenceEngine,
    folder: Path | None = None,
    limit: int | None = None,
    shots: int | None = None,
    chat: bool = True,
) -> Harness:
    """Run lm-eval's tasks, those of `folder` (YAML files) too; `limit` is for trying a task out.

    `chat`: through the checkpoint's chat template, examples as turns. ConfigurationError where lm-eval is not installed
    or has no such task.
    """
    try:
        import lm_eval
    except ImportError as error:
        fix = "pip install 'graftline[lm-eval]'"
        raise ConfigurationError("lm-eval", f"not importable ({error})", "lm-eval beside Graftline", fix) from error
    from lm_eval.tasks import TaskManager

    from resources.harness.model import HarnessModel

    manager = TaskManager(include_path=str(folder) if folder else None)
    _require_tasks(names, manager.all_tasks)
    adapted = HarnessModel(engine, model)
    with contextlib.redirect_stdout(sys.stderr):  # what a command prints is its result alone
        found: Any = lm_eval.simple_evaluate(
            adapted,
            tasks=list(names),
            num_fewshot=shots,
            limit=limit,
            task_manager=manager,
            apply_chat_template=chat,
            fewshot_as_multiturn=chat,
            log_samples=False,
        )
    if adapted.cut_contexts:
        log.warning("%d contexts were cut at their beginning: the model reads no more", adapted.cut_contexts)
    return Harness(tuple(figures(found)), adapted.cut_contexts, str(getattr(lm_eval, "__version__", "")))


def figures(found: dict[str, Any]) -> list[TaskFigure]:
    """Return the figures of lm-eval's result, a task and a filter after the other."""
    made = []
    for task, values in found["results"].items():
        for key, value in values.items():
            metric, _, how = key.partition(",")
            if not how or metric.endswith("_stderr") or not isinstance(value, int | float):
                continue
            error = values.get(f"{metric}_stderr,{how}")
            made.append(
                TaskFigure(
                    task,
                    metric,
                    how,
                    float(value),
                    float(error) if isinstance(error, int | float) else None,
                    int(found.get("n-samples", {}).get(task, {}).get("effective", 0)),
                    str(found.get("versions", {}).get(task, "")),
                    bool((found.get("higher_is_better", {}).get(task) or {}).get(metric, True)),
                )
            )
    return made


def _require_tasks(names: Sequence[str], known: Sequence[str]) -> None:
    from pipelines.text.nearest import nearest_name

    for name in names:
        if name not in known:
            near = nearest_name(name, known)
            fix = f"write {near}" if near else "lm-eval ls tasks lists them; --include names a folder with others"
            raise ConfigurationError("--tasks", f"'{name}'", f"some of lm-eval's {len(known)} tasks", fix)
