"""SGLang's server: prefixes in a radix tree, several LoRA adapters at once."""

import importlib.util
import os
import sys
from collections.abc import Mapping

from pipelines.compute.processor import has_gpu
from resources.engines.batch_engine import Engine
from resources.engines.options import SAMPLING, Takes
from resources.engines.servers.lifecycle import stop_all
from resources.engines.servers.protocols import SGLANG
from resources.engines.servers.served_batch import Launch, LocalEngine, load_with

FLAGS = {
    "tensor_parallel": "--tp-size",
    "pipeline_parallel": "--pp-size",
    "data_parallel": "--dp-size",
    "quantization": "--quantization",
    "max_num_batched_tokens": "--chunked-prefill-size",
    "gpu_memory_share": "--mem-fraction-static",
    "attention_backend": "--attention-backend",
}
TAKES: Takes = {
    **dict.fromkeys((*FLAGS, "dtype", "max_model_len", "max_num_seqs", "prefix_caching")),
    **dict.fromkeys(("speculative_tokens", "draft_model")),
    "quantization": ("awq", "gptq", "fp8"),
    **SAMPLING,
}


def _command(launch: Launch) -> list[str]:
    options, given = launch.options, launch.options.given
    words = [
        sys.executable, "-m", "sglang.launch_server",
        "--model-path", str(launch.model), "--served-model-name", launch.name,
        "--host", "127.0.0.1", "--port", str(launch.port),
        "--dtype", launch.dtype, "--random-seed", "0", "--sampling-defaults", "openai",
        "--context-length", str(launch.room), "--max-running-requests", str(options.max_num_seqs or launch.slots),
        "--enable-cache-report",
    ]  # fmt: skip
    for name, flag in FLAGS.items():
        words += [flag, str(given[name])] if name in given else []
    words += ["--disable-radix-cache"] if options.prefix_caching is False else []
    if options.speculative_tokens:
        by = ["STANDALONE", "--speculative-draft-model-path", options.draft_model] if options.draft_model else ["NGRAM"]
        words += ["--speculative-algorithm", *by, "--speculative-num-draft-tokens", str(options.speculative_tokens)]
    words += ["--trust-remote-code"] if launch.trust_remote_code else []
    named = [f"{name}={path}" for name, path in launch.adapters.items()]
    return [*words, *(["--enable-lora", "--lora-paths", *named] if named else [])]


def why_not(environment: Mapping[str, str] = os.environ) -> str:
    """Return why it cannot run here."""
    if not importlib.util.find_spec("sglang"):
        return "sglang is not installed"
    return "" if has_gpu() else "no GPU, and SGLang's kernels in its wheel are for one"


SERVER = LocalEngine("sglang", TAKES, _command, SGLANG, why_not, takes_adapters=True)
ENGINE = Engine(load_with(SERVER), "sglang", stop_all, TAKES, why_not)
