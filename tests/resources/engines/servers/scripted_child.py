"""The engine's real process, with a scripted program in the place of vLLM's server and a fake transformers."""

import sys
from dataclasses import replace
from pathlib import Path

from resources.engines import engines, generate_child
from resources.engines.batch_engine import Engine, Job, Outputs
from resources.engines.servers import served_batch, vllm_server
from resources.engines.servers.lifecycle import stop_all

SCRIPT = Path(__file__).with_name("scripted_server.py")


class Fallback:
    """Stands for transformers."""

    def __init__(self, model: str, room: int, job: Job) -> None:
        self.room = room

    def swap(self, model: str) -> bool:
        return False

    def generate(self, prompts: list[list[int]], stop: list[int], job: Job) -> Outputs:
        return [{"text": "", "token_ids": ids, "finish_reason": "length"} for ids in prompts]


def command(launch: served_batch.Launch) -> list[str]:
    words = vllm_server.SERVER.command(launch)
    return [sys.executable, str(SCRIPT), *words[words.index("--model") :]]


if __name__ == "__main__":
    generate_child.dtype_name = lambda: "float32"  # the real one takes torch along
    served_batch.dtype_name = lambda: "float32"
    scripted = replace(vllm_server.SERVER, command=command)
    engines._OWN["vllm-server"] = Engine(served_batch.load_with(scripted), "json", stop_all, vllm_server.TAKES)
    engines._OWN["transformers"] = Engine(Fallback, "json")
    generate_child.main()
