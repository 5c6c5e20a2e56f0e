"""Numbers that stand nowhere but follow: differences, sums, ratios, growth in per cent, counts of what is listed."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations, permutations

from pipelines.answering.grounding.citations.reading.dates import Date
from pipelines.answering.grounding.citations.reading.numbers import Number, is_rounded, same_value
from pipelines.answering.grounding.citations.reading.units import Unit, spellings

_DIFFERENCE = re.compile(
    r"\b(?:more|less|fewer|differ\w*|gap|gain\w*|increas\w*|decreas\w*|grew|grow\w*|rose|ris\w*|fell|fall\w*|drop\w*|"
    r"declin\w*|reduc\w*|added|up|down|by|longer|shorter|higher|lower|taller|later|earlier|"
    r"older|younger|after|before|remain\w*|"
    r"left|extra|additional|ahead|behind|exceed\w*|sav\w*|net|margin|profit|for|over|took|"
    r"lasted|between|apart|leads?|led|lead\w*|trail\w*|"
    r"beat\w*|won|win\w*|used|uses?|consum\w*|spent|spend\w*|sold|burn\w*|lost|los[es]\w*|chang\w*)\b|\w+er than\b|"
    r"[多少差增减升降涨跌高低长短早晚余剩净]|相隔|历时|之后|经过|间隔|大[了约]?|用[了掉]|消耗|耗|花了|领先|落后|持续|[赢胜输负]",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"\b(?:total\w*|add\w* up|altogether|combined|together|sum|both|in all|jointly|overall|"
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
_REST = re.compile(r"\b(?:rest|remain\w*|other|others|left|balance)\b|余|剩|另|其他", re.IGNORECASE)
_MOST = 14
_CHANCE = 0.3
"""How many results a number may be one of, per possible value of its digits."""
_PERIOD = {
    "hour": re.compile(r"\bhour(?:s|ly)?\b|小时", re.IGNORECASE),
    "day": re.compile(r"\b(?:days?|daily)\b|[天日]", re.IGNORECASE),
    "week": re.compile(r"\bweek(?:s|ly)?\b|周|星期", re.IGNORECASE),
    "month": re.compile(r"\bmonth(?:s|ly)?\b|月", re.IGNORECASE),
    "quarter": re.compile(r"\bquarter(?:s|ly)?\b|季", re.IGNORECASE),
    "year": re.compile(r"\b(?:years?|yearly|annual\w*)\b|年", re.IGNORECASE),
}
_PERIODS = {
    ("hour", "day"): 24, ("day", "week"): 7, ("week", "year"): 52, ("month", "quarter"): 3, ("month", "year"): 12,
    ("quarter", "year"): 4,
}  # fmt: skip
_LIST = re.compile(r",\s*(?:and\s+|or\s+)?|\s+and\s+|;\s*|、|以及|和|与|及")


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


def follows(claimed: Number, words: str, sources: str, operands: Sequence[Number]) -> str:
    """Return how a number follows from a few others without a word for the calculation, "" where it does not.

    The more results these numbers have, the likelier one hits by chance: the digits of the claimed one have to
    outweigh them.
    """
    if claimed.ordinal or not claimed.value:
        return ""
    pool = _distinct(operands)
    results = [one for one in _plain_results(pool, words, sources) if _dimension(one[2]) == claimed.dimension]
    digits = len(f"{abs(claimed.mantissa):.10g}".replace(".", "").strip("0"))
    if len({round(value, 6) for _, value, _ in results}) > _CHANCE * 10**digits:
        return ""
    for how, value, unit in results:
        result = Number(0, 0, value, value, _finest(pool) * 1e-3, unit)
        if same_value(result, claimed) or (digits > 1 and is_rounded(result, claimed)):
            return how
    return ""


def _dimension(unit: Unit | None) -> str:
    return unit.dimension if unit else ""


def _plain_results(pool: Sequence[Number], words: str, sources: str) -> Iterator[tuple[str, float, Unit | None]]:
    """Yield (how, value, unit) of sums, differences, products, shares and of what is said for another period."""
    for one, other in combinations(pool, 2):
        high, low = (one, other) if one.base >= other.base else (other, one)
        if one.dimension == other.dimension:
            factor = high.unit.factor if high.unit else 1.0
            both = (high.base, low.base) if high.unit and low.unit else (high.value, low.value)
            unit = spellings()["pp"] if one.dimension == "share" else high.unit
            yield f"{high.value:g} - {low.value:g}", (both[0] - both[1]) / factor, unit
            if one.dimension != "share":
                yield f"{high.value:g} + {low.value:g}", sum(both) / factor, high.unit
        for count, what in ((one, other), (other, one)):
            if what.dimension != "share" and (count.dimension == "share" or not count.unit):
                share = 0.01 if count.dimension == "share" else 1.0
                sign = " %" if share < 1 else ""
                yield f"{what.value:g} * {count.value:g}{sign}", what.value * count.value * share, what.unit
                if share < 1 and _REST.search(words):
                    rest = 100 - count.value
                    yield f"{what.value:g} * {rest:g} %", what.value * rest * share, what.unit
        if one.dimension == other.dimension == "share":
            break
    kinds = {one.dimension for one in pool}
    if len(pool) > 2 and len(kinds) == 1 and kinds != {"share"}:
        factor = pool[0].unit.factor if pool[0].unit else 1.0
        total = sum(one.base if one.unit else one.value for one in pool) / factor
        yield " + ".join(f"{one.value:g}" for one in pool), total, pool[0].unit
    for one in pool:
        if one.dimension == "share" and 0 < one.value < 100 and _REST.search(words):
            yield f"100 - {one.value:g}", 100 - one.value, one.unit
        elif one.dimension not in ("time", "share"):
            for times in _periods(words, sources):
                yield f"{one.value:g} * {times:g}", one.value * times, one.unit


def _periods(words: str, sources: str) -> Iterator[float]:
    """Yield how often the period that sources speak of is in the one that a claim speaks of."""
    for (short, long), times in _PERIODS.items():
        for one, other, factor in ((short, long, times), (long, short, 1 / times)):
            if _PERIOD[one].search(sources) and _PERIOD[other].search(words) and not _PERIOD[other].search(sources):
                yield factor
    # The sources may speak of the longer one as well ("4200 a month, due every quarter").
    for (short, long), times in _PERIODS.items():
        if _PERIOD[short].search(sources) and _PERIOD[long].search(words) and _PERIOD[long].search(sources):
            yield times


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
    if claimed.dimension != "time" or not claimed.unit:
        return ""
    spread = {one.year for one in dates if one.year}
    year = spread.pop() if len(spread) == 1 else 0
    days = sorted({on for one in dates if one.day and one.month and (on := moment(one, year))})
    for begin, end in combinations(days, 2):
        for length in (end - begin, end - begin + timedelta(days=1)):
            apart = length.total_seconds() / claimed.unit.factor
            near = 0.0 if claimed.unit.name == "day" else 0.08
            if abs(apart - claimed.value) <= max(near * claimed.step, 0.05 * claimed.value * claimed.rough):
                return f"{end} - {begin}"
    return ""


def moment(one: Date, year: int) -> date | None:
    """Return the day of a date, in a year where it has none; None where there is no such day."""
    try:
        return date(one.year or year or 2001, one.month, one.day)
    except ValueError:
        return None
