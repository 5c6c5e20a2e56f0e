"""From the state of the files to the change of the table of documents: new and changed files are read, no others."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from pipelines.delta import Change, batched, with_schema
from pipelines.errors import InputError, Problem
from pipelines.identity import json_digest
from pipelines.knowledge.loading import read_document
from pipelines.knowledge.manifest import FileState, Plan, document_version, plan
from pipelines.knowledge.readers import READERS
from pipelines.knowledge.reading.limits import Limits
from pipelines.knowledge.reading.process import ReadingProcess
from pipelines.knowledge.sources import shown
from pipelines.protocols import StoredTable
from pipelines.schemas import DOCUMENTS, LEDGER, MANIFEST

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
        """Return the rejected files (schema LEDGER), by name."""
        return pa.Table.from_pylist([asdict(self.problems[name]) for name in sorted(self.problems)], schema=LEDGER)

    def manifest(self) -> pa.Table:
        """Return the manifest of this run (schema MANIFEST), by path."""
        rows = [state.row(self.settings, self.problems.get(shown(state.file.name))) for state in self.states]
        return pa.Table.from_pylist(sorted(rows, key=lambda row: row["path"]), schema=MANIFEST)


def indexed_versions(stored: StoredTable | None) -> dict[str, str]:
    """Return the version (bytes and reader) of every stored document by its path."""
    usable = with_schema(stored, DOCUMENTS)
    return {
        row["path"]: document_version(row["version"], row["reader"])
        for table in (usable.batches(["path", "version", "reader"]) if usable is not None else ())
        for row in table.to_pylist()
    }


def limits_digest(limits: Limits) -> str:
    """Return the digest of the settings that decide what is rejected."""
    return json_digest(limits.model_dump())


def document_changes(
    states: Sequence[FileState], found_problems: Sequence[Problem], stored: StoredTable | None, limits: Limits
) -> DocumentChanges:
    """Return the change that brings the stored documents up to date with the files."""
    settings, versions = limits_digest(limits), indexed_versions(stored)
    planned = plan(states, versions, settings)
    todo = {*planned.new, *planned.changed, *(new for _, new in planned.renamed)}
    drop = {*planned.changed, *planned.gone, *(old for old, _ in planned.renamed)}
    problems: dict[str, Problem] = {}
    for problem in found_problems:
        name = shown(problem.file)
        problems[name] = Problem(name, 0, problem.found, problem.expected, shown(problem.fix))
    for state in states:
        known = state.rejection(settings)
        if known:
            problems[known.file] = known
    wanted = [state for state in states if shown(state.file.name) in todo or not state.reader]
    sources = {version: path for path, version in versions.items()}
    reading = _Reading(stored, sources, settings, limits, problems, {"parsed": 0})
    change = Change("path", sorted(drop), reading.tables(wanted), computed=reading.computed)
    return DocumentChanges(states, planned, change, settings, problems)


@dataclass(frozen=True)
class _Reading:
    stored: StoredTable | None
    sources: dict[str, str]
    settings: str
    limits: Limits
    problems: dict[str, Problem]
    computed: dict[str, int]

    def tables(self, states: Sequence[FileState]) -> Iterator[pa.Table]:
        """Yield the documents of these files, some hundred at a time."""
        by_name = {state.file.name: state for state in states}
        with ReadingProcess(self.limits) as reading:
            for names in batched(sorted(by_name), _FILES_A_BATCH):
                batch = [by_name[name] for name in names]
                copies = self._copies(batch)
                rows = [row for state in batch if (row := self._row(state, copies, reading))]
                yield pa.Table.from_pylist(rows, schema=DOCUMENTS)

    def _row(
        self, state: FileState, copies: dict[str, dict[str, Any]], reading: ReadingProcess
    ) -> dict[str, Any] | None:
        name = shown(state.file.name)
        copy = copies.get(self.sources.get(state.version, ""))
        if copy and _same_title(copy["path"], name):
            return {**copy, "document_id": state.document_id, "path": name}
        try:
            row = read_document(state.file, reading)
        except InputError as error:
            problem = Problem(name, 0, error.found, error.expected, error.fix)
            self.problems[name] = problem
            _LOG.warning("%s", problem)
            return None
        self.computed["parsed"] += 1
        return row

    def _copies(self, states: Sequence[FileState]) -> dict[str, dict[str, Any]]:
        """Return the stored rows with the same bytes by path, for files that were moved, renamed or copied."""
        paths = sorted({self.sources[state.version] for state in states if self._may_copy(state)})
        if not paths or self.stored is None:
            return {}
        return {row["path"]: row for table in self.stored.batches(where=("path", paths)) for row in table.to_pylist()}

    def _may_copy(self, state: FileState) -> bool:
        settled = state.known is None or state.known["settings"] == self.settings
        return bool(state.digest) and settled and state.version in self.sources


def _same_title(path: str, name: str) -> bool:
    """Say whether a document keeps its title under another name; some formats are called by their file's name."""
    before, after = PurePosixPath(path), PurePosixPath(name)
    return before.name == after.name or READERS[after.suffix.lower()].titled
