"""The base model in memory: loading, quantising, and what of it a recipe trains. Only child processes call this."""

import re
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.finetune.recipe import Recipe

_CPU_BFLOAT16 = re.compile(r"\b(avx512_bf16|amx_bf16|bf16)\b")


def uses_bfloat16(recipe: Recipe) -> bool:
    """Say whether to compute in bfloat16: where the recipe asks for it and the device has it.

    A CPU without the instructions emulates it at an eighth of float32's speed (measured: 17 against 127 GFLOP/s).
    """
    import torch

    if torch.cuda.is_available():
        return recipe.bf16 and torch.cuda.is_bf16_supported()
    flags = Path("/proc/cpuinfo")
    return recipe.bf16 and flags.exists() and bool(_CPU_BFLOAT16.search(flags.read_text(encoding="utf-8")))


def load_tokenizer(path: Path, recipe: Recipe) -> Any:
    """Return the tokenizer with the recipe's template and tokens, else its own template; InputError without one."""
    from transformers import AutoTokenizer

    from pipelines.finetune.tokenizing import prepare

    tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=recipe.trust_remote_code)
    prepare(tokenizer, recipe)
    if not tokenizer.chat_template:
        raise InputError(
            str(path),
            "a tokenizer without a chat template",
            "an instruction model's tokenizer",
            "add template: NAME to the recipe (chatml, or the model's family), or name an instruction model",
        )
    tokenizer.padding_side = "right"
    return tokenizer


def fit_vocabulary(model: Any, tokenizer: Any) -> None:
    """Make room for tokens that were added: new rows are drawn around the mean of the old (Hewitt 2021), seed 0."""
    if len(tokenizer) <= model.get_input_embeddings().weight.shape[0]:
        return
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=64)


def load_base(path: Path, recipe: Recipe) -> Any:
    """Return the base as the recipe trains on it: 16 or fewer bits under an adapter, else float32."""
    import torch
    from transformers import AutoModelForCausalLM

    compute = torch.bfloat16 if uses_bfloat16(recipe) else torch.float32
    # Weights that AdamW updates itself stay in float32: most of its steps are below bfloat16's resolution.
    dtype = compute if recipe.finetuning_type == "lora" else torch.float32
    options: dict[str, Any] = {"dtype": dtype, "trust_remote_code": recipe.trust_remote_code, "use_safetensors": True}
    if recipe.quantization_bit:
        options["quantization_config"] = _quantization(recipe, compute)
    if torch.cuda.is_available():
        options["device_map"] = {"": torch.cuda.current_device()}
    model = AutoModelForCausalLM.from_pretrained(path, **options)
    model.config.use_cache = False
    return model


def _quantization(recipe: Recipe, compute: Any) -> Any:
    from transformers import BitsAndBytesConfig

    if recipe.quantization_bit == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=recipe.quantization_type,
        bnb_4bit_compute_dtype=compute,
        bnb_4bit_use_double_quant=recipe.double_quantization,
    )


def wrap(model: Any, recipe: Recipe) -> Any:
    """Return the model with an adapter, or with all (full) or some layers (freeze) left to train."""
    if recipe.finetuning_type == "lora":
        from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

        if recipe.quantization_bit:
            # Without its float32 copy of norms and embeddings: bfloat16 has the range, and this takes half the memory.
            for parameter in model.parameters():
                parameter.requires_grad = False
            if not recipe.disable_gradient_checkpointing:
                model = prepare_model_for_kbit_training(model)
        return get_peft_model(
            model,
            LoraConfig(
                task_type="CAUSAL_LM",
                r=recipe.lora_rank,
                lora_alpha=recipe.alpha,
                lora_dropout=recipe.lora_dropout,
                target_modules=recipe.targets or "all-linear",
                use_dora=recipe.use_dora,
                use_rslora=recipe.use_rslora,
            ),
        )
    if recipe.finetuning_type == "freeze":
        _freeze(model, recipe.freeze_trainable_layers)
    return model


def _freeze(model: Any, layers: int) -> None:
    every = model.get_decoder().layers
    chosen = every[-layers:] if layers > 0 else every[:-layers]
    for parameter in model.parameters():
        parameter.requires_grad = False
    for parameter in chosen.parameters():
        parameter.requires_grad = True


def name_base(model: Any, name: str, hub_revision: str | None) -> None:
    """Write the base's hub name (and revision, where it came from the hub) where its local path would stand."""
    for config in getattr(model, "peft_config", {}).values():
        config.base_model_name_or_path = name
        config.revision = hub_revision
    model.config._name_or_path = name
