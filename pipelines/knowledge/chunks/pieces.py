"""Sentences, and parts of those that are longer than a chunk, filled into chunks up to a token budget."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipelines.text.sections import marked_headings
from pipelines.text.sentences import sentences

CountTokens = Callable[[Sequence[str]], list[int]]
CHARACTERS_A_TOKEN = 20
"""A run without spaces can be one unknown token, and blanks are none: no chunk is longer than this times its budget."""
_BATCH = 4096
_BREAKS = " \t\r\n,;，、；：:|"


@dataclass(frozen=True)
class Span:
    """A chunk's place in the text (characters), its tokens, and its parent's place where it has one."""

    start: int
    end: int
    tokens: int
    parent: tuple[int, int] | None = None


@dataclass(frozen=True)
class Piece:
    """A sentence, or a part of one that is longer than a chunk; or a heading that is marked as one."""

    start: int
    end: int
    tokens: int
    heading: bool


def pieces(text: str, budget: int, count_tokens: CountTokens) -> list[Piece]:
    """Return the sentences of a text in order, each within the budget; together all but white space."""
    return pieces_within(text, 0, len(text), marked_headings(text), budget, count_tokens)


def pieces_within(
    text: str, start: int, end: int, headings: Container[int], budget: int, count_tokens: CountTokens
) -> list[Piece]:
    """Return the pieces of text[start:end]; `headings` are places in the whole text, which knows its code blocks."""
    found = [(first + start, last + start) for first, last in sentences(text[start:end])]
    return fitting(text, found, budget, count_tokens, headings)


def fitting(
    text: str,
    spans: Sequence[tuple[int, int]],
    budget: int,
    count_tokens: CountTokens,
    headings: Container[int] = (),
) -> list[Piece]:
    """Return the spans as pieces; one over the budget is cut at spaces and commas, and is no heading any more."""
    short = [part for span in spans for part in _short(text, *span, longest=budget * CHARACTERS_A_TOKEN)]
    made: list[Piece] = []
    for first in range(0, len(short), _BATCH):
        batch = short[first : first + _BATCH]
        for (start, end), tokens in zip(batch, count_tokens([text[start:end] for start, end in batch]), strict=True):
            if tokens <= budget:
                made.append(Piece(start, end, tokens, start in headings))
            else:
                made += _parts(text, start, end, budget, count_tokens)
    return made


def fill_chunks(found: Sequence[Piece], budget: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Yield the (first, last) piece of each chunk: as many as fit, a heading together with what it heads.

    A chunk starts with the last `overlap` pieces of the one before it, where they fit and no section starts.
    """
    first = 0
    while first < len(found):
        last = _last(found, first, budget)
        yield first, last
        first = _next_start(found, first, last, budget, overlap)


def chunk_span(found: Sequence[Piece], first: int, last: int, parent: tuple[int, int] | None = None) -> Span:
    """Return the chunk that a run of pieces makes."""
    return Span(found[first].start, found[last].end, sum(p.tokens for p in found[first : last + 1]), parent)


def _short(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    while end - start > longest:
        stop = _break_before(text, start + longest // 2, start + longest)
        yield start, stop
        start = stop
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _parts(text: str, start: int, end: int, budget: int, count_tokens: CountTokens) -> Iterable[Piece]:
    """Cut an over-long sentence, at a space or comma where there is one in the second half of what fits."""
    while start < end:
        stop, tokens = end, count_tokens([text[start:end]])[0]
        while tokens > budget and stop - start > 1:
            fits = start + max(1, min(stop - start - 1, int((stop - start) * budget / tokens)))
            stop = _break_before(text, (start + fits) // 2, fits)
            tokens = count_tokens([text[start:stop]])[0]
        yield Piece(start, stop, tokens, False)
        start = stop
        while start < end and text[start].isspace():
            start += 1


def _break_before(text: str, earliest: int, latest: int) -> int:
    for position in range(latest, earliest, -1):
        if text[position - 1] in _BREAKS:
            return position - (text[position - 1].isspace() and position - 1 > earliest)
    return latest


def _last(found: Sequence[Piece], first: int, budget: int) -> int:
    """Return the last piece of the chunk that starts at `first`."""
    last, tokens = first, found[first].tokens
    end = found[first].start + budget * CHARACTERS_A_TOKEN
    while last + 1 < len(found) and tokens + found[last + 1].tokens <= budget and found[last + 1].end <= end:
        if found[last + 1].heading and tokens >= budget // 2:
            return last  # a section starts a chunk when the one before it is half full
        last += 1
        tokens += found[last].tokens
    # A heading stands with what it heads, unless there is nothing else.
    while last > first and found[last].heading and last + 1 < len(found):
        last -= 1
    return last


def _next_start(found: Sequence[Piece], first: int, last: int, budget: int, overlap: int) -> int:
    """Return where the next chunk starts: some sentences back, if a new one fits behind them and no section starts."""
    following = last + 1
    if following >= len(found) or found[following].heading:
        return following
    for start in range(max(first + 1, following - overlap), following):
        repeated = found[start:following]
        if any(piece.heading for piece in repeated):
            continue
        tokens = sum(piece.tokens for piece in repeated) + found[following].tokens
        if tokens <= budget and found[following].end - found[start].start <= budget * CHARACTERS_A_TOKEN:
            return start
    return following
