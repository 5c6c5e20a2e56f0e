"""Child process: one model in memory, which answers the parent's requests as they come, until the pipe is closed."""

import json
import os
import sys
from typing import Any

from pipelines.serving.champion.inbox import Inbox
from resources.engines.batch_engine import CannotRun
from resources.engines.engines import FALLBACK


def main() -> None:
    """Load argv[2] by the engine argv[1], tell that it is ready, and answer."""
    told = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print goes into the log
    inbox = Inbox()
    inbox.begin()

    def tell(event: dict[str, Any]) -> None:
        told.write(json.dumps(event, ensure_ascii=False).encode() + b"\n")

    loop, fallback = _loaded(*sys.argv[1:3])
    tell({"ready": {"engine": loop.name, "room": loop.room, "fallback": fallback}})
    while True:
        loop.work(inbox, tell)


def _loaded(engine: str, model: str) -> tuple[Any, str]:
    fallback = "" if engine in ("vllm", FALLBACK) else f"{engine} has no way to answer requests as they come"
    if engine == "vllm":
        from pipelines.serving.champion.vllm_loop import VllmLoop

        try:
            return VllmLoop(model), fallback
        except CannotRun as error:
            fallback = str(error)
            print(f"{engine} cannot run {model}, {FALLBACK} does: {error}", flush=True)
    from pipelines.serving.champion.transformers_loop import TransformersLoop

    return TransformersLoop(model), fallback


if __name__ == "__main__":
    main()
