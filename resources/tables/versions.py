"""Versions of what Lance holds: staged beside what is current, switched by one small file, forgotten later.

Whoever stores something stages first, whatever it costs: nobody reads a version that no pointer names, and one that a
failed or killed run leaves is passed over by the next. The switch is last and small: one file that is replaced whole.
"""

import json
import logging
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.core.files import write_atomically
from resources.tables.lance_upkeep import forget_old_versions

if TYPE_CHECKING:
    import lance

_LOG = logging.getLogger("graftline")
_PREVIOUS = {"current": "previous", "model": "previous_model", "graph": "previous_graph"}
"""What a pointer says of its current version, and the name of the same thing of the one before."""


@dataclass(frozen=True)
class Pointer:
    """The file that names what is current; who reads it sees the old or the new one whole."""

    path: Path

    def read(self) -> dict[str, Any] | None:
        """Return what is current, or None before the first switch."""
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else None

    def switch(self, to: dict[str, Any]) -> None:
        """Make something else current; it is on disk before it is seen."""
        # Its owner's alone: a record may hold what documents say.
        write_atomically(self.path, json.dumps(to, ensure_ascii=False), private=True)


def succeeding(to: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    """Return the pointer to a version that keeps what the former one names to roll back to."""
    kept = {name: former.get(key) for key, name in _PREVIOUS.items() if key == "current" or former.get(key)}
    return {**to, **kept}


def previous(pointer: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a pointer says of the version before, under the names of a current one; None where there is none."""
    if not pointer.get("previous"):
        return None
    return {key: pointer[name] for key, name in _PREVIOUS.items() if pointer.get(name)}


@dataclass(frozen=True)
class Versions:
    """The versions of one dataset; which of them is current, a Pointer says."""

    folder: Path

    @property
    def there(self) -> bool:
        """Whether anything was written to its end."""
        return (self.folder / "_versions").exists()

    def newest(self) -> int:
        """Return the number of the newest version, which only a killed run's can be where it is not current."""
        import lance

        return int(lance.dataset(str(self.folder)).version)

    def at(self, version: int) -> "lance.LanceDataset":
        """Open one version, with a handle of its own: writing moves a handle on."""
        import lance

        return lance.dataset(str(self.folder), version=version)

    def stage_whole(self, table: pa.Table, schema: pa.Schema | None = None) -> "lance.LanceDataset":
        """Write a table as a version of its own, whatever the former ones hold."""
        import lance

        if self.folder.exists() and not self.there:
            shutil.rmtree(self.folder)  # what a crash left of a first write
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        mode = "overwrite" if self.folder.exists() else "create"
        return lance.write_dataset(table, str(self.folder), mode=mode, schema=schema)

    def stage_from(self, version: int) -> "lance.LanceDataset":
        """Open a version to stage changes of it; newer ones are a failed run's, or what a rollback left."""
        dataset = self.at(version)
        if dataset.latest_version != dataset.version:
            dataset.restore()
        return dataset

    def keep(self, **versions: int) -> None:
        """Tag versions by a name each: Lance never cleans up a tagged one."""
        tags = self.at(next(iter(versions.values()))).tags
        known = tags.list()
        for tag, version in versions.items():
            (tags.update if tag in known else tags.create)(tag, version)

    def forget(self, older_than: timedelta | None = None) -> None:
        """Remove old versions, with the files that only they used; the newest and the tagged ones stay.

        What fails here is told and done the next time: the switch has been, and stands.
        """
        import lance

        try:
            dataset = lance.dataset(str(self.folder))
            forget_old_versions(dataset, *([] if older_than is None else [older_than]))
        except (OSError, RuntimeError, ValueError) as error:
            _LOG.warning("%s: old versions could not be forgotten (%s)", self.folder, error)
