"""A child process that does as it is told."""

import os
import time
from pathlib import Path
from typing import Any

from pipelines.core.child_process import as_child
from pipelines.core.errors import InputError


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
    print(spec.get("say", ""))


if __name__ == "__main__":
    as_child(obey)
