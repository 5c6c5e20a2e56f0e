"""LLaMA-Factory's other keys: which are only noted and which are refused with what to use."""

from dataclasses import dataclass
from typing import Any

from pipelines.text.nearest import nearest_name

ALIASES = {"add_special_tokens": "new_special_tokens", "evaluation_strategy": "eval_strategy"}
"""Other names of honoured keys."""


NOTED = {
    "do_train": "training is what this command does",
    "do_eval": "the asset evaluation measures held-out rows after every training",
    "overwrite_output_dir": "a finished training is kept under its key; another recipe gets another key",
    "save_only_model": "checkpoints hold all that resuming needs and go once the training is complete",
    "plot_loss": "loss and learning rate are always drawn, in Dagster and MLflow",
    "overwrite_cache": "cached tokens are keyed by rows, template and length, so none is ever stale",
    "preprocessing_num_workers": "rows are tokenised in the training process, once, and cached by hash",
    "preprocessing_batch_size": "rows are tokenised in the training process, once, and cached by hash",
    "dataloader_num_workers": "the rows are token ids already; the training process collates them itself",
    "dataloader_pin_memory": "memory is pinned where there is a GPU",
    "ddp_timeout": "under `accelerate launch`, torch.distributed's own time-out holds",
    "report_to": "every training is one MLflow run",
    "logging_first_step": "the first update is always logged",
    "include_num_input_tokens_seen": "tokens are always counted, padding left out",
    "include_effective_tokens_per_second": "tokens and seconds of every training stand in its record",
    "low_cpu_mem_usage": "weights are always read straight into place",
    "use_fast_tokenizer": "the tokenizer is always the fast one",
    "print_param_status": "the asset model_profile says what is trained",
    "log_level": "progress goes to stderr and to child.log",
    "quantization_method": "bitsandbytes quantises",
    "flash_attn": "attention is chosen by device: PyTorch's own, and segments never see each other",
    **dict.fromkeys(
        ("enable_liger_kernel", "use_unsloth", "use_v1_kernels", "torch_compile", "torch_compile_backend",
         "torch_compile_mode"),
        "asks for speed alone: the training engine's own kernels are used, with the same results",
    ),
    **dict.fromkeys(
        ("gradient_checkpointing", "gradient_checkpointing_kwargs", "use_unsloth_gc", "use_reentrant_gc"),
        "disable_gradient_checkpointing says whether activations are kept; unset: on a CPU only",
    ),
    "tf32": "asks for speed alone: the precision is that of bf16, fp16 and pure_bf16",
    **dict.fromkeys(
        ("save_strategy", "save_safetensors", "save_on_each_node", "data_shared_file_system"),
        "checkpoints are written every save_steps, as safetensors, and go once the training is complete",
    ),
    **dict.fromkeys(
        ("logging_dir", "logging_strategy", "logging_nan_inf_filter", "log_on_each_node", "log_level_replica",
         "disable_tqdm", "use_swanlab"),
        "every training is one MLflow run, logged every logging_steps; progress goes to stderr and to child.log",
    ),
    **dict.fromkeys(
        ("enable_torch_profiler", "skip_memory_metrics"), "speed and memory of every training stand in its record",
    ),
    **dict.fromkeys(
        ("dataloader_prefetch_factor", "dataloader_persistent_workers", "torch_empty_cache_steps",
         "eval_accumulation_steps", "ddp_find_unused_parameters", "ddp_bucket_cap_mb", "ddp_broadcast_buffers"),
        "asks for speed or memory alone, and changes no result",
    ),
}  # fmt: skip
"""Keys without effect here: what happens instead. What asks for speed, logging or checkpoints alone is one of them."""


_NOTED_VALUES: dict[str, tuple[tuple[Any, ...], str]] = {
    "do_train": ((True, None), "`graftline run --select predictions,evaluation` evaluates without training"),
    "quantization_method": (("bnb", "bitsandbytes", None), "quantization_method: bnb (4 or 8 bits)"),
}


@dataclass(frozen=True)
class Refused:
    """Why a key is refused and what to use; at one of its neutral values nothing is asked, and nothing refused."""

    use: str
    neutral: tuple[Any, ...] = ()


_ACCELERATE = "start the training under `accelerate launch` (docs/finetuning/recipes.md, Several GPUs)"


_TEXT_ONLY = "a text model and text rows: Graftline trains language models on text only"


_LORA = "finetuning_type: lora, with use_dora or use_rslora for a variant"


_OPTIM = "optim: adamw_torch, or optim: paged_adamw_8bit for less memory on a GPU"


_ENGINE = "nothing: the training engine computes logits at answers only and packs without cross-attention"


_ENGINES = "GRAFTLINE_ENGINE and `graftline run --select predictions`"


_GENERATION = "nothing: predictions are generated greedily, so that they can be repeated"


_EXPORT = "the asset merged_model, which every training leads to (docs/finetuning)"


_DPO = "stage: dpo with pref_loss: sigmoid, hinge or ipo"


_ROWS = "the rows themselves: the asset instruction_dataset reads all of them, keeps and splits them"


REFUSED: dict[str, Refused] = {
    "deepspeed": Refused(_ACCELERATE), "fsdp": Refused(_ACCELERATE, ("", False)), "fsdp_config": Refused(_ACCELERATE),
    "fsdp_transformer_layer_cls_to_wrap": Refused(_ACCELERATE), "master_addr": Refused(_ACCELERATE),
    "master_port": Refused(_ACCELERATE), "local_rank": Refused(_ACCELERATE, (-1,)),
    "use_cpu": Refused("CUDA_VISIBLE_DEVICES= in the environment; without a GPU the CPU is used anyway", (False,)),
    "device_map": Refused(_ACCELERATE), "quantization_device_map": Refused(_ACCELERATE),
    "freeze_vision_tower": Refused(_TEXT_ONLY), "freeze_multi_modal_projector": Refused(_TEXT_ONLY),
    "freeze_language_model": Refused(_TEXT_ONLY), "crop_to_patches": Refused(_TEXT_ONLY, (False,)),
    "media_dir": Refused(_TEXT_ONLY), "use_audio_in_video": Refused(_TEXT_ONLY, (False,)),
    "mixture_of_depths": Refused("an ordinary checkpoint of the model"), "use_llama_pro": Refused(
        "finetuning_type: freeze with freeze_trainable_layers", (False,)),
    "train_from_scratch": Refused("a pretrained model in model_name_or_path", (False,)),
    "rope_scaling": Refused("a checkpoint whose config.json has rope_scaling"), "moe_aux_loss_coef": Refused(_ENGINE),
    "shift_attn": Refused("a smaller cutoff_len, or packing: true", (False,)),
    "upcast_layernorm": Refused("bf16: false, which computes in float32", (False,)),
    "upcast_lmhead_output": Refused("nothing: the loss is always taken in float32", (False, True)),
    "loraplus_lr_ratio": Refused(_LORA), "loraplus_lr_embedding": Refused(_LORA, (1e-6,)),
    "use_galore": Refused(_OPTIM, (False,)), "use_apollo": Refused(_OPTIM, (False,)),
    "use_badam": Refused(_OPTIM, (False,)), "use_adam_mini": Refused(_OPTIM, (False,)),
    "use_muon": Refused(_OPTIM, (False,)), "optim_args": Refused("adam_beta1, adam_beta2 and adam_epsilon"),
    "use_dft_loss": Refused("stage: sft with its ordinary loss", (False,)),
    "use_asft_loss": Refused("stage: sft with its ordinary loss", (False,)),
    "asft_alpha": Refused("stage: sft with its ordinary loss"),
    "use_eaft_loss": Refused("stage: sft with its ordinary loss", (False,)),
    "eaft_alpha": Refused("stage: sft with its ordinary loss"),
    "label_smoothing_factor": Refused("dpo_label_smoothing, for preference pairs", (0, 0.0)),
    "use_kt": Refused("quantization_bit: 4, for a base larger than memory", (False,)),
    "fp8": Refused("bf16: true", (False,)),
    "adapter_name_or_path": Refused(
        "model_name_or_path: the folder of the merged model, to go on from an adapter"),
    "adapter_folder": Refused("model_name_or_path: the folder of the merged model"),
    "create_new_adapter": Refused("model_name_or_path: the folder of the merged model", (False,)),
    "model_revision": Refused("model_name_or_path: a folder with that revision; the run records its digest", ("main",)),
    "cache_dir": Refused("HF_HOME in the environment"), "hf_hub_token": Refused("HF_TOKEN in the environment"),
    "ms_hub_token": Refused("model_name_or_path: a downloaded folder"),
    "om_hub_token": Refused("model_name_or_path: a downloaded folder"),
    "split_special_tokens": Refused("rows without special tokens in their text", (False,)),
    "new_special_tokens_config": Refused("new_special_tokens with resize_vocab: true"),
    "init_special_tokens": Refused("new_special_tokens with resize_vocab: true", ("noise_init",)),
    "streaming": Refused(_ROWS, (False,)), "buffer_size": Refused(_ROWS, (16384,)),
    "mix_strategy": Refused("dataset: a,b, whose rows are concatenated", ("concat",)),
    "interleave_probs": Refused("dataset: a,b, whose rows are concatenated"),
    "tokenized_path": Refused("nothing: tokens are cached by hash below GRAFTLINE_HOME"),
 "eval_num_beams": Refused(_GENERATION),
    "ignore_pad_token_for_loss": Refused("nothing: padding never carries loss", (True,)),
    "eval_on_each_dataset": Refused("eval_dataset, one recipe each", (False,)),
    "tool_format": Refused("template, which has its tool format with it"),
    "default_system": Refused("a system message in the rows"),
    "enable_thinking": Refused("a template without thinking, such as qwen3_nothink", (True,)),
    "preserve_thinking": Refused("rows whose earlier answers keep their thinking", (False,)),
    "disable_shuffling": Refused("seed or data_seed: the order of rows is repeatable", (False,)),
    "compute_accuracy": Refused("the asset evaluation", (False,)), "do_predict": Refused(_ENGINES, (False,)),
    "predict_with_generate": Refused("the asset predictions", (False,)),
    "freeze_extra": Refused("freeze_extra_modules"), "pref_bco_weight": Refused(_DPO, (0, 0.0)),
    "simpo_gamma": Refused(_DPO, (0.5,)), "ld_alpha": Refused(_DPO),
    "lr_scheduler_kwargs": Refused("another lr_scheduler_type"),
    "load_best_model_at_end": Refused("early_stopping_steps", (False,)),
    "metric_for_best_model": Refused("early_stopping_steps, which looks at the held-out loss"),
    "push_to_hub": Refused("`huggingface-cli upload` on the merged model's folder", (False,)),
    "auto_find_batch_size": Refused("per_device_train_batch_size; model_profile estimates the memory", (False,)),
    "infer_backend": Refused(_ENGINES), "infer_dtype": Refused(_ENGINES), "offload_folder": Refused(_ACCELERATE),
    "do_sample": Refused(_GENERATION), "temperature": Refused(_GENERATION), "top_p": Refused(_GENERATION),
    "top_k": Refused(_GENERATION), "num_beams": Refused(_GENERATION), "max_length": Refused("cutoff_len"),
    "max_new_tokens": Refused(_GENERATION), "repetition_penalty": Refused(_GENERATION),
    "length_penalty": Refused(_GENERATION), "use_kv_cache": Refused(_ENGINES),
}  # fmt: skip
"""LLaMA-Factory's keys that Graftline does without."""


_NOTED_FAMILIES = {
    "swanlab_": NOTED["use_swanlab"],
    "profiler_": NOTED["enable_torch_profiler"],
}
"""Prefixes whose keys are all noted for one reason."""


_FAMILIES: dict[str, Refused] = {
    "ray_": Refused(_ACCELERATE), "kt_": Refused("quantization_bit: 4, for a base larger than memory"),
    "image_": Refused(_TEXT_ONLY), "video_": Refused(_TEXT_ONLY), "audio_": Refused(_TEXT_ONLY),
    "ppo_": Refused(_DPO), "kto_": Refused(_DPO), "reward_model": Refused(_DPO), "ref_model": Refused(
        "nothing: the reference is the base itself, with the adapter off"),
    "galore_": Refused(_OPTIM), "apollo_": Refused(_OPTIM), "badam_": Refused(_OPTIM), "oft_": Refused(_LORA),
    "module_dropout": Refused("lora_dropout"), "pissa_": Refused(_LORA, (False,)),
    "fp8_": Refused("bf16: true", (False, "auto")),
    "export_": Refused(_EXPORT), "vllm_": Refused(_ENGINES), "sglang_": Refused(_ENGINES),
    "hub_": Refused("the merged folder"),
}  # fmt: skip
"""Prefixes whose keys are all refused for one reason."""


_VALUES: dict[tuple[str, str], str] = {
    ("stage", "pt"): "stage: sft on instruction rows; Graftline does no pre-training",
    ("stage", "rm"): _DPO, ("stage", "ppo"): _DPO, ("stage", "kto"): _DPO,
    ("finetuning_type", "oft"): _LORA, ("pref_loss", "orpo"): _DPO, ("pref_loss", "simpo"): _DPO,
    ("pref_loss", "kto_pair"): _DPO, ("quantization_bit", "2"): "quantization_bit: 4",
    ("quantization_bit", "3"): "quantization_bit: 4", ("quantization_bit", "5"): "quantization_bit: 8",
    ("quantization_bit", "6"): "quantization_bit: 8",
}  # fmt: skip
"""Values of honoured keys that LLaMA-Factory takes and Graftline refuses."""


def key_refusal(key: str, value: Any) -> str | None:
    """Return why LLaMA-Factory's key or value is refused and what to use, or None where it is not."""
    if (key, str(value)) in _VALUES:
        return f"{key}: {value} is LLaMA-Factory's and not done here; use {_VALUES[key, str(value)]}"
    if key in _NOTED_VALUES:
        accepted, use = _NOTED_VALUES[key]
        return None if _one_of(value, accepted) else f"{key}: {value} is LLaMA-Factory's and not done here; use {use}"
    if key == "resume_from_checkpoint" and isinstance(value, str) and value.lower() not in ("true", "false", "null"):
        return f"{key}: {value} is refused; use nothing: an interrupted training goes on from its own last checkpoint"
    rule = REFUSED.get(key) or next((rule for start, rule in _FAMILIES.items() if key.startswith(start)), None)
    if rule is None or value is None or _one_of(value, rule.neutral):
        return None
    return f"{key} is LLaMA-Factory's and refused here; use {rule.use}"


def is_neutral(key: str) -> bool:
    """Say whether a key is of those refused, or of a noted family: at a value that is not refused it has no effect."""
    return key in REFUSED or any(key.startswith(start) for start in (*_FAMILIES, *_NOTED_FAMILIES))


def key_note(key: str) -> str:
    """Return what happens instead of what a noted or neutral key asks for."""
    family = next((note for start, note in _NOTED_FAMILIES.items() if key.startswith(start)), None)
    return NOTED.get(key) or family or "asks for nothing that Graftline does not do anyway"


def nearest_key(key: str, honoured: list[str]) -> str:
    """Return the known key that is spelled most like this one, with what becomes of it."""
    known = [*honoured, *ALIASES, *NOTED, *REFUSED]
    near = nearest_name(key, known)
    if not near:
        return f"one of {', '.join(sorted(honoured))}"
    return f"'{near}'" + (" (which is refused)" if near in REFUSED else "")


def _one_of(value: Any, accepted: tuple[Any, ...]) -> bool:
    spelled = [str(one).lower() for one in accepted]  # a flag's "false" and YAML's false are the same
    return str(value).lower() in spelled or (isinstance(value, int | float) and value in accepted)
