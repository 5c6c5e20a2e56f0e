"""Re-DocRED's documents as texts with known entities and relations, and how an extraction compares with them."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from benchmarks.ground.common import DATA
from pipelines.core.errors import InputError
from pipelines.knowledge.mentions import ALIAS_OF, CO_OCCURS, Extraction
from pipelines.knowledge.names import canonical_name

FILE = DATA / "extraction" / "redocred_dev.json"
LEFT_OUT = frozenset({"TIME", "NUM"})
_CLOSING = re.compile(r" ([,.;:!?%)\]}]|'s\b|n't\b|'(?:re|ve|ll|d|m)\b)")
_OPENING = re.compile(r"([(\[{$£€]) ")
_QUOTED = re.compile(r'" ([^"]*?) "')
_JOINED = re.compile(r"(?<=\w) ([-–/]) (?=\w)")


@dataclass(frozen=True)
class Document:
    """A text, the normal forms of each gold thing's names, and which two of the things a relation joins."""

    title: str
    text: str
    things: tuple[frozenset[str], ...]
    left_out: frozenset[str]
    """Normal forms of times and numbers, which count neither for nor against."""
    pairs: frozenset[frozenset[int]]


@dataclass
class Counts:
    """Sums over documents, of which the figures are fractions."""

    named: int = 0
    named_right: int = 0
    things: int = 0
    things_found: int = 0
    pairs: int = 0
    pairs_found: int = 0
    pairs_joined: int = 0
    relations: int = 0
    typed: int = 0
    typed_pairs: int = 0
    typed_right: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def entity_f1(self) -> float:
        precision, recall = self.named_right / max(1, self.named), self.things_found / max(1, self.things)
        return 2 * precision * recall / max(1e-9, precision + recall)

    @property
    def joined(self) -> float:
        return self.pairs_joined / max(1, self.pairs_found)

    @property
    def typed_share(self) -> float:
        return self.typed / max(1, self.relations)

    @property
    def typed_precision(self) -> float:
        return self.typed_right / max(1, self.typed_pairs)


def load() -> list[Document]:
    """Return all documents; InputError where the data is not there."""
    if not FILE.is_file():
        raise InputError(str(FILE), "no file", "Re-DocRED's dev set", "export GRAFTLINE_BENCH_DATA=FOLDER")
    return [_document(row) for row in json.loads(FILE.read_text(encoding="utf-8"))]


def plain(tokens: Iterable[str]) -> str:
    """Return tokens as a text as people write it, without the spaces that a tokenizer puts around marks."""
    text = _QUOTED.sub(r'"\1"', " ".join(tokens))
    return _JOINED.sub(r"\1", _OPENING.sub(r"\1", _CLOSING.sub(r"\1", text)))


def _document(row: dict[str, Any]) -> Document:
    kinds = [cluster[0]["type"] for cluster in row["vertexSet"]]
    names = [frozenset(canonical_name(plain(one["name"].split())) for one in cluster) for cluster in row["vertexSet"]]
    kept = [place for place, kind in enumerate(kinds) if kind not in LEFT_OUT]
    number = {place: order for order, place in enumerate(kept)}
    left_out = frozenset().union(*(names[place] for place in range(len(kinds)) if place not in number))
    ends = ((label["h"], label["t"]) for label in row["labels"])
    pairs = frozenset(frozenset((number[h], number[t])) for h, t in ends if h in number and t in number and h != t)
    text = " ".join(plain(sentence) for sentence in row["sents"])
    return Document(row["title"], text, tuple(names[place] for place in kept), left_out, pairs)


def compare(document: Document, found: Extraction) -> Counts:
    """Return the counts of one document; names are compared by their normal forms, relations without direction."""
    things: dict[str, set[int]] = {}
    for number, names in enumerate(document.things):
        for name in names:
            things.setdefault(name, set()).add(number)
    named = {canonical_name(entity.name) for entity in found.entities} - (document.left_out - things.keys())
    right = named & things.keys()
    met = set().union(*(things[name] for name in right)) if right else set()
    relations = {
        (canonical_name(one.source), canonical_name(one.target), one.type)
        for one in found.relations
        if one.type != ALIAS_OF
    }
    joined = {pair for one in relations for pair in _pairs(things, one)}
    typed = [one for one in relations if one[2] != CO_OCCURS]
    between = {frozenset(one[:2]): pairs for one in typed if (pairs := _pairs(things, one))}
    reachable = {pair for pair in document.pairs if pair <= met}
    return Counts(
        len(named), len(right), len(document.things), len(met), len(document.pairs), len(reachable),
        len(reachable & joined), len(relations), len(typed), len(between),
        sum(bool(pairs & document.pairs) for pairs in between.values()),
    )  # fmt: skip


def _pairs(things: dict[str, set[int]], relation: Sequence[str]) -> set[frozenset[int]]:
    ends = [things.get(name, set()) for name in relation[:2]]
    return {frozenset((one, other)) for one in ends[0] for other in ends[1] if one != other}
