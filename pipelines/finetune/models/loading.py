"""The base model in memory: precision, loading and quantising. Only child processes call this."""

from pathlib import Path
from typing import Any

from pipelines.compute.processor import fast_bfloat16
from pipelines.core.errors import InputError
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.tasks import task_of


def precision(recipe: Recipe) -> str:
    """Return "bfloat16", "float16" or "float32": what to compute in, of what the recipe asks for and the device has.

    A CPU without bfloat16's instructions emulates it at an eighth of float32's speed (measured: 17 against 127
    GFLOP/s), and none has float16's: there `fp16: true` alone means float32.
    """
    import torch

    if torch.cuda.is_available():
        if recipe.fp16:
            return "float16"
        return "bfloat16" if (recipe.bf16 or recipe.pure_bf16) and torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if (recipe.bf16 or recipe.pure_bf16) and fast_bfloat16() else "float32"


def load_tokenizer(path: Path, recipe: Recipe) -> Any:
    """Return the tokenizer with the recipe's template and tokens, else its own template; InputError without one."""
    from transformers import AutoTokenizer

    from pipelines.finetune.templates.tokenizing import prepare_tokenizer

    tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=recipe.trust_remote_code)
    prepare_tokenizer(tokenizer, recipe)
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
    import transformers

    compute = getattr(torch, precision(recipe))
    # Weights that AdamW updates itself stay in float32: most of its steps are below bfloat16's resolution.
    low = recipe.finetuning_type == "lora" or (recipe.pure_bf16 and compute == torch.bfloat16)
    dtype = compute if low else torch.float32
    options: dict[str, Any] = {"dtype": dtype, "trust_remote_code": recipe.trust_remote_code, "use_safetensors": True}
    if recipe.quantization_bit:
        options["quantization_config"] = quantization(recipe, compute)
    if torch.cuda.is_available():
        options["device_map"] = {"": torch.cuda.current_device()}
    model = getattr(transformers, task_of(recipe).model_class).from_pretrained(path, **options)
    model.config.use_cache = False
    keep_differentiable(model)
    return model


def keep_differentiable(model: Any) -> None:
    """Keep 4-bit layers in the form that gradients flow through.

    On CPUs with AVX512-BF16, bitsandbytes 0.50 repacks a layer at its first evaluation for a kernel without a backward
    pass, and a training that follows goes on with silently wrong gradients.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            setattr(module, "support_avx512bf16_for_cpu", False)  # noqa: B010 - not an attribute that mypy knows


def quantization(recipe: Recipe, compute: Any) -> Any:
    """Return how the base is quantised (4 or 8 bits), computing in the dtype `compute`."""
    from transformers import BitsAndBytesConfig

    if recipe.quantization_bit == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=recipe.quantization_type,
        bnb_4bit_compute_dtype=compute,
        bnb_4bit_use_double_quant=recipe.double_quantization,
    )


def name_base(model: Any, name: str, hub_revision: str | None) -> None:
    """Write the base's hub name (and revision, where it came from the hub) where its local path would stand."""
    for config in getattr(model, "peft_config", {}).values():
        config.base_model_name_or_path = name
        config.revision = hub_revision
    model.config._name_or_path = name
