"""Predictions of base, adapter and champion over the held-out rows, from the same prompt ids, answered once each."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.errors import InputError, Problem
from pipelines.core.identity import json_digest
from pipelines.finetune.conversation import messages_of, tools_of
from pipelines.finetune.evaluation.answers import Answered, Asked, Engine, ModelFolder, Prompt, RowStore, answer

log = logging.getLogger("graftline")

_IDS = pa.list_(pa.int32())
PREDICTIONS = pa.schema(
    [(name, pa.string()) for name in ("row_id", "source", "language", "prompt_digest", "reference", "base", "adapter")]
    + [
        ("base_tokens", pa.int64()),
        ("adapter_tokens", pa.int64()),
        ("base_cut", pa.bool_()),
        ("adapter_cut", pa.bool_()),
    ]
    + [(name, pa.string()) for name in ("base_engine", "engine", "base_model", "model", "dataset")]
    + [("champion", pa.string()), ("champion_cut", pa.bool_())]
    + [(name, pa.string()) for name in ("champion_engine", "champion_model", "adapter_again")]
    + [(name, _IDS) for name in ("prompt_ids", "adapter_ids", "again_ids")]
)
"""`base_model`, `model` and `dataset` are the digests of the base, of the merged adapter and of the data held out.
Texts are as they were generated, white space too; `base_cut` and `adapter_cut`: the limit of tokens ended it.

`champion` and what belongs to it is null where there is none that takes the same token ids. `adapter_again` is what the
same weights answered in another shape of batches, and `…_ids` are token ids: of the first rows only, else null."""

_NO_CHAMPION = "there is none whose checkpoint is here"
_LEAST_MARGIN = 16
_OTHER_SHAPE = 4
"""Rows at a time of the second run. One at a time is the slowest there is, and rounds no more otherwise."""


class PredictionSettings(BaseModel):
    """How the held-out rows are generated; greedily, always."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: int | None = Field(
        default=None, gt=0, description="new tokens a row at most (None: as references need)"
    )
    rows_twice: int = Field(
        default=32, ge=0, description="rows that the adapter answers a second time, for noise floor and engine parity"
    )


@dataclass(frozen=True)
class HeldOut:
    """One held-out row: the prompt's token ids, their digest, and the reference answer."""

    row_id: str
    source: str
    language: str
    reference: str
    prompt_ids: list[int]
    prompt_digest: str


@dataclass(frozen=True)
class Predicted:
    """The predictions, the rows that could not be asked, and how many texts were generated and how many found stored.

    `max_tokens` is the limit of each text; `cut` counts those of base, adapter and champion that it ended. `champion`
    says who stands beside them, or why nobody does.
    """

    table: pa.Table
    problems: list[Problem]
    generated: int
    reused: int
    speed: dict[str, float]
    max_tokens: int
    cut: dict[str, int]
    champion: str = field(default=_NO_CHAMPION)


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
    prompts = rendered_prompts(model, asked, engine)
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


def rendered_prompts(model: Path, rows: Sequence[Mapping[str, Any]], engine: Engine) -> list[list[int]]:
    """Return the token ids of each row's prompt, all before its last message, by the model's template."""
    return engine.render(model, [messages_of(row)[:-1] for row in rows], [tools_of(row) for row in rows])


def _is_answer(message: Mapping[str, Any]) -> bool:
    return message["role"] == "assistant" and bool(message["content"])  # a tool call has no text to compare with


def answers_of(
    models: Sequence[ModelFolder], rows: Sequence[HeldOut], engine: Engine, store: RowStore, max_tokens: int
) -> Answered:
    """Return each model's answers to the rows: see `answers.answer`."""
    prompts = prompts_of(rows)
    return answer([Asked(model, prompts) for model in models], engine, store, max_tokens)


def prompts_of(rows: Sequence[HeldOut]) -> list[Prompt]:
    """Return the rows' prompts."""
    return [Prompt(row.prompt_digest, row.prompt_ids) for row in rows]


def predict(
    rows: Sequence[Mapping[str, Any]],
    dataset: str,
    base: ModelFolder,
    adapter: ModelFolder,
    engine: Engine,
    store: RowStore,
    settings: PredictionSettings | None = None,
    champion: ModelFolder | None = None,
) -> Predicted:
    """Return PREDICTIONS of base, adapter and champion over the held-out rows ({row_id, messages, source, language}).

    All answer the same prompt ids, rendered by the template that trained the adapter; a champion whose own template
    makes others of them stands not beside. What is stored is not asked for again (`answers.answer`): nothing changed
    starts no engine and imports no torch.
    """
    settings = settings or PredictionSettings()
    limit = longest_answer(rows, adapter.path, engine, settings)
    asked, problems = held_out_prompts(rows, adapter.path, engine, limit)
    prompts = prompts_of(asked)
    twice = prompts[: settings.rows_twice]
    beside, told = _beside(champion, rows, asked, engine)
    models = [base, adapter, *([beside] if beside else [])]
    wanted = [*(Asked(model, prompts) for model in models), Asked(adapter, twice, _OTHER_SHAPE)]
    found = answer(wanted, engine, store, limit)
    before, after, again = found.tables[0], found.tables[1], found.tables[-1]
    names = ("row_id", "source", "language", "prompt_digest", "reference")
    columns: dict[str, Any] = {name: [getattr(row, name) for row in asked] for name in names}
    columns |= {"base": before["text"], "adapter": after["text"]}
    columns |= {"base_tokens": _lengths(before), "adapter_tokens": _lengths(after)}
    columns |= {"base_cut": before["cut"], "adapter_cut": after["cut"]}
    columns |= {"base_engine": before["engine"], "engine": after["engine"]}
    constants = {"base_model": base.digest, "model": adapter.digest, "dataset": dataset}
    columns |= {name: [value] * len(asked) for name, value in constants.items()}
    if beside:
        third = found.tables[2]
        columns |= {"champion": third["text"], "champion_cut": third["cut"], "champion_engine": third["engine"]}
        columns["champion_model"] = [beside.digest] * len(asked)
    own = after.slice(0, len(twice))
    columns |= {"adapter_again": again["text"], "again_ids": again["token_ids"], "adapter_ids": own["token_ids"]}
    columns["prompt_ids"] = [list(prompt.ids) for prompt in twice]
    columns = {name: _whole(columns.get(name, []), len(asked)) for name in PREDICTIONS.names}
    cut = {
        who: sum(filter(None, columns[f"{who}_cut"])) for who in ("base", "adapter", *(["champion"] if beside else []))
    }
    if cut["adapter"]:
        said = "%d of %d texts of the adapter were cut at %d tokens, where the longest reference and a quarter more fit"
        log.warning(said, cut["adapter"], len(asked), limit)
    table = pa.Table.from_pydict(columns, PREDICTIONS)
    return Predicted(table, problems, found.generated, found.reused, found.speed, limit, cut, told)


def _beside(
    champion: ModelFolder | None, rows: Sequence[Mapping[str, Any]], asked: Sequence[HeldOut], engine: Engine
) -> tuple[ModelFolder | None, str]:
    """Return the champion where it takes the same token ids, and a line about it."""
    if champion is None:
        return None, _NO_CHAMPION
    known = {row["row_id"]: row for row in rows}
    mine = [known[row.row_id] for row in asked]
    try:
        own = rendered_prompts(champion.path, mine, engine)
    except InputError as error:
        return None, f"{champion.digest} cannot take these rows: {error.found}"
    other = sum(list(ids) != row.prompt_ids for ids, row in zip(own, asked, strict=True))
    if other:
        why = (
            f"{champion.digest} takes {other} of {len(asked)} prompts as other tokens, and answers in its own template"
        )
        return None, f"{why} where it is decided on"
    return champion, champion.digest


def _lengths(answers: pa.Table) -> list[int]:
    return [len(ids) for ids in answers["token_ids"].to_pylist()]


def _whole(column: Any, rows: int) -> list[Any]:
    """Return a column as a list, null below what there is of it."""
    values = column.to_pylist() if isinstance(column, pa.ChunkedArray) else list(column)
    return values + [None] * (rows - len(values))
