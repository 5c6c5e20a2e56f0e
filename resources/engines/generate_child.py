"""The engine's process: takes one job after the other from its parent until that one closes the pipe or is gone.

It runs the engine that the parent names, and transformers where that one is not installed or cannot run the model.
"""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.core.files import write_atomically
from resources.engines.batch_engine import dtype_name, stop_token_ids
from resources.engines.job_pipe import Told, jobs, tells
from resources.engines.kept_model import KeptModel
from resources.engines.likelihoods import Scoring


def main() -> None:
    """Run every model of each job and write `{"batches": [...]}` where the job says."""
    kept: KeptModel | None = None
    for job in jobs():
        kept = kept or KeptModel(job["engine"])
        with tells(job.get("told")) as tell:
            batches = [
                _run(kept, entry["model"], entry["prompts"], job, partial(tell, number))
                for number, entry in enumerate(job["jobs"])
            ]
        write_atomically(Path(job["result"]), json.dumps({"batches": batches}, ensure_ascii=False))


def _run(kept: KeptModel, model: str, prompts: list[list[int]], job: dict[str, Any], tell: Told) -> dict[str, Any]:
    started = time.perf_counter()
    longest = max(map(len, prompts)) + job["max_tokens"]
    loaded, came = kept.ready(model, longest, job)
    loaded = Scoring(loaded) if job.get("starts") else loaded
    ready = time.perf_counter()
    stop, outputs = stop_token_ids(Path(model)), []
    size = job.get("at_once") or len(prompts)
    for start in range(0, len(prompts), size):
        told = {"told": lambda row, output, start=start: tell(start + row, {**output, "engine": kept.name})}
        outputs += loaded.generate(prompts[start : start + size], stop, {**job, **told})
    return {
        "engine": kept.name,
        "fallback": kept.fallback,
        "came": came,
        "start_seconds": ready - started,
        "generate_seconds": time.perf_counter() - ready,
        "dtype": getattr(loaded, "dtype", "") or dtype_name(),
        "outputs": outputs,
    }


if __name__ == "__main__":
    main()
