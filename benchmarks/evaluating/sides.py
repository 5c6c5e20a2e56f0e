"""The sides: our batch evaluation as the asset does it, and what each needs of the prompts."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.evaluating.raw import Made
from pipelines.finetune.evaluation.evaluation import evaluate
from pipelines.finetune.evaluation.prediction import ModelFolder, PredictionSettings, held_out_prompts, predict
from pipelines.finetune.evaluation.scores import score_all
from resources.engines.batch_engine import dtype_name, stop_token_ids
from resources.engines.engine import Batch, InferenceEngine
from resources.tables.tables import TableStore

TOKENS = 128
"""New tokens a prompt."""
SEQUENCES = 64
"""How many prompts either vLLM has under way: ours has so many."""


class RecordedEngine(InferenceEngine):
    """The engine, which keeps the batches that it made last: a table of predictions holds no token ids."""

    last: Sequence[Batch] = ()

    def generate_many(self, *arguments: Any, **named: Any) -> list[Batch]:
        """Generate and keep."""
        made = super().generate_many(*arguments, **named)
        self.last = made
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
    rows: Sequence[Mapping[str, Any]], model: Path, engine: RecordedEngine, tables: TableStore, number: int
) -> Evaluated:
    """Predict one model's answers to the rows and evaluate them, nothing remembered of another `number`.

    Base and adapter are the same model here, so that each prompt is generated once. An engine's start is left out.
    """
    started = time.perf_counter()
    folder = ModelFolder(model, f"round {number}")
    found = predict(rows, "gsm8k", folder, folder, engine, tables, PredictionSettings(max_tokens=TOKENS))
    predicted = time.perf_counter()
    evaluate("benchmark", found.table, scored=score_all(found.table, {}))
    ended = time.perf_counter()
    batches = list(engine.last)
    start = sum(batch.start_seconds for batch in batches)
    outputs = [output["token_ids"] for batch in batches for output in batch.outputs]
    return Evaluated(
        Made(ended - started - start, outputs),
        sum(batch.generate_seconds for batch in batches),
        ended - predicted,
        start,
        batches[0].engine,
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
