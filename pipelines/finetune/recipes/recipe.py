"""A training recipe: LLaMA-Factory's own keys, each honoured, noted or refused, never silently dropped."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines.core.identity import json_digest
from pipelines.finetune.recipes.keys import ALIASES, NOTED, is_neutral, key_note, key_refusal, nearest_key
from pipelines.finetune.recipes.stages import SFT, STAGES, keys_of_other_stages
from pipelines.measuring.metrics import meant_metric, metric_names

SMALL_MODEL = "smollm2"
"""The name that recipes use for the packaged small model."""

_IDLE = ("output_dir", "resume_from_checkpoint", "val_size")
_SAME_TRAINING = (*_IDLE, "noted", "run_name", "dataset_dir", "logging_steps", "save_steps", "save_total_limit",
                  "per_device_eval_batch_size", "metrics")  # fmt: skip
_LATER = ("add_tokens",)
"""Keys that came after trainings were stored: unset, they change none of these."""
Schedule = Literal[
    "linear", "cosine", "cosine_with_restarts", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt"
]
Optimiser = Literal[
    "adamw_torch", "adamw_torch_fused", "adamw_8bit", "adamw_bnb_8bit", "paged_adamw", "paged_adamw_32bit",
    "paged_adamw_8bit", "adafactor", "sgd",
]  # fmt: skip


class Recipe(BaseModel):
    """How to train one adapter; defaults are LLaMA-Factory's except where a description says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_name_or_path: str = Field(SMALL_MODEL, description="hub name, folder, or 'smollm2': the packaged small model")
    trust_remote_code: bool = Field(False, description="run code that ships with the model")
    stage: str = Field(SFT.name, description=", or ".join(stage.about for stage in STAGES.values()))
    finetuning_type: Literal["lora", "full", "freeze"] = Field("lora", description="what is trained")

    lora_rank: int = Field(8, ge=1, description="rank r of the update BA")
    lora_alpha: int | None = Field(None, ge=1, description="alpha / rank scales the update; unset: twice the rank")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="dropout before A")
    lora_target: str = Field("all", min_length=1, description="'all' linear layers but the head, or names by commas")
    additional_target: str | None = Field(None, description="modules trained in full beside LoRA (modules_to_save)")
    use_dora: bool = Field(False, description="weight-decomposed LoRA (Liu et al. 2024)")
    use_rslora: bool = Field(False, description="scale by alpha / sqrt(rank) (Kalajdzievski 2023)")
    freeze_trainable_layers: int = Field(2, description="freeze: train the last n layers, the first n if negative")
    freeze_trainable_modules: str = Field("all", description="freeze: 'all', or names of modules inside these layers")
    freeze_extra_modules: str | None = Field(None, description="freeze: modules outside the layers that train too")
    quantization_bit: Literal[4, 8] | None = Field(None, description="bits of the frozen base (QLoRA); unset: all")
    quantization_type: Literal["nf4", "fp4"] = Field("nf4", description="data type of a 4-bit base")
    double_quantization: bool = Field(True, description="quantise the 4-bit constants too (Dettmers et al. 2023)")
    add_tokens: str | None = Field(None, description="ordinary tokens to add, by commas: decoded like any word")
    new_special_tokens: str | None = Field(
        None, description="special tokens to add, by commas: left out of what is read"
    )
    resize_vocab: bool = Field(False, description="let the embeddings grow with the tokenizer")

    dataset: str | None = Field(None, description="names of datasets, by commas; unset: every row")
    eval_dataset: str | None = Field(
        None, description="held out whole, to measure the loss; unset: some of dataset, by source"
    )
    dataset_dir: str | None = Field(None, description="folder of the datasets; unset: GRAFTLINE_INSTRUCTIONS")
    val_size: float = Field(0.0, ge=0, description="noted: instruction_dataset holds rows out, by source")
    max_samples: int | None = Field(None, ge=1, description="at most so many rows of each dataset, by their id (ours)")
    template: str | None = Field(None, description="chat template by LLaMA-Factory's name; unset: the model's own")
    cutoff_len: int = Field(2048, ge=8, description="tokens of a conversation that are kept, from its start")
    train_on_prompt: bool = Field(False, description="loss on the questions too")
    mask_history: bool = Field(False, description="loss on the last answer only")
    packing: bool = Field(False, description="several conversations in a sequence; none sees another (ours)")
    neat_packing: bool = Field(False, description="the same as packing: here no conversation ever sees another")
    group_by_length: bool = Field(True, description="batches of like length, so that little is padded (ours: on)")

    pref_beta: float = Field(0.1, gt=0, description="dpo: weight of the distance from the base")
    pref_loss: Literal["sigmoid", "hinge", "ipo"] = Field("sigmoid", description="dpo: form of the loss")
    pref_ftx: float = Field(0.0, ge=0, description="dpo: weight of the supervised loss on the chosen answer")
    dpo_label_smoothing: float = Field(0.0, ge=0, lt=0.5, description="dpo: share of pairs taken as swapped (cDPO)")

    per_device_train_batch_size: int = Field(1, ge=1, description="rows of one forward pass (ours: 1)")
    per_device_eval_batch_size: int = Field(8, ge=1, description="rows of one forward pass without gradients")
    gradient_accumulation_steps: int = Field(1, ge=1, description="forward passes of one update")
    learning_rate: float = Field(5e-5, gt=0, description="peak of the schedule")
    num_train_epochs: float = Field(3.0, gt=0, description="passes over the rows")
    max_steps: int = Field(-1, ge=-1, description="updates in all; -1: as the epochs say")
    lr_scheduler_type: Schedule = Field("cosine", description="course of the learning rate (ours: cosine)")
    warmup_ratio: float = Field(0.0, ge=0, lt=1, description="share of the updates in which the rate rises")
    warmup_steps: int = Field(0, ge=0, description="updates in which the rate rises")
    optim: Optimiser = Field("adamw_torch", description="optimiser; paged and 8-bit ones need a GPU")
    weight_decay: float = Field(0.0, ge=0, description="of AdamW")
    adam_beta1: float = Field(0.9, gt=0, lt=1, description="of AdamW")
    adam_beta2: float = Field(0.999, gt=0, lt=1, description="of AdamW")
    adam_epsilon: float = Field(1e-8, gt=0, description="of AdamW")
    max_grad_norm: float = Field(1.0, ge=0, description="gradients are scaled down to this norm; 0: never")
    neftune_noise_alpha: float | None = Field(None, gt=0, description="noise on the embeddings (Jain et al. 2023)")
    disable_gradient_checkpointing: bool | None = Field(
        None, description="keep activations: faster, more memory; unset: only on a CPU (ours)"
    )
    bf16: bool = Field(True, description="bfloat16 arithmetic where the device has it (ours: on, off with fp16)")
    fp16: bool = Field(False, description="float16 arithmetic on a GPU; a CPU computes in float32 instead")
    pure_bf16: bool = Field(False, description="weights in bfloat16 too, without a float32 copy")
    seed: int = Field(42, ge=0, description="of adapter, order of rows and dropout")
    data_seed: int | None = Field(None, ge=0, description="of the order of rows; unset: as seed")

    metrics: str | None = Field(
        None, description="metrics of the evaluation, by commas; the registry's for a dataset come first (ours)"
    )
    eval_strategy: Literal["no", "steps", "epoch"] = Field("no", description="when held-out loss is taken meanwhile")
    eval_steps: int | None = Field(None, ge=1, description="updates from one to the next; unset: logging_steps")
    early_stopping_steps: int | None = Field(None, ge=1, description="stop after so many without a better loss")
    logging_steps: int = Field(5, ge=1, description="updates from one logged loss to the next (ours)")
    save_steps: int = Field(50, ge=1, description="updates from one checkpoint to the next (ours)")
    save_total_limit: int = Field(2, ge=1, description="checkpoints kept while training (ours)")
    resume_from_checkpoint: bool | None = Field(None, description="noted: an interrupted training always goes on")
    output_dir: str | None = Field(None, description="noted: results lie below GRAFTLINE_HOME, under their key")
    run_name: str | None = Field(None, description="name of the MLflow run; unset: made of the recipe")
    noted: dict[str, Any] = Field(default_factory=dict, description="keys accepted without effect, as they were given")

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        given = {ALIASES.get(str(key), str(key)): value for key, value in values.items() if key != "noted"}
        reasons = []
        for key, value in given.items():
            reason = key_refusal(key, value)
            if reason is None and not (key in Recipe.model_fields or key in NOTED or is_neutral(key)):
                reason = f"{key} is an unknown key; expected {nearest_key(key, list(Recipe.model_fields))}"
            reasons += [reason] if reason else []
        if reasons:
            raise ValueError("; ".join(reasons))
        idle = {key: value for key, value in given.items() if key not in Recipe.model_fields}
        noted = {**values.get("noted", {}), **idle}
        kept = {key: _plain(key, value) for key, value in given.items() if key not in idle}
        kept = {key: value for key, value in kept.items() if value is not None}  # null asks for the default
        if kept.get("fp16") in (True, "true", "True") and "bf16" not in kept:
            kept["bf16"] = False
        return {**kept, "noted": noted} if noted else kept

    @field_validator("stage")
    @classmethod
    def _known_stage(cls, name: str) -> str:
        if name not in STAGES:
            raise ValueError(f"Input should be {' or '.join(repr(known) for known in STAGES)}")
        return name

    @field_validator("metrics")
    @classmethod
    def _known_metrics(cls, value: str | None) -> str | None:
        for name in names_in(value):
            if name not in metric_names():
                raise ValueError(f"no metric is called '{name}'; the nearest is '{meant_metric(name)}'")
        return value

    @model_validator(mode="after")
    def _agrees(self) -> "Recipe":
        reasons = contradictions(self)
        if reasons:
            raise ValueError(CONTRADICTIONS.join(reasons))
        return self

    @property
    def alpha(self) -> int:
        """lora_alpha, or twice the rank where the recipe leaves it out."""
        return self.lora_alpha or 2 * self.lora_rank

    @property
    def targets(self) -> list[str] | None:
        """Names of the layers to adapt; None for all linear ones."""
        return None if names_in(self.lora_target) == ["all"] else names_in(self.lora_target)

    @property
    def packs(self) -> bool:
        """True where conversations share a sequence: packing or neat_packing."""
        return self.packing or self.neat_packing

    def keeps_activations(self, on_gpu: bool) -> bool:
        """Say whether activations are kept for the backward pass; unset, as LLaMA-Factory has it on a GPU: no."""
        return not on_gpu if self.disable_gradient_checkpointing is None else self.disable_gradient_checkpointing

    def resolved(self) -> dict[str, Any]:
        """Return every key with the value that holds: defaults filled in, lora_alpha computed."""
        return {**self.model_dump(exclude={"noted"}), "lora_alpha": self.alpha, "packing": self.packs}

    def notes(self) -> list[str]:
        """Return one line for each key that is accepted but changes nothing here, saying what happens instead."""
        lines = [f"{key}: {value} – {key_note(key)}" for key, value in sorted(self.noted.items())]
        for key in _IDLE:
            if getattr(self, key):
                why = (type(self).model_fields[key].description or "").removeprefix("noted: ")
                lines.append(f"{key}: {getattr(self, key)} – {why}")
        defaults = {name: field.default for name, field in type(self).model_fields.items()}
        for key, why in without_effect(self).items():
            if getattr(self, key) != defaults[key]:
                lines.append(f"{key}: {getattr(self, key)} – without effect, since {why}")
        return lines

    def digest(self) -> str:
        """Return the digest of what changes the training: comments, spelled-out defaults and output_dir don't."""
        idle = {*_SAME_TRAINING, *without_effect(self)}
        idle |= {key for key in _LATER if getattr(self, key) is None}
        return json_digest({key: value for key, value in self.resolved().items() if key not in idle})


def names_in(value: Any) -> list[str]:
    """Return the names that a recipe's key holds: a list of them, or a text with commas; [] for None."""
    names = value if isinstance(value, list) else str(value or "").split(",")
    return [name for name in (str(name).strip() for name in names) if name]


def _plain(key: str, value: Any) -> Any:
    """Return YAML's value as the field wants it: lists as comma text, `no` as text; a boolean is no number."""
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    if key == "eval_strategy" and value is False:
        return "no"  # YAML 1.1 reads `no` as false
    if is_no_number(key, value):
        raise ValueError(f"{key}: found the boolean {value}; a number is wanted")
    kind = _kind(key)
    if isinstance(value, int | float) and not isinstance(value, bool) and kind in ("<class 'str'>", "str | None"):
        return str(value)
    return value


def is_no_number(key: str, value: Any) -> bool:
    """Say whether a boolean stands where a key wants a number."""
    kind = _kind(key)
    return isinstance(value, bool) and "bool" not in kind and ("int" in kind or "float" in kind)


def _kind(key: str) -> str:
    return str(Recipe.model_fields[key].annotation) if key in Recipe.model_fields else ""


CONTRADICTIONS = "\n"
"""Between the contradictions of one recipe, in the error that holds them all."""


def contradictions(recipe: "Recipe") -> list[str]:
    """Return which keys exclude each other and what to do, each pair."""
    faults = {
        f"quantization_bit needs finetuning_type: lora, not {recipe.finetuning_type}": recipe.quantization_bit
        and recipe.finetuning_type != "lora",
        "freeze_trainable_layers: 0 trains nothing": recipe.finetuning_type == "freeze"
        and recipe.freeze_trainable_layers == 0,
        "use_dora and use_rslora need finetuning_type: lora": recipe.finetuning_type != "lora"
        and (recipe.use_dora or recipe.use_rslora),
        "additional_target needs finetuning_type: lora; freeze has freeze_extra_modules": recipe.additional_target
        and recipe.finetuning_type != "lora",
        "mask_history and train_on_prompt exclude each other: remove one": recipe.mask_history
        and recipe.train_on_prompt,
        "val_size and eval_dataset exclude each other: remove one": recipe.val_size and recipe.eval_dataset,
        "warmup_ratio and warmup_steps exclude each other: remove one": recipe.warmup_ratio and recipe.warmup_steps,
        "bf16 and fp16 exclude each other: remove one": recipe.bf16 and recipe.fp16,
        "pure_bf16 and fp16 exclude each other: remove one": recipe.pure_bf16 and recipe.fp16,
        "dpo_label_smoothing needs pref_loss: sigmoid": recipe.dpo_label_smoothing and recipe.pref_loss != "sigmoid",
        **{reason: any(getattr(recipe, key) for key in keys) for reason, keys in STAGES[recipe.stage].refused.items()},
    }
    return [reason for reason, excluded in faults.items() if excluded]


_LORA_KEYS = ("lora_rank", "lora_alpha", "lora_dropout", "lora_target")


_FREEZE_KEYS = ("freeze_trainable_layers", "freeze_trainable_modules", "freeze_extra_modules")


def without_effect(recipe: "Recipe") -> dict[str, str]:
    """Return the honoured keys that nothing looks at under this recipe, each with the reason."""
    groups: list[tuple[bool, tuple[str, ...], str]] = [
        (recipe.finetuning_type != "lora", _LORA_KEYS, f"finetuning_type is {recipe.finetuning_type}"),
        (recipe.finetuning_type != "freeze", _FREEZE_KEYS, f"finetuning_type is {recipe.finetuning_type}"),
        (True, keys_of_other_stages(recipe.stage), f"stage is {recipe.stage}"),
        (recipe.quantization_bit != 4, ("quantization_type", "double_quantization"), "quantization_bit is not 4"),
        (
            recipe.eval_strategy != "steps" and not recipe.early_stopping_steps,
            ("eval_steps",),
            f"eval_strategy is {recipe.eval_strategy}",
        ),
        (recipe.packs, ("group_by_length",), "packing fills every batch"),
    ]
    return {key: why for idle, keys, why in groups if idle for key in keys}
