"""The manifest: one row a file with what was last seen of it, so that an idle night stats files and reads none."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from pipelines.core.errors import InputError, Problem
from pipelines.core.identity import content_id, file_digest, json_digest
from pipelines.core.schemas import MANIFEST
from pipelines.knowledge.documents.folders import Unseen
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.readers import reader_of
from pipelines.knowledge.documents.loading import file_refusal
from pipelines.knowledge.documents.sources import SourceFile, display_name

INDEXED, REJECTED = "indexed", "rejected"
_GRANULARITY_NS = 2_000_000_000
"""Coarsest time stamp of the file systems in use (FAT); a file touched this close to the look at it is read again."""


@dataclass(frozen=True)
class FileState:
    """One file as it is now; `digest` is "" where its bytes could not be read, `reader` where there is none.

    `known` is its row of the manifest, `unseen` says why it could not be looked at.
    """

    file: SourceFile
    document_id: str
    digest: str
    reader: str
    checked_ns: int
    known: Mapping[str, Any] | None = None
    unseen: Unseen | None = None

    @property
    def version(self) -> str:
        """What the document's row depends on."""
        return document_version(self.digest, self.reader)

    def problem(self, limits: Limits) -> Problem | None:
        """Return why there is nothing to read: refused, not to be looked at now, or rejected before; else None."""
        return file_refusal(self.file, limits) or self.unseen or self._rejection(limits_digest(limits))

    def _rejection(self, settings: str) -> Problem | None:
        """Return why the last run rejected the very same bytes under the same limits."""
        row = self.known
        if row is None or not self.digest or row["state"] != REJECTED:
            return None
        if (row["digest"], row["reader"], row["settings"]) != (self.digest, self.reader, settings):
            return None
        return Problem(display_name(self.file.name), 0, row["found"], row["expected"], row["fix"])

    def row(self, settings: str, problem: Problem | None) -> Mapping[str, Any] | None:
        """Return the manifest's row of this file; of one that could not be looked at, the row there was."""
        if isinstance(problem, Unseen):
            return self.known
        reasons = asdict(problem) if problem else dict.fromkeys(("found", "expected", "fix"), "")
        return {
            "path": display_name(self.file.name),
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
    """Paths by what the next run does with them, each sorted; `renamed` are (old, new).

    `unread` are files, and folders (ending in a slash), that could not be looked at: their documents stay as they are,
    those below such a folder among the `same`. `problems` say why, by path of what is rejected or unread.
    """

    new: list[str]
    changed: list[str]
    renamed: list[tuple[str, str]]
    gone: list[str]
    same: list[str]
    rejected: list[str]
    unread: list[str]
    problems: dict[str, Problem]

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.new or self.changed or self.renamed or self.gone)


def limits_digest(limits: Limits) -> str:
    """Return the digest of the limits under which a file was rejected."""
    return json_digest(limits.model_dump())


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
    return [_state(file, known.get(display_name(file.name)), now_ns, rehash) for file in files]


def plan_reading(
    states: Iterable[FileState], indexed: Mapping[str, str], limits: Limits, found: Iterable[Problem] = ()
) -> Plan:
    """Compare what there is with what is indexed: `indexed` are versions (bytes and reader) by path.

    `found` are the problems of what stands among the files. Other limits concern only what was rejected under the
    former ones, and what is larger than they allow: what was read stays read.
    """
    problems = {problem.file: problem for problem in (_of_listing(problem, indexed) for problem in found)}
    versions: dict[str, str] = {}
    for state in states:
        name, problem = display_name(state.file.name), state.problem(limits)
        if problem:
            problems[name] = problem
        else:
            versions[name] = state.version
    new = [name for name in versions if name not in indexed]
    unread = {name for name, problem in problems.items() if isinstance(problem, Unseen)}
    closed = tuple(name for name in unread if name.endswith("/"))
    gone = [name for name in indexed if name not in versions and name not in unread and not name.startswith(closed)]
    renamed = _renamed(gone, new, indexed, versions)
    old, fresh = {pair[0] for pair in renamed}, {pair[1] for pair in renamed}
    return Plan(
        sorted(name for name in new if name not in fresh),
        sorted(name for name, version in versions.items() if indexed.get(name, version) != version),
        renamed,
        sorted(name for name in gone if name not in old),
        sorted(name for name, version in indexed.items() if versions.get(name) == version or name.startswith(closed)),
        sorted(problems.keys() - unread),
        sorted(unread),
        problems,
    )


def _of_listing(problem: Problem, indexed: Mapping[str, str]) -> Problem:
    """Return a problem of the listing as valid text; that of a folder says how many documents it concerns."""
    problem = replace(problem, file=display_name(problem.file), fix=display_name(problem.fix))
    kept = sum(name.startswith(problem.file) for name in indexed) if problem.file.endswith("/") else 0
    return replace(problem, found=f"{problem.found} ({kept} documents below it)") if kept else problem


def _renamed(
    gone: Sequence[str], new: Sequence[str], before: Mapping[str, str], after: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Pair paths that went with paths that came with the same bytes, both in order of their names."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for name in sorted(gone, reverse=True):
        waiting[before[name]].append(name)
    return [(waiting[after[name]].pop(), name) for name in sorted(new) if waiting[after[name]]]


def _state(file: SourceFile, row: Mapping[str, Any] | None, now_ns: int, rehash: bool) -> FileState:
    reader = reader_of(file.name)
    document_id, version = content_id("document", display_name(file.name)), reader.version if reader else ""
    unread = row is not None and file.stamp and (row["size"], row["stamp"]) == (file.bytes, file.stamp)
    if row is not None and unread and not rehash and row["checked_ns"] - row["mtime_ns"] > _GRANULARITY_NS:
        return FileState(file, document_id, row["digest"], version, row["checked_ns"], row)
    try:
        digest = file_digest(file.fetch()) if reader else ""
    except InputError:  # reading it will say why
        digest = ""
    except OSError as error:
        unseen = Unseen.of(display_name(file.name), error, "a file that can be read", display_name(file.check))
        return FileState(file, document_id, "", version, now_ns, row, unseen)
    return FileState(file, document_id, digest, version, now_ns, row)
