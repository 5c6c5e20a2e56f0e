"""What LLaMA-Factory 0.9.5's own SFT and DPO examples write, typed from them: the keys of all, and what differs."""

from typing import Any

COMMON: dict[str, Any] = {
    "model_name_or_path": "Qwen/Qwen3-4B-Instruct-2507", "trust_remote_code": True, "stage": "sft", "do_train": True,
    "finetuning_type": "lora", "lora_rank": 8, "lora_target": "all", "dataset": "identity,alpaca_en_demo",
    "template": "qwen3_nothink", "cutoff_len": 2048, "max_samples": 1000, "preprocessing_num_workers": 16,
    "dataloader_num_workers": 4, "output_dir": "saves/qwen3-4b/lora/sft", "logging_steps": 10, "save_steps": 500,
    "plot_loss": True, "overwrite_output_dir": True, "save_only_model": False, "report_to": "none",
    "per_device_train_batch_size": 1, "gradient_accumulation_steps": 8, "learning_rate": "1.0e-4",
    "num_train_epochs": 3.0, "lr_scheduler_type": "cosine", "warmup_ratio": 0.1, "bf16": True,
    "ddp_timeout": 180000000, "resume_from_checkpoint": None,
}  # fmt: skip
COMMENTED = {"val_size": 0.1, "per_device_eval_batch_size": 1, "eval_strategy": "steps", "eval_steps": 500}
"""What the examples show as comments to be switched on."""
_DPO = {"stage": "dpo", "pref_beta": 0.1, "pref_loss": "sigmoid", "dataset": "dpo_en_demo", "learning_rate": "5.0e-6"}
_VISION = {"image_max_pixels": 262144, "video_max_pixels": 16384, "template": "qwen3_vl_nothink"}
_LLAMA = {"template": "llama3", "output_dir": "saves/llama3-8b/lora/sft"}
_FULL = {"finetuning_type": "full", "learning_rate": "1.0e-5", "gradient_accumulation_steps": 2}
_ZERO3 = {"deepspeed": "examples/deepspeed/ds_z3_config.json"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "train_lora/qwen3_lora_sft.yaml": {},
    "train_lora/qwen3_lora_sft.sh": {},
    "train_lora/qwen3_lora_dpo.yaml": _DPO,
    "train_lora/qwen3_lora_sft_ds3.yaml": _ZERO3,
    "train_lora/qwen3_lora_sft_ray.yaml": {"dataset_dir": "REMOTE:llamafactory/demo_data", "ray_num_workers": 4},
    "train_lora/qwen3vl_lora_sft.yaml": _VISION,
    "train_lora/qwen3vl_lora_dpo.yaml": {**_DPO, **_VISION},
    "train_full/qwen3_full_sft.yaml": {**_FULL, **_ZERO3},
    "train_full/qwen3vl_full_sft.yaml": {**_FULL, **_ZERO3, **_VISION, "freeze_vision_tower": True,
                                         "freeze_multi_modal_projector": True, "freeze_language_model": False},
    "train_qlora/llama3_lora_sft_aqlm.yaml": _LLAMA,
    "train_qlora/llama3_lora_sft_awq.yaml": _LLAMA,
    "train_qlora/llama3_lora_sft_gptq.yaml": _LLAMA,
    "train_qlora/qwen3_lora_sft_otfq.yaml": {"quantization_bit": 4, "quantization_method": "bnb"},
    "train_qlora/qwen3_lora_sft_bnb_npu.yaml": {"quantization_bit": 4, "quantization_method": "bnb",
                                                "double_quantization": False},
}  # fmt: skip
EXTRAS: dict[str, Any] = {
    "use_kt": True,
    "fsdp": "full_shard", "fsdp_transformer_layer_cls_to_wrap": "X", "use_galore": True, "galore_rank": 128,
    "galore_target": "mlp", "galore_scale": 2.0, "galore_layerwise": True, "use_apollo": True, "apollo_rank": 256,
    "use_badam": True, "badam_mode": "layer", "badam_verbose": 2, "use_adam_mini": True, "use_muon": True,
    "use_llama_pro": True, "loraplus_lr_ratio": 16.0, "mixture_of_depths": "convert", "oft_block_size": 32,
    "oft_target": "all", "pissa_init": True, "pissa_iter": 16, "pissa_convert": True, "use_dft_loss": True,
    "use_asft_loss": True, "asft_alpha": 0.1, "fp8": True, "fp8_backend": "torchao",
    "stage": "kto", "finetuning_type": "oft", "pref_loss": "simpo", "quantization_method": "hqq",
    "resume_from_checkpoint": "saves/checkpoint-500", "do_train": False,
}  # fmt: skip
"""Keys and values of the other examples (examples/extras and the comments) that Graftline refuses."""
SPEED_LOGGING_CHECKPOINTS: dict[str, Any] = {
    "flash_attn": "fa2", "gradient_checkpointing": True, "report_to": "wandb", "save_strategy": "epoch",
    "enable_liger_kernel": True, "logging_dir": "logs", "use_unsloth": True, "use_unsloth_gc": True,
    "use_v1_kernels": True, "use_reentrant_gc": False, "torch_compile": True, "tf32": True, "logging_strategy": "epoch",
    "disable_tqdm": True, "use_swanlab": True, "swanlab_project": "mine", "profiler_output_dir": "traces",
    "enable_torch_profiler": True, "dataloader_persistent_workers": True, "save_safetensors": True,
    "include_effective_tokens_per_second": True,
}  # fmt: skip
"""Keys that ask only for speed, logging or checkpoints: noted at any value."""


def example(name: str) -> dict[str, Any]:
    """Return an example's keys and values."""
    values = {**COMMON, **EXAMPLES[name]}
    if name.startswith("train_full"):
        values = {key: value for key, value in values.items() if key not in ("lora_rank", "lora_target")}
    return values
