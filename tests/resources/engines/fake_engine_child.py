"""An engine without a model: the real process, its jobs and its end, with models that count what happens to them.

`FAKE_ENGINE` says in the environment what it can do: "swaps", "swaps breaks", or "" (each model is loaded anew).
"""

import json
import os
import time
from pathlib import Path

from resources.engines import engines, generate_child
from resources.engines.batch_engine import CannotRun, Engine, Job, Outputs


class Counting:
    """Answers with its model's name, how often it was loaded and how often its weights changed."""

    loads = 0

    def __init__(self, model: str, room: int, job: Job) -> None:
        if json.loads(Path(model, "config.json").read_text()).get("refused"):
            raise CannotRun("no such architecture")
        Counting.loads += 1
        self.room, self.model, self.swaps = 64, model, 0

    def swap(self, model: str) -> bool:
        if "swaps" not in os.environ.get("FAKE_ENGINE", ""):
            return False
        if "breaks" in os.environ["FAKE_ENGINE"]:
            raise RuntimeError("of another size")
        self.model, self.swaps = model, self.swaps + 1
        return True

    def generate(self, prompts: list[list[int]], stop: list[int], job: Job) -> Outputs:
        if job["max_tokens"] == 13:
            raise SystemExit("the weights are torn")
        if job["max_tokens"] == 14:
            print("computing", flush=True)
            time.sleep(60)
        if job["max_tokens"] == 15:
            job["told"](1, {"text": "told", "token_ids": prompts[1], "finish_reason": "stop"})
            time.sleep(0.5)
            raise SystemExit("killed in the middle")
        text = f"{self.model.rsplit('/', 1)[-1]} loads {Counting.loads} swaps {self.swaps} pid {os.getpid()}"
        outputs: Outputs = [{"text": text, "token_ids": ids[:2], "finish_reason": "stop"} for ids in prompts]
        for row, output in enumerate(outputs):
            job["told"](row, output | {"text": f"{len(prompts)} at once"})
        return outputs


if __name__ == "__main__":
    generate_child.dtype_name = lambda: "float32"  # the real one takes torch along
    engines._OWN["vllm"] = Engine(Counting, "json")
    engines._OWN["transformers"] = Engine(Counting, "json")
    generate_child.main()
