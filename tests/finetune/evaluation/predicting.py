"""Held-out rows, an engine and a cache as plain objects, for the tests of predictions, evaluation and promotion."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from pipelines.finetune.evaluation.prediction import PREDICTIONS


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

    def render(self, model: Path, conversations: Sequence[Any], tools: Any = None) -> list[list[int]]:
        return [[ord(letter) for message in messages for letter in message["content"]] for messages in conversations]

    def token_counts(self, model: Path, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def context_length(self, model: Path) -> int:
        return self.context

    def generate_many(self, jobs: Sequence[tuple[Path, Sequence[list[int]]]], max_tokens: int) -> list[Any]:
        self.jobs += [model.name for model, _ in jobs]
        self.limits.append(max_tokens)
        return [
            SimpleNamespace(
                outputs=[
                    {
                        "text": f" {model.name} {len(ids)}",
                        "token_ids": [1, 2],
                        "finish_reason": "length" if len(ids) in self.cuts else "stop",
                    }
                    for ids in prompts
                ],
                engine="other" if model.name in self.fails_on else "fake",
                starts=1,
                start_seconds=1.0,
                generate_seconds=1.0,
                tokens_per_second=2.0,
            )
            for model, prompts in jobs
        ]


class FakeTables:
    """Tables in a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, pa.Table] = {}

    def find(self, name: str) -> pa.Table | None:
        return self.held.get(name)

    def write(self, name: str, table: pa.Table) -> str:
        self.held[name] = table
        return name


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
    columns |= {"row_id": [f"r{number:03}" for number in range(count)], "reference": list(references)}
    columns |= {"base": list(base), "adapter": list(adapter), "model": [model] * count, "dataset": [dataset] * count}
    columns |= {"base_tokens": [2] * count, "adapter_tokens": [2] * count}
    columns |= {"base_cut": [False] * count, "adapter_cut": [False] * count}
    columns["language"] = list(languages or ["en"] * count)
    return pa.Table.from_pydict(columns, PREDICTIONS)
