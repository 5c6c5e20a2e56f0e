"""What a training writes while it runs: a line a logged update, and a mark on each checkpoint that is whole."""
# ruff: noqa: TID253 - only the training's child process imports this file

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from pipelines.core.files import write_atomically
from pipelines.finetune.training.training import read_log

_SAVED = "graftline_complete"


class Journal(TrainerCallback):
    """Appends one line a logged update, and marks a checkpoint once all of it is written; on the first process only.

    A held-out loss stands in the line of the update after which it was taken, and in no other. `names` are the
    trainer's and our names of the figures that a stage logs beside the loss.
    """

    def __init__(self, path: Path, resumed_at: int, writes: bool, names: Mapping[str, str]) -> None:
        self.path, self.resumed_at, self.writes, self.names = path, resumed_at, writes, names
        before = [row for row in read_log(path.parent) if row["step"] <= resumed_at]
        self.seconds_before = before[-1]["seconds"] if before else 0.0
        self.tokens_before = 0
        self.started = time.monotonic()
        self.rows, self.other_weights = before, False
        if writes:
            self._write()

    def on_train_begin(self, args, state, control, **kwargs):
        self.started, self.tokens_before = time.monotonic(), state.num_input_tokens_seen

    def on_step_end(self, args, state, control, **kwargs):
        control.should_log |= state.global_step == state.max_steps or control.should_evaluate

    def on_epoch_end(self, args, state, control, **kwargs):
        control.should_log |= control.should_evaluate

    def on_train_end(self, args, state, control, **kwargs):
        # The best weights are back: what is measured from now on is not of the last update.
        self.other_weights = args.load_best_model_at_end

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "eval_loss" in logs:
            self._evaluated(state.global_step, float(logs["eval_loss"]))
        if not self.writes or not logs or "loss" not in logs:
            return
        seconds = time.monotonic() - self.started
        steps = state.global_step - self.resumed_at
        tokens = int(logs["num_input_tokens_seen"])
        row = {
            "step": state.global_step,
            "total_steps": state.max_steps,
            "loss": float(logs["loss"]),
            "learning_rate": float(logs["learning_rate"]),
            "grad_norm": float(logs.get("grad_norm", 0.0)),
            "tokens": tokens,
            "tokens_per_second": (tokens - self.tokens_before) / seconds,
            "seconds": self.seconds_before + seconds,
            "seconds_left": seconds / steps * (state.max_steps - state.global_step) if steps else 0.0,
        }
        row |= {short: float(logs[name]) for name, short in self.names.items() if name in logs}
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _evaluated(self, step: int, loss: float) -> None:
        # Trainer logs an update before it evaluates.
        if self.writes and self.rows and self.rows[-1]["step"] == step and not self.other_weights:
            self.rows[-1].setdefault("held_out_loss", loss)
            self._write()

    def _write(self) -> None:
        # Whole: the parent reads it meanwhile.
        write_atomically(self.path, "".join(json.dumps(row) + "\n" for row in self.rows))

    def on_save(self, args, state, control, **kwargs):
        if self.writes:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _SAVED).touch()


def last_checkpoint(folder: Path, writes: bool = True) -> Path | None:
    """Return the newest checkpoint that was written to its end; the first process removes the others."""
    whole = []
    for path in folder.glob("checkpoint-*"):
        if (path / _SAVED).exists():
            whole.append(path)
        elif writes:
            shutil.rmtree(path, ignore_errors=True)
    return max(whole, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def measured_once(path: Path, measure: Any, writes: bool, wait: Any) -> dict[str, float]:
    """Return what `measure` returns, kept in a file; every process measures or none does."""
    there = path.exists()
    wait()
    if there:
        return json.loads(path.read_text(encoding="utf-8"))
    measured = measure()
    if writes:
        write_atomically(path, json.dumps(measured))
    wait()
    return measured
