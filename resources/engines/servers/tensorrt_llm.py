"""TensorRT-LLM's server (`trtllm-serve`): what it has no flag for stands in a YAML file beside its log."""

import os
import shutil
from collections.abc import Mapping
from typing import Any

from pipelines.compute.processor import has_gpu
from resources.engines.batch_engine import Engine
from resources.engines.options import SAMPLING, Takes
from resources.engines.servers.lifecycle import stop_all
from resources.engines.servers.protocols import TRTLLM
from resources.engines.servers.served_batch import Launch, LocalEngine, load_with

PROGRAM = "trtllm-serve"
FLAGS = {
    "tensor_parallel": "--tp_size",
    "pipeline_parallel": "--pp_size",
    "max_num_batched_tokens": "--max_num_tokens",
    "gpu_memory_share": "--kv_cache_free_gpu_memory_fraction",
}
_QUANTIZATION = {"awq": "W4A16_AWQ", "gptq": "W4A16_GPTQ", "fp8": "FP8"}
TAKES: Takes = {
    **dict.fromkeys((*FLAGS, "dtype", "max_model_len", "max_num_seqs", "prefix_caching", "attention_backend")),
    **dict.fromkeys(("speculative_tokens", "draft_model")),
    "quantization": tuple(_QUANTIZATION),
    **SAMPLING,
}


def extra_options(launch: Launch) -> dict[str, Any]:
    """Return what `--extra_llm_api_options` is given: arguments of TensorRT-LLM's LLM class."""
    options = launch.options
    found: dict[str, Any] = {"dtype": launch.dtype}
    if options.prefix_caching is not None:
        found["kv_cache_config"] = {"enable_block_reuse": options.prefix_caching}
    if options.attention_backend:
        found["attn_backend"] = options.attention_backend
    if options.quantization:
        found["quant_config"] = {"quant_algo": _QUANTIZATION[options.quantization]}
    if options.speculative_tokens:
        by = {"decoding_type": "DraftTarget", "speculative_model_dir": options.draft_model}
        found["speculative_config"] = {
            **(by if options.draft_model else {"decoding_type": "NGram"}),
            "max_draft_len": options.speculative_tokens,
        }
    return found


def _command(launch: Launch) -> list[str]:
    import yaml

    options, given = launch.options, launch.options.given
    file = launch.folder / "trtllm.yaml"
    file.write_text(yaml.safe_dump(extra_options(launch)), encoding="utf-8")
    words = [
        PROGRAM, str(launch.model), "--host", "127.0.0.1", "--port", str(launch.port),
        "--max_seq_len", str(launch.room), "--max_batch_size", str(options.max_num_seqs or launch.slots),
        "--extra_llm_api_options", str(file),
    ]  # fmt: skip
    for name, flag in FLAGS.items():
        words += [flag, str(given[name])] if name in given else []
    return [*words, *(["--trust_remote_code"] if launch.trust_remote_code else [])]


def why_not(environment: Mapping[str, str] = os.environ) -> str:
    """Return why it cannot run here."""
    if not shutil.which(PROGRAM):
        return f"no {PROGRAM} on the PATH"
    return "" if has_gpu() else "no GPU, and TensorRT-LLM runs on one alone"


SERVER = LocalEngine("tensorrt-llm", TAKES, _command, TRTLLM, why_not)
ENGINE = Engine(load_with(SERVER), "tensorrt_llm", stop_all, TAKES, why_not)
