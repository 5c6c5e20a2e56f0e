"""Names in documents with what each stands for, and how far two ways to group them agree: pairs of mentions."""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from benchmarks.corpora.redocred import FILE, LEFT_OUT, plain
from pipelines.core.errors import InputError
from pipelines.knowledge.entities.name_groups import NameGroups

TYPES = {"PER": "PERSON", "ORG": "ORGANIZATION", "LOC": "LOCATION", "MISC": "MISC"}
"""The data's types in ours; MISC (works, events, languages, laws) is what has no type."""


@dataclass(frozen=True)
class Agreement:
    """Pairs of mentions that both ways join, that the grouping joins, and that the gold joins."""

    both: int = 0
    found: int = 0
    gold: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(self.both + other.both, self.found + other.found, self.gold + other.gold)

    @property
    def precision(self) -> float:
        return self.both / max(1, self.found)

    @property
    def recall(self) -> float:
        return self.both / max(1, self.gold)

    @property
    def f1(self) -> float:
        return 2 * self.both / max(1, self.found + self.gold)


def agreement(pairs: Iterable[tuple[Hashable, Hashable]]) -> Agreement:
    """Compare what each mention was grouped under with what it stands for, over all pairs of the mentions.

    >>> agreement([("a", 1), ("a", 1), ("a", 2), ("b", 2)])
    Agreement(both=1, found=3, gold=2)
    """
    both = found = gold = 0
    for one, other in combinations(pairs, 2):
        same, meant = one[0] == other[0], one[1] == other[1]
        both, found, gold = both + (same and meant), found + same, gold + meant
    return Agreement(both, found, gold)


def gold_rows() -> list[dict[str, Any]]:
    """Return Re-DocRED's documents as rows of EXTRACTIONS that hold the gold mentions with the gold types.

    Times and numbers are left out. A mention's `thing` is its cluster; its place is where its tokens stand in the
    text that `texts` has under the row's chunk.
    """
    if not FILE.is_file():
        raise InputError(str(FILE), "no file", "Re-DocRED's dev set", "export GRAFTLINE_BENCH_DATA=FOLDER")
    return [_row(str(number), row) for number, row in enumerate(json.loads(FILE.read_text(encoding="utf-8")))]


def _row(document: str, row: Mapping[str, Any]) -> dict[str, Any]:
    spoken = [plain(sentence) for sentence in row["sents"]]
    starts = [sum(len(one) + 1 for one in spoken[:number]) for number in range(len(spoken))]
    mentions = []
    for thing, cluster in enumerate(row["vertexSet"]):
        for one in cluster if cluster[0]["type"] not in LEFT_OUT else ():
            name, number = plain(one["name"].split()), one["sent_id"]
            about = len(plain(row["sents"][number][: one["pos"][0]]))
            place = spoken[number].find(name, max(0, about - 3))
            start = starts[number] + (place if place >= 0 else about)
            mentions.append({"name": name, "type": TYPES[one["type"]], "start": start, "end": start + len(name),
                             "thing": thing})  # fmt: skip
    return {"chunk_id": document, "document_id": document, "entities": mentions, "relations": [],
            "text": " ".join(spoken), "start": 0}  # fmt: skip


def within_documents(rows: Sequence[Mapping[str, Any]], key: Callable[[str, str], str]) -> Agreement:
    """Return how a grouping of (document, name) agrees with the gold, over pairs of mentions of one document."""
    each = (agreement((key(row["document_id"], one["name"]), one["thing"]) for one in row["entities"]) for row in rows)
    return sum(each, Agreement())


def resolved(rows: Sequence[Mapping[str, Any]]) -> tuple[Agreement, Agreement, Agreement]:
    """Return how resolution of all rows as one corpus agrees with the gold: of all, and of the odd and even ones."""
    groups = NameGroups(rows, {row["chunk_id"]: row for row in rows})
    return (
        within_documents(rows, groups.key),
        within_documents(rows[1::2], groups.key),
        within_documents(rows[::2], groups.key),
    )
