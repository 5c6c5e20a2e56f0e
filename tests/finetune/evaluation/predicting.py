"""Held-out rows, an engine and a cache as plain objects, for the tests of predictions, evaluation and promotion."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Change
from pipelines.finetune.evaluation.prediction import PREDICTIONS
from tests.fakes import FakeStored


class FakeEngine:
    """Renders characters as ids and answers with the model folder's name and the number of prompt tokens."""

    name = "fake"

    def __init__(self, context: int = 1000, made_with: str = "fake 1") -> None:
        self.context, self.made_with, self.jobs = context, made_with, []
        self.cuts: set[int] = set()
        """Lengths of prompts whose answers are cut."""
        self.limits: list[int] = []
        self.fails_on: set[str] = set()
        """Names of the models that another engine has to run."""
        self.again: list[str] = []
        """The models that were asked in another shape of batches."""
        self.asked: list[int] = []
        """How many prompts each job had, whatever its shape."""
        self.order: list[list[list[int]]] = []
        """The prompts of each job, as they came."""
        self.killed_after: int | None = None
        """How many rows it tells of before it is killed."""

    def render(self, model: Path, conversations: Sequence[Any], tools: Any = None) -> list[list[int]]:
        return [[ord(letter) for message in messages for letter in message["content"]] for messages in conversations]

    def token_counts(self, model: Path, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def context_length(self, model: Path) -> int:
        return self.context

    def generate_many(
        self,
        jobs: Sequence[tuple[Path, Sequence[list[int]]]],
        max_tokens: int,
        *,
        told: Any = None,
        at_once: int | None = None,
    ) -> list[Any]:
        (self.jobs if at_once is None else self.again).extend(model.name for model, _ in jobs)
        self.asked += [len(prompts) for _, prompts in jobs]
        self.order += [[list(ids) for ids in prompts] for _, prompts in jobs]
        self.limits.append(max_tokens)
        batches = [
            SimpleNamespace(
                outputs=[self.output(model, ids, at_once) for ids in prompts],
                engine="other" if model.name in self.fails_on else "fake",
                starts=1,
                start_seconds=1.0,
                generate_seconds=1.0,
                tokens_per_second=2.0,
            )
            for model, prompts in jobs
        ]
        for place, batch in enumerate(batches):
            for row, output in enumerate(batch.outputs):
                if self.killed_after == 0:
                    raise KeyboardInterrupt
                self.killed_after = None if self.killed_after is None else self.killed_after - 1
                if told:
                    told(place, row, {**output, "engine": batch.engine})
        return batches

    def output(self, model: Path, ids: list[int], at_once: int | None) -> dict[str, Any]:
        reason = "length" if len(ids) in self.cuts else "stop"
        return {"text": f" {model.name} {len(ids)}", "token_ids": [1, 2], "finish_reason": reason}

    def choices(self, model: Path, prompts: Any, answers: Any) -> dict[str, list[list[int]]]:
        self.looked_at = [*getattr(self, "looked_at", []), model.name]
        return {dtype: [list(ids) for ids in answers] for dtype in ("float32", "bfloat16")}


class FakeTables:
    """Tables in a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, pa.Table] = {}

    def stored(self, name: str) -> FakeStored | None:
        return FakeStored(self.held[name]) if name in self.held else None

    def amend(self, name: str, schema: pa.Schema, change: Change) -> None:
        held = self.held.get(name, schema.empty_table()).to_pylist()
        kept = [row for row in held if row[change.column] not in change.drop]
        self.held[name] = pa.Table.from_pylist([*kept, *(row for t in change.add for row in t.to_pylist())], schema)


def row(number: int, answer: str = "yes", language: str = "en") -> dict[str, Any]:
    messages = [{"role": "user", "content": f"question {number}"}, {"role": "assistant", "content": answer}]
    return {"row_id": f"r{number:03}", "messages": messages, "source": "a.json", "language": language}


def predictions(
    references: Sequence[str],
    base: Sequence[str],
    adapter: Sequence[str],
    model: str = "m1",
    dataset: str = "d1",
    languages: Sequence[str] | None = None,
) -> pa.Table:
    """A PREDICTIONS table with these texts."""
    count = len(references)
    columns: dict[str, Any] = {name: ["x"] * count for name in PREDICTIONS.names}
    absent = ("champion", "champion_cut", "champion_engine", "champion_model", "adapter_again", "prompt_ids",
              "adapter_ids", "again_ids")  # fmt: skip
    columns |= {name: [None] * count for name in absent}
    columns |= {"row_id": [f"r{number:03}" for number in range(count)], "reference": list(references)}
    columns |= {"base": list(base), "adapter": list(adapter), "model": [model] * count, "dataset": [dataset] * count}
    columns |= {"base_tokens": [2] * count, "adapter_tokens": [2] * count}
    columns |= {"base_cut": [False] * count, "adapter_cut": [False] * count}
    columns["language"] = list(languages or ["en"] * count)
    return pa.Table.from_pydict(columns, PREDICTIONS)
