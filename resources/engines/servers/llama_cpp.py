"""llama.cpp's server (`llama-server`): weights as a GGUF file, which is written where the checkpoint has none."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache

from resources.engines.batch_engine import Engine
from resources.engines.options import SAMPLING, Takes
from resources.engines.servers.lifecycle import stop_all
from resources.engines.servers.protocols import LLAMA_CPP
from resources.engines.servers.served_batch import Launch, LocalEngine, load_with

PROGRAM = "llama-server"
TAKES: Takes = {
    "dtype": None,
    "quantization": ("q8_0", "q4_0"),
    "max_model_len": None,
    "max_num_seqs": None,
    "max_num_batched_tokens": None,
    "prefix_caching": None,
    "attention_backend": ("on", "off", "auto"),
    "speculative_tokens": None,
    "draft_model": None,
    **SAMPLING,
}
"""Its attention_backend is whether it uses its flash attention; all of a machine's GPUs hold layers as it is."""


def _command(launch: Launch) -> list[str]:
    from resources.engines.servers.gguf_file import gguf_of

    options, slots = launch.options, launch.options.max_num_seqs or launch.slots
    kind = options.quantization or launch.dtype
    words = [
        PROGRAM, "--model", str(gguf_of(launch.model, kind, launch.folder)), "--alias", launch.name,
        "--host", "127.0.0.1", "--port", str(launch.port), "--offline", "--no-ui", "--metrics", "--seed", "0",
        # One cache for all slots would let a long request take what others were promised.
        "--parallel", str(slots), "--ctx-size", str(slots * launch.room), "--no-kv-unified", "--no-context-shift",
        # A prefix that an earlier request computed in another batch may round otherwise.
        "--cache-prompt" if options.prefix_caching else "--no-cache-prompt",
    ]  # fmt: skip
    if options.max_num_batched_tokens:
        words += ["--batch-size", str(options.max_num_batched_tokens), "--ubatch-size"]
        words.append(str(options.max_num_batched_tokens))
    words += ["--flash-attn", options.attention_backend] if options.attention_backend else []
    return [*words, *_guesses(launch)]


def _guesses(launch: Launch) -> list[str]:
    from pathlib import Path

    from resources.engines.servers.gguf_file import gguf_of

    options = launch.options
    if not options.speculative_tokens:
        return []
    tokens = str(options.speculative_tokens)
    if not options.draft_model:
        return ["--spec-type", "ngram-simple", "--spec-ngram-simple-size-m", tokens]
    draft = gguf_of(Path(options.draft_model), launch.dtype, launch.folder / "draft")
    return ["--spec-type", "draft-simple", "--spec-draft-model", str(draft), "--spec-draft-n-max", tokens]


def why_not(environment: Mapping[str, str] = os.environ) -> str:
    """Return why it cannot run here."""
    return "" if shutil.which(PROGRAM) else f"no {PROGRAM} on the PATH"


def version(environment: Mapping[str, str] = os.environ) -> str:
    """Return what the program says of its version."""
    return _version()


@cache
def _version() -> str:
    if why_not():
        return PROGRAM
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=60, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    return next((line.strip() for line in lines if line.startswith("version")), PROGRAM)


SERVER = LocalEngine("llama.cpp", TAKES, _command, LLAMA_CPP, why_not)
ENGINE = Engine(load_with(SERVER), "gguf", stop_all, TAKES, why_not, version)
