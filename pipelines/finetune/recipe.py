"""A training recipe: LLaMA-Factory's own keys, each honoured or refused, never silently dropped."""

import difflib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import InputError
from pipelines.identity import json_digest

SMALL_MODEL = "smollm2"
"""The name that recipes use for the packaged small model."""


class Recipe(BaseModel):
    """How to train one adapter; defaults are LLaMA-Factory's except where a description says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_name_or_path: str = Field(
        default=SMALL_MODEL, description="hub name, folder, or 'smollm2': the packaged small model"
    )
    trust_remote_code: bool = Field(default=False, description="run code that ships with the model")
    stage: Literal["sft", "dpo"] = Field(default="sft", description="supervised fine-tuning, or preferences")
    finetuning_type: Literal["lora", "full", "freeze"] = Field(default="lora", description="what is trained")
    lora_rank: int = Field(default=8, ge=1, description="rank r of the update BA")
    lora_alpha: int | None = Field(
        default=None, ge=1, description="alpha / rank scales the update; unset: twice the rank"
    )
    lora_dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout before A")
    lora_target: str = Field(default="all", description="'all' linear layers but the head, or names divided by commas")
    use_dora: bool = Field(default=False, description="weight-decomposed LoRA (Liu et al. 2024)")
    use_rslora: bool = Field(default=False, description="scale by alpha / sqrt(rank) (Kalajdzievski 2023)")
    freeze_trainable_layers: int = Field(
        default=2, description="freeze: train the last n layers, or the first n if negative"
    )
    quantization_bit: Literal[4, 8] | None = Field(
        default=None, description="bits of the frozen base (QLoRA); unset: all"
    )
    quantization_type: Literal["nf4", "fp4"] = Field(default="nf4", description="data type of a 4-bit base")
    double_quantization: bool = Field(
        default=True, description="quantise the 4-bit constants too (Dettmers et al. 2023)"
    )
    cutoff_len: int = Field(default=2048, ge=8, description="tokens of a conversation that are kept, from its start")
    max_samples: int | None = Field(default=None, ge=1, description="train on the first so many rows only")
    per_device_train_batch_size: int = Field(default=1, ge=1, description="rows of one forward pass")
    gradient_accumulation_steps: int = Field(default=1, ge=1, description="forward passes of one update")
    group_by_length: bool = Field(
        default=True, description="batches of like length, so that little is padded (ours: on)"
    )
    learning_rate: float = Field(default=5e-5, gt=0, description="peak of the schedule")
    num_train_epochs: float = Field(default=3.0, gt=0, description="passes over the rows")
    max_steps: int = Field(default=-1, ge=-1, description="updates in all; -1: as the epochs say")
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt"] = (
        Field("cosine", description="course of the learning rate")
    )
    warmup_ratio: float = Field(default=0.0, ge=0, lt=1, description="share of the updates in which the rate rises")
    weight_decay: float = Field(default=0.0, ge=0, description="of AdamW")
    adam_beta2: float = Field(default=0.999, gt=0, lt=1, description="of AdamW")
    max_grad_norm: float = Field(default=1.0, ge=0, description="gradients are scaled down to this norm; 0: never")
    neftune_noise_alpha: float | None = Field(
        default=None, gt=0, description="noise on the embeddings (Jain et al. 2023)"
    )
    disable_gradient_checkpointing: bool = Field(
        default=True, description="keep activations: faster, more memory (ours: on)"
    )
    bf16: bool = Field(default=True, description="bfloat16 arithmetic (ours: on)")
    seed: int = Field(default=42, ge=0, description="of adapter, order of rows and dropout")
    logging_steps: int = Field(default=5, ge=1, description="updates from one logged loss to the next")
    save_steps: int = Field(default=50, ge=1, description="updates from one checkpoint to the next")

    dataset: str | None = Field(default=None, description="names of datasets divided by commas; unset: all")
    eval_dataset: str | None = Field(default=None, description="names of the datasets that are held out")
    packing: bool = Field(default=False, description="short samples share a row of cutoff_len tokens")
    neat_packing: bool = Field(default=False, description="packing whose samples don't see each other (ours never do)")
    train_on_prompt: bool = Field(default=False, description="loss on the prompt too")
    mask_history: bool = Field(default=False, description="loss on the last answer alone")
    optim: str = Field(default="adamw_torch", description="optimiser")
    pref_beta: float = Field(default=0.1, gt=0, description="strength of the preference loss")
    pref_loss: str = Field(default="sigmoid", description="kind of preference loss")
    pref_ftx: float = Field(default=0.0, ge=0, description="weight of the supervised loss beside it")
    dpo_label_smoothing: float = Field(default=0.0, ge=0, lt=0.5, description="share of wrong preferences")
    additional_target: str | None = Field(default=None, description="modules that are trained whole")
    freeze_trainable_modules: str = Field(default="all", description="freeze: parts of the chosen layers")
    freeze_extra_modules: str | None = Field(default=None, description="freeze: further modules that train")
    warmup_steps: int = Field(default=0, ge=0, description="updates in which the rate rises")
    adam_beta1: float = Field(default=0.9, gt=0, lt=1, description="of AdamW")
    adam_epsilon: float = Field(default=1e-8, gt=0, description="of AdamW")
    eval_strategy: Literal["no", "steps", "epoch"] = Field(default="no", description="when to evaluate")
    eval_steps: int | None = Field(default=None, ge=1, description="updates from one evaluation to the next")
    per_device_eval_batch_size: int = Field(default=8, ge=1, description="rows of one evaluation pass")
    early_stopping_steps: int | None = Field(default=None, ge=1, description="evaluations without a better loss")
    fp16: bool = Field(default=False, description="float16 arithmetic")
    pure_bf16: bool = Field(default=False, description="bfloat16 weights too")
    save_total_limit: int | None = Field(default=None, ge=1, description="checkpoints kept")
    data_seed: int | None = Field(default=None, description="of the order of rows")

    @model_validator(mode="after")
    def _agrees(self) -> "Recipe":
        if self.quantization_bit and self.finetuning_type != "lora":
            raise ValueError(f"quantization_bit needs finetuning_type: lora, not {self.finetuning_type}")
        if self.finetuning_type == "freeze" and self.freeze_trainable_layers == 0:
            raise ValueError("freeze_trainable_layers: 0 trains nothing")
        if self.finetuning_type != "lora" and (self.use_dora or self.use_rslora):
            raise ValueError("use_dora and use_rslora need finetuning_type: lora")
        return self

    @property
    def alpha(self) -> int:
        """lora_alpha, or twice the rank where the recipe leaves it out."""
        return self.lora_alpha or 2 * self.lora_rank

    @property
    def targets(self) -> list[str] | None:
        """Names of the layers to adapt; None for all linear ones."""
        names = [name.strip() for name in self.lora_target.split(",") if name.strip()]
        return None if names == ["all"] else names

    def digest(self) -> str:
        """Return the digest of the resolved values: a comment or a spelled-out default changes nothing."""
        return json_digest(self.model_dump())


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; InputError names file, key and the nearest known key."""
    if not path.is_file():
        near = sorted(other.stem for other in path.parent.glob("*.yaml"))
        raise InputError(
            str(path),
            "no such recipe",
            f"one of {', '.join(near) or 'no recipes here'}",
            "choose one of these, or add it below GRAFTLINE_RECIPES",
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(str(path), str(error).replace("\n", " "), "UTF-8 YAML", f"correct {path.name}") from error
    if not isinstance(values, dict):
        raise InputError(
            str(path),
            type(values).__name__,
            "a mapping of keys to values",
            f"see recipes/lora.yaml; correct {path.name}",
        )
    return _checked(values, path)


def _checked(values: dict[str, Any], path: Path) -> Recipe:
    for key in values:
        if key not in Recipe.model_fields:
            near = difflib.get_close_matches(str(key), Recipe.model_fields, n=1, cutoff=0.5)
            hint = f"'{near[0]}'" if near else f"one of {', '.join(sorted(Recipe.model_fields))}"
            raise InputError(f"{path}, key '{key}'", "an unknown key", hint, f"rename or remove '{key}' in {path.name}")
    try:
        return Recipe(**_numbers(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the keys together"
        given = first["input"] if first["loc"] else "values that contradict each other"
        raise InputError(
            f"{path}, key '{key}'", repr(given), first["msg"], f"correct '{key}' in {path.name}"
        ) from error


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    # YAML 1.1 reads `5e-4` (no dot) as text, and LLaMA-Factory's own examples write it so.
    floats = {name for name, field in Recipe.model_fields.items() if "float" in str(field.annotation)}
    return {key: _number(value) if key in floats and isinstance(value, str) else value for key, value in values.items()}


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
