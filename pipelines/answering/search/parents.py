"""Small chunks are found, their parents are read: the siblings of a hit, merged by their spans."""

import re
from collections.abc import Sequence

from pipelines.answering.search.search import Row, row_terms
from pipelines.core.formats import CODE, format_of
from pipelines.core.protocols import GraphStore
from pipelines.text.lines import is_table_row
from pipelines.text.sentence_spans import flat_spans, sentence_spans
from pipelines.text.sentences import sentences

_STANDS_ALONE = re.compile(r"\s*(?:#{1,6}\s|>|```|~~~)")
_STARTS_BLOCK = re.compile(rf"{_STANDS_ALONE.pattern}|\s*(?:\||[-*+•]\s|\d{{1,3}}[.)、]\s?)")
_SENTENCE_END = re.compile(r"[.!?…,;:][\"'”’)\]*_]*$")


def expand_to_parents(rows: Sequence[Row], store: GraphStore) -> list[Row]:
    """Return the rows with each parent's best child made the whole parent, the parent's other hits left out.

    Spans stay exact: what chunkers leave out between siblings is white space, however much of it.
    """
    parents = [key for key in dict.fromkeys(row.get("parent_id") or "" for row in rows) if key]
    if not parents:
        return list(rows)
    siblings: dict[str, list[Row]] = {}
    for child in store.siblings_of(parents):
        siblings.setdefault(child["parent_id"], []).append(child)
    found: list[Row] = []
    for row in rows:
        covered = any(
            row["document_id"] == other["document_id"] and other["start"] <= row["start"] and row["end"] <= other["end"]
            for other in found
        )
        if not covered:
            found.append(_merged(row, siblings.get(row.get("parent_id") or "", [])))
    return found


def _merged(row: Row, siblings: Sequence[Row]) -> Row:
    family = [child for child in siblings if child["document_id"] == row["document_id"]]
    if len(family) < 2 or all(child["chunk_id"] != row["chunk_id"] for child in family):
        return row
    start, text = family[0]["start"], family[0]["text"]
    for child in family[1:]:
        gap = child["start"] - start - len(text)
        if gap > 0:
            text += _left_out(text, child["text"], gap, _is_code(row["path"])) + child["text"]
        elif child["end"] - start > len(text):
            text = text[: len(text) + gap] + child["text"]
    tokens = sum(child["tokens"] for child in family)
    merged = row | {
        "header": family[0].get("header") or "",
        "start": start,
        "end": start + len(text),
        "text": text,
        "tokens": tokens,
    }
    return merged | {"terms": row_terms(merged), "sentence_spans": flat_spans(_joined_spans(text, family))}


def _joined_spans(text: str, family: Sequence[Row]) -> list[tuple[int, int]]:
    """Return the sentences of a parent's text: its children's, those that two of them share once.

    A sentence may go on from one child to the next: where they share none, the two that meet are cut again.
    Lines of code stay as the child has them, which may not know that they are code.
    """
    joined: list[tuple[int, int]] = []
    for child in family:
        offset = child["start"] - family[0]["start"]
        own = [(start + offset, end + offset) for start, end in sentence_spans(child)]
        fresh = [span for span in own if not joined or span[1] > joined[-1][1]]
        if joined and fresh and (fresh[0][0] < joined[-1][1] or len(fresh) == len(own)):
            start, end = joined.pop()[0], fresh.pop(0)[1]
            joined += [(start + first, start + last) for first, last in sentences(text[start:end])]
        joined += fresh
    return joined


def _left_out(left: str, right: str, length: int, code: bool) -> str:
    """Return the white space that most probably stands between two siblings: the store has no more than its length."""
    if length == 1:
        return " " if not code and _goes_on(left, right) else "\n"
    newline = "\r\n" if "\r\n" in left + right else "\n"
    if length in (len(newline), 2 * len(newline)):
        return newline * (length // len(newline))
    return newline + " " * (length - len(newline))  # an indented line


def _goes_on(left: str, right: str) -> bool:
    """Say whether two sentences, or the parts of a long one, stand in one paragraph."""
    above = left[max(left.rfind("\n"), left.rfind("\r")) + 1 :]
    if _STARTS_BLOCK.match(right) or _STANDS_ALONE.match(above):
        return False
    if is_table_row(above):
        return True  # its next row would start with a bar
    return bool(_SENTENCE_END.search(above)) or right[:1].islower()


def _is_code(path: str) -> bool:
    return format_of(path) in CODE
