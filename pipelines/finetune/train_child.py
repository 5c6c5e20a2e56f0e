"""Child process: one training with TRL's SFTTrainer, resumable, its progress in train_log.jsonl."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

if "LOCAL_RANK" not in os.environ:  # without `accelerate launch` one process trains on one GPU
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")

import torch
from datasets import Dataset
from transformers import TrainerCallback, set_seed

from pipelines.child_process import peak_memory_bytes, read_spec
from pipelines.finetune.answer_trainer import make_trainer
from pipelines.finetune.conversation import messages_of
from pipelines.finetune.dataset import load_dataset
from pipelines.finetune.loading import load_base, load_tokenizer, name_base, uses_bfloat16, wrap
from pipelines.finetune.masking import encode, template_digest
from pipelines.finetune.recipe import Recipe
from pipelines.finetune.training import LOG, RESULT, read_log, weights_digest
from pipelines.identity import content_id

_SAVED = "graftline_complete"
_HELD_OUT_ROWS = 16


def tokens_of(rows: Dataset, tokenizer: Any, recipe: Recipe, cache: Path) -> Dataset:
    """Return input_ids and labels of the rows that keep at least one token with loss; cached on disk."""
    cache.mkdir(parents=True, exist_ok=True)
    key = content_id(rows._fingerprint, template_digest(tokenizer), str(len(tokenizer)), recipe.cutoff_len)
    encoded = rows.map(
        lambda row: encode(tokenizer, messages_of(row), recipe.cutoff_len),
        remove_columns=rows.column_names,
        cache_file_name=str(cache / f"{key}.arrow"),
        new_fingerprint=key,
    )
    return encoded.filter(
        lambda row: any(label >= 0 for label in row["labels"]),
        cache_file_name=str(cache / f"{key}-kept.arrow"),
        new_fingerprint=f"{key}kept",
    )


class Journal(TrainerCallback):
    """Appends one line a logged update, and marks a checkpoint once all of it is written."""

    def __init__(self, path: Path, resumed_at: int) -> None:
        self.path = path
        before = [row for row in read_log(path.parent) if row["step"] <= resumed_at]
        path.write_text("".join(json.dumps(row) + "\n" for row in before), encoding="utf-8")
        self.seconds_before = before[-1]["seconds"] if before else 0.0
        self.tokens_before = 0
        self.resumed_at = resumed_at
        self.started = time.monotonic()

    def on_train_begin(self, args, state, control, **kwargs):
        self.started, self.tokens_before = time.monotonic(), state.num_input_tokens_seen

    def on_step_end(self, args, state, control, **kwargs):
        control.should_log |= state.global_step == state.max_steps

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not logs or "loss" not in logs:
            return
        seconds = time.monotonic() - self.started
        steps = state.global_step - self.resumed_at
        tokens = int(logs["num_input_tokens_seen"])
        row = {
            "step": state.global_step,
            "total_steps": state.max_steps,
            "loss": float(logs["loss"]),
            "learning_rate": float(logs["learning_rate"]),
            "grad_norm": float(logs.get("grad_norm", 0.0)),
            "tokens": tokens,
            "tokens_per_second": (tokens - self.tokens_before) / seconds,
            "seconds": self.seconds_before + seconds,
            "seconds_left": seconds / steps * (state.max_steps - state.global_step) if steps else 0.0,
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def on_save(self, args, state, control, **kwargs):
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _SAVED).touch()


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end; the others are removed."""
    whole = []
    for path in folder.glob("checkpoint-*"):
        if (path / _SAVED).exists():
            whole.append(path)
        else:
            shutil.rmtree(path)
    return max(whole, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def arguments(recipe: Recipe, work: Path, kept: int) -> Any:
    """Return TRL's configuration for the recipe."""
    from trl import SFTConfig

    cuda = torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(work / "checkpoints"),
        use_cpu=not cuda,
        bf16=uses_bfloat16(recipe),
        seed=recipe.seed,
        per_device_train_batch_size=recipe.per_device_train_batch_size,
        per_device_eval_batch_size=8,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps,
        learning_rate=recipe.learning_rate,
        num_train_epochs=recipe.num_train_epochs,
        max_steps=recipe.max_steps,
        weight_decay=recipe.weight_decay,
        lr_scheduler_type=recipe.lr_scheduler_type,
        warmup_steps=recipe.warmup_ratio,
        adam_beta2=recipe.adam_beta2,
        max_grad_norm=recipe.max_grad_norm,
        neftune_noise_alpha=recipe.neftune_noise_alpha,
        train_sampling_strategy="group_by_length" if recipe.group_by_length else "random",
        gradient_checkpointing=not recipe.disable_gradient_checkpointing,
        max_length=recipe.cutoff_len,
        logging_steps=recipe.logging_steps,
        save_steps=recipe.save_steps,
        save_total_limit=kept,
        report_to="none",
        logging_first_step=True,
        include_num_input_tokens_seen="non_padding",
        disable_tqdm=True,
        dataloader_pin_memory=cuda,
        trust_remote_code=recipe.trust_remote_code,
    )


def train(spec: dict[str, Any]) -> None:
    """Train as the specification says; the adapter, its log and result.json are in spec["output"] afterwards."""
    recipe, work, output = Recipe(**spec["recipe"]), Path(spec["work"]), Path(spec["output"])
    set_seed(recipe.seed)
    tokenizer = load_tokenizer(Path(spec["base_path"]), recipe)
    data = load_dataset(Path(spec["dataset"]))
    rows = data["train"].select(range(min(recipe.max_samples or len(data["train"]), len(data["train"]))))
    training = tokens_of(rows, tokenizer, recipe, Path(spec["cache"]))
    few = data["test"].select(range(min(_HELD_OUT_ROWS, len(data["test"]))))
    held_out = tokens_of(few, tokenizer, recipe, Path(spec["cache"]))
    model = wrap(load_base(Path(spec["base_path"]), recipe), recipe)
    resume = last_checkpoint(work / "checkpoints")
    journal = Journal(work / LOG, int(resume.name.rsplit("-", 1)[1]) if resume else 0)
    trainer = make_trainer(
        model,
        arguments(recipe, work, spec["kept_checkpoints"]),
        train_dataset=training,
        eval_dataset=held_out,
        processing_class=tokenizer,
        callbacks=[journal],
    )
    for parameter in model.parameters():
        if parameter.requires_grad:  # TRL makes QLoRA's adapters bfloat16, in which AdamW's small steps are lost
            parameter.data = parameter.data.float()
    before = _once(work / "held_out_before.json", lambda: trainer.evaluate()["eval_loss"])
    outcome = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    after = trainer.evaluate()["eval_loss"]
    _save(trainer, tokenizer, spec, output, recipe)
    log = read_log(work)
    result = {
        "digest": weights_digest(output),
        "steps": trainer.state.global_step,
        "first_loss": log[0]["loss"],
        "last_loss": log[-1]["loss"],
        "train_loss": outcome.training_loss,
        "held_out_loss_before": before,
        "held_out_loss_after": after,
        "held_out_rows": len(held_out),
        "tokens": log[-1]["tokens"],
        "rows": len(training),
        "seconds": log[-1]["seconds"],
        "trainable_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "peak_memory_bytes": peak_memory_bytes(),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "precision": "bfloat16" if uses_bfloat16(recipe) else "float32",
        "template_digest": template_digest(tokenizer),
        "base_name": spec["base_name"],
        "base_revision": spec["base_revision"],
    }
    shutil.copy(work / LOG, output / LOG)
    (output / RESULT).write_text(json.dumps(result, indent=1), encoding="utf-8")


def _save(trainer: Any, tokenizer: Any, spec: dict[str, Any], output: Path, recipe: Recipe) -> None:
    shutil.rmtree(output, ignore_errors=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    name_base(model, spec["base_name"], spec["base_hub_revision"])
    if recipe.finetuning_type == "lora":
        model.save_pretrained(output, safe_serialization=True, save_embedding_layers=False)
    else:
        model.to(torch.bfloat16 if recipe.bf16 else torch.float32).save_pretrained(output, safe_serialization=True)
    tokenizer.save_pretrained(output)
    (output / "README.md").unlink(missing_ok=True)  # PEFT's empty card


def _once(path: Path, measure: Any) -> float:
    if not path.exists():
        path.write_text(json.dumps(measure()), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    train(read_spec())
