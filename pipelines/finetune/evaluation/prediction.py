"""Predictions of base and adapter over the held-out rows, from the same prompt ids, computed once each."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.errors import Problem
from pipelines.core.identity import content_id, json_digest
from pipelines.core.protocols import Messages
from pipelines.finetune.conversation import messages_of, tools_of

log = logging.getLogger("graftline")

PREDICTIONS = pa.schema(
    [(name, pa.string()) for name in ("row_id", "source", "language", "prompt_digest", "reference", "base", "adapter")]
    + [
        ("base_tokens", pa.int64()),
        ("adapter_tokens", pa.int64()),
        ("base_cut", pa.bool_()),
        ("adapter_cut", pa.bool_()),
    ]
    + [(name, pa.string()) for name in ("base_engine", "engine", "base_model", "model", "dataset")]
)
"""`base_model`, `model` and `dataset` are the digests of the base, of the merged adapter and of the data held out.
Texts are as they were generated, white space too; `base_cut` and `adapter_cut`: the limit of tokens ended it."""

GENERATIONS = pa.schema(
    [
        ("prompt_digest", pa.string()),
        ("text", pa.string()),
        ("tokens", pa.int64()),
        ("engine", pa.string()),
        ("cut", pa.bool_()),
    ]
)
_CODE_VERSION = "2"
"""Raise it when a text is kept in another way: it is part of the key of what was generated."""
_LEAST_MARGIN = 16


class PredictionSettings(BaseModel):
    """How the held-out rows are generated; greedily, always."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: int | None = Field(
        default=None, gt=0, description="new tokens a row at most (None: as references need)"
    )


@dataclass(frozen=True)
class ModelFolder:
    """A checkpoint on disk and the digest of all that it holds."""

    path: Path
    digest: str


@dataclass(frozen=True)
class HeldOut:
    """One held-out row: the prompt's token ids, their digest, and the reference answer."""

    row_id: str
    source: str
    language: str
    reference: str
    prompt_ids: list[int]
    prompt_digest: str


class Engine(Protocol):
    """What generates; `resources.engines.engine.InferenceEngine`."""

    name: str

    @property
    def made_with(self) -> str: ...

    def render(
        self, model: Path, conversations: Sequence[Messages], tools: Sequence[list[dict[str, Any]] | None] | None = None
    ) -> list[list[int]]: ...

    def token_counts(self, model: Path, texts: Sequence[str]) -> list[int]: ...

    def context_length(self, model: Path) -> int: ...

    def generate_many(self, jobs: Sequence[tuple[Path, Sequence[list[int]]]], max_tokens: int) -> list[Any]: ...


class TableCache(Protocol):
    """Tables by name; `resources.tables.tables.TableStore`."""

    def find(self, name: str) -> pa.Table | None: ...

    def write(self, name: str, table: pa.Table) -> str: ...


@dataclass(frozen=True)
class Predicted:
    """The predictions, the rows that could not be asked, and how many texts were generated rather than found.

    `max_tokens` is the limit of each text; `cut` counts those of base and adapter that it ended.
    """

    table: pa.Table
    problems: list[Problem]
    generated: int
    speed: dict[str, float]
    max_tokens: int
    cut: dict[str, int]


def longest_answer(
    rows: Sequence[Mapping[str, Any]], model: Path, engine: Engine, settings: PredictionSettings | None = None
) -> int:
    """Return how many tokens a text may have: the settings', else the longest reference's and a quarter more.

    A base rambles to any limit, so it is no larger than the data asks for, and at most half of the model's context.
    """
    settings = settings or PredictionSettings()
    half = max(1, engine.context_length(model) // 2)
    if settings.max_tokens:
        return settings.max_tokens
    references = [
        row["messages"][-1]["content"] for row in rows if len(row["messages"]) > 1 and _is_answer(row["messages"][-1])
    ]
    longest = max(engine.token_counts(model, references), default=0)
    return min(longest + max(_LEAST_MARGIN, longest // 4), half)


def held_out_prompts(
    rows: Sequence[Mapping[str, Any]], model: Path, engine: Engine, max_tokens: int
) -> tuple[list[HeldOut], list[Problem]]:
    """Return the rows by id with their prompts, and those without an answer or without room for one.

    The last message is the reference, all before it the prompt, rendered by the model's template.
    """
    asked, problems = [], []
    for row in sorted(rows, key=lambda row: row["row_id"]):
        if len(row["messages"]) > 1 and _is_answer(row["messages"][-1]):
            asked.append(row)
        else:
            problems.append(
                Problem(
                    row["source"],
                    0,
                    f"row {row['row_id']} without a last assistant turn",
                    "a question and its answer",
                    "complete the row",
                )
            )
    prompts = engine.render(model, [messages_of(row)[:-1] for row in asked], [tools_of(row) for row in asked])
    room, found = engine.context_length(model) - max_tokens, []
    for row, ids in zip(asked, prompts, strict=True):
        if len(ids) > room:
            problems.append(
                Problem(
                    row["source"],
                    0,
                    f"row {row['row_id']} with {len(ids)} prompt tokens",
                    f"{room} at most",
                    "shorten the row, or lower max_tokens",
                )
            )
        else:
            reference = row["messages"][-1]["content"]
            found.append(HeldOut(row["row_id"], row["source"], row["language"], reference, ids, json_digest(ids)))
    return found, problems


def _is_answer(message: Mapping[str, Any]) -> bool:
    return message["role"] == "assistant" and bool(message["content"])  # a tool call has no text to compare with


def generations(
    models: Sequence[ModelFolder], rows: Sequence[HeldOut], engine: Engine, cache: TableCache, max_tokens: int
) -> tuple[list[pa.Table], int, dict[str, float]]:
    """Return each model's GENERATIONS over the rows, how many texts were made anew, and the speed of making them.

    What was generated before is found by (model, prompts, sampling, engine and its version) and starts no engine. The
    key takes all prompts at once: on close calls a greedy output depends on its batch, and a delta run must equal a
    clean rebuild. What a fallback made is made again beside texts of the engine that was asked for.
    """
    prompts = json_digest([row.prompt_digest for row in rows])
    parts = (prompts, max_tokens, engine.made_with, _CODE_VERSION)
    keys = {model.digest: content_id(model.digest, *parts) for model in models}
    names = {digest: f"generations/{key}" for digest, key in keys.items()}
    found = {digest: cache.find(name) for digest, name in names.items()}
    every = {model.digest: model for model in models}
    missing = [model for digest, model in every.items() if found[digest] is None]
    engines = {digest: table["engine"][0].as_py() for digest, table in found.items() if table is not None and rows}
    if missing or engine.name in engines.values():
        missing = [model for digest, model in every.items() if engines.get(digest) != engine.name]
    speed: dict[str, float] = {}
    if missing and rows:
        ids = [row.prompt_ids for row in rows]
        batches = engine.generate_many([(model.path, ids) for model in missing], max_tokens)
        for model, batch in zip(missing, batches, strict=True):
            found[model.digest] = _generations(rows, batch)
            cache.write(names[model.digest], found[model.digest])
        speed = {
            "engine_starts": sum(batch.starts for batch in batches),
            "engine_start_seconds": sum(batch.start_seconds for batch in batches),
            "generate_seconds": sum(batch.generate_seconds for batch in batches),
            "tokens_per_second": min(batch.tokens_per_second for batch in batches),
        }
    empty = GENERATIONS.empty_table()
    tables = [found[model.digest] if rows else empty for model in models]
    return [table if table is not None else empty for table in tables], len(missing) * len(rows), speed


def _generations(rows: Sequence[HeldOut], batch: Any) -> pa.Table:
    outputs = batch.outputs
    return pa.Table.from_pydict(
        {
            "prompt_digest": [row.prompt_digest for row in rows],
            "text": [output["text"] for output in outputs],
            "tokens": [len(output["token_ids"]) for output in outputs],
            "engine": [batch.engine] * len(outputs),
            "cut": [output["finish_reason"] == "length" for output in outputs],
        },
        GENERATIONS,
    )


def predict(
    rows: Sequence[Mapping[str, Any]],
    dataset: str,
    base: ModelFolder,
    adapter: ModelFolder,
    engine: Engine,
    cache: TableCache,
    settings: PredictionSettings | None = None,
) -> Predicted:
    """Return PREDICTIONS of base and merged adapter over the held-out rows ({row_id, messages, source, language}).

    Both answer the same prompt ids, rendered by the template that trained. The base's are computed once for all
    recipes; nothing changed starts no engine and imports no torch.
    """
    limit = longest_answer(rows, adapter.path, engine, settings)
    asked, problems = held_out_prompts(rows, adapter.path, engine, limit)
    (before, after), generated, speed = generations([base, adapter], asked, engine, cache, limit)
    names = ("row_id", "source", "language", "prompt_digest", "reference")
    columns: dict[str, Any] = {name: [getattr(row, name) for row in asked] for name in names}
    columns |= {"base": before["text"], "adapter": after["text"]}
    columns |= {"base_tokens": before["tokens"], "adapter_tokens": after["tokens"]}
    columns |= {"base_cut": before["cut"], "adapter_cut": after["cut"]}
    columns |= {"base_engine": before["engine"], "engine": after["engine"]}
    constants = {"base_model": base.digest, "model": adapter.digest, "dataset": dataset}
    columns |= {name: [value] * len(asked) for name, value in constants.items()}
    columns = {
        name: column.to_pylist() if isinstance(column, pa.ChunkedArray) else column for name, column in columns.items()
    }
    cut = {who: sum(columns[f"{who}_cut"]) for who in ("base", "adapter")}
    if cut["adapter"]:
        told = "%d of %d texts of the adapter were cut at %d tokens, where the longest reference and a quarter more fit"
        log.warning(told, cut["adapter"], len(asked), limit)
    return Predicted(pa.Table.from_pydict(columns, PREDICTIONS), problems, generated, speed, limit, cut)
