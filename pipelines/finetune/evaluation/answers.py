"""Answers by row: what a model answered to a prompt is stored as soon as it is there, and never asked for again."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipelines.core.delta import Change
from pipelines.core.identity import content_id
from pipelines.core.protocols import Messages, StoredTable

ANSWERS = pa.schema(
    [
        ("prompt_digest", pa.string()),
        ("text", pa.string()),
        ("token_ids", pa.list_(pa.int32())),
        ("engine", pa.string()),
        ("cut", pa.bool_()),
    ]
)
"""`token_ids` end with the end token, but where the limit of tokens cut the text."""
GREEDY = {"temperature": 0.0, "seed": 0}
"""How every answer is generated: the likeliest token each time. The engines' seed decides nothing; it is kept all the
same, and it is part of the key."""
_CODE_VERSION = "3"
"""Raise it when an answer is kept in another way: it is part of the key."""
_STORE_SECONDS, _LONGEST_SECONDS, _STORE_SHARE = 2.0, 60.0, 0.01
"""How often answers are stored: each two seconds, and where storing is slow only as often as it takes this share of
the time, since it takes the processor from the engine; each minute at least."""


@dataclass(frozen=True)
class ModelFolder:
    """A checkpoint on disk and the digest of all that it holds."""

    path: Path
    digest: str


@dataclass(frozen=True)
class Prompt:
    """A prompt's token ids and their digest."""

    digest: str
    ids: Sequence[int]


@dataclass(frozen=True)
class Asked:
    """One model and its prompts; `at_once` gives the engine so many at a time, for another shape of its batches."""

    model: ModelFolder
    prompts: Sequence[Prompt]
    at_once: int | None = None


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

    def generate_many(
        self,
        jobs: Sequence[tuple[Path, Sequence[list[int]]]],
        max_tokens: int,
        *,
        told: Any = None,
        at_once: int | None = None,
    ) -> list[Any]: ...

    def choices(
        self, model: Path, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> dict[str, list[list[int]]]: ...


class RowStore(Protocol):
    """Tables by name that are amended by row; `resources.tables.tables.TableStore`."""

    def stored(self, name: str) -> StoredTable | None: ...

    def amend(self, name: str, schema: pa.Schema, change: Change) -> Any: ...


@dataclass(frozen=True)
class Answered:
    """Each model's ANSWERS in the order of its prompts; how many were `generated`, how many found `reused`."""

    tables: list[pa.Table]
    generated: int
    reused: int
    speed: dict[str, float] = field(default_factory=dict)


def answer(asked: Sequence[Asked], engine: Engine, store: RowStore, max_tokens: int) -> Answered:
    """Return what the models answer to their prompts; only what is not stored is generated, each prompt once.

    An answer is stored under (model, limit of tokens, engine and its version, shape) and its prompt as the engine tells
    of it: a run that is killed has lost what it told in the last few seconds. On close calls a greedy answer depends on
    its batch: how much is measured (`noise.py`). What a fallback made is made again beside answers of the engine that
    was asked for.
    """
    books = {_key(one): _Book(one, engine, store, max_tokens) for one in asked}
    for one in asked:
        books[_key(one)].want(one.prompts)
    before = {key: {digest: row["engine"] for digest, row in book.rows.items()} for key, book in books.items()}
    batches = _generate([(book, book.missing()) for book in books.values()], engine, max_tokens)
    reused = sum(len(held) for held in before.values())
    if engine.name in {row["engine"] for book in books.values() for row in book.rows.values()}:
        others = {key: [digest for digest, name in held.items() if name != engine.name] for key, held in before.items()}
        batches += _generate([(books[key], digests) for key, digests in others.items()], engine, max_tokens)
        reused -= sum(len(digests) for digests in others.values())
    made = sum(len(batch.outputs) for _, batch in batches)
    return Answered([books[_key(one)].table(one.prompts) for one in asked], made, reused, _speed(batches))


def _key(asked: Asked) -> tuple[str, int | None]:
    return asked.model.digest, asked.at_once


def _generate(wanted: Sequence[tuple["_Book", Sequence[str]]], engine: Engine, max_tokens: int) -> list["_Made"]:
    """Ask for these prompts of each book; those of one shape in one go, so that an engine takes one after the other."""
    batches: list[_Made] = []
    for at_once in dict.fromkeys(book.asked.at_once for book, _ in wanted):
        chosen = [(book, book.in_order(digests)) for book, digests in wanted if book.asked.at_once == at_once]
        chosen = [(book, prompts) for book, prompts in chosen if prompts]
        if not chosen:
            continue
        jobs = [(book.asked.model.path, [list(prompt.ids) for prompt in prompts]) for book, prompts in chosen]

        def told(model: int, row: int, output: dict[str, Any], chosen: Any = chosen) -> None:
            book, prompts = chosen[model]
            book.keep(prompts[row].digest, output, output["engine"])

        try:
            made = engine.generate_many(jobs, max_tokens, told=told, at_once=at_once)
            for (book, prompts), batch in zip(chosen, made, strict=True):
                for prompt, output in zip(prompts, batch.outputs, strict=True):
                    book.keep(prompt.digest, output, batch.engine)
            batches += [(at_once, batch) for batch in made]
        finally:
            for book, _ in chosen:
                book.store()
    return batches


class _Book:
    """What one model answered in one shape: what is stored of it, and what comes."""

    def __init__(self, asked: Asked, engine: Engine, store: RowStore, max_tokens: int) -> None:
        key = (asked.model.digest, max_tokens, engine.made_with, repr(GREEDY), asked.at_once or 0, _CODE_VERSION)
        self.asked, self._name, self._store = asked, f"answers/{content_id(*key)}", store
        self.prompts: dict[str, Prompt] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self._new: dict[str, dict[str, Any]] = {}
        self._store_at = time.monotonic() + _STORE_SECONDS

    def want(self, prompts: Sequence[Prompt]) -> None:
        """Read what is stored of these prompts."""
        self.prompts |= {prompt.digest: prompt for prompt in prompts}
        stored = self._store.stored(self._name)
        if stored is not None and stored.schema.equals(ANSWERS):
            for table in stored.batches(where=("prompt_digest", sorted(self.prompts))):
                self.rows |= {row["prompt_digest"]: row for row in table.to_pylist()}

    def missing(self) -> list[str]:
        """Return the digests of the prompts without an answer."""
        return [digest for digest in self.prompts if digest not in self.rows]

    def in_order(self, digests: Sequence[str]) -> list[Prompt]:
        """Return the prompts by their token ids: those that begin alike come one after the other, for prefix caches."""
        return sorted(
            (self.prompts[digest] for digest in digests), key=lambda prompt: (list(prompt.ids), prompt.digest)
        )

    def keep(self, digest: str, output: dict[str, Any], engine: str) -> None:
        """Keep an answer; it is stored with those of the same seconds."""
        cut = output["finish_reason"] == "length"
        row = {"prompt_digest": digest, "text": output["text"], "token_ids": output["token_ids"], "engine": engine}
        if self.rows.get(digest) == row | {"cut": cut}:
            return
        self.rows[digest] = self._new[digest] = row | {"cut": cut}
        if time.monotonic() > self._store_at:
            self.store()

    def store(self) -> None:
        """Store what is not stored yet."""
        began = time.monotonic()
        if self._new:
            rows = pa.Table.from_pylist([self._new[digest] for digest in sorted(self._new)], ANSWERS)
            self._store.amend(self._name, ANSWERS, Change("prompt_digest", sorted(self._new), [rows]))
            self._new = {}
        ended = time.monotonic()
        self._store_at = ended + min(max(_STORE_SECONDS, (ended - began) / _STORE_SHARE), _LONGEST_SECONDS)

    def table(self, prompts: Sequence[Prompt]) -> pa.Table:
        """Return the answers to these prompts."""
        return pa.Table.from_pylist([self.rows[prompt.digest] for prompt in prompts], ANSWERS)


_Made = tuple[int | None, Any]
"""The shape that was asked for, and the engine's batch."""


def _speed(batches: Sequence[_Made]) -> dict[str, float]:
    """Return what making them took; tokens a second are those of whole batches, the slowest model's."""
    if not batches:
        return {}
    every = [batch for _, batch in batches]
    whole = [batch for at_once, batch in batches if at_once is None] or every
    return {
        "engine_starts": sum(batch.starts for batch in every),
        "engine_start_seconds": sum(batch.start_seconds for batch in every),
        "generate_seconds": sum(batch.generate_seconds for batch in every),
        "tokens_per_second": min(batch.tokens_per_second for batch in whole),
    }
