"""The manifest: one row a file with what was last seen of it, so that an idle night stats files and reads none."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from pipelines.errors import Problem
from pipelines.identity import content_id, file_digest
from pipelines.knowledge.readers import READERS
from pipelines.knowledge.sources import SourceFile, shown
from pipelines.schemas import MANIFEST

INDEXED, REJECTED = "indexed", "rejected"
_GRANULARITY_NS = 2_000_000_000
"""Coarsest time stamp of the file systems in use (FAT); a file touched this close to the look at it is read again."""


@dataclass(frozen=True)
class FileState:
    """One file as it is now; `digest` is "" where its bytes could not be read, `reader` where there is none."""

    file: SourceFile
    document_id: str
    digest: str
    reader: str
    checked_ns: int
    known: Mapping[str, Any] | None = None

    @property
    def version(self) -> str:
        """What the document's row depends on."""
        return document_version(self.digest, self.reader)

    def is_settled(self, settings: str) -> bool:
        """Say whether the last run dealt with these bytes by this reader under these settings."""
        row = self.known
        return bool(row and self.digest and (row["digest"], row["reader"], row["settings"])
                    == (self.digest, self.reader, settings))  # fmt: skip

    def rejection(self, settings: str) -> Problem | None:
        """Return why the last run rejected the very same bytes; None where they have to be tried."""
        if self.known and self.reader and self.known["state"] == REJECTED and self.is_settled(settings):
            return Problem(shown(self.file.name), 0, self.known["found"], self.known["expected"], self.known["fix"])
        return None

    def row(self, settings: str, problem: Problem | None) -> dict[str, Any]:
        """Return the manifest's row of this file."""
        reasons = asdict(problem) if problem else dict.fromkeys(("found", "expected", "fix"), "")
        return {
            "path": shown(self.file.name),
            "document_id": self.document_id,
            "size": self.file.bytes,
            "mtime_ns": self.file.touched_ns,
            "stamp": self.file.stamp,
            "checked_ns": self.checked_ns,
            "digest": self.digest,
            "reader": self.reader,
            "settings": settings,
            "state": REJECTED if problem else INDEXED,
            **{name: reasons[name] for name in ("found", "expected", "fix")},
        }


@dataclass(frozen=True)
class Plan:
    """Paths by what the next run does with them, each sorted; `renamed` are (old, new)."""

    new: list[str]
    changed: list[str]
    renamed: list[tuple[str, str]]
    gone: list[str]
    same: list[str]
    rejected: list[str]

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.new or self.changed or self.renamed or self.gone)


def document_version(digest: str, reader: str) -> str:
    """Return what the row of a document depends on: its bytes and what reads them."""
    return f"{digest} {reader}"


def scan(files: Sequence[SourceFile], manifest: pa.Table | None, now_ns: int, rehash: bool = False) -> list[FileState]:
    """Return the state of every file; only those whose size or stamp differs from the manifest's are read.

    A file that was touched so shortly before it was last looked at that a later edit may have left its stamp as it was
    is read again, as is one whose source gives no stamp. `rehash` reads all.
    """
    usable = manifest is not None and manifest.schema.equals(MANIFEST)
    known = {row["path"]: row for row in manifest.to_pylist()} if usable and manifest is not None else {}
    return [_state(file, known.get(shown(file.name)), now_ns, rehash) for file in files]


def plan(states: Iterable[FileState], indexed: Mapping[str, str], settings: str) -> Plan:
    """Compare what there is with what is indexed: `indexed` are versions (bytes and reader) by path."""
    new, changed, same, rejected, names = [], [], [], [], set()
    versions: dict[str, str] = {}
    for state in states:
        name = shown(state.file.name)
        names.add(name)
        if not state.reader or state.rejection(settings):
            rejected.append(name)
        elif name not in indexed:
            new.append(name)
            versions[name] = state.version
        elif indexed[name] != state.version or (state.known is not None and not state.is_settled(settings)):
            changed.append(name)
        else:
            same.append(name)
    refused = set(rejected)
    gone = [name for name in indexed if name not in names or name in refused]
    renamed = _renamed(gone, new, indexed, versions)
    old, fresh = {pair[0] for pair in renamed}, {pair[1] for pair in renamed}
    return Plan(
        sorted(name for name in new if name not in fresh),
        sorted(changed),
        renamed,
        sorted(name for name in gone if name not in old),
        sorted(same),
        sorted(rejected),
    )


def _renamed(
    gone: Sequence[str], new: Sequence[str], before: Mapping[str, str], after: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Pair paths that went with paths that came with the same bytes, both in order of their names."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for name in sorted(gone, reverse=True):
        waiting[before[name]].append(name)
    return [(waiting[after[name]].pop(), name) for name in sorted(new) if waiting[after[name]]]


def _state(file: SourceFile, row: Mapping[str, Any] | None, now_ns: int, rehash: bool) -> FileState:
    reader = READERS.get(PurePosixPath(file.name).suffix.lower())
    document_id, version = content_id("document", shown(file.name)), reader.version if reader else ""
    unread = row is not None and file.stamp and (row["size"], row["stamp"]) == (file.bytes, file.stamp)
    if row is not None and unread and not rehash and row["checked_ns"] - row["mtime_ns"] > _GRANULARITY_NS:
        return FileState(file, document_id, row["digest"], version, row["checked_ns"], row)
    try:
        digest = file_digest(file.fetch()) if reader else ""
    except OSError:
        digest = ""
    return FileState(file, document_id, digest, version, now_ns, row)
