"""From the state of the files to the change of the table of documents: new and changed files are read, no others."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Change, batched, with_schema
from pipelines.core.errors import InputError, Problem
from pipelines.core.protocols import StoredTable
from pipelines.core.schemas import DOCUMENTS, LEDGER, MANIFEST
from pipelines.knowledge.documents.folders import Unseen
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.process import ReadingProcess
from pipelines.knowledge.documents.formats.readers import reader_of
from pipelines.knowledge.documents.loading import read_document
from pipelines.knowledge.documents.manifest import FileState, Plan, document_version, limits_digest, plan_reading
from pipelines.knowledge.documents.sources import display_name

_LOG = logging.getLogger("graftline")
_FILES_A_BATCH = 256


@dataclass(frozen=True)
class DocumentChanges:
    """What has to happen to the table of documents; ledger and manifest are whole once `change.add` was read."""

    states: Sequence[FileState]
    plan: Plan
    change: Change
    settings: str
    problems: dict[str, Problem]

    def ledger(self) -> pa.Table:
        """Return the files that were rejected or could not be looked at (schema LEDGER), by name."""
        return pa.Table.from_pylist([asdict(self.problems[name]) for name in sorted(self.problems)], schema=LEDGER)

    def manifest(self) -> pa.Table:
        """Return the manifest of this run (schema MANIFEST), by path."""
        rows = (state.row(self.settings, self.problems.get(display_name(state.file.name))) for state in self.states)
        known = [dict(row) for row in rows if row is not None]
        return pa.Table.from_pylist(sorted(known, key=lambda row: row["path"]), schema=MANIFEST)


def indexed_versions(stored: StoredTable | None) -> dict[str, str]:
    """Return the version (bytes and reader) of every stored document by its path."""
    usable = with_schema(stored, DOCUMENTS)
    return {
        row["path"]: document_version(row["version"], row["reader"])
        for table in (usable.batches(["path", "version", "reader"]) if usable is not None else ())
        for row in table.to_pylist()
    }


def document_changes(
    states: Sequence[FileState], found_problems: Sequence[Problem], stored: StoredTable | None, limits: Limits
) -> DocumentChanges:
    """Return the change that brings the stored documents up to date with the files.

    What cannot be looked at stays as it was, also where that shows only when its turn to be read comes.
    """
    versions = indexed_versions(stored)
    planned = plan_reading(states, versions, limits, found_problems)
    todo = {*planned.new, *planned.changed, *(new for _, new in planned.renamed)}
    drop = {*planned.changed, *planned.gone, *(old for old, _ in planned.renamed)}
    problems = dict(planned.problems)
    _warn(states, problems)
    wanted = [state for state in states if display_name(state.file.name) in todo]
    sources = {version: path for path, version in versions.items()}
    former = {name: name for name in planned.changed} | {new: old for old, new in planned.renamed}
    reading = _Reading(stored, sources, former, limits, problems)
    change = Change("path", sorted(drop), reading.tables(wanted), computed=reading.computed)
    return DocumentChanges(states, planned, change, limits_digest(limits), problems)


def _warn(states: Sequence[FileState], problems: dict[str, Problem]) -> None:
    """Log what the run before did not say already."""
    told = {display_name(state.file.name): state.known["found"] for state in states if state.known}
    for name, problem in sorted(problems.items()):
        if told.get(name) != problem.found:
            _LOG.warning("%s", problem)


@dataclass(frozen=True)
class _Reading:
    """Documents in the making; `sources` are stored paths by version, `former` those that a file stands in for."""

    stored: StoredTable | None
    sources: dict[str, str]
    former: dict[str, str]
    limits: Limits
    problems: dict[str, Problem]
    computed: dict[str, int] = field(default_factory=lambda: {"parsed": 0})
    left_out: Counter[str] = field(default_factory=Counter)

    def tables(self, states: Sequence[FileState]) -> Iterator[pa.Table]:
        """Yield the documents of these files, some hundred at a time."""
        by_name = {state.file.name: state for state in states}
        with ReadingProcess(self.limits) as reading:
            for names in batched(sorted(by_name), _FILES_A_BATCH):
                batch = [by_name[name] for name in names]
                copies = self._copies(batch)
                rows = [row for state in batch if (row := self._row(state, copies, reading))]
                yield pa.Table.from_pylist(rows + self._kept(batch), schema=DOCUMENTS)
        if self.left_out:
            _LOG.info("left out of the text of what was read: %s", in_words(self.left_out))

    def _row(
        self, state: FileState, copies: dict[str, dict[str, Any]], reading: ReadingProcess
    ) -> dict[str, Any] | None:
        name = display_name(state.file.name)
        copy = copies.get(self.sources.get(state.version, ""))
        if copy and _same_title(copy["path"], name):
            return {**copy, "document_id": state.document_id, "path": name}
        try:
            row = read_document(state.file, reading)
        except InputError as error:
            self._put_down(Problem(name, 0, error.found, error.expected, error.fix))
            return None
        except OSError as error:
            self._put_down(Unseen.of(name, error, "a file that can be read", state.file.check))
            return None
        self.computed["parsed"] += 1
        if row["left_out"]:
            self.left_out.update(left_out := json.loads(row["left_out"]))
            _LOG.debug("%s: left out %s", name, left_out)
        return row

    def _put_down(self, problem: Problem) -> None:
        self.problems[problem.file] = problem
        _LOG.warning("%s", problem)

    def _kept(self, states: Sequence[FileState]) -> list[dict[str, Any]]:
        """Return the stored rows of files that could not be looked at after all; a renamed one's under its old path."""
        unseen = (
            name for state in states if isinstance(self.problems.get(name := display_name(state.file.name)), Unseen)
        )
        return self._rows(sorted(self.former[name] for name in unseen if name in self.former))

    def _copies(self, states: Sequence[FileState]) -> dict[str, dict[str, Any]]:
        """Return the stored rows with the same bytes by path, for files that were moved, renamed or copied."""
        versions = {state.version for state in states if state.digest}
        return {row["path"]: row for row in self._rows(sorted(self.sources[v] for v in versions if v in self.sources))}

    def _rows(self, paths: Sequence[str]) -> list[dict[str, Any]]:
        """Return the stored rows of these paths."""
        if not paths or self.stored is None:
            return []
        return [row for table in self.stored.batches(where=("path", paths)) for row in table.to_pylist()]


def in_words(left_out: Mapping[str, int]) -> str:
    """Return counts by kind in one line, the largest first."""
    ordered = sorted(left_out.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} × {kind}" for kind, count in ordered)


def _same_title(path: str, name: str) -> bool:
    """Say whether a document keeps its title under another name; some formats are called by their file's name."""
    before, after = PurePosixPath(path), PurePosixPath(name)
    reader = reader_of(after)
    return before.name == after.name or (reader is not None and reader.titled)
