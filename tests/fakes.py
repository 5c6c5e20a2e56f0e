"""Plain objects that stand for the outside world; append here, one fake a class."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.graph_tables import GraphTables, StoreChanges
from pipelines.core.identity import table_digest
from pipelines.core.protocols import Completion, Messages, Usable
from pipelines.text.words import words


class FakeEmbedder:
    """Bags of hashed words: texts that share words are near. It reads all languages unless told which."""

    name = "fake-embedder@1"
    tokenizer = "fake-tokens@1"
    asymmetric = False

    def __init__(self, dimensions: int = 64, languages: Sequence[str] = (), max_tokens: int | None = None) -> None:
        self.dimensions, self.languages, self.max_tokens = dimensions, languages, max_tokens
        self.calls: list[list[str]] = []

    @property
    def computed(self) -> int:
        return sum(map(len, self.calls))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text):
                place = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big")
                vectors[row, place % self.dimensions] += 1.0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths == 0, 1.0, lengths)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self.embed(texts)

    def reads(self, language: str) -> bool:
        return not self.languages or language in self.languages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """A Chinese character, a word or a mark is a token."""
        return [len(re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|[^\w\s]", text)) for text in texts]


class AskingEmbedder(FakeEmbedder):
    """Puts a word before every question, as models do that were trained so."""

    asymmetric = True

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self.embed([f"question {text}" for text in texts])


class FakeStored:
    """A table in memory that is read like a stored one."""

    def __init__(self, table: pa.Table, digest: str = "", inputs: str = "") -> None:
        self.table, self.inputs = table, inputs
        self.digest = digest or table_digest(table)
        self.schema = table.schema

    def __len__(self) -> int:
        return self.table.num_rows

    def batches(
        self, columns: Sequence[str] | None = None, where: tuple[str, Sequence[str]] | None = None
    ) -> Iterator[pa.Table]:
        wanted = set(where[1]) if where else set()
        values = self.table[where[0]].to_pylist() if where else []
        table = self.table.filter(pa.array([value in wanted for value in values], pa.bool_())) if where else self.table
        if table.num_rows:
            yield table.select(list(columns)) if columns else table

    def to_table(self) -> pa.Table:
        return self.table


class FakeLanguageModel:
    """Answers by a function of the conversation, nothing by default; fails for those that hold `fails_on`.

    `used` are the verdicts of its reader, those of a real one's cache, in order.
    """

    name = "fake-model@1"
    packaged = True
    context_tokens: int | None = None

    def __init__(self, answer: Callable[[Messages], str] = lambda messages: "", fails_on: str | None = None) -> None:
        self.answer, self.fails_on = answer, fails_on
        self.calls: list[list[Messages]] = []
        self.used: list[bool] = []

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        self.calls.append(list(prompts))
        found = [self._one(messages) for messages in prompts]
        self.used += [usable is None or usable(number, one) for number, one in enumerate(found)]
        return found

    def stream(self, messages: Messages, max_tokens: int, usable: Usable | None = None) -> Iterator[str | Completion]:
        completion = self.complete([messages], max_tokens, usable=usable)[0]
        yield from re.findall(r"\S+\s*", completion.text)
        yield completion

    def _one(self, messages: Messages) -> Completion:
        if self.fails_on is not None and any(self.fails_on in message["content"] for message in messages):
            return Completion("", 0, 0, failure="this prompt is refused")
        text = self.answer(messages)
        return Completion(text, sum(len(m["content"].split()) for m in messages), len(text.split()))


class FakeGraphStore:
    """A knowledge graph in memory: exact vectors, text by shared words."""

    name = "fake-store"
    _KEYS: ClassVar = {
        "documents": "document_id",
        "chunks": "chunk_id",
        "entities": "entity_id",
        "relations": "relation_id",
        "communities": "community_id",
    }
    _TEXTS: ClassVar = {"chunks": ("text",), "entities": ("name", "description"), "communities": ("title", "summary")}

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = {name: sorted(tables.get(name, []), key=lambda row: row[key]) for name, key in self._KEYS.items()}
        self._words = {
            name: [set(words(" ".join(str(row.get(part) or "") for part in parts))) for row in self.tables[name]]
            for name, parts in self._TEXTS.items()
        }

    def apply(self, graph: GraphTables) -> StoreChanges:
        self.__init__(**{name: getattr(graph, name).to_pylist() for name in self._KEYS})  # type: ignore[misc]
        return StoreChanges(self.counts(), dict.fromkeys(self._KEYS, 0))

    def table(self, name: str) -> pa.Table:
        return pa.Table.from_pylist(self.tables[name])

    def counts(self) -> dict[str, int]:
        return {name: len(rows) for name, rows in self.tables.items()}

    def languages(self) -> dict[str, int]:
        return dict(Counter(row["language"] for row in self.tables["chunks"]))

    def _passing(self, table: str, filters: Filters) -> list[bool]:
        if filters.empty:
            return [True] * len(self.tables[table])
        documents = {row["document_id"]: row for row in self.tables["documents"]}
        return [filters.passes(row, documents[row["document_id"]]) for row in self.tables[table]]

    def search_vector(
        self, table: str, vector: np.ndarray, k: int, filters: Filters = EVERYTHING, exact: bool = False
    ) -> list[tuple[str, float]]:
        found = [
            (row[self._KEYS[table]], float(np.dot(row["vector"], vector)))
            for row, passes in zip(self.tables[table], self._passing(table, filters), strict=True)
            if passes
        ]
        return sorted(found, key=lambda item: (-item[1], item[0]))[:k]

    def search_text(self, table: str, query: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[str, float]]:
        wanted, sets = set(words(query)), self._words[table]
        rarity = {word: np.log(1 + len(sets) / (0.5 + sum(word in one for one in sets))) for word in wanted}
        found = [
            (row[self._KEYS[table]], float(sum(rarity[word] for word in wanted & held)))
            for row, held, passes in zip(self.tables[table], sets, self._passing(table, filters), strict=True)
            if passes
        ]
        return sorted(((key, score) for key, score in found if score > 0), key=lambda item: (-item[1], item[0]))[:k]

    def rows(self, table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        by_id = {row[self._KEYS[table]]: row for row in self.tables[table]}
        return [{name: value for name, value in by_id[key].items() if name != "vector"} for key in ids if key in by_id]

    def relations_of(self, entity_ids: Sequence[str]) -> list[dict[str, Any]]:
        wanted = set(entity_ids)
        found = [row for row in self.tables["relations"] if wanted & {row["source_id"], row["target_id"]}]
        return sorted(found, key=lambda row: (-row["weight"], row["relation_id"]))

    def siblings_of(self, parent_ids: Sequence[str]) -> list[dict[str, Any]]:
        wanted = {key for key in parent_ids if key}
        found = [row for row in self.tables["chunks"] if row.get("parent_id") in wanted]
        plain = [{name: value for name, value in row.items() if name != "vector"} for row in found]
        return sorted(plain, key=lambda row: (row["document_id"], row["start"], row["chunk_id"]))

    def close(self) -> None:
        pass
