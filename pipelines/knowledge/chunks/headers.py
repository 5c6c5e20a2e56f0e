"""The header that is embedded before a chunk: title, section, and the head of the table that it goes on with."""

from collections.abc import Iterable, Iterator, Sequence

from pipelines.knowledge.chunks.pieces import CountTokens
from pipelines.text.sections import SEPARATOR
from pipelines.text.tables import shorter_heads, tables

_MOST_HEAD_TOKENS = 64
"""Of a table's head; the columns that are over it are left out."""


def contextual_headers(title: str, sections: Iterable[str], most: int, count_tokens: CountTokens) -> dict[str, str]:
    """Return the header for each section path: title and path in at most so many tokens, the middle left out first."""
    candidates = {section: list(_candidates(title, section)) for section in sorted(set(sections))}
    texts = sorted({text for found in candidates.values() for text in found})
    tokens = dict(zip(texts, count_tokens(texts), strict=True)) if texts else {}
    return {
        section: next((text for text in found if tokens[text] <= most), "") for section, found in candidates.items()
    }


def table_heads(text: str, starts: Sequence[int], count_tokens: CountTokens) -> dict[int, str]:
    """Return the head of the table for each chunk's start that stands among a table's rows, below its head."""
    found = tables(text) if "|" in text else []
    within = {start: one.head for start in starts for one in found if one.head and one.start < start < one.end}
    return {start: _fitting_head(head, count_tokens) for start, head in within.items()}


def _fitting_head(head: str, count_tokens: CountTokens) -> str:
    return next((text for text in shorter_heads(head) if count_tokens([text])[0] <= _MOST_HEAD_TOKENS), "")


def _candidates(title: str, section: str) -> Iterator[str]:
    """Yield headers from the fullest to the shortest; a path that begins with the title does not repeat it."""
    path = section.split(SEPARATOR) if section else []
    parts = path if path[:1] == [title] or not title else [title, *path]
    if not parts:
        yield ""
        return
    yield SEPARATOR.join(parts)
    if len(parts) > 2:
        yield SEPARATOR.join([parts[0], parts[-1]])
    yield parts[-1]
    for length in (80, 40, 20):
        if len(parts[-1]) > length:
            yield parts[-1][:length].rstrip() + "…"
