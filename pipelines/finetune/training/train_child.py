"""Child process: one training with TRL, resumable, its progress in train_log.jsonl.

`python -m pipelines.finetune.training.train_child SPEC`, or `accelerate launch --num_processes N -m …` with the same
argument: of several processes the first alone writes.
"""

import json
import logging
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

if "LOCAL_RANK" not in os.environ:  # without `accelerate launch` one process trains on one GPU
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")

import torch

from pipelines.core.child_process import as_child, peak_memory_bytes, read_spec
from pipelines.finetune.training.unused_packages import leave_out_unused

if __name__ == "__main__" and not torch.cuda.is_available():
    leave_out_unused(read_spec()["recipe"])

from transformers import IntervalStrategy, set_seed

from pipelines.compute.acceleration import accelerate, keeps_samples_apart
from pipelines.compute.answer_loss import has_plain_head
from pipelines.compute.memory import give_freed_memory_back
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.models.loading import fit_vocabulary, load_base, load_tokenizer, name_base, precision
from pipelines.finetune.models.methods import apply_method
from pipelines.finetune.recipes.datasets import split_for
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.wanted_rows import asked_in_both, no_rows_error, require_held_out, require_loss
from pipelines.finetune.tasks.tasks import task_of
from pipelines.finetune.templates.encoding import chosen_rows, tokens_of
from pipelines.finetune.templates.masking import template_digest
from pipelines.finetune.templates.refusals import left_out_lines, require_answers, turns_without_loss
from pipelines.finetune.templates.tokenizing import untrained_tokens
from pipelines.finetune.training.arguments import stand_ins, trainer_arguments
from pipelines.finetune.training.held_out import held_out_tokens
from pipelines.finetune.training.journal import Journal, last_checkpoint, measured_once
from pipelines.finetune.training.packing import pack
from pipelines.finetune.training.patience import Patience
from pipelines.finetune.training.record import TrainingResult
from pipelines.finetune.training.training import LOG, RESULT, read_log, weights_digest

log = logging.getLogger("graftline")

_HELD_OUT_ROWS = 16


def prepare(recipe: Recipe, base_path: Path, tokenizer: Any) -> tuple[Any, bool]:
    """Return the model with what the recipe trains, accelerated, and whether it still needs autocast."""
    base = load_base(base_path, recipe)
    fit_vocabulary(base, tokenizer)
    model = apply_method(base, recipe)
    plain_adapter = recipe.finetuning_type == "lora" and not (
        recipe.quantization_bit or recipe.use_dora or recipe.lora_dropout or recipe.additional_target
    )
    fuse = plain_adapter and next(model.parameters()).device.type == "cpu"
    replaced = accelerate(model, fuse)
    log.info("fused: %s", ", ".join(f"{count} {name}" for name, count in replaced.items()))
    return model, not fuse


def make(recipe: Recipe, model: Any, tokenizer: Any, spec: dict[str, Any], autocast: bool, cache: Path) -> Any:
    """Return the trainer of the recipe's stage with its rows, their counts, and what was asked for and isn't done."""
    work = Path(spec["work"])
    apart = keeps_samples_apart(model) and has_plain_head(model.config)
    task = task_of(recipe)
    padded = not (task.without_padding and apart)
    settings = trainer_arguments(recipe, work, spec["kept_checkpoints"], autocast, padded)
    data = load_dataset(Path(spec["dataset"]))
    with settings.main_process_first():
        trained, held_out = split_for(recipe, data)
        rows = chosen_rows(trained, recipe, recipe.dataset)
        if not len(rows):
            raise no_rows_error(recipe)
        place_of = partial(_place_of, spec.get("ledger"))
        training, left_out = tokens_of(rows, tokenizer, recipe, task.encoding, cache, place_of)
        # A named eval_dataset is asked for: all of it is measured.
        most = None if recipe.eval_dataset else spec.get("held_out_rows", _HELD_OUT_ROWS)
        few, kept = held_out_tokens(held_out, recipe, tokenizer, task.encoding, most, cache, place_of)
    require_answers(tokenizer, len(training), left_out)
    require_loss(recipe, len(rows), len(training))
    require_held_out(recipe, len(kept))
    noted = [*stand_ins(recipe, torch.cuda.is_available()), *asked_in_both(recipe, rows, few)]
    noted += left_out_lines(left_out, tokenizer, recipe.template, recipe.cutoff_len)
    counts = {"rows": len(training), "rows_without_loss": len(rows) - len(training), "held_out_rows": len(kept)}
    counts["turns_without_loss"] = turns_without_loss(left_out)
    if recipe.packs:
        if apart:
            training = pack(training, recipe.cutoff_len)
            counts["packed_rows"] = len(training)
        else:
            noted.append("packing: true – this model's attention can't keep samples apart; each has its own row")
    if not len(kept):
        if recipe.eval_strategy != "no":
            noted.append(f"eval_strategy: {recipe.eval_strategy} – no row is held out, so no loss was taken on any")
        settings.eval_strategy = IntervalStrategy.NO
    stopping = recipe.early_stopping_steps
    options = {
        "train_dataset": training,
        "eval_dataset": kept if len(kept) else None,
        "callbacks": [Patience(stopping)] if stopping else [],
    }
    noted += untrained_tokens(model, tokenizer)
    for line in noted:
        log.warning("%s", line)
    return task.make_trainer(model, settings, tokenizer, **options), counts, noted


def _place_of(ledger: str | None, row_id: str) -> str:
    from pipelines.finetune.dataset.preparation import place_of_row  # takes jieba along, for a row that is refused

    return place_of_row(Path(ledger), row_id) if ledger else f"row {row_id}"


def train(spec: dict[str, Any]) -> None:
    """Train as the specification says; the adapter, its log and result.json are in spec["output"] afterwards."""
    recipe, work, output = Recipe(**spec["recipe"]), Path(spec["work"]), Path(spec["output"])
    give_freed_memory_back()
    set_seed(recipe.seed)
    tokenizer = load_tokenizer(Path(spec["base_path"]), recipe)
    model, autocast = prepare(recipe, Path(spec["base_path"]), tokenizer)
    trainer, counts, noted = make(recipe, model, tokenizer, spec, autocast, Path(spec["cache"]))
    wait, first = trainer.accelerator.wait_for_everyone, trainer.is_world_process_zero()
    resume = last_checkpoint(work / "checkpoints", first)
    task = task_of(recipe)
    journal = Journal(work / LOG, int(resume.name.rsplit("-", 1)[1]) if resume else 0, first, task.logged)
    trainer.add_callback(journal)
    for parameter in model.parameters():
        if parameter.requires_grad and recipe.finetuning_type == "lora":  # TRL makes QLoRA's adapters bfloat16
            parameter.data = parameter.data.float()

    def measure() -> dict[str, float]:
        return task.held_out(trainer.evaluate()) if counts["held_out_rows"] else {}

    before = measured_once(work / "held_out_before.json", measure, first, wait)
    set_seed(recipe.seed)  # what an evaluation drew must not change what a resumed training draws
    outcome = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    after = measure()
    wait()
    if not first:
        return
    _save(trainer, tokenizer, spec, output, recipe)
    rows = read_log(work)
    result = TrainingResult(
        digest=weights_digest(output),
        steps=trainer.state.global_step,
        best_step=trainer.state.best_global_step or trainer.state.global_step,
        first_loss=rows[0]["loss"],
        last_loss=rows[-1]["loss"],
        train_loss=outcome.training_loss,
        held_out_before=before,
        held_out_after=after,
        **counts,
        noted=noted,
        tokens=int(rows[-1]["tokens"]),
        seconds=rows[-1]["seconds"],
        tokens_per_second=rows[-1]["tokens"] / max(rows[-1]["seconds"], 1e-9),
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        peak_memory_bytes=peak_memory_bytes(),
        peak_gpu_memory_bytes=torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
        processes=trainer.args.world_size,
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        precision=precision(recipe),
        gradient_checkpointing=trainer.args.gradient_checkpointing,
        optimiser=str(trainer.args.optim.value),
        template_digest=template_digest(tokenizer),
        base_name=spec["base_name"],
        base_revision=spec["base_revision"],
    )
    shutil.copy(work / LOG, output / LOG)
    (output / RESULT).write_text(json.dumps(result.as_json(), indent=1), encoding="utf-8")


def _save(trainer: Any, tokenizer: Any, spec: dict[str, Any], output: Path, recipe: Recipe) -> None:
    shutil.rmtree(output, ignore_errors=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    name_base(model, spec["base_name"], spec["base_hub_revision"])
    if recipe.finetuning_type == "lora":
        model.save_pretrained(output, safe_serialization=True, save_embedding_layers=False)
    else:
        kept = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(precision(recipe), torch.float32)
        model.to(kept if recipe.bf16 or recipe.fp16 or recipe.pure_bf16 else torch.float32)
        model.save_pretrained(output, safe_serialization=True)
    tokenizer.save_pretrained(output)
    (output / "README.md").unlink(missing_ok=True)  # PEFT's empty card


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.INFO)
    as_child(train)
