"""What of a model a recipe trains: an adapter, all of it, or some layers. Only the training's child calls this."""

import re
from collections.abc import Sequence
from typing import Any

from pipelines.core.errors import InputError
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.tasks import task_of
from pipelines.text.nearest import nearest_name


def apply_method(model: Any, recipe: Recipe) -> Any:
    """Return the model with an adapter (lora), or with all (full) or some layers (freeze) left to train."""
    if recipe.finetuning_type == "lora":
        return _with_adapter(model, recipe)
    if recipe.finetuning_type == "freeze":
        _freeze(model, recipe)
    return model


def _with_adapter(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if recipe.quantization_bit:
        # Without its float32 copy of norms and embeddings: bfloat16 has the range, and this takes half the memory.
        for parameter in model.parameters():
            parameter.requires_grad = False
        if not recipe.keeps_activations(next(model.parameters()).device.type == "cuda"):
            model = prepare_model_for_kbit_training(model)
    _require_modules(model, recipe)
    config = LoraConfig(
        task_type=task_of(recipe).adapter_type,
        r=recipe.lora_rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=recipe.targets or "all-linear",
        modules_to_save=_names(recipe.additional_target) or None,
        use_dora=recipe.use_dora,
        use_rslora=recipe.use_rslora,
    )
    try:
        wrapped = get_peft_model(model, config)
    except ValueError as error:  # a module of a kind that PEFT has no adapter for
        raise InputError(
            f"lora_target: {recipe.lora_target}",
            str(error).split("\n")[0],
            f"linear layers: {', '.join(_linear_names(model))}",
            "name these in lora_target, or leave it out for all of them",
        ) from error
    for parameter in wrapped.parameters():
        if parameter.requires_grad:  # in bfloat16 most of AdamW's steps are lost
            parameter.data = parameter.data.float()
    return wrapped


def _require_modules(model: Any, recipe: Recipe) -> None:
    """InputError for a name that is no module's: PEFT passes over it in silence where another one fits."""
    names = [name for name, _ in model.named_modules()]
    for target in recipe.targets or []:
        if not any(f".{name}".endswith(f".{target}") for name in names):
            raise _unknown("lora_target", target, _linear_names(model))
    for target in _names(recipe.additional_target):
        if not any(name.endswith(target) for name in names):  # as PEFT has it: `norm` means input_layernorm too
            known = sorted({name.rsplit(".", 1)[-1] for name, part in model.named_modules() if _has_weights(part)})
            raise _unknown("additional_target", target, known)


def _unknown(key: str, name: str, known: Sequence[str]) -> InputError:
    near = nearest_name(name, known, likeness=0.6)
    fix = f"write {near} instead of {name}" if near else f"remove '{name}' from {key}"
    return InputError(
        f"the recipe's {key}", f"'{name}', which is no module of this model", f"one of {', '.join(known)}", fix
    )


def _linear_names(model: Any) -> list[str]:
    head = model.get_output_embeddings()
    parts = [(name, part) for name, part in model.named_modules() if part is not head and _has_weights(part)]
    kinds = ("Linear", "Conv1D")  # bitsandbytes' are Linear4bit and Linear8bitLt
    return sorted({name.rsplit(".", 1)[-1] for name, part in parts if any(k in type(part).__name__ for k in kinds)})


def _has_weights(module: Any) -> bool:
    return any(True for _ in module.parameters(recurse=False))


def _freeze(model: Any, recipe: Recipe) -> None:
    layers = model.get_decoder().layers
    count = recipe.freeze_trainable_layers
    chosen = range(len(layers))[-count:] if count > 0 else range(len(layers))[:-count]
    parts = _names(recipe.freeze_trainable_modules)
    inside = [] if parts == ["all"] else parts
    extra = _names(recipe.freeze_extra_modules)
    names = [name for name, _ in model.named_parameters()]
    trained = {name for name in names if _in_layers(name, chosen, inside) or _names_one(name, extra)}
    for part in inside + extra:
        if not any(_names_one(name, [part]) for name in names):
            shown = sorted({piece for name in names for piece in name.split(".")[:-1] if not piece.isdigit()})
            raise InputError(
                "freeze_trainable_modules and freeze_extra_modules",
                f"'{part}'",
                f"one of {', '.join(shown)}",
                f"name a module of this model instead of '{part}'",
            )
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name in trained


def _in_layers(name: str, chosen: range, parts: list[str]) -> bool:
    found = re.search(r"\.(?:layers|h|blocks)\.(\d+)\.", name)
    return found is not None and int(found.group(1)) in chosen and (not parts or _names_one(name, parts))


def _names_one(name: str, parts: list[str]) -> bool:
    return any(f".{part}." in f".{name}" for part in parts)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]
