"""Chunks of source code: whole definitions where they fit, else their parts; comments stand with what follows them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.knowledge.chunks.pieces import CHARACTERS_A_TOKEN, CountTokens, Span, chunk_span, fill_chunks, fitting
from pipelines.knowledge.chunks.syntax import parse_syntax

_LINE = re.compile(r"[^\n]*\n?")
_TOP_LEVEL = re.compile(r"(?<=\n)(?:[ \t]*\r?\n)+(?=\S)")
_BLANK_LINES = re.compile(r"(?<=\n)(?:[ \t]*\r?\n)+")
_DEEPEST = 150

_Parts = list[tuple[int, int, Any]]


@dataclass(frozen=True)
class _Cutter:
    """Cuts one text; `parts(node)` are the places that a node is made of, [] where it has none."""

    text: str
    budget: int
    count_tokens: CountTokens
    parts: Callable[[Any], _Parts]

    def cut(self, start: int, end: int, node: Any, depth: int = 0) -> list[Span]:
        start, end = _trimmed(self.text, start, end)
        if start >= end:
            return []
        tokens = self.tokens(start, end)
        if tokens <= self.budget:
            return [Span(start, end, tokens)]
        parts = self.parts(node) if node is not None and depth < _DEEPEST else []
        if len(parts) < 2 and not (parts and parts[0][2] is not None):
            return self.lines(start, end)
        return self.siblings(self.covering(parts, start, end), depth)

    def tokens(self, start: int, end: int) -> int:
        """Return the tokens of a place, more than the budget without counting where it is far too long."""
        if end - start > self.budget * CHARACTERS_A_TOKEN:
            return self.budget + 1
        return self.count_tokens([self.text[start:end]])[0]

    def covering(self, parts: _Parts, start: int, end: int) -> _Parts:
        """Return the parts stretched so that together they are all of start:end."""
        begins = [start, *(part[0] for part in parts[1:])]
        return [
            (begin, min(end, following), part[2])
            for begin, following, part in zip(begins, [*begins[1:], end], parts, strict=True)
            if begin < min(end, following)
        ]

    def siblings(self, parts: _Parts, depth: int) -> list[Span]:
        """Fill small parts together; one that is cut itself is kept apart, but for the head that leads into it."""
        made: list[Span] = []
        joinable = False
        for start, end, node in parts:
            cut = self.cut(start, end, node, depth + 1)
            if not cut:
                continue
            last = made[-1] if made else None
            if last and joinable and (len(cut) == 1 or depth):
                tokens = self.tokens(last.start, cut[0].end)
                if tokens <= self.budget:
                    made[-1] = Span(last.start, cut[0].end, tokens)
                    cut = [made.pop(), *cut[1:]]
            made += cut
            joinable = len(cut) == 1
        return made

    def lines(self, start: int, end: int) -> list[Span]:
        spans = [(start + m.start(), start + m.end()) for m in _LINE.finditer(self.text[start:end]) if m.group()]
        spans = [place for place in (_trimmed(self.text, *place) for place in spans) if place[0] < place[1]]
        found = fitting(self.text, spans, self.budget, self.count_tokens)
        return [chunk_span(found, first, last) for first, last in fill_chunks(found, self.budget, 0)]


def by_code(text: str, language: str, budget: int, count_tokens: CountTokens) -> list[Span]:
    """Return the chunks by syntax tree; where no grammar knows the language, by unindented blocks and blank lines."""
    tree = parse_syntax(text, language)
    if tree is None:
        parts = _blocks(text)
        return _Cutter(text, budget, count_tokens, parts).cut(0, len(text), (0, len(text), 0))
    return _Cutter(text, budget, count_tokens, tree.parts).cut(0, len(text), tree.root)


def _blocks(text: str) -> Callable[[Any], _Parts]:
    def parts(node: tuple[int, int, int]) -> _Parts:
        start, end, level = node
        for deeper, border in list(enumerate((_TOP_LEVEL, _BLANK_LINES), start=1))[level:]:
            borders = [match.end() for match in border.finditer(text, start, end)]
            begins = [start, *(place for place in borders if start < place < end)]
            if len(begins) > 1:
                return [(a, b, (a, b, deeper)) for a, b in zip(begins, [*begins[1:], end], strict=True)]
        return []

    return parts


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
