"""The process that parses files of formats in which a few bytes can ask for all memory or for ever.

It reads one JSON request a line ({"path", "format", "limits"}) and writes one JSON line for each: the extracted
text, or the problem. `pipelines/knowledge/documents/formats/process.py` is its other end.
"""

import contextlib
import dataclasses
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.knowledge.documents.formats.limits import Limits

_AWAY = "save it anew, or move it out of the folder"


def serve() -> None:
    """Answer requests until the parent closes its end."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the answers
    _die_with_parent()
    for line in sys.stdin.buffer:
        answers.write(json.dumps(_answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from pipelines.knowledge.documents.formats.readers import Reader

    limits = Limits.model_validate(request["limits"])
    path = Path(os.fsdecode(bytes.fromhex(request["path"])))
    read = Reader(request["format"]).function  # imports the parser, which a low limit of memory would not let in
    _hold_memory(limits.memory_bytes)
    try:
        extracted = read(path, limits)
        if len(extracted.text) > limits.characters:
            found, most = f"{len(extracted.text):,} characters of text", f"at most {limits.characters:,}"
            return {"problem": [found, most, "split it, or move the file out of the folder"]}
        return {"extracted": dataclasses.asdict(extracted)}
    except InputError as error:
        if isinstance(error.__cause__, MemoryError):
            return {"problem": _too_much(limits)}
        return {"problem": [error.found, error.expected, error.fix]}
    except MemoryError:
        return {"problem": _too_much(limits)}
    except OSError as error:
        return {"problem": [error.strerror or str(error), "a readable file", f"check with ls -l {path.name}"]}
    except Exception as error:  # a parser's own failure on one file must not end the others
        found = " ".join(f"a file that its parser fails on ({type(error).__name__}: {error})".split())[:200]
        return {"problem": [found, f"a {request['format']} file that opens", _AWAY]}


def _too_much(limits: Limits) -> list[str]:
    most = f"at most {limits.memory_bytes >> 20} MiB"
    return ["a file that needs more memory to parse than it may", most, "split it, or move it out of the folder"]


def _hold_memory(most: int) -> None:
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(ValueError, OSError):  # a lower limit is set already
            resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _die_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)


if __name__ == "__main__":
    serve()
