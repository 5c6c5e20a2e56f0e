"""The gates of a trained adapter: its losses are finite and its held-out loss fell."""

import math
from pathlib import Path

from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.tasks import task_of
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.training import read_log
from pipelines.measuring.gates import Checks, Verdict


def adapter_checks(record: TrainingRecord) -> Checks:
    """The losses are finite, and what the stage is judged by is better on held-out rows than it was."""
    losses = [row["loss"] for row in read_log(Path(record.path))]
    finite = sum(math.isfinite(loss) for loss in losses)
    return {
        "finite_loss": Verdict(0 < finite == len(losses), f"{finite} of {len(losses)} logged losses are finite"),
        **_held_out_improved(record),
    }


def _held_out_improved(record: TrainingRecord) -> Checks:
    metric = task_of(Recipe(**record.resolved)).judged_by
    name = f"held_out_{metric.name}_{'fell' if metric.lower_is_better else 'rose'}"
    figures = record.held_out(metric.name)
    if figures is None:
        return {name: Verdict(True, "no row is held out: nothing to compare on")}
    before, after = figures
    return {
        name: Verdict(metric.improved(before, after), f"held-out {metric.name} {before:.3f} before, {after:.3f} after")
    }
