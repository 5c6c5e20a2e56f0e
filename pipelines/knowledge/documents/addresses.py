"""Files behind an fsspec address, kept in a local cache as long as what the file system says of them stays the same."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.errors import ConfigurationError, InputError, ServiceError
from pipelines.core.files import beside, is_unfinished, remove_leftovers
from pipelines.core.identity import content_id
from pipelines.core.masked import masked
from pipelines.knowledge.documents.folders import IGNORE_FILES, Ignored, Unseen, error_text, is_hidden

_STAMPS = {
    *("etag", "checksum", "md5", "md5hash", "content_hash", "crc", "version_id", "ino"),
    *("mtime", "created", "lastmodified", "last_modified", "updated", "modified"),
}
"""What file systems call that by which a file's content is known to be the same, in small letters."""
_PIECE = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error)
"""What an archive raises whose bytes were read and are wrong: nothing that passes."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a remote file system; `stamp` is "" where the system says nothing by which to tell a change."""

    name: str
    bytes: int
    stamp: str
    path: str
    system: Any
    cache: Path

    def fetch(self) -> Path:
        """Return the local copy, made when there is none of this stamp.

        OSError where it cannot be fetched, InputError where what comes cannot be what the system says it is.
        """
        copy = self.cache / self.copy_name
        if self.stamp and copy.exists():
            return copy
        try:
            with (
                beside(copy, private=True) as new,
                new.open("wb") as target,
                self.system.open(self.path, "rb") as source,
            ):
                self._copy(source, target)
        except Exception as error:
            if isinstance(error, OSError | InputError):
                raise
            if isinstance(error, _BROKEN):
                raise InputError(self.name, f"a damaged part of an archive ({error_text(error)})", "a whole one",
                                 "make the archive anew") from error  # fmt: skip
            raise OSError(masked(f"{type(error).__name__}: {error}")) from None
        return copy

    @property
    def copy_name(self) -> str:
        """The copy's name: what is the same for the same content, and the ending, which tells the format."""
        return content_id("copy", self.path, self.stamp, self.bytes) + Path(self.name).suffix.lower()[:12]

    def _copy(self, source: Any, target: Any) -> None:
        copied = 0
        while piece := source.read(_PIECE):
            copied += len(piece)
            if copied > self.bytes + _PIECE:  # an archive whose parts are larger than they say
                raise InputError(self.name, "more bytes than it says", f"{self.bytes} bytes", "make the archive anew")
            target.write(piece)


def remote_files(address: str, root: str, cache: Path) -> tuple[list[RemoteFile], list[Unseen]]:
    """Return the files below a root, by name, and the folders there that could not be listed.

    ConfigurationError for a protocol that nothing installed can read, ServiceError for one that does not answer.
    """
    system, top = _opened(address, root)
    try:
        found, unseen = _listed(system, top)
        names = {_below(path, top): path for path in found}
        ignored = _ignored(system, names)
    except Exception as error:  # each file system raises its own
        raise _unreachable(address, error) from None  # whose own text may repeat a password
    files = [
        RemoteFile(name, int(found[path].get("size") or 0), _stamp(found[path]), path, system, cache)
        for name, path in sorted(names.items())
        if not _kept_out(name, ignored)
    ]
    return files, [folder for folder in unseen if not _kept_out(folder.file.rstrip("/"), ignored)]


def _listed(system: Any, top: str) -> tuple[dict[str, Any], list[Unseen]]:
    """Return what fsspec says of each file by its path, and the folders that cannot be listed.

    fsspec's own `find` takes such folders, and a server that does not answer, for empty.
    """
    if _finds_by_itself(system):
        try:
            return system.find(top, detail=True), []
        except FileNotFoundError:
            return {}, []
    found: dict[str, Any] = {}
    unseen, folders, seen = [], [top], {top.rstrip("/")}
    while folders:
        folder = folders.pop()
        try:
            entries = system.ls(folder, detail=True)
        except Exception as error:
            if folder != top:
                fix = "check its address, your rights there and the network"
                unseen.append(Unseen.of(_below(folder, top) + "/", error, "a folder that can be listed", fix))
                continue
            if isinstance(error, FileNotFoundError):
                return {}, []
            raise
        for entry in entries:
            path = entry["name"].rstrip("/")
            if entry["type"] != "directory":
                found[entry["name"]] = entry
            elif path not in seen:
                seen.add(path)
                folders.append(path)
    return found or ({top: system.info(top)} if system.isfile(top) else {}), unseen


def _finds_by_itself(system: Any) -> bool:
    """Say whether a file system lists all files in a way of its own, as object stores and archives do."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    if isinstance(system, AsyncFileSystem):
        return type(system)._find is not AsyncFileSystem._find
    return getattr(type(system), "find", None) is not AbstractFileSystem.find


def _opened(address: str, root: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        return url_to_fs(root)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            "GRAFTLINE_DOCUMENTS",
            f"{address} ({error})",
            "a folder, a pattern, or an address that fsspec can read",
            "install what its protocol needs (pip install s3fs, gcsfs, adlfs, …), or give a folder",
        ) from None
    except Exception as error:  # a chained archive is opened here, and each file system raises its own
        raise _unreachable(address, error) from None  # whose own text may repeat a password


def _unreachable(address: str, error: Exception) -> ServiceError:
    found = f"that it could not be reached ({type(error).__name__}: {error_text(error)})"
    fix = "check it, its credentials and the network; what is indexed stays"
    return ServiceError(address, found, "an address that answers", fix)


def _below(path: str, top: str) -> str:
    return path.removeprefix(top).lstrip("/") or path.rpartition("/")[2]  # an address may be that of one file


def _stamp(info: Mapping[str, Any]) -> str:
    known = {key: value for key, value in info.items() if key.lower() in _STAMPS and value}
    return json.dumps(known, sort_keys=True, default=str) if known else ""


def _ignored(system: Any, names: Mapping[str, str]) -> Ignored:
    rules = Ignored()
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        folder, _, own = name.rpartition("/")
        if own in IGNORE_FILES:
            text = system.cat_file(names[name]).decode("utf-8", errors="replace")
            rules = rules.below(f"{folder}/" if folder else "", [text])
    return rules


def _kept_out(name: str, ignored: Ignored) -> bool:
    parts = name.split("/")
    folders = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
    return any(map(is_hidden, parts)) or ignored(name) or any(map(ignored, folders))


def forget_others(cache: Path, kept: set[str]) -> None:
    """Remove what the cache holds of files that are not there any more, or no longer the same."""
    if cache.is_dir():
        for copy in cache.iterdir():
            if copy.name not in kept and copy.is_file() and not is_unfinished(copy):
                copy.unlink(missing_ok=True)
        remove_leftovers(cache)
