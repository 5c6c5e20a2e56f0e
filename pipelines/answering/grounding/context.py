"""What a model reads beside the question: whole passages, facts and reports, numbered, within a number of tokens."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.answering.search.search import Fact, Retrieved, Row
from pipelines.text.tables import head_in_header

Kind = Literal["passage", "fact", "report", "point", "calculation", "table"]
Counter = Callable[[Sequence[str]], Sequence[int]]
"""Counts the tokens of texts."""


@dataclass(frozen=True)
class Source:
    """One numbered source: a passage of one chunk or of neighbours, or another text with what it stands on."""

    number: int
    kind: Kind
    heading: str
    text: str
    chunks: tuple[Row, ...]

    @property
    def shown(self) -> str:
        """The source as the prompt has it."""
        return f"[{self.number}] {self.heading}\n{self.text}" if self.heading else f"[{self.number}] {self.text}"


@dataclass(frozen=True)
class Context:
    """The sources of a prompt, and how many others were found and did not fit."""

    sources: tuple[Source, ...]
    left_out: int = 0

    @property
    def text(self) -> str:
        """All sources as the prompt has them."""
        return "\n\n".join(source.shown for source in self.sources)


def pack_context(retrieved: Retrieved, budget: int, count_tokens: Counter) -> Context:
    """Return the sources that fit into `budget` tokens, passages first, each kind best first.

    What was made for this question (a calculation, a query's table, points) comes right behind the best passage. What
    is too long for what is left of the budget is left out and what comes after it is tried. Of what is no passage only
    what stands on a chunk is a source. The best passage is there in any case.
    """
    passages = _merged(retrieved.chunks)
    wanted: list[tuple[Kind, str, str, tuple[Row, ...]]] = [
        ("passage", _heading(rows[0]), _joined(rows), rows) for rows in passages
    ]
    facts = _distinct(retrieved.context)
    made = [fact for fact in facts if fact.kind in _MADE]
    wanted[1:1] = [(fact.kind, fact.title, fact.text, tuple(fact.chunks)) for fact in made]
    wanted += [(fact.kind, fact.title, fact.text, tuple(fact.chunks)) for fact in facts if fact.kind not in _MADE]
    costs = count_tokens([f"[00] {heading}\n{text}\n\n" for _, heading, text, _ in wanted]) if wanted else []
    sources, spent = list[Source](), 0
    for (kind, heading, text, rows), cost in zip(wanted, costs, strict=True):
        if spent + cost > budget and sources:
            continue
        spent += cost
        sources.append(Source(len(sources) + 1, kind, heading, text, rows))
    return Context(tuple(sources), len(wanted) - len(sources))


_MADE = ("calculation", "table", "point")


def _distinct(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that stand on chunks, no text twice."""
    return list({fact.text: fact for fact in reversed([one for one in facts if one.chunks])}.values())[::-1]


def _merged(rows: Sequence[Row]) -> list[tuple[Row, ...]]:
    """Return the passages in order: neighbours in a document, or chunks that overlap, are one, at the best one's place.

    A chunk of which another one holds every character adds nothing.
    """
    groups: list[list[Row]] = []
    for row in rows:
        near = [group for group in groups if any(_touch(row, other) for other in group)]
        if not near:
            groups.append([row])
            continue
        near[0].append(row)
        for other in near[1:]:
            near[0] += other
            groups.remove(other)
    return [tuple(_without_inner(sorted(group, key=lambda row: (row["start"], -row["end"])))) for group in groups]


def _touch(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two chunks of a document overlap or only a paragraph's end lies between them."""
    if one["document_id"] != other["document_id"]:
        return False
    first, second = sorted((one, other), key=lambda row: row["start"])
    return int(second["start"]) <= int(first["end"]) + _GAP


_GAP = 2
"""White space between two chunks of a paragraph, or of two paragraphs."""


def _without_inner(rows: Sequence[Row]) -> list[Row]:
    kept: list[Row] = []
    for row in rows:
        if not kept or row["end"] > kept[-1]["end"]:
            kept.append(row)
    return kept


def _joined(rows: Sequence[Row]) -> str:
    """Return the text of neighbours, what two of them share once, under the head of the table that they begin in."""
    text, end = rows[0]["text"], rows[0]["end"]
    for row in rows[1:]:
        shared = max(0, end - row["start"])
        gap = "\n" * max(0, row["start"] - end)
        text, end = text + gap + row["text"][shared:], row["end"]
    head = head_in_header(rows[0])
    return f"{head}\n{text}" if head else text


def _heading(row: Row) -> str:
    """Return title, section, page and date of a passage, as far as they are known."""
    parts = [row.get("title") or row["path"]]
    if row.get("section") and row["section"] != parts[0]:
        parts.append(row["section"])
    if row.get("page"):
        parts.append(f"p. {row['page']}")
    if row.get("date"):
        parts.append(row["date"])
    return " · ".join(str(part) for part in parts)
