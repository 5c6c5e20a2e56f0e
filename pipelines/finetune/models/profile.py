"""What a training will cost, before it starts: parameters, bytes and tokens, from headers and arithmetic alone."""

import itertools
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.compute.processor import has_gpu
from pipelines.core.checkpoints.revision import weight_files
from pipelines.core.checkpoints.whole import safetensors_header
from pipelines.core.errors import InputError
from pipelines.core.files import write_atomically
from pipelines.core.identity import json_digest
from pipelines.finetune.conversation import ANSWERED
from pipelines.finetune.dataset.preparation import place_of_row
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.datasets import split_for
from pipelines.finetune.recipes.recipe import Recipe, names_in
from pipelines.finetune.recipes.wanted_rows import kind_of, no_rows_error
from pipelines.finetune.tasks.task import Dialogue
from pipelines.finetune.tasks.tasks import task_of
from pipelines.finetune.templates.templates import template_text_digest

_CODE_VERSION = "5"
_PREVIEWS = 3
_NOT_LINEAR = ("embed_tokens", "lm_head", "wte", "wpe", "norm", "embed_in", "embed_out")


@dataclass(frozen=True)
class Weight:
    """One weight of a checkpoint, read from its header: dotted name and shape (out, in)."""

    name: str
    shape: tuple[int, ...]

    @property
    def parameters(self) -> int:
        return math.prod(self.shape)

    @property
    def is_linear(self) -> bool:
        """True for the matrix of a linear layer; neither embedding, head nor norm."""
        return self.name.endswith(".weight") and len(self.shape) == 2 and not any(n in self.name for n in _NOT_LINEAR)


def read_weights(folder: Path) -> list[Weight]:
    """Return every weight of a checkpoint from the headers of its safetensors files, without reading the weights."""
    headers = [safetensors_header(path) for path in weight_files(folder)]
    weights = [
        Weight(name, tuple(entry["shape"]))
        for header in headers
        for name, entry in header.items()
        if name != "__metadata__"
    ]
    return sorted(weights, key=lambda weight: weight.name)


def trainable_parameters(weights: list[Weight], recipe: Recipe, layers: int) -> int:
    """Return how many parameters the recipe trains; quantisation and stage change nothing in that.

    LoRA (Hu et al. 2021): B (out x r) and A (r x in), so r * (out + in) a matrix; DoRA adds `out` magnitudes.
    Modules of additional_target are trained whole, beside the adapter.
    """
    if recipe.finetuning_type == "full":
        return sum(weight.parameters for weight in weights)
    if recipe.finetuning_type == "freeze":
        return sum(weight.parameters for weight in weights if _thawed(weight, recipe, layers))
    whole = names_in(recipe.additional_target)
    beside = sum(weight.parameters for weight in _with_head(weights, whole) if _whole(weight, whole))
    adapted = [
        weight for weight in weights if weight.is_linear and _targeted(weight, recipe) and not _whole(weight, whole)
    ]
    magnitude = sum(weight.shape[0] for weight in adapted) if recipe.use_dora else 0
    return sum(recipe.lora_rank * sum(weight.shape) for weight in adapted) + magnitude + beside


def _module(weight: Weight) -> str:
    return weight.name.removesuffix(".weight").rsplit(".", 1)[-1]


def _whole(weight: Weight, modules: list[str]) -> bool:
    # PEFT goes by how a module's name ends: `norm` means input_layernorm too.
    return any(weight.name.rsplit(".", 1)[0].endswith(name) for name in modules)


def _targeted(weight: Weight, recipe: Recipe) -> bool:
    return recipe.targets is None or _module(weight) in recipe.targets


def _thawed(weight: Weight, recipe: Recipe, layers: int) -> bool:
    count = min(abs(recipe.freeze_trainable_layers), layers)
    chosen = range(layers - count, layers) if recipe.freeze_trainable_layers > 0 else range(count)
    parts = names_in(recipe.freeze_trainable_modules)
    inside = any(f".layers.{number}." in weight.name for number in chosen)
    extra = _inside_one(weight, names_in(recipe.freeze_extra_modules))
    return (inside and (parts == ["all"] or _inside_one(weight, parts))) or extra


def _inside_one(weight: Weight, modules: list[str]) -> bool:
    return any(f".{name}." in f".{weight.name}" for name in modules)


def _with_head(weights: list[Weight], whole: list[str]) -> list[Weight]:
    """Return the weights; a head tied to the embedding isn't stored, but trained whole it gets its own copy."""
    if "lm_head" not in whole or any(weight.name.startswith("lm_head.") for weight in weights):
        return weights
    tied = [Weight("lm_head.weight", weight.shape) for weight in weights if weight.name.endswith("embed_tokens.weight")]
    return [*weights, *tied]


def memory_bytes(
    weights: list[Weight], recipe: Recipe, config: dict[str, Any], tokens: int, rows: int
) -> dict[str, int]:
    """Return the estimated bytes by part for batches of `rows` conversations of `tokens` tokens.

    Weights: 2 bytes (bfloat16) or 4; quantised linear layers bits/8 plus the constants of blocks of 64: 4/64 bytes a
    weight, or 1/64 + 4/(64*256) with double quantisation (Dettmers et al. 2023, section 3). Gradients: 4 bytes and
    AdamW's two moments: 8 bytes a trainable parameter. Activations: layers * s*b*h * (34 + 5*a*s/h) bytes at 16 bit
    (Korthikanti et al. 2022, equation 2; an upper bound, since attention here keeps no s x s matrix), 2*s*b*h a layer
    with checkpoints, and the logits in float32 for one batch. A row counts as often as its stage makes sequences of
    it, and a stage with a reference holds the base a second time where there is no adapter to switch off.
    """
    task = task_of(recipe)
    rows *= task.sequences
    width = 2 if recipe.bf16 or recipe.fp16 or recipe.pure_bf16 else 4
    trained = trainable_parameters(weights, recipe, config["num_hidden_layers"])
    linear = sum(weight.parameters for weight in weights if weight.is_linear)
    others = sum(weight.parameters for weight in weights) - linear
    if recipe.quantization_bit:
        constants = 1 / 64 + 4 / (64 * 256) if recipe.double_quantization else 4 / 64
        constants = constants if recipe.quantization_bit == 4 else 0
        held = linear * (recipe.quantization_bit / 8 + constants) + others * width
    else:
        held = (linear + others) * (width if recipe.finetuning_type == "lora" else 4)
    held += trained * 4 if recipe.finetuning_type == "lora" else 0
    held *= 2 if task.has_reference and recipe.finetuning_type != "lora" else 1
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    layer = tokens * rows * hidden * (34 + 5 * heads * tokens / hidden) * width / 2
    kept = layer * config["num_hidden_layers"]
    if not recipe.keeps_activations(has_gpu()):
        kept = 2 * tokens * rows * hidden * config["num_hidden_layers"] * width / 2 + layer
    logits = 4 * tokens * rows * config["vocab_size"]
    return {
        "weights": round(held),
        "gradients": 4 * trained,
        "optimiser": 8 * trained,
        "activations": round(kept + logits),
    }


@dataclass(frozen=True)
class TokenCounts:
    """Tokens of the conversations under the chat template, and how many of them carry loss."""

    rows: int
    total: int
    loss: int
    mean: float
    p95: int
    longest: int


def count_tokens(lengths: list[int], losses: list[int]) -> TokenCounts:
    """Return the statistics of the lengths; p95 is the smallest length that 95 % of the rows don't exceed."""
    ordered = sorted(lengths)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return TokenCounts(len(lengths), sum(lengths), sum(losses), sum(lengths) / len(lengths), p95, ordered[-1])


def profile_model(recipe: Recipe, dataset: dict[str, Any], base: BaseModel, home: Path) -> dict[str, Any]:
    """Return the profile of a recipe on a dataset as a record with its digest; kept in home/models/profiles by key."""
    template = template_text_digest(recipe.template) if recipe.template else ""
    own = ["eval_dataset is held out whole"] if recipe.eval_dataset else []
    key = json_digest([recipe.digest(), template, dataset["digest"], base.revision, _CODE_VERSION, *own])
    path = home / "models" / "profiles" / f"{key}.json"
    if not path.exists():
        record = _profile(recipe, dataset, base.path)
        write_atomically(path, json.dumps({**record, "key": key, "digest": json_digest(record)}))
    return json.loads(path.read_text(encoding="utf-8"))


def _profile(recipe: Recipe, dataset: dict[str, Any], base_path: Path) -> dict[str, Any]:
    from pipelines.finetune.models.loading import load_tokenizer
    from pipelines.finetune.templates.masking import encode_conversation, preview, template_digest

    config = json.loads((base_path / "config.json").read_text(encoding="utf-8"))
    config = {**config, **config.get("text_config", {})}
    weights = read_weights(base_path)
    tokenizer = load_tokenizer(base_path, recipe)
    rows = split_for(recipe, load_dataset(Path(dataset["path"])))[0]
    texts = conversations(rows, recipe)
    if not texts:
        raise no_rows_error(recipe)
    encoded = []
    for dialogue in texts:
        try:
            encoded.append(encode_conversation(tokenizer, dialogue[0], recipe.cutoff_len, dialogue[1]))
        except InputError as error:
            its_row = next(row for row in rows if dialogue in task_of(recipe).dialogues(row))
            raise _at_row(error, dataset, its_row["row_id"]) from error
    counts = count_tokens(
        [len(row["input_ids"]) for row in encoded], [sum(n >= 0 for n in row["labels"]) for row in encoded]
    )
    parameters = sum(weight.parameters for weight in weights)
    trained = trainable_parameters(weights, recipe, config["num_hidden_layers"])
    memory = memory_bytes(weights, recipe, config, counts.p95, recipe.per_device_train_batch_size)
    shown = [preview(*decoded_runs(tokenizer, row["input_ids"], row["labels"])) for row in encoded[:_PREVIEWS]]
    return {
        "model": recipe.model_name_or_path,
        "parameters": parameters,
        "trainable_parameters": trained,
        "trainable_share": trained / parameters,
        "memory_bytes": memory,
        "memory_bytes_total": sum(memory.values()),
        "tokens": asdict(counts),
        "template_digest": template_digest(tokenizer),
        "previews": shown,
    }


def _at_row(error: InputError, dataset: dict[str, Any], row_id: str) -> InputError:
    place = place_of_row(Path(dataset["ledger"]), row_id) if dataset.get("ledger") else f"row {row_id}"
    return InputError(f"{place}: {error.where}", error.found, error.expected, error.fix)


def decoded_runs(tokenizer: Any, ids: list[int], labels: list[int]) -> tuple[list[str], list[int]]:
    """Return the text and the first label of each run of tokens that all carry loss or all don't.

    A character of several tokens is no text before all of them are decoded together.
    """
    texts, firsts = [], []
    for _, run in itertools.groupby(zip(ids, labels, strict=True), key=lambda pair: pair[1] >= 0):
        tokens, of_run = zip(*run, strict=True)
        texts.append(tokenizer.decode(list(tokens)))
        firsts.append(of_run[0])
    return texts, firsts


def conversations(rows: Any, recipe: Recipe) -> list[Dialogue]:
    """Return what the recipe trains on as (messages, tools): of each row the conversations that its stage reads."""
    wanted, kind, task = names_in(recipe.dataset), kind_of(recipe), task_of(recipe)
    taken: dict[str, int] = {}
    found: list[Dialogue] = []
    for row in rows:
        name = row.get("dataset") or ""
        if row.get("kind", ANSWERED) != kind or (wanted and "dataset" in row and name not in wanted):
            continue
        taken[name] = taken.get(name, 0) + 1
        if recipe.max_samples and taken[name] > recipe.max_samples:
            continue
        found += task.dialogues(row)
    return found
