"""The child process that generates: reads a job, runs each of its models in turn, writes RESULT.json, then switches.

It runs the engine that the job names, and transformers where that one is not installed or cannot run the model.
"""

import gc
import json
import time
from pathlib import Path
from typing import Any

from pipelines.core.child_process import read_spec
from pipelines.core.files import write_atomically
from resources.engines.batch_engine import CannotRun, dtype_name, stop_token_ids
from resources.engines.engines import FALLBACK, engine_named


def main(job: dict[str, Any]) -> None:
    """Run every model of the job and write `{"batches": [...]}` into its folder."""
    batches = [_run(entry["model"], entry["prompts"], job) for entry in job["jobs"]]
    write_atomically(Path(job["folder"]) / "RESULT.json", json.dumps({"batches": batches}, ensure_ascii=False))


def _run(model: str, prompts: list[list[int]], job: dict[str, Any]) -> dict[str, Any]:
    started, name, fallback = time.perf_counter(), job["engine"], ""
    stop = stop_token_ids(Path(model))
    try:
        generate = engine_named(name).load(model, prompts, stop, job)
    except CannotRun as error:
        if name == FALLBACK:
            raise
        print(f"{name} cannot run {model}, {FALLBACK} does: {error}", flush=True)
        name, fallback = FALLBACK, str(error)
        generate = engine_named(name).load(model, prompts, stop, job)
    ready = time.perf_counter()
    outputs = generate(prompts)
    done = time.perf_counter()
    del generate
    gc.collect()
    engine_named(name).let_go()
    return {
        "engine": name,
        "fallback": fallback,
        "start_seconds": ready - started,
        "generate_seconds": done - ready,
        "dtype": dtype_name(),
        "outputs": outputs,
    }


if __name__ == "__main__":
    main(read_spec())
