"""Inside a peer's training: how long the loop took, and how many samples and tokens without padding it saw.

Runs in the peers' environments: nothing but what transformers brings along.
"""

import json
import time
from importlib import metadata
from pathlib import Path

import torch
from transformers import TrainerCallback

PACKAGES = ("llamafactory", "torch", "transformers", "trl", "peft", "accelerate", "datasets")


def count(row):
    """Return {samples, tokens, answer_tokens} of one prepared row, which packing may have made of several samples."""
    mask = row.get("attention_mask") or [1] * len(row["input_ids"])
    lengths = row.get("seq_lengths")
    labels = row["labels"] if "labels" in row else [label or -100 for label in row["completion_mask"]]
    return {
        "samples": len(lengths) if lengths else max(mask),  # LLaMA-Factory numbers the samples of a packed row from 1
        "tokens": sum(value != 0 for value in mask),
        "answer_tokens": sum(label != -100 for label in labels),
    }


def leak(model, batch):
    """Return by how much another first token changes the logits of a packed row's last sample: 0 is isolation."""
    batch = {name: value for name, value in batch.items() if name != "labels" and torch.is_tensor(value)}
    place = torch.nonzero(batch["input_ids"][0] != batch["input_ids"][0, -1]).max().item()  # before the padding
    changed = {**batch, "input_ids": batch["input_ids"].clone()}
    changed["input_ids"][0, 0] = (changed["input_ids"][0, 0] + 1000) % 40000
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=False):
        one, other = (model(**value, use_cache=False).logits[0, place].float() for value in (batch, changed))
    return (one - other).abs().max().item()


class Recorder(TrainerCallback):
    """Writes its record to `path` when the training ends."""

    def __init__(self, path, packed=False):
        self.path, self.packed, self.record, self.started = Path(path), packed, {}, 0.0

    def on_train_begin(self, args, state, control, model=None, train_dataloader=None, **kwargs):
        rows = [count(row) for row in train_dataloader.dataset]
        self.record = {name: sum(row[name] for row in rows) for name in ("samples", "tokens", "answer_tokens")}
        if self.packed:
            fullest = max(range(len(rows)), key=lambda place: rows[place]["samples"])
            batch = train_dataloader.collate_fn([train_dataloader.dataset[fullest]])
            self.record["leak"] = leak(model, batch) if rows[fullest]["samples"] > 1 else None
        self.started = time.monotonic()

    def on_train_end(self, args, state, control, **kwargs):
        self.record |= {
            "seconds": time.monotonic() - self.started,
            "updates": state.global_step,
            "epochs": state.epoch,
            "peak_gpu_memory_bytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
            "losses": [entry["loss"] for entry in state.log_history if "loss" in entry],
            "versions": {name: version(name) for name in PACKAGES if version(name)},
        }
        self.path.write_text(json.dumps(self.record), encoding="utf-8")


def version(package):
    """Return an installed package's version, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
