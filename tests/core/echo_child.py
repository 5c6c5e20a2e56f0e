"""A child process that does as it is told."""

import os
import time
from pathlib import Path
from typing import Any

from pipelines.core.child_process import as_child
from pipelines.core.errors import InputError


def _jinja() -> Exception:
    from jinja2 import TemplateError

    return TemplateError("System role not supported")


def _safetensors() -> Exception:
    from safetensors import SafetensorError

    return SafetensorError("Error while deserializing header: incomplete metadata, file not fully covered")


def _torch() -> Exception:
    return RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory\nframe #0")


def _tokenizers() -> Exception:
    from tokenizers import Tokenizer

    try:
        Tokenizer.from_str('{"model": 3}')
    except Exception as error:
        return error
    raise AssertionError("a tokenizer of nothing")


_LIBRARIES = {
    "jinja": _jinja,
    "safetensors": _safetensors,
    "torch": _torch,
    "tokenizers": _tokenizers,
    "plain": KeyError,
}


def obey(spec: dict[str, Any]) -> None:
    if "pid" in spec:
        Path(spec["pid"]).write_text(str(os.getpid()))
    if "signal" in spec:
        os.kill(os.getpid(), spec["signal"])
    time.sleep(spec.get("sleep", 0))
    if "fail" in spec:
        raise SystemExit(spec["fail"])
    if "refuse" in spec:
        raise InputError("the recipe", spec["refuse"], "something else", "correct it")
    if "library" in spec:
        raise _LIBRARIES[spec["library"]]()
    print(spec.get("say", ""))


if __name__ == "__main__":
    as_child(obey)
