"""The record of a merge that ended well, for tests that need one."""

from typing import Any

from pipelines.finetune.merging.record import MergedRecord

RESULT: dict[str, Any] = {
    "digest": "merged", "compared_rows": 8, "compared_tokens": 40, "merge_difference": 1e-5,
    "merge_mean_difference": 1e-6, "trained_difference": 1e-5, "trained_mean_difference": 1e-6,
    "stored_difference": 0.1, "stored_mean_difference": 0.01, "base_difference": 0.3, "base_mean_difference": 0.02,
    "merged_onto": "the base", "template_digest": "t", "bytes": 9, "device": "cpu", "peak_memory_bytes": 1000,
}  # fmt: skip
"""What a merge's process writes into result.json, key for key."""
STORED: dict[str, Any] = {
    **RESULT, "key": "m", "path": "merged/m", "adapter_path": "adapters/k", "adapter_digest": "weights",
    "adapter_template": "t", "base_revision": "r1", "recipe": "lora", "run_id": "run-k",
}  # fmt: skip
"""What is stored of a merged model, key for key."""


def merged_record(**changes: Any) -> MergedRecord:
    return MergedRecord.read(STORED | changes, "merged_model/lora")
