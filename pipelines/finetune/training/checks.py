"""The gates of a trained adapter: its losses are finite and its held-out loss fell."""

import math
from pathlib import Path
from typing import Any

from pipelines.finetune.training.training import read_log
from pipelines.measuring.gates import Checks, Verdict


def adapter_checks(record: dict[str, Any]) -> Checks:
    """The losses are finite, and training made the held-out answers likelier."""
    losses = [row["loss"] for row in read_log(Path(record["path"]))]
    finite = sum(math.isfinite(loss) for loss in losses)
    return {
        "finite_loss": Verdict(0 < finite == len(losses), f"{finite} of {len(losses)} logged losses are finite"),
        "held_out_loss_fell": _held_out_loss_fell(record),
    }


def _held_out_loss_fell(record: dict[str, Any]) -> Verdict:
    before, after = record.get("held_out_loss_before"), record.get("held_out_loss_after")
    if before is None or after is None:
        return Verdict(True, "no row is held out: nothing to compare on")
    return Verdict(after < before, f"held-out loss {before:.3f} before, {after:.3f} after")
