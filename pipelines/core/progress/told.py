"""How far others are: several parts whose items come in any order, and another process that tells by a file."""

import json
from collections.abc import Sequence
from pathlib import Path

from pipelines.core.files import write_atomically
from pipelines.core.progress.progress import EVERY_SECONDS, Progress


class PartsProgress:
    """The progress of several parts, each from the first of it that is done: what went before is counted for none."""

    def __init__(self, parts: Sequence[tuple[str, int]], unit: str, every: float = EVERY_SECONDS) -> None:
        self._parts, self._unit, self._every = parts, unit, every
        self._under_way: dict[int, Progress] = {}

    def __call__(self, part: int) -> None:
        """Count one more of a part, by its place, as done."""
        known = self._under_way.get(part)
        if known is None:
            what, total = self._parts[part]
            self._under_way[part] = Progress(what, total, self._unit, 1, self._every)
        else:
            known.add()


class ToldProgress:
    """The progress that another process tells by a file, as `{"done": 2, "total": 5}`; it is read at each call."""

    def __init__(self, path: Path, what: str, unit: str, every: float = EVERY_SECONDS) -> None:
        self._path, self._what, self._unit, self._every = path, what, unit, every
        self._path.unlink(missing_ok=True)  # of an earlier try
        self._progress: Progress | None = None

    def __call__(self) -> None:
        """Read how far it is; half a file there is never, since `tell` writes it whole."""
        if not self._path.exists():
            return
        told = json.loads(self._path.read_text(encoding="utf-8"))
        if self._progress is None:
            self._progress = Progress(self._what, told["total"], self._unit, told["done"], self._every)
        if told["done"] > self._progress.done:
            self._progress.add(told["done"] - self._progress.done)


def tell(path: Path, done: int, total: int) -> None:
    """In that other process: write how far it is."""
    write_atomically(path, json.dumps({"done": done, "total": total}))
