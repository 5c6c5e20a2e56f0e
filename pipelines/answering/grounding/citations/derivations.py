"""Numbers that stand nowhere but follow: differences, sums, ratios, growth in per cent, counts of what is listed."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

from pipelines.answering.grounding.citations.reading.dates import Date
from pipelines.answering.grounding.citations.reading.numbers import Number, is_rounded, same_value
from pipelines.answering.grounding.citations.reading.units import Unit, spellings

_DIFFERENCE = re.compile(
    r"\b(?:more|less|fewer|differ\w*|gap|gain\w*|increas\w*|decreas\w*|grew|grow\w*|rose|ris\w*|fell|fall\w*|drop\w*|"
    r"declin\w*|reduc\w*|added|up|down|by|longer|shorter|higher|lower|taller|later|earlier|"
    r"older|younger|after|before|remain\w*|"
    r"left|extra|additional|ahead|behind|exceed\w*|sav\w*|net|margin|profit|for|over|took|"
    r"lasted|between|apart|used|uses?|consum\w*|spent|spend\w*|sold|burn\w*|lost|los[es]\w*|chang\w*)\b|\w+er than\b|"
    r"[多少差增减升降涨跌高低长短早晚余剩净]|相隔|历时|之后|经过|间隔|大[了约]?|用[了掉]|消耗|耗|花了",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"\b(?:total\w*|altogether|combined|together|sum|both|in all|jointly|overall|"
    r"and|plus|employ\w*|across)\b|共|合计|总|加起来|之和|全部|两者|一起",
    re.IGNORECASE,
)
_RATIO = re.compile(
    r"\b(?:times|ratio|twice|doubl\w*|tripl\w*|quadrupl\w*|fold|per|each|average|half|"
    r"halv\w*|share|percent\w*|proportion|rate|of)\b|%|倍|比例|占|平均|每|一半|百分|翻",
    re.IGNORECASE,
)
_MULTIPLES = (
    ("twice as", 2.0),
    ("twice the", 2.0),
    ("double", 2.0),
    ("tripl", 3.0),
    ("quadrupl", 4.0),
    ("halv", 0.5),
    ("翻番", 2.0),
    ("翻了一番", 2.0),
    ("两倍", 2.0),
)
_YEARS = re.compile(r"\byears?\b|\bolder\b|\byounger\b|\bage\w*\b|[年岁]", re.IGNORECASE)
_MOST = 14
_LIST = re.compile(r",\s*(?:and\s+|or\s+)?|\s+and\s+|;\s*|、|，|以及|和|与|及")


def derived(claimed: Number, words: str, operands: Sequence[Number], dates: Sequence[Date]) -> str:
    """Return how a number follows from others, "" where it does not; the sentence has to speak of such a result.

    A difference and a sum need numbers of one kind, and years are numbers of a kind.
    """
    for how, value, unit in _results(claimed, words, _distinct(operands)):
        result = Number(0, 0, value, value, _finest(operands) * 1e-3, unit)
        if same_value(result, claimed) or is_rounded(result, claimed):
            return how
    if claimed.dimension == "time" or (not claimed.dimension and _YEARS.search(words) and _DIFFERENCE.search(words)):
        return _between(claimed, dates)
    return ""


def multiples(words: str, numbers: Sequence[Number]) -> str:
    """Return why "twice", "doubled" or "halved" is wrong, "" where two of the numbers bear it out or none could."""
    said = [factor for word, factor in _MULTIPLES if word in words.lower()]
    pairs = [
        (one, other)
        for one, other in permutations(numbers, 2)
        if one.dimension == other.dimension and other.base and one.dimension != "share"
    ]
    if not said or len(numbers) < 2 or not pairs:
        return ""
    if any(abs(one.base / other.base / said[0] - 1) < 0.06 for one, other in pairs):
        return ""
    return f"no two of the cited numbers stand {said[0]:g} to 1"


def listed(text: str) -> int:
    """Return how many things a sentence lists.

    >>> listed("It has plants in Oslo, Bergen and Narvik.")
    3
    """
    tail = re.split(r"[:：]|\b(?:in|are|is|namely|including|of)\b|有|是|分别|包括|位于", text)
    return max((len([part for part in _LIST.split(one) if part.strip(" .。")]) for one in tail), default=0)


def _distinct(operands: Sequence[Number]) -> list[Number]:
    found: dict[str, Number] = {}
    for one in operands:
        if not one.ordinal:
            found.setdefault(one.key, one)
    return list(found.values())[:_MOST]


def _finest(numbers: Sequence[Number]) -> float:
    return min((one.step for one in numbers if one.step > 0), default=1.0)


def _results(claimed: Number, words: str, operands: list[Number]) -> Iterator[tuple[str, float, Unit | None]]:
    percent, points = spellings()["%"], spellings()["pp"]
    share = claimed.dimension == "share"
    for one, other in permutations(operands, 2):
        alike = one.dimension == other.dimension
        first, second = (one.base, other.base) if one.unit and other.unit else (one.value, other.value)
        factor = one.unit.factor if one.unit else 1.0
        if alike and not share and first > second and _DIFFERENCE.search(words):
            unit = points if one.dimension == "share" else one.unit
            yield f"{one.value:g} - {other.value:g}", (first - second) / factor, unit
        if alike and one.dimension == "share" and share and first > second and _DIFFERENCE.search(words):
            yield f"{one.value:g} - {other.value:g}", first - second, percent
        if alike and share and second and one.dimension != "share" and _DIFFERENCE.search(words):
            yield (
                f"({one.value:g} - {other.value:g}) / {other.value:g}",
                100 * abs(first - second) / abs(second),
                percent,
            )
        if alike and share and second and first <= second and _RATIO.search(words):
            yield f"{one.value:g} / {other.value:g}", 100 * first / second, percent
        if not share and second and _RATIO.search(words):
            yield (
                f"{one.value:g} / {other.value:g}",
                first / second if alike else one.value / other.value,
                None if alike else one.unit,
            )
        if (
            not share
            and _RATIO.search(words)
            and not alike
            and "share" in (one.dimension, other.dimension)
            and other.dimension == "share"
        ):
            yield f"{one.value:g} * {other.value:g} %", one.value * other.value / 100, one.unit
    if share or not _SUM.search(words):
        return
    for size in (2, 3, 4, 5):
        for group in combinations(operands[:9], size):
            if len({one.dimension for one in group}) == 1:
                factor = group[0].unit.factor if group[0].unit else 1.0
                total = sum(one.base if one.unit else one.value for one in group) / factor
                yield " + ".join(f"{one.value:g}" for one in group), total, group[0].unit


def _between(claimed: Number, dates: Sequence[Date]) -> str:
    years = sorted({one.year for one in dates if one.year})
    for first, last in combinations(years, 2):
        if (
            claimed.dimension in ("time", "")
            and abs((last - first) - (claimed.base / spellings()["year"].factor if claimed.unit else claimed.value))
            < 0.01
        ):
            return f"{last} - {first}"
    minutes = sorted({one.minute for one in dates if one.minute >= 0})
    for first, last in combinations(minutes, 2):
        if claimed.dimension == "time" and abs((last - first) * 60 - claimed.base) < 1:
            return f"{last // 60}:{last % 60:02} - {first // 60}:{first % 60:02}"
    days = sorted({(one.month, one.day) for one in dates if one.day and one.month})
    for (month, first), (other, last) in combinations(days, 2):
        if month == other and claimed.dimension == "time" and abs((last - first) * 86400 - claimed.base) < 1:
            return f"{last} - {first}"
    return ""
