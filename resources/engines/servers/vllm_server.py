"""vLLM's OpenAI server: several LoRA adapters at once, beside their base."""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pipelines.compute.processor import has_gpu
from resources.engines.batch_engine import Engine
from resources.engines.options import SAMPLING, EngineOptions, Takes
from resources.engines.servers.lifecycle import stop_all
from resources.engines.servers.protocols import VLLM
from resources.engines.servers.served_batch import Launch, LocalEngine, environment_for_cpu, load_with

QUANTIZATION = ("awq", "gptq", "fp8")
"""Of checkpoints whose weights are AWQ or GPTQ; fp8 also makes them of others while it loads them."""
FLAGS = {
    "tensor_parallel": "tensor_parallel_size",
    "pipeline_parallel": "pipeline_parallel_size",
    "data_parallel": "data_parallel_size",
    "quantization": "quantization",
    "max_num_batched_tokens": "max_num_batched_tokens",
    "gpu_memory_share": "gpu_memory_utilization",
    "kv_cache_bytes": "kv_cache_memory_bytes",
    "prefix_caching": "enable_prefix_caching",
    "attention_backend": "attention_backend",
}
"""Our names to the arguments of vLLM's engine; offline it has them as they are, its server as --flags."""
TAKES: Takes = {
    **dict.fromkeys((*FLAGS, "dtype", "max_model_len", "max_num_seqs", "speculative_tokens", "draft_model")),
    "quantization": QUANTIZATION,
    **SAMPLING,
}


def speculative(options: EngineOptions) -> dict[str, object] | None:
    """Return vLLM's configuration of guesses: by a draft model, or by n-grams of the prompt."""
    if not options.speculative_tokens:
        return None
    by = {"model": options.draft_model} if options.draft_model else {"method": "ngram", "prompt_lookup_max": 4}
    return {**by, "num_speculative_tokens": options.speculative_tokens}


def _command(launch: Launch) -> list[str]:
    options, given = launch.options, launch.options.given
    words = [
        # `vllm serve` is this module; the CPU build's command of that name lacks vLLM's metadata.
        sys.executable, "-m", "vllm.entrypoints.openai.api_server",
        "--model", str(launch.model), "--served-model-name", launch.name,
        "--host", "127.0.0.1", "--port", str(launch.port),
        "--dtype", launch.dtype, "--seed", "0", "--generation-config", "vllm",
        "--max-model-len", str(launch.room), "--max-num-seqs", str(options.max_num_seqs or launch.slots),
        "--enable-prompt-tokens-details", "--disable-uvicorn-access-log",
    ]  # fmt: skip
    for name, flag in FLAGS.items():
        if name not in given:
            continue
        flag = flag.replace("_", "-")
        if isinstance(given[name], bool):
            words.append(f"--{flag}" if given[name] else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(given[name])]
    guesses = speculative(options)
    words += ["--speculative-config", json.dumps(guesses)] if guesses else []
    words += [] if has_gpu() else ["--enforce-eager"]
    words += ["--trust-remote-code"] if launch.trust_remote_code else []
    return [*words, *_adapters(launch)]


def _adapters(launch: Launch) -> list[str]:
    if not launch.adapters:
        return []
    named = [f"{name}={path}" for name, path in launch.adapters.items()]
    rank = max(adapter_rank(path) for path in launch.adapters.values())
    known = next(size for size in (8, 16, 32, 64, 128, 256, 320, 512) if size >= rank)
    return ["--enable-lora", "--max-loras", str(len(named)), "--max-lora-rank", str(known), "--lora-modules", *named]


def adapter_rank(adapter: Path) -> int:
    """Return the largest rank of an adapter in PEFT's form."""
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    return max([int(config["r"]), *map(int, (config.get("rank_pattern") or {}).values())])


def why_not(environment: Mapping[str, str] = os.environ) -> str:
    """Return why vLLM cannot run here."""
    return "" if importlib.util.find_spec("vllm") else "vllm is not installed"


SERVER = LocalEngine("vllm-server", TAKES, _command, VLLM, why_not, environment_for_cpu(), takes_adapters=True)
ENGINE = Engine(load_with(SERVER), "vllm", stop_all, TAKES, why_not)
