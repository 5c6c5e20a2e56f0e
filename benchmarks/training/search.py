"""A trainer's best setting: the batch size first, then each other setting with the best so far; all tries are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.ground.common import say
from benchmarks.ground.process import ProcessFailed

Settings = dict[str, Any]

LEAK = 1e-2
"""Largest change of a logit, between samples of a packed row, that counts as none."""
PACKED_LENGTH = 1024
"""Tokens of a packed row: some five samples, so that the samples of an update can be nearly the same number."""


@dataclass(frozen=True)
class Try:
    """One setting and its speed in useful tokens/s; `excluded` says why it is no peer or could not run."""

    settings: Settings
    speed: float | None = None
    peak_gib: float | None = None
    excluded: str = ""

    def __str__(self) -> str:
        shown = ", ".join(f"{key}={value}" for key, value in self.settings.items())
        speed = f"{self.speed:.1f} tokens/s, {self.peak_gib:.2f} GiB" if self.speed is not None else "not measured"
        return f"{speed}: {shown}" + (f" (excluded: {self.excluded})" if self.excluded else "")


Axis = tuple[str, list[Settings]]


def llamafactory_axes(batches: Sequence[int], mean_tokens: float, bfloat16: bool = True) -> tuple[Settings, list[Axis]]:
    """Return where the search for LLaMA-Factory begins, and what it then tries, axis by axis.

    Without `bfloat16` (the processor would emulate it, some eighty times slower) there is float32 alone.
    """
    start = {
        "per_device_train_batch_size": 4,
        "disable_gradient_checkpointing": True,
        "bf16": bfloat16,
        "train_sampling_strategy": "group_by_length",
    }
    packing = {
        "packing": True,
        "neat_packing": True,  # its block-diagonal mask works without FlashAttention too
        "cutoff_len": PACKED_LENGTH,
        "preprocessing_num_workers": 1,  # each worker packs its own share: with 16, most rows would be nearly empty
        "per_device_train_batch_size": 1,
        "train_sampling_strategy": "random",
        "samples_a_row": round(PACKED_LENGTH / mean_tokens, 2),
    }
    axes: list[Axis] = [
        ("batch", [{"per_device_train_batch_size": size} for size in batches]),
        ("length grouping", [{"train_sampling_strategy": "random"}]),
        ("checkpointing", [{"disable_gradient_checkpointing": False}]),
        ("dtype", [{"bf16": False}] if bfloat16 else []),
        ("packing", [packing]),
    ]
    return start, axes


def trl_axes(batches: Sequence[int], mean_tokens: float, bfloat16: bool = True) -> tuple[Settings, list[Axis]]:
    """Return the same for TRL's SFTTrainer; `weights` is the dtype that the base is loaded in."""
    start = {
        "per_device_train_batch_size": 4,
        "gradient_checkpointing": False,
        "bf16": bfloat16,
        "weights": "bfloat16" if bfloat16 else "float32",
        "train_sampling_strategy": "group_by_length",
    }
    packing = {
        "packing": True,  # best-fit decreasing; the position ids keep the samples apart
        "max_length": PACKED_LENGTH,
        "per_device_train_batch_size": 1,
        "train_sampling_strategy": "random",
        "samples_a_row": round(PACKED_LENGTH / mean_tokens, 2),
    }
    axes: list[Axis] = [
        ("batch", [{"per_device_train_batch_size": size} for size in batches]),
        ("length grouping", [{"train_sampling_strategy": "random"}]),
        ("checkpointing", [{"gradient_checkpointing": True}]),
        ("dtype", [{"weights": "float32"}, {"bf16": False, "weights": "float32"}] if bfloat16 else []),
        ("packing", [packing]),
    ]
    return start, axes


def search(measure: Callable[[Settings], Try], start: Settings, axes: Sequence[Axis]) -> tuple[Try | None, list[Try]]:
    """Return the fastest try that counts (None: none did) and all tries, in order.

    `measure` runs one setting; a setting that fails is kept as excluded with the reason.
    """
    tries: list[Try] = []
    best: Try | None = None
    for name, choices in axes:
        base = best.settings if best else start
        for choice in choices:
            settings = {**base, **choice}
            if any(settings == past.settings for past in tries):
                continue
            try:
                found = measure(settings)
            except ProcessFailed as error:
                found = Try(settings, excluded=str(error).strip().splitlines()[-1][:200])
            say(f"  {name}: {found}")
            tries.append(found)
            if found.speed is not None and not found.excluded and (best is None or found.speed > (best.speed or 0)):
                best = found
    return best, tries
