"""Lines of pages: running heads and page numbers are no text, and words and sentences go on over the ends of lines."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from pipelines.text.languages.languages import final_marks, spaced_language, unspaced_in
from pipelines.text.lines import is_table_row, stands_alone, starts_block, width

_EDGE = 3
"""Lines at each end of a page among which its furniture is."""
_FEWEST_PAGES, _MOST_PAGES = 3, 0.5
"""Pages on which a line repeats that is furniture: at least so many, and this share (left and right pages differ)."""
_NUMBER = re.compile(r"(?<!\d)\d{1,5}(?!\d)")
_PAGE_WORD = re.compile(r"\bp(?:age|g|p)?\b|第|页", re.IGNORECASE)
_SOFT = "\u00ad"
_HYPHEN = re.compile(r"([^\W\d_]{2,})[-\u2010\u00ad]$")
_WORD_START = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_WIDE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
_WIDE_ENOUGH = 30
_NEAR = 4
"""Characters on each side of a break in a cell that its word may reach over."""


def without_furniture(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the lines of pages without those that most pages repeat at their ends, and without their page numbers.

    Where nothing else stood on any page, all stays.
    """
    edges = [_edge_lines(number, page) for number, page in enumerate(pages)]
    counts = Counter(key for edge in edges for key in {key for keys in edge.values() for key in keys})
    least = max(_FEWEST_PAGES, len(edges) * _MOST_PAGES)
    repeated = {key for key, count in counts.items() if count >= least}
    kept = [
        [line for number, line in enumerate(page) if repeated.isdisjoint(edge.get(number, ()))]
        for page, edge in zip(pages, edges, strict=True)
    ]
    return kept if any(line.strip() for page in kept for line in page) else [list(page) for page in pages]


def _edge_lines(page_number: int, page: Sequence[str]) -> dict[int, set[tuple[object, ...]]]:
    """Return what the first and last lines may repeat, by their number: their text, or a number that grows by pages."""
    filled = [number for number, line in enumerate(page) if line.strip()]
    keys: dict[int, set[tuple[object, ...]]] = {}
    for place in {*filled[:_EDGE], *filled[-_EDGE:]}:
        line = " ".join(page[place].split())
        if is_table_row(line):
            continue
        keys[place] = {(line,)}
        # "Day 3" at the head of a page is its title; at its foot, or without words, the number is the page's.
        if place == filled[-1] or _PAGE_WORD.search(line) or not _WORD_START.search(line):
            for match in _NUMBER.finditer(line):
                grown = int(match.group()) - page_number
                keys[place].add((line[: match.start()], grown, line[match.end() :]))
    return keys


def with_whole_words(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the lines of pages, a word that two of them part whole on the first."""
    found = [list(page) for page in pages]
    words = vocabulary_of(found)
    for page, following in pairwise(found):
        last = next((n for n in range(len(page) - 1, -1, -1) if page[n].strip()), None)
        first = next((n for n, line in enumerate(following) if line.strip()), None)
        if last is None or first is None or not parts_word(page[last], following[first]):
            continue
        rest, _, other = following[first].lstrip().partition(" ")
        page[last], following[first] = join_pair(page[last], rest, words), other
    return found


def join_lines(lines: Sequence[str], goes_on: Sequence[bool], vocabulary: frozenset[str]) -> list[str]:
    """Return the lines with those joined that go on: with a space, none between characters that know none.

    A hyphen at a line's end goes where it parts a word: the word stands elsewhere, or its form with a hyphen does not.
    """
    joined: list[str] = []
    on = False
    for line, more in zip(lines, goes_on, strict=True):
        joined = [*joined[:-1], join_pair(joined[-1], line, vocabulary)] if on else [*joined, line]
        on = more
    return joined


def join_pair(line: str, following: str, vocabulary: frozenset[str]) -> str:
    """Return two parts of a sentence as one."""
    if parts_word(line, following):
        above, below = line.rstrip(), following.lstrip()
        begin, end = _HYPHEN.search(above), _WORD_START.match(below)
        first, last = begin.group(1).lower() if begin else "", end.group().lower() if end else ""
        whole = first + last in vocabulary or f"{first}-{last}" not in vocabulary or above.endswith(_SOFT)
        return (above[:-1] if whole else above) + below
    return line + gap_between(line, following) + following


def gap_between(line: str, following: str) -> str:
    """Return what stands between two parts of a sentence: nothing between wide characters, else a space."""
    return "" if _WIDE.match(line[-1:]) and _WIDE.match(following[:1]) else " "


def parts_word(line: str, following: str) -> bool:
    """Say whether a line ends within a word that goes on in small letters."""
    return bool(_HYPHEN.search(line.rstrip())) and following.lstrip()[:1].islower()


def vocabulary_of(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the words of pages, in small letters, hyphenated ones whole; not those that a line's end parts."""
    words: set[str] = set()
    for page in pages:
        for line, following in pairwise([*page, ""]):
            text = line.rstrip()
            if parts_word(text, following):
                text = text[: -len(_HYPHEN.search(text).group())]  # type: ignore[union-attr]
            words.update(word.lower().replace("\u2010", "-") for word in _WORD.findall(text))
    return frozenset(words)


def leads_on(line: str, following: str) -> bool:
    """Say whether a sentence surely goes on behind a line, however short: within a word, or behind one that binds."""
    above = line.rstrip()
    if not above or not following.strip() or stands_alone(line) or starts_block(following):
        return False
    if parts_word(above, following):
        return True
    if width(above) < _WIDE_ENOUGH:
        return False
    last = re.search(r"[A-Za-zÀ-ɏ]+$", above)
    return above.endswith((",", "，", "、")) or bool(last and last.group() in spaced_language(above).stop_words)


def leads_over_page(line: str, following: str) -> bool:
    """Say whether a sentence goes on from the last line of a page to the first of the next."""
    above = line.rstrip().rstrip("\"'”’)）」』")
    if not above or not following.strip() or above.endswith((*final_marks(), ":", "：", "…")):
        return False
    if stands_alone(line) or starts_block(following):
        return False
    if leads_on(line, following):
        return True
    begin = following.lstrip()[0]
    return width(above) >= _WIDE_ENOUGH and (begin.islower() or bool(unspaced_in(above[-1]) and unspaced_in(begin)))


def cell_in_a_line(text: str) -> str:
    """Return a cell's text as one line; no space comes into a word of a language without spaces.

    >>> cell_in_a_line("持股比\\n例 (%)"), cell_in_a_line("王强\\n李明"), cell_in_a_line("con-\\ntainers of\\nsteel")
    ('持股比例 (%)', '王强 李明', 'containers of steel')
    """
    joined = ""
    for line in (" ".join(line.split()) for line in text.splitlines()):
        if not joined or not line:
            joined += line
        elif parts_word(joined, line):
            joined = join_pair(joined, line, frozenset())
        else:
            joined += line if _within_word(joined, line) else f" {line}"
    return joined


def _within_word(above: str, below: str) -> bool:
    """Say whether a word of a language without spaces goes on over the break."""
    language = unspaced_in(above[-1])
    if language is None or language.segment is None or not language.letters.match(below):
        return False
    before = above[-_NEAR:]
    place = 0
    for word in language.segment(before + below[:_NEAR]):
        if place < len(before) < place + len(word):
            return True
        place += len(word)
    return False
