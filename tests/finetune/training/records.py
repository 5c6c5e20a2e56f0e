"""The record of a training that ended well, for tests that need one."""

from typing import Any

from pipelines.finetune.training.record import TrainingRecord

RESULT: dict[str, Any] = {
    "digest": "weights", "steps": 52, "best_step": 52, "first_loss": 3.0, "last_loss": 1.5, "train_loss": 2.0,
    "held_out_loss_before": 2.0, "held_out_loss_after": 1.0, "rows": 72, "rows_without_loss": 0,
    "turns_without_loss": 0, "held_out_rows": 8,
    "noted": [], "tokens": 30, "seconds": 2.0, "tokens_per_second": 15.0, "trainable_parameters": 64,
    "peak_memory_bytes": 1000, "peak_gpu_memory_bytes": 0, "processes": 1, "device": "cpu", "precision": "float32",
    "gradient_checkpointing": False, "optimiser": "adamw_torch_fused", "template_digest": "t", "base_name": "org/tiny",
    "base_revision": "r1",
}  # fmt: skip
"""What a training's process writes into result.json, key for key."""
STORED: dict[str, Any] = {
    **RESULT, "key": "k", "path": "adapters/k", "recipe": "lora", "resolved": {"lora_rank": 8, "data_seed": None},
    "notes": ["plot_loss: True – drawn"], "vllm_lora": {"servable": True, "reasons": [], "command": "vllm serve x"},
    "curve": "loss.png", "dataset_path": "rows", "base_path": "base", "run_id": "run-k", "run_name": "lora · k",
}  # fmt: skip
"""What is stored of a tracked training, key for key."""


def training_record(**changes: Any) -> TrainingRecord:
    return TrainingRecord.read(STORED | changes, "adapter/lora")
