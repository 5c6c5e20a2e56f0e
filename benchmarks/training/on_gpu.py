"""Fine-tuning on a GPU against TRL's SFTTrainer: useful tokens a second and the GPU's memory, on the same samples.

The model is a checkpoint's folder, or one of random weights in the shape of Llama (for what is measured here weights
that say nothing are as good): `--layers 24 --width 2048` has 1.4 billion.
"""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.ground.common import Row, finish, interleave, machine, median, parse, ratio, result, say
from benchmarks.training import samples, trainers
from pipelines.finetune.models.base import BaseModel
from resources.models.small_model import SmallModel
from resources.settings import Settings

ROWS = {"gpu_speed": ("x", ""), "gpu_memory": ("x", "")}
OURS: dict[str, trainers.Settings] = {
    "ours, batch 32": {"per_device_train_batch_size": 32},
    "ours, batch 32, no checkpointing": {"per_device_train_batch_size": 32, "disable_gradient_checkpointing": True},
}
PEER: dict[str, trainers.Settings] = {
    "as it comes, batch 8": {"per_device_train_batch_size": 8},
    "batch 8, no checkpointing": {"per_device_train_batch_size": 8, "gradient_checkpointing": False},
    "batch 32, no checkpointing": {"per_device_train_batch_size": 32, "gradient_checkpointing": False},
    "batch 32, no checkpointing, grouped": {
        "per_device_train_batch_size": 32,
        "gradient_checkpointing": False,
        "train_sampling_strategy": "group_by_length",
    },
}
_BATCH = 32


def _options(parser: Any) -> None:
    parser.add_argument("--work", type=Path, default=None, help="where runs leave their files (default: the home)")
    parser.add_argument("--model", type=Path, default=None, help="a checkpoint (default: the small model)")
    parser.add_argument("--layers", type=int, default=0, help="random weights with so many layers instead")
    parser.add_argument("--width", type=int, default=2048, help="and this width")
    parser.add_argument("--samples", type=int, default=960)
    parser.add_argument("--rounds", type=int, default=2)


def random_model(tokenizer: Path, folder: Path, layers: int, width: int) -> Path:
    """Save a bfloat16 Llama of random weights with the tokenizer of another checkpoint; return its folder."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    vocabulary = AutoConfig.from_pretrained(tokenizer).vocab_size
    heads = {"num_attention_heads": width // 128, "num_key_value_heads": width // 256, "num_hidden_layers": layers}
    config = LlamaConfig(vocab_size=vocabulary, hidden_size=width, intermediate_size=width * 4, **heads)
    torch.manual_seed(0)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


def measure(options: Any) -> tuple[list[Row], dict[str, Any]]:
    """Train with ours and with each of the peer's settings, interleaved; return rows and details."""
    home = Settings.load().home
    work = options.work or home / "work" / "benchmark-gpu"
    shutil.rmtree(work, ignore_errors=True)
    path = (options.model or SmallModel(home).path()).resolve()
    if options.layers:
        path = random_model(path, work / "model", options.layers, options.width)
    pool = samples.alpaca()
    chosen = samples.choose(pool, options.samples, options.seed)
    held_out = [row for row in pool if row not in set(chosen)][:4]
    task = trainers.Task(BaseModel(path, str(path), "1"), chosen, held_out, _BATCH, options.seed)
    shared = {"use_cpu": False, "weights": "bfloat16", "bf16": True}

    def peer(settings: trainers.Settings, number: int) -> trainers.TrainingRun:
        return trainers.trl(task, {**shared, **settings}, work / f"trl-{number}")

    def own(settings: trainers.Settings, number: int) -> trainers.TrainingRun:
        return trainers.ours(task, {"bf16": True, **settings}, work / f"ours-{number}")

    parties = {name: partial(own, settings) for name, settings in OURS.items()}
    parties |= {name: partial(peer, settings) for name, settings in PEER.items()}
    runs = interleave(options.rounds, {name: _said(name, run) for name, run in parties.items()})
    speeds = {name: median(run.tokens / run.seconds for run in found) for name, found in runs.items()}
    held = {name: median(_held(run) for run in found) / 2**30 for name, found in runs.items()}
    tokens = {run.tokens for found in runs.values() for run in found}
    mine, fastest = (max(names, key=speeds.__getitem__) for names in (OURS, PEER))
    note = f"{min(tokens)} to {max(tokens)} tokens of {options.samples} samples; {mine} against the peer's {fastest}"
    rows = [
        Row("gpu_speed", "x", "", ratio(speeds[mine], speeds[fastest]), speeds[mine], speeds[fastest], note),
        Row("gpu_memory", "x", "", ratio(held[mine], held[fastest]), held[mine], held[fastest], "GiB of the GPU"),
    ]
    lines = [f"{name}: {speeds[name]:,.0f} tokens/s, {held[name]:.2f} GiB" for name in parties]
    return rows, {"All settings": "\n".join(lines), "versions": runs[fastest][0].details["versions"]}


def _said(name: str, run: Any) -> Any:
    def called(number: int) -> trainers.TrainingRun:
        found = run(number)
        say(f"{name}: {found.tokens / found.seconds:,.0f} tokens/s, {_held(found) / 2**30:.2f} GiB, "
            f"{found.seconds:.1f} s of {found.process.seconds:.1f}")  # fmt: skip
        return found

    return called


def _held(run: trainers.TrainingRun) -> int:
    return run.details["peak_gpu_memory_bytes"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    import torch

    options = parse("training/on_gpu", list(ROWS), arguments, _options)
    host = {**machine(), "processor": torch.cuda.get_device_name()}
    rows, details = measure(options)
    versions = details.pop("versions")
    command = f"python -m benchmarks.training.on_gpu --model MODEL --layers {options.layers} --width {options.width}"
    finish(options, result("training on a GPU", rows, host, details=details, versions=versions), command)


if __name__ == "__main__":
    main()
