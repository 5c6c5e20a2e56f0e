"""Numbers with their units in a text, in digits or words, English or Chinese: 1.2 thousand, twelve, 十二万, 54.0 %."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.answering.grounding.citations.reading.number_words import raw_numbers
from pipelines.answering.grounding.citations.reading.units import Unit, currency_before, unit_behind

_MIN = re.compile(
    r"(?:at least|more than|over|above|no (?:less|fewer) than|not (?:less|"
    r"fewer) than|exceed(?:s|ed|ing)?|greater than|minimum (?:of|is|was)|from|至少|"
    r"不少于|不低于|超过|超出|多于|高于|最少|起码|大于|逾)\s*(?:about |the )?$",
    re.IGNORECASE,
)

_MAX = re.compile(
    r"(?:at most|less than|fewer than|under|below|up to|no (?:more|later|longer|"
    r"greater) than|not (?:more|later|longer) than|not exceed(?:ing)?|within|"
    r"maximum (?:of|is|was)|until|最多|至多|不(?:能|得|要|应|可|会|应该|可以|应当)?(?:超过|高于|多于|大于|晚于)|"
    r"不超过|不多于|不高于|少于|低于|小于|不到|不足|未超过|"
    r"未达)\s*(?:about |the )?$",
    re.IGNORECASE,
)

_MIN_BEHIND = re.compile(
    r"\s*(?:(?:or|and) (?:more|above|over|older|longer|up)|及以上|或以上|以上|多(?=[个名家座人元米]))", re.IGNORECASE
)

_MAX_BEHIND = re.compile(
    r"\s*(?:or (?:less|fewer|below|under|younger)|及以下|或以下|以下|以内|之内|内(?=[，。、]))", re.IGNORECASE
)

_ROUGH = re.compile(
    r"(?:about|around|roughly|approximately|approx\.?|nearly|almost|some|close to|"
    r"circa|ca\.|just (?:over|under)|more than|over|less than|大约|约|近|将近|接近|左右|大概|差不多|"
    r"超过|逾|~|≈)\s*(?:[€$£¥]|US\$)?$",
    re.IGNORECASE,
)

_JOINS = re.compile(r"\s*(?:,|and|零|又)?\s*")
_IN_TWO_UNITS = frozenset(("time", "length", "mass"))


@dataclass(frozen=True)
class Number:
    """A number: `value` with its scale in, `mantissa` without, `step` the size of its last digit.

    `bound` is "min" or "max" where a word makes it one, `rough` whether a word says that it is rounded.
    """

    start: int
    end: int
    value: float
    mantissa: float
    step: float
    unit: Unit | None = None
    ordinal: bool = False
    bound: str = ""
    rough: bool = False

    @property
    def dimension(self) -> str:
        """What it measures, "" where it has no unit that is known."""
        return "#" if self.ordinal else self.unit.dimension if self.unit else ""

    @property
    def base(self) -> float:
        """The value in its dimension's base unit."""
        return self.value * self.unit.factor + self.unit.offset if self.unit else self.value

    @property
    def key(self) -> str:
        """The number in one spelling, with its unit's dimension."""
        return f"={self.base:.6g}{self.dimension}"


def numbers_in(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Number]:
    """Return the numbers of a text in order; what stands inside the spans `taken` (dates) is none."""
    # Spans that do not overlap, by their starts and so by their ends: a text may hold a hundred thousand numbers.
    starts, ends = _apart(taken)
    found = []
    for start, end, value, mantissa, step, ordinal in raw_numbers(text):
        place = bisect_right(ends, start)
        if place < len(starts) and starts[place] < end:
            continue
        starts.insert(place, start)
        ends.insert(place, end)
        found.append(_with_unit(text, start, end, value, mantissa, step, ordinal))
    return _composed(sorted(found, key=lambda one: one.start), text)


def _apart(spans: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return the starts and the ends of what the spans cover, in order; those that overlap are one."""
    starts, ends = list[int](), list[int]()
    for start, end in sorted(spans):
        if ends and start < ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends


def _composed(numbers: Sequence[Number], text: str) -> list[Number]:
    """Return the numbers, one that is said in two units once: "5 hours 40 minutes", "5小时40分钟"."""
    found: list[Number] = []
    for one in numbers:
        last = found[-1] if found else None
        if last and one.unit and last.unit and _JOINS.fullmatch(text[last.end : one.start]) and _goes_on(last, one):
            value = last.value + one.value * one.unit.factor / last.unit.factor
            found[-1] = replace(last, end=one.end, value=value, mantissa=value, step=one.unit.factor / last.unit.factor)
        else:
            found.append(one)
    return found


def _goes_on(last: Number, one: Number) -> bool:
    """Say whether a number is the rest of the one before it, in a smaller unit."""
    if not last.unit or not one.unit or last.dimension != one.dimension or one.dimension not in _IN_TWO_UNITS:
        return False
    ratio = last.unit.factor / one.unit.factor
    return ratio > 1 and one.value < ratio and last.value == round(last.value) and not last.ordinal and not one.bound


def same_value(known: Number, claimed: Number) -> bool:
    """Say whether two numbers are equal in the same unit; a missing unit is any that counts nothing else."""
    if known.ordinal != claimed.ordinal or not _comparable(known, claimed):
        return False
    return _equal(known.base, claimed.base) if known.unit and claimed.unit else _equal(known.value, claimed.value)


def is_rounded(known: Number, claimed: Number) -> bool:
    """Say whether a claimed number is a known one, rounded to its last digit or said to be about it."""
    if known.ordinal or claimed.ordinal or not _comparable(known, claimed):
        return False
    factor = known.unit.factor / claimed.unit.factor if known.unit and claimed.unit else 1.0
    value = (known.base - claimed.unit.offset) / claimed.unit.factor if known.unit and claimed.unit else known.value
    converted = not _equal(factor, 1.0)
    near = abs(value - claimed.value)
    if claimed.rough:
        return near <= max(0.051 * abs(claimed.value), 0.5 * claimed.step * (known.step < claimed.step))
    finer = known.step * factor < claimed.step * 0.99 or converted
    return finer and near <= claimed.step * 0.5000001 and near <= 0.05 * abs(value)


def _comparable(known: Number, claimed: Number) -> bool:
    if known.unit and claimed.unit:
        return known.unit.dimension == claimed.unit.dimension
    return known.unit == claimed.unit or "share" not in (known.dimension, claimed.dimension)


def _equal(first: float, second: float) -> bool:
    return abs(first - second) <= 1e-6 * max(1e-12, abs(first), abs(second))


def _with_unit(text: str, start: int, end: int, value: float, mantissa: float, step: float, ordinal: bool) -> Number:
    unit, until, begin = None, end, start
    if step < 0:
        return Number(start, end, value, mantissa, 1.0, Unit("%", "share", 1.0))
    if not ordinal:
        money = currency_before(text, start)
        behind = unit_behind(text, end)
        # Of "3–5 days" and "3 to 5 days", the first number has the unit of the second.
        ahead = re.match(r"\s?(?:-|–|—|~|to|and|or|至|到|或)\s?[\d.,]+(?:\s(?:thousand|million|billion))?", text[end:])
        if money:
            unit, begin = money
        elif behind:
            unit, until = behind
        elif ahead and (further := unit_behind(text, end + ahead.end())):
            unit = further[0]
    before, behind_text = text[max(0, begin - 24) : begin], text[until:]
    bound = (
        "min"
        if _MIN.search(before) and not _MAX.search(before) and not before.lower().endswith("from ")
        else "max"
        if _MAX.search(before)
        else ""
    )
    bound = "min" if _MIN_BEHIND.match(behind_text) else "max" if _MAX_BEHIND.match(behind_text) else bound
    rough = bool(_ROUGH.search(before)) or bool(re.match(r"\s*(?:左右|上下|or so)", behind_text))
    return Number(begin, until, value, mantissa, step, unit, ordinal, bound, rough)
