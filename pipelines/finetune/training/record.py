"""A training's records: what its process measured, what is stored of it, and what a tracker logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pipelines.finetune.records import as_stored, from_stored

_FIX = "train it again: graftline train RECIPE, or graftline run --select adapter"
_BEFORE, _AFTER = "held_out_before", "held_out_after"
_PREFIX = "held_out_"


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What the process of a training measured; its result.json."""

    digest: Annotated[str, "digest of the weights that were trained"]
    steps: Annotated[int, "updates that were made"]
    best_step: Annotated[int, "the update whose weights were kept: the last, or with early stopping the best"]
    first_loss: Annotated[float, "loss of the first logged updates"]
    last_loss: Annotated[float, "loss of the last logged updates"]
    train_loss: Annotated[float, "mean loss of all updates"]
    held_out_before: Annotated[Mapping[str, float], "by short name, figures on held-out rows before; {} without any"]
    held_out_after: Annotated[Mapping[str, float], "the same figures after the training"]
    rows: Annotated[int, "rows that were trained on"]
    rows_without_loss: Annotated[int, "rows left out: none of their tokens within cutoff_len has a loss"]
    turns_without_loss: Annotated[int, "answers and calls without loss: the template or cutoff_len leaves them out"]
    held_out_rows: Annotated[int, "rows that the figures before and after were taken on"]
    packed_rows: Annotated[int | None, "sequences that the rows were packed into; None where they were not"] = None
    noted: Annotated[Sequence[str], "what the recipe asks for and this machine or model did otherwise, a line each"]
    tokens: Annotated[int, "tokens that went through the model, padding left out"]
    seconds: Annotated[float, "time of the updates"]
    tokens_per_second: Annotated[float, "tokens by seconds"]
    trainable_parameters: Annotated[int, "parameters that were trained"]
    peak_memory_bytes: Annotated[int, "largest resident set of the process"]
    peak_gpu_memory_bytes: Annotated[int, "most memory that torch held on a GPU; 0 without one"]
    processes: Annotated[int, "processes that trained together"]
    device: Annotated[str, "name of the GPU, or cpu"]
    precision: Annotated[str, "what was computed in: bfloat16, float16 or float32"]
    gradient_checkpointing: Annotated[bool, "whether activations were computed again instead of kept"]
    optimiser: Annotated[str, "transformers' name of the optimiser that ran"]
    template_digest: Annotated[str, "digest of the chat template"]
    base_name: Annotated[str, "hub name of the base"]
    base_revision: Annotated[str, "revision of the base, made of all that it holds"]

    def held_out(self, name: str = "loss") -> tuple[float, float] | None:
        """Return a figure on held-out rows before and after, or None where no row is held out."""
        if name not in self.held_out_before or name not in self.held_out_after:
            return None
        return self.held_out_before[name], self.held_out_after[name]

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: a key a field, and one for each held-out figure, `held_out_loss_before`."""
        stored: dict[str, Any] = {}
        for name, value in as_stored(self).items():
            if name in (_BEFORE, _AFTER):
                stored |= {f"{_PREFIX}{short}{_ending(name)}": figure for short, figure in value.items()}
            else:
                stored[name] = value
        return stored


@dataclass(frozen=True, kw_only=True)
class TrainingRecord(TrainingResult):
    """A training: its result, where it lies, and once it is tracked what merging, exporting and people need of it."""

    key: Annotated[str, "digest of recipe, data, base and code: the same training has the same key"]
    path: Annotated[str, "folder of the adapter, or of the model that was trained whole"]
    recipe: Annotated[str, "name of the recipe"] = ""
    resolved: Annotated[Mapping[str, Any], "every key of the recipe with the value that held"] = field(
        default_factory=dict
    )
    notes: Annotated[Sequence[str], "what of recipe, rows and machine a person should know, a line each"] = ()
    vllm_lora: Annotated[Mapping[str, Any], "servability.vllm_lora: whether vLLM takes the adapter, and how"] = field(
        default_factory=dict
    )
    curve: Annotated[str, "PNG of loss and learning rate"] = ""
    dataset_path: Annotated[str, "folder of the rows"] = ""
    base_path: Annotated[str, "folder of the base"] = ""
    run_id: Annotated[str, "the tracker's run"] = ""
    run_name: Annotated[str, "name of that run"] = ""

    @classmethod
    def of_result(cls, result: Mapping[str, Any], key: str, folder: Path) -> "TrainingRecord":
        """Return the record, not tracked yet, of a result.json; InputError where it is not whole."""
        return _read(cls, {**result, "key": key, "path": str(folder)}, f"the result in {folder}", whole=False)

    @classmethod
    def read(cls, stored: Mapping[str, Any], name: str) -> "TrainingRecord":
        """Return the tracked record that `as_json` stored under a name; InputError names what is missing."""
        return _read(cls, stored, f"the training's record '{name}'", whole=True)


def _ending(name: str) -> str:
    return f"_{name.removeprefix(_PREFIX)}"


def _read(kind: type[TrainingRecord], stored: Mapping[str, Any], where: str, whole: bool) -> TrainingRecord:
    figures: dict[str, dict[str, float]] = {}
    for name in (_BEFORE, _AFTER):
        keys = [key for key in stored if key.startswith(_PREFIX) and key.endswith(_ending(name))]
        figures[name] = {key.removeprefix(_PREFIX).removesuffix(_ending(name)): stored[key] for key in keys}
    return from_stored(kind, {**stored, **figures}, where, _FIX, whole=whole)


@dataclass(frozen=True)
class TrainingRun:
    """All of one training that is tracked.

    `log_rows` have step, seconds and numbers by update; `samples` are the machine's figures; `counts` the dataset's
    rows by fate and `ledger` the rejected ones; `parent` is the sweep's run. `parts` are the rows that trained and
    those that measure.
    """

    key: str
    name: str
    recipe: str
    parameters: Mapping[str, Any]
    dataset_path: Path
    dataset_digest: str
    log_rows: Sequence[Mapping[str, float]]
    summary: Mapping[str, float]
    adapter: Path
    plots: Sequence[Path] = ()
    samples: Sequence[Mapping[str, Any]] = ()
    counts: Mapping[str, float] = field(default_factory=dict)
    ledger: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None
    parts: Sequence["Part"] = ()


@dataclass(frozen=True)
class Part:
    """Rows of a dataset that a training used: for what ("training", "evaluation"), their names, rows and digest."""

    context: str
    name: str
    rows: Any
    digest: str
