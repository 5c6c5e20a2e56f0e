"""What changed since the last run: every stage works on new and changed keys only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pyarrow as pa

from pipelines.core.protocols import StoredTable

T = TypeVar("T")
Stored = TypeVar("Stored", bound=StoredTable)


@dataclass(frozen=True)
class Delta:
    """Keys by what happened to them since the previous run, each sorted."""

    new: list[str]
    changed: list[str]
    gone: list[str]
    same: list[str]

    @property
    def todo(self) -> list[str]:
        """Keys that need work."""
        return sorted(self.new + self.changed)


@dataclass(frozen=True)
class Work:
    """Counters of one stage's run, as metadata: what came in, and what was computed anew (`computed` by name)."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0
    computed: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, delta: Delta, **computed: int) -> "Work":
        return cls(len(delta.new), len(delta.changed), len(delta.gone), len(delta.same), computed)

    def metadata(self) -> dict[str, int]:
        """Return the counters by metadata key."""
        counters = {"new": self.new, "changed": self.changed, "gone": self.gone, "same": self.same}
        return counters | {f"computed_{name}": count for name, count in self.computed.items()}


@dataclass(frozen=True)
class Change:
    """What a stage does to its stored table: rows whose `column` is among `drop` go, then the rows of `add` come.

    `add` is read once, table by table, and may fill `computed` on the way. `inputs` names all that the result depends
    on; the columns `beside` do not make a row "changed".
    """

    column: str
    drop: Sequence[str]
    add: Iterable[pa.Table]
    inputs: str = ""
    beside: tuple[str, ...] = ()
    computed: dict[str, int] = field(default_factory=dict)


def batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def with_schema(stored: Stored | None, schema: pa.Schema) -> Stored | None:
    """Return what is stored where it has these columns, else None: all of it is made anew then."""
    return stored if stored is not None and stored.schema.equals(schema) else None


def compare_versions(current: Mapping[str, str], previous: Mapping[str, str]) -> Delta:
    """Compare versions by key.

    >>> compare_versions({"a": "1", "b": "2"}, {"b": "1", "c": "1"})
    Delta(new=['a'], changed=['b'], gone=['c'], same=[])
    """
    return Delta(
        new=sorted(key for key in current if key not in previous),
        changed=sorted(key for key in current if key in previous and current[key] != previous[key]),
        gone=sorted(key for key in previous if key not in current),
        same=sorted(key for key in current if previous.get(key) == current[key]),
    )
