"""Which line breaks are wraps inside a paragraph, and which ones end something."""

import re
from collections.abc import Sequence

_WIDE = re.compile(r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]")
_RULE = r"([-=_*~])\1{2,}\s*$"
_ALONE = r"#{1,6}\s|[|>]|```|~~~"
_NUMBERED = r"\d{1,3}(?:[.)]\s|[、）])|[（(]?[一二三四五六七八九十]{1,3}[）)、]"
_STARTS_BLOCK = re.compile(rf"\s*(?:{_ALONE}|[-*+•·–]\s|{_NUMBERED}|{_RULE})")
_STANDS_ALONE = re.compile(rf"\s*(?:{_ALONE}|{_RULE})")
_FIRST_WORD = re.compile(rf"\s*({_WIDE.pattern}|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+)")
_HARD_BREAK = re.compile(r"(?:  |\\)$")

_NARROWEST, _WIDEST = 40, 140
_FULL = 0.85


def width(line: str) -> int:
    """Return the columns that a line takes on a screen: Chinese characters take two."""
    return len(line) + len(_WIDE.findall(line))


def is_table_row(line: str) -> bool:
    """Say whether a line is a row of a Markdown table."""
    return line.lstrip().startswith("|")


def stands_alone(line: str) -> bool:
    """Say whether a line is a heading, a quotation, a table's row or a rule."""
    return _STANDS_ALONE.match(line) is not None


def starts_block(line: str) -> bool:
    """Say whether a line begins something of its own: what stands alone, or an item of a list."""
    return _STARTS_BLOCK.match(line) is not None


def wraps(lines: Sequence[str]) -> list[bool]:
    """Return, for each line, whether its paragraph goes on in the next line.

    A line is wrapped when the next one's first word would not have fitted into the widest line of its block, or
    when the next one starts with a small letter. Headings, list items, table rows and blank lines start anew.
    """
    result: list[bool] = []
    fenced = False
    for block in _blocks(lines):
        widest = max((width(line.rstrip()) for line in block), default=0)
        for line, following in zip(block, [*block[1:], ""], strict=True):
            fenced ^= line.lstrip().startswith(("```", "~~~"))
            result.append(not fenced and _goes_on(line, following, widest))
    return result


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    blocks: list[list[str]] = []
    for line in lines:
        if not blocks or not line.strip() or not blocks[-1][-1].strip():
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _goes_on(line: str, following: str, widest: int) -> bool:
    if not line.strip() or not following.strip() or _HARD_BREAK.search(line):
        return False
    if _STANDS_ALONE.match(line) or _STARTS_BLOCK.match(following) or line.rstrip().endswith((":", "：")):
        return False
    here = width(line.rstrip())
    if following.lstrip()[0].islower() and here >= _NARROWEST // 2:
        return True
    word = _FIRST_WORD.match(following)
    return _NARROWEST <= widest <= _WIDEST and here + width(word.group(1) if word else "") >= _FULL * widest
