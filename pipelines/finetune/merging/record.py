"""A merge's records: what its process measured, and what is stored of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pipelines.finetune.records import as_stored, from_stored
from pipelines.finetune.training.record import TrainingRecord

_FIX = "merge it again: graftline run --select merged_model, or graftline export"


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    """What the process of a merge measured; its result.json.

    A difference is one of log-probabilities of the same answers: the largest, or the mean. The base's own differences
    are the yardsticks of the checks.
    """

    digest: Annotated[str, "digest of the merged checkpoint: weights, configuration, tokenizer and template"]
    compared_rows: Annotated[int, "conversations that were compared on"]
    compared_tokens: Annotated[int, "tokens of their answers"]
    merge_difference: Annotated[float, "merged from base and adapter, in float32"]
    merge_mean_difference: Annotated[float, "the same, on average"]
    trained_difference: Annotated[float, "merged from what was trained, quantised where training was"]
    trained_mean_difference: Annotated[float, "the same, on average"]
    stored_difference: Annotated[float, "the stored bfloat16 weights from the merged ones in float32"]
    stored_mean_difference: Annotated[float, "the same, on average"]
    base_difference: Annotated[float, "the base in bfloat16 from itself in float32"]
    base_mean_difference: Annotated[float, "the same, on average"]
    quantised_base_difference: Annotated[float | None, "the quantised base from itself; None if it isn't"] = None
    quantised_base_mean_difference: Annotated[float | None, "the same, on average"] = None
    merged_onto: Annotated[str, "the base, or the dequantised base"]
    template_digest: Annotated[str, "digest of the merged model's chat template"]
    bytes: Annotated[int, "size of the weights' files"]
    device: Annotated[str, "where it was computed: cuda or cpu"]
    peak_memory_bytes: Annotated[int, "largest resident set of the process"]

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: a key a field, those that are None left out."""
        return as_stored(self)


@dataclass(frozen=True, kw_only=True)
class MergedRecord(MergeResult):
    """A merged model: its result, where it lies, what it was made from, and as an asset its recipe and run."""

    key: Annotated[str, "digest of adapter, base and code: the same merge has the same key"]
    path: Annotated[str, "folder of the checkpoint"]
    adapter_path: Annotated[str, "folder of what was trained"]
    adapter_digest: Annotated[str, "digest of its weights"]
    adapter_template: Annotated[str, "digest of the chat template that it was trained under"]
    base_revision: Annotated[str, "revision of the base, made of all that it holds"]
    recipe: Annotated[str, "name of the recipe"] = ""
    run_id: Annotated[str, "the training's run"] = ""

    @classmethod
    def of_result(
        cls, result: Mapping[str, Any], key: str, folder: Path, adapter: TrainingRecord, base_revision: str
    ) -> "MergedRecord":
        """Return the record of a result.json with what was merged; InputError where it is not whole."""
        added = {
            "key": key,
            "path": str(folder),
            "adapter_path": adapter.path,
            "adapter_digest": adapter.digest,
            "adapter_template": adapter.template_digest,
            "base_revision": base_revision,
        }
        return from_stored(cls, {**result, **added}, f"the result in {folder}", _FIX, whole=False)

    @classmethod
    def read(cls, stored: Mapping[str, Any], name: str) -> "MergedRecord":
        """Return the asset's record that `as_json` stored under a name; InputError names what is missing."""
        return from_stored(cls, stored, f"the merged model's record '{name}'", _FIX)
