"""The three trainers, each run in a process of its own on the same samples, and what came out in one shape."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.ground.process import Measured, python, run
from benchmarks.training.samples import NAME, Sample, write_lines, write_llamafactory, write_ours
from pipelines.compute.processor import THREADS as WAITING
from pipelines.compute.processor import fast_bfloat16
from pipelines.core.files import beside
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.training import ENVIRONMENT

Settings = dict[str, Any]

EXAMPLE: Settings = {
    "model_name_or_path": "Qwen/Qwen3-4B-Instruct-2507",
    "trust_remote_code": True,
    "stage": "sft",
    "do_train": True,
    "finetuning_type": "lora",
    "lora_rank": 8,
    "lora_target": "all",
    "dataset": "identity,alpaca_en_demo",
    "template": "qwen3_nothink",
    "cutoff_len": 2048,
    "max_samples": 1000,
    "preprocessing_num_workers": 16,
    "dataloader_num_workers": 4,
    "output_dir": "saves/qwen3-4b/lora/sft",
    "logging_steps": 10,
    "save_steps": 500,
    "plot_loss": True,
    "overwrite_output_dir": True,
    "save_only_model": False,
    "report_to": "none",
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 8,
    "learning_rate": 1.0e-4,
    "num_train_epochs": 3.0,
    "lr_scheduler_type": "cosine",
    "warmup_ratio": 0.1,
    "bf16": True,
    "ddp_timeout": 180000000,
}
"""The settings of LLaMA-Factory 0.9.5's examples/train_lora/qwen3_lora_sft.yaml."""
DEFAULT_BATCH = 32
"""Samples of one update at the example's defaults with batch 4: 4 × its 8 accumulated passes."""
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What the checkpoint's chat template puts in front; LLaMA-Factory's smollm2 template ends it with a full stop."""
SHARED: Settings = {
    key: EXAMPLE[key] for key in ("learning_rate", "lr_scheduler_type", "warmup_ratio", "lora_rank", "cutoff_len")
}


@dataclass(frozen=True)
class Task:
    """What is trained on: base, samples, a few held-out rows for our own evaluation, samples an update, and seed."""

    base: BaseModel
    rows: Sequence[Sample]
    held_out: Sequence[Sample]
    batch: int
    seed: int


@dataclass(frozen=True)
class TrainingRun:
    """One training: seconds of the loop alone, of the whole process, its peak in bytes, what it says it trained on."""

    settings: Settings
    seconds: float
    process: Measured
    samples: int
    tokens: int
    updates: int
    adapter: Path
    details: Mapping[str, Any] = field(default_factory=dict)


THREADS = {"TOKENIZERS_PARALLELISM": "false", **WAITING}
"""How threads wait, in all trainings alike: as the asset's child has it, and where LLaMA-Factory was the fastest (3
updates: 24.6 s; 25.4 s with nothing set, 31.2 s with the policy alone)."""

Trainer = Callable[[Task, Settings, Path], TrainingRun]


def accumulation(task: Task, settings: Settings) -> int:
    """Return the passes of one update: samples an update over samples a pass, at least one."""
    return max(1, round(task.batch / settings["per_device_train_batch_size"] / settings.get("samples_a_row", 1)))


def ours(task: Task, settings: Settings, work: Path) -> TrainingRun:
    """Train with our own child process, as the asset `adapter` does; settings are keys of a recipe."""
    recipe = Recipe(
        **SHARED,
        num_train_epochs=1,
        seed=task.seed,
        gradient_accumulation_steps=accumulation(task, settings),
        logging_steps=1000,
        save_steps=1000,
        **settings,
    )
    data = write_ours(task.rows, task.held_out, work / "data")
    spec = {
        "recipe": recipe.model_dump(),
        "dataset": data["path"],
        "base_path": str(task.base.path),
        "base_name": task.base.hub_name,
        "base_revision": task.base.revision,
        "base_hub_revision": task.base.hub_revision,
        "output": str(work / "output"),
        "work": str(work),
        "key": "benchmark",
        "cache": str(work / "tokens"),
        "kept_checkpoints": 1,
    }
    path = _write(work / "spec.json", spec)
    environment = {"HF_DATASETS_CACHE": str(work / "cache"), **THREADS, **ENVIRONMENT}
    measured = run(
        [sys.executable, "-m", "pipelines.finetune.training.train_child", path], work / "child.log", environment
    )
    found = json.loads((work / "output" / "result.json").read_text(encoding="utf-8"))
    return TrainingRun(
        settings, found["seconds"], measured, found["rows"], found["tokens"], found["steps"], work / "output", found
    )


def example_settings(task: Task, data: Path, output: Path) -> Settings:
    """Return LLaMA-Factory's example with model, data, batch 4, bf16, use_cpu and the length of the run changed."""
    return {
        **EXAMPLE,
        "model_name_or_path": str(task.base.path),
        "template": "smollm2",
        "default_system": SYSTEM,
        "dataset": NAME,
        "dataset_dir": str(data),
        "output_dir": str(output),
        "per_device_train_batch_size": 4,
        "bf16": fast_bfloat16(),
        "use_cpu": True,
        "num_train_epochs": 1.0,
        "seed": task.seed,
    }


def difference(settings: Settings) -> str:
    """Return what differs from the example, one key a line."""
    keys = sorted(key for key in {*settings, *EXAMPLE} if settings.get(key) != EXAMPLE.get(key))
    return "\n".join(f"{key}: {EXAMPLE.get(key, 'unset')} -> {settings.get(key, 'unset')}" for key in keys)


def llamafactory(task: Task, settings: Settings, work: Path) -> TrainingRun:
    """Train with LLaMA-Factory: its example, and over that the settings; without any, these are its defaults."""
    write_llamafactory(task.rows, work / "data")
    arguments = example_settings(task, work / "data", work / "output")
    if settings:
        own = {key: value for key, value in settings.items() if key != "samples_a_row"}
        arguments |= {**own, "gradient_accumulation_steps": accumulation(task, settings)}
    if not arguments["bf16"]:
        arguments["model_name_or_path"] = str(in_float32(task.base.path, work.parent / "float32"))
    interpreter = peers.llamafactory()
    return _peer("train_llamafactory", {"arguments": arguments}, settings, work, interpreter)


def in_float32(base: Path, folder: Path) -> Path:
    """Return a float32 copy of a checkpoint, made once.

    LLaMA-Factory loads a base in the dtype that its configuration names, whatever `bf16` says; a processor without
    bfloat16 would emulate it.
    """
    from safetensors.torch import load_file, save_file

    if not folder.exists():
        with beside(folder, folder=True) as new:
            shutil.copytree(base, new, ignore=shutil.ignore_patterns("*.safetensors"), dirs_exist_ok=True)
            config = json.loads((new / "config.json").read_text(encoding="utf-8"))
            config |= {name: "float32" for name in ("dtype", "torch_dtype") if name in config}
            _write(new / "config.json", config)
            for file in base.glob("*.safetensors"):
                weights = {name: weight.float() for name, weight in load_file(file).items()}
                save_file(weights, new / file.name, {"format": "pt"})
    return folder


def trl(task: Task, settings: Settings, work: Path) -> TrainingRun:
    """Train with TRL's SFTTrainer, in our own environment; settings are its SFTConfig's, and `weights`: their dtype."""
    write_lines(task.rows, work / "rows.jsonl")
    arguments = {
        "output_dir": str(work / "output"),
        "use_cpu": True,
        "seed": task.seed,
        "num_train_epochs": 1,
        "learning_rate": SHARED["learning_rate"],
        "lr_scheduler_type": SHARED["lr_scheduler_type"],
        "warmup_steps": SHARED["warmup_ratio"],  # transformers 5 takes a share here
        "max_length": SHARED["cutoff_len"],
        "gradient_accumulation_steps": accumulation(task, settings),
        "logging_steps": 10,
        "report_to": "none",
        "save_strategy": "no",
        **{key: value for key, value in settings.items() if key != "samples_a_row"},
    }
    rank = SHARED["lora_rank"]
    lora = {"r": rank, "lora_alpha": 2 * rank, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    spec = {"base": str(task.base.path), "rows": str(work / "rows.jsonl"), "lora": lora, "arguments": arguments}
    return _peer("train_trl", spec, settings, work, None)


def _peer(script: str, spec: dict[str, Any], settings: Settings, work: Path, interpreter: Path | None) -> TrainingRun:
    record = work / "record.json"
    packed = bool(settings.get("packing") or settings.get("neat_packing"))
    path = _write(work / "spec.json", {**spec, "record": str(record), "check_isolation": packed})
    measured = run(python(script, path, interpreter=interpreter), work / "child.log", THREADS)
    found = json.loads(record.read_text(encoding="utf-8"))
    return TrainingRun(
        settings,
        found["seconds"],
        measured,
        found["samples"],
        found["tokens"],
        found["updates"],
        work / "output",
        {**found, "arguments": spec["arguments"]},
    )


def held_out_losses(
    base: BaseModel, rows: Sequence[Sample], adapters: Mapping[str, Path], work: Path
) -> dict[str, float]:
    """Return the mean loss on the rows' answers of the base ("base") and of each adapter, by one common evaluator."""
    return _evaluated(base, rows, adapters, work)["losses"]


def row_losses(
    base: BaseModel, rows: Sequence[Sample], adapters: Mapping[str, Path], work: Path
) -> dict[str, list[float]]:
    """Return what `held_out_losses` does by row: each row's mean over the tokens of its answer, in nats."""
    return _evaluated(base, rows, adapters, work)["by_row"]


def _evaluated(base: BaseModel, rows: Sequence[Sample], adapters: Mapping[str, Path], work: Path) -> dict[str, Any]:
    write_lines(rows, work / "held_out.jsonl")
    spec = {
        "base": str(base.path),
        "rows": str(work / "held_out.jsonl"),
        "adapters": {"base": None, **{name: str(path) for name, path in adapters.items()}},
        "output": str(work / "losses.json"),
    }
    run(python("held_out_loss", _write(work / "held_out_spec.json", spec)), work / "held_out.log")
    return json.loads((work / "losses.json").read_text(encoding="utf-8"))


def _write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    return path
