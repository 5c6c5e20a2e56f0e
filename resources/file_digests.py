"""Digests of whole files; those of large ones are remembered as long as the file stays as it is."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipelines.core.files import write_atomically
from pipelines.core.identity import file_digest

_LEAST_BYTES = 1 << 24
"""Smaller files are read again each time: that takes less than 0.1 s."""


class FileDigests:
    """The memory is one JSON file: path to size, times and digests."""

    def __init__(self, memory: Path, least_bytes: int = _LEAST_BYTES) -> None:
        self._memory, self._least_bytes = memory, least_bytes

    @classmethod
    def of_home(cls, home: Path) -> "FileDigests":
        """Return those that every process of a home shares."""
        return cls(home / "cache" / "file_digests.json")

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes. Raises OSError."""
        return self._of(path, "sha256", _sha256)

    def file_digest(self, path: Path) -> str:
        """Return what `core.identity.file_digest` does. Raises OSError."""
        return self._of(path, "file_digest", file_digest)

    def _of(self, path: Path, kind: str, read: Callable[[Path], str]) -> str:
        stat = path.stat()
        if stat.st_size < self._least_bytes:
            return read(path)
        key, state = str(path.resolve()), [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        known = self._known().get(key, {})
        if known.get("state") == state and kind in known:
            return known[kind]
        found = read(path)
        entry = (known if known.get("state") == state else {}) | {"state": state, kind: found}
        kept = {file: entry for file, entry in self._known().items() if Path(file).exists()}
        with suppress(OSError):  # a home that can't be written costs the time again, nothing else
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._memory, json.dumps(kept | {key: entry}, indent=1))
        return found

    def _known(self) -> dict[str, dict]:
        try:
            known = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
