"""Triples of a file in place of an extraction: what another program, a strong model or a person has found already."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import code_version, content_id, file_digest
from pipelines.knowledge.extraction.extraction import passage_of
from pipelines.knowledge.extraction.said.placing import place
from pipelines.knowledge.extraction.said.records import Said, SaidEntity, SaidRelation
from pipelines.knowledge.extraction.said.schema_file import read_schema
from pipelines.knowledge.extraction.said.spelling import NamedText
from pipelines.knowledge.extraction.said.typing import Typing
from pipelines.knowledge.extraction.settings import ExtractionSettings
from pipelines.knowledge.mentions import Extraction, Passage
from pipelines.text.nearest import nearest_name

SETTING = "GRAFTLINE_EXTRACTION_TRIPLES"
COLUMNS = (
    "chunk_id", "path", "source", "relation", "target", "source_type", "target_type", "source_description",
    "target_description", "description", "date",
)  # fmt: skip
_OTHER_NAMES = {"chunk": "chunk_id", "document": "path", "type": "relation", "relation_type": "relation"}
NO_PLACE, NO_SOURCE = "a row without chunk_id and path", "a row without a source"
UNREADABLE, OTHER_PLACE = "a line that is no JSON object", "a row of a chunk or document that is not there"
NOT_THERE = "a row whose names no chunk of its document holds"


@dataclass(frozen=True)
class Triple:
    """One row of the file: a relation between two names, or, without a target, an entity alone."""

    source: SaidEntity
    target: SaidEntity
    relation: SaidRelation


@dataclass
class Triples:
    """The rows of a file by chunk and by document, and how many could not be read, by reason."""

    by_chunk: dict[str, list[Triple]] = field(default_factory=lambda: defaultdict(list))
    by_path: dict[str, list[Triple]] = field(default_factory=lambda: defaultdict(list))
    faults: Counter[str] = field(default_factory=Counter)


class ReplayExtractor:
    """Extraction by a file: a row belongs to its chunk, or to the chunks of its document that hold its names."""

    def __init__(self, settings: ExtractionSettings) -> None:
        if settings.triples is None:
            raise ConfigurationError(
                SETTING, "no file", "a JSONL or CSV of triples", f"export {SETTING}=/path/to/triples.jsonl"
            )
        self.path = settings.triples
        schema = read_schema(settings.schema_file) if settings.schema_file else None
        self.typing = Typing(schema, settings.outside)

    @cached_property
    def name(self) -> str:
        """The kind and a digest of the file, the schema and the code."""
        schema = self.typing.schema.digest if self.typing.schema else ""
        version = content_id(_digest(self.path), schema, self.typing.outside, code_version(Path(__file__).parent))
        return f"replay-{version[:12]}"

    @cached_property
    def triples(self) -> Triples:
        """The file's rows; ConfigurationError where it cannot be read at all."""
        return read_triples(self.path)

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage: what the file says of it and the text holds."""
        return [place(one, _said(self._rows(one)), self.typing) for one in passages]

    def unmatched(self, chunks: pa.Table) -> dict[str, int]:
        """Return how many rows of the file came to nothing over all CHUNKS, by reason."""
        counts = Counter(self.triples.faults)
        rows = chunks.to_pylist()
        ids, paths = {row["chunk_id"] for row in rows}, {row["path"] for row in rows}
        counts[OTHER_PLACE] += sum(len(some) for key, some in self.triples.by_chunk.items() if key not in ids)
        counts[OTHER_PLACE] += sum(len(some) for key, some in self.triples.by_path.items() if key not in paths)
        held = {id(one) for row in rows for one in self._of_document(passage_of(row))}
        counts[NOT_THERE] += sum(
            id(one) not in held for key, some in self.triples.by_path.items() if key in paths for one in some
        )
        return {reason: count for reason, count in sorted(counts.items()) if count}

    def _rows(self, passage: Passage) -> list[Triple]:
        return [*self.triples.by_chunk.get(passage.chunk_id, ()), *self._of_document(passage)]

    def _of_document(self, passage: Passage) -> list[Triple]:
        """Return the rows of a passage's document whose names the passage holds."""
        text = NamedText(passage.text)
        return [
            one
            for one in self.triples.by_path.get(passage.path, ())
            if all(text.find(end.name) for end in (one.source, one.target) if end.name)
        ]


def read_triples(path: Path) -> Triples:
    """Return the triples of a JSONL or CSV file; ConfigurationError where it is none, or lacks its columns."""
    found = Triples()
    for row in _csv_rows(path) if path.suffix.lower() in (".csv", ".tsv") else _json_rows(path, found):
        value = {_OTHER_NAMES.get(key, key): str(one).strip() for key, one in row.items() if key and one is not None}
        place_of_row = value.get("chunk_id", ""), value.get("path", "")
        if not any(place_of_row) or not value.get("source"):
            found.faults[NO_SOURCE if any(place_of_row) else NO_PLACE] += 1
            continue
        chunk_id, document = place_of_row
        (found.by_chunk[chunk_id] if chunk_id else found.by_path[document]).append(_triple(value))
    return found


def _triple(value: Mapping[str, str]) -> Triple:
    said = {name: value.get(name, "") for name in COLUMNS}
    return Triple(
        SaidEntity(said["source"], said["source_type"], said["source_description"]),
        SaidEntity(said["target"], said["target_type"], said["target_description"]),
        SaidRelation(said["source"], said["relation"], said["target"], said["description"], said["date"]),
    )


def _said(triples: Sequence[Triple]) -> Said:
    entities = [end for one in triples for end in (one.source, one.target) if end.name]
    return Said(tuple(entities), tuple(one.relation for one in triples if one.target.name))


def _json_rows(path: Path, found: Triples) -> Iterator[Mapping[str, Any]]:
    for line in _text(path).split("\n"):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            if isinstance(value, dict):
                yield value
            else:
                found.faults[UNREADABLE] += 1


def _csv_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    lines = _text(path).splitlines(keepends=True)
    reader = csv.DictReader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    there = {_OTHER_NAMES.get(name, name) for name in reader.fieldnames or ()}
    missing = [name for name in ("source", "relation", "target") if name not in there]
    if missing or not there & {"chunk_id", "path"}:
        wanted = missing[0] if missing else "chunk_id or path"
        near = nearest_name(wanted, there)
        raise ConfigurationError(
            f"{SETTING}, {path}", f"no column {wanted}", f"a head with some of {', '.join(COLUMNS)}",
            f"rename {near} to {wanted}" if near else "add it",
        )  # fmt: skip
    yield from reader


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    found = f"{path}: {getattr(error, 'strerror', None) or type(error).__name__}"
    return ConfigurationError(SETTING, found, "a JSONL or CSV file in UTF-8", "correct the path")
