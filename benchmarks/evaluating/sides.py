"""The sides: our batch evaluation as the asset does it, and what each needs of the prompts."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.evaluating.raw import Made
from pipelines.finetune.evaluation.answers import ModelFolder
from pipelines.finetune.evaluation.evaluation import evaluate
from pipelines.finetune.evaluation.prediction import PredictionSettings, held_out_prompts, predict
from pipelines.finetune.evaluation.scores import score_all
from resources.engines.batch_engine import dtype_name, stop_token_ids
from resources.engines.engine import Batch, InferenceEngine
from resources.tables.tables import TableStore

TOKENS = 128
"""New tokens a prompt."""
SEQUENCES = 64
"""How many prompts either vLLM has under way: ours has so many."""


class RecordedEngine(InferenceEngine):
    """The engine, which keeps what it made and what it said to each prompt: predictions have texts alone."""

    def __init__(self, name: str, work_folder: Path) -> None:
        super().__init__(name, work_folder)
        self.made: list[Batch] = []
        self.said: dict[tuple[int, ...], list[int]] = {}

    def generate_many(self, jobs: Sequence[tuple[Path, Sequence[list[int]]]], *more: Any, **named: Any) -> list[Batch]:
        """Generate and keep."""
        made = super().generate_many(jobs, *more, **named)
        self.made += made
        for (_, prompts), batch in zip(jobs, made, strict=True):
            for ids, output in zip(prompts, batch.outputs, strict=True):
                self.said[tuple(ids)] = output["token_ids"]
        return made


@dataclass(frozen=True)
class Evaluated:
    """One batch evaluation of ours: its seconds in all, in the engine, and for the metrics; and what was generated."""

    made: Made
    generate_seconds: float
    score_seconds: float
    start_seconds: float
    engine: str


def evaluated(
    rows: Sequence[Mapping[str, Any]],
    model: Path,
    engine: RecordedEngine,
    tables: TableStore,
    number: int,
    prompts: Sequence[list[int]],
) -> Evaluated:
    """Predict one model's answers to the rows and evaluate them, nothing remembered of another `number`.

    Base and adapter are the same model here, and no row is asked twice for the noise, so that each prompt is generated
    once. An engine's start is left out. `prompts` say in which order the outputs are returned.
    """
    engine.made, engine.said = [], {}
    started = time.perf_counter()
    folder, settings = ModelFolder(model, f"round {number}"), PredictionSettings(max_tokens=TOKENS, rows_twice=0)
    found = predict(rows, "gsm8k", folder, folder, engine, tables, settings)
    predicted = time.perf_counter()
    evaluate("benchmark", found.table, scored=score_all(found.table, {}))
    ended = time.perf_counter()
    start = sum(batch.start_seconds for batch in engine.made)
    return Evaluated(
        Made(ended - started - start, [engine.said[tuple(ids)] for ids in prompts]),
        sum(batch.generate_seconds for batch in engine.made),
        ended - predicted,
        start,
        engine.made[0].engine,
    )


def job(rows: Sequence[Mapping[str, Any]], model: Path, engine: InferenceEngine) -> dict[str, Any]:
    """Return what a raw engine is given: the very prompt ids, stops and arithmetic of our evaluation."""
    asked, _ = held_out_prompts(rows, model, engine, TOKENS)
    return {
        "model": str(model),
        "prompts": [row.prompt_ids for row in asked],
        "stop": stop_token_ids(model),
        "max_tokens": TOKENS,
        "dtype": dtype_name(),
        "sequences": SEQUENCES,
    }
