"""Chunks that never reach across a section, and keep a paragraph, table or code block whole where it fits."""

from collections.abc import Iterator, Sequence

from pipelines.knowledge.chunks.pieces import CountTokens, Piece, Span, chunk_span, fill_chunks, pieces_within
from pipelines.text.sections import Heading, fence_after, headings, marked_headings


def by_structure(text: str, budget: int, overlap: int, count_tokens: CountTokens) -> list[Span]:
    """Return the chunks of each section; a heading with nothing below it stands with the section that follows."""
    made: list[Span] = []
    marked = marked_headings(text)
    for start, end in section_spans(text):
        found = pieces_within(text, start, end, marked, budget, count_tokens)
        for first, last in _fill_blocks(found, _block_of(text, start, end, found), budget, overlap):
            made.append(chunk_span(found, first, last))
    return made


def section_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each section with its heading, in order; together they are the whole text."""
    found = headings(text)
    if not found:
        return [(0, len(text))]
    ends = [*(heading.start for heading in found[1:]), len(text)]
    spans = [(0, found[0].start)] if text[: found[0].start].strip() else []
    begin: int | None = None
    for place, (heading, end) in enumerate(zip(found, ends, strict=True)):
        begin = heading.start if begin is None else begin
        following = found[place + 1] if place + 1 < len(found) else None
        if not (following and following.level > heading.level and _is_bare(text, heading, end)):
            spans.append((begin, end))
            begin = None
    return spans


def _is_bare(text: str, heading: Heading, end: int) -> bool:
    lines = [line for line in text[heading.start : end].splitlines() if line.strip(" \t=-")]
    return len(lines) <= 1


def _block_of(text: str, start: int, end: int, found: Sequence[Piece]) -> list[int]:
    """Return, for each piece, the number of its block: what blank lines or fences bound."""
    borders, position, fence = [], start, ""
    for line in text[start:end].splitlines(keepends=True):
        before, fence = fence, fence_after(line, fence)
        if bool(before) != bool(fence):
            borders.append(position if fence else position + len(line))
        elif not fence and not line.strip():
            borders.append(position)
        position += len(line)
    numbers, number = [], 0
    for piece in found:
        while number < len(borders) and borders[number] <= piece.start:
            number += 1
        numbers.append(number)
    return numbers


def _fill_blocks(
    found: Sequence[Piece], block_of: Sequence[int], budget: int, overlap: int
) -> Iterator[tuple[int, int]]:
    """Yield the (first, last) piece of each chunk of a section; a block that fits into one chunk is not cut."""
    blocks: list[tuple[int, int]] = []
    for place, number in enumerate(block_of):
        if blocks and block_of[blocks[-1][0]] == number:
            blocks[-1] = (blocks[-1][0], place)
        else:
            blocks.append((place, place))
    first, tokens = 0, 0
    for begin, end in blocks:
        size = sum(piece.tokens for piece in found[begin : end + 1])
        if begin > first and tokens + size > budget:
            heading_only = begin - first == 1 and found[first].heading
            if size <= budget and not heading_only:
                yield from _run(found, first, begin - 1, budget, overlap)
                first, tokens = begin, 0
        tokens += size
        if tokens > budget:  # a block longer than a chunk: its sentences are filled, what follows starts anew
            yield from _run(found, first, end, budget, overlap)
            first, tokens = end + 1, 0
    if first < len(found):
        yield from _run(found, first, len(found) - 1, budget, overlap)


def _run(found: Sequence[Piece], first: int, last: int, budget: int, overlap: int) -> Iterator[tuple[int, int]]:
    for start, end in fill_chunks(found[first : last + 1], budget, overlap):
        yield first + start, first + end
