"""Whether the numbers and dates of a sentence stand in its sources, equal, rounded or converted, or follow from
them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pipelines.answering.grounding.citations.alignment import items
from pipelines.answering.grounding.citations.arithmetic import Formula, formulas
from pipelines.answering.grounding.citations.claims import Claim
from pipelines.answering.grounding.citations.derivations import derived, follows, listed, moment, multiples
from pipelines.answering.grounding.citations.evidence import SourceSentence
from pipelines.answering.grounding.citations.reading.dates import Date, dates_in, says
from pipelines.answering.grounding.citations.reading.numbers import Number, is_rounded, numbers_in, same_value
from pipelines.answering.grounding.citations.reading.parts import Reading
from pipelines.answering.grounding.citations.stated import adds_up, is_loss, names_a_thing, stated

_COUNTED, _NEAREST = 20, 2
_SAME_WORDS = 0.9
"""Share of a sentence's words from which a source says the same, its number aside."""

_ANY_RESULT = "more in total per each"
_RANGE = re.compile(
    r"\s*(?:[-–—~～]|to|and|or|through|至|到|或|和|增至|(?:增加|增长|上升|提高|下降|减少|降低)?[到至])\s*"
)
_DIFFERS = re.compile(
    r"\b(?:more|less|fewer|differ\w*|increas\w*|decreas\w*|grew|gr[eo]wth|rose|fell|drop\w*|total|"
    r"altogether|together|combined|"
    r"sum|left|remain\w*|other|rest|not|ahead|behind|lead\w*|led)\b|领先|落后|[赢超多少差增减共余剩不没未]|合计",
    re.IGNORECASE,
)
_PLACES = {
    1: re.compile(r"\b(?:champion|winner|won|top)\w*\b|冠军|首|夺冠|桂冠|金奖|金牌|头名", re.IGNORECASE),
    2: re.compile(r"\b(?:runners?-up|silver)\b|亚军|次席|银奖|银牌", re.IGNORECASE),
    3: re.compile(r"\bbronze\b|季军|铜奖|铜牌", re.IGNORECASE),
}
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class Figures:
    """What became of a sentence's figures: `missing` stand nowhere, `derived` follow, `wrong` is a false sum."""

    missing: list[str] = field(default_factory=list)
    derived: list[str] = field(default_factory=list)
    wrong: str = ""
    shown: bool = False


def _plain(operand: str) -> float:
    """Return the number of an operand without currency and commas ("$1,200" is 1200)."""
    digits = _DIGITS.search(operand.replace(",", "").replace("，", ""))
    return float(digits.group()) if digits else 0.0


@lru_cache(maxsize=1024)
def _said_before(text: str) -> tuple[Number, ...]:
    """Return a sentence's numbers, read once however many sentences come behind it."""
    return tuple(numbers_in(text))


def check_figures(
    claim: Claim, reading: Reading, evidence: Sequence[SourceSentence], context: str, others: Sequence[str],
    question: str = "", rows: frozenset[int] = frozenset(),
) -> Figures:  # fmt: skip
    """Return what became of a claim's numbers and dates.

    `context` is what the evidence is understood by (titles, dates, neighbours); `others` are the answer's sentences
    that hold before this one: what they and the question say may be calculated with. `rows` are how many rows the
    tables of the evidence have.
    """
    found = Figures()
    known = [number for one in evidence for number in stated(one)]
    dates = [date for one in evidence for date in one.reading.dates]
    around = dates_in(context)
    given = numbers_in(question)
    before = [number for text in dict.fromkeys(others) for number in _said_before(text)]
    earlier = before + given
    shown = formulas(claim.words)
    settled: list[tuple[int, int]] = []
    for formula in shown:
        settled += [*formula.operands, formula.stated_span]
        written = claim.words[formula.start : formula.end].strip()
        if not formula.is_right:
            found.wrong = f"{written} is not right"
        for first, last in formula.operands:
            operand = next((n for n in reading.numbers if n.start <= first < n.end), None)
            plain = _plain(claim.words[first:last])
            said = [n.value for n in known] + [n.mantissa for n in known] + [d.year for d in dates]
            said += [other.mantissa for other in shown if other is not formula] + [n.mantissa for n in earlier]
            value = operand.value if operand else plain
            if plain not in (2, 12, 100, 1000, len(evidence)) and not any(
                abs(value - s) < 1e-9 or abs(plain - s) < 1e-9 for s in said
            ):
                found.missing.append(claim.words[first:last])
        found.derived.append(written)
    bare = [n for n in reading.numbers if not any(first < n.end and n.start < last for first, last in settled)]
    settled_here: list[Number] = []
    wrong = multiples(claim.words, [n for n in bare if n.unit or len(bare) == 2]) if len(bare) == 2 else ""
    found.wrong = found.wrong or wrong
    for number in bare:
        how = _number(number, claim, reading, known, dates, earlier, evidence, shown, context)
        if how is None and not number.unit and not number.ordinal and number.value in rows - {0, 1}:
            how = f"{number.value:g} rows counted"
        if how and any(same_value(one, number) for one in given):
            how = None  # what the question says does not follow from its saying so
        if how is None and (number.unit or number.value > _COUNTED) and any(same_value(one, number) for one in before):
            how = f"{reading.text[number.start : number.end]}, from the sentences before"
        if how is None and any(_said_again(one, number) for one in settled_here):
            how = f"{reading.text[number.start : number.end]}, converted"
        if how is not None:
            settled_here.append(number)
        if how:
            earlier.append(number)
        if how is None:
            found.missing.append(reading.text[number.start : number.end])
        elif how:
            found.derived.append(how)
    found.shown = bool(shown) and not found.missing
    if found.derived:  # what the user gave is worked with
        mine = {reading.text[n.start : n.end] for n in bare if any(same_value(one, n) for one in given)}
        found.missing = [one for one in found.missing if one not in mine]
    for date in reading.dates:
        if any(first < date.end and date.start < last for first, last in settled):
            continue
        if _dated(date, dates, around, known, reading.text):
            continue
        if date.month and date.day and _days_apart(date, (*around, *dates), known):
            found.derived.append(f"{reading.text[date.start : date.end]}, counted in days")
        else:
            found.missing.append(reading.text[date.start : date.end])
    return found


def _said_again(known: Number, claimed: Number) -> bool:
    """Say whether a number is one that the sentence has settled, in another unit ("7,200 µl (7.2 ml)")."""
    if not known.unit or not claimed.unit or known.unit == claimed.unit:
        return False
    return same_value(known, claimed) or is_rounded(known, claimed)


def _number(
    number: Number, claim: Claim, reading: Reading, known: Sequence[Number], dates: Sequence[Date],
    earlier: Sequence[Number],
    evidence: Sequence[SourceSentence], shown: Sequence[Formula], context: str,
) -> str | None:  # fmt: skip
    """Return "" for a number that stands in the evidence, how it follows, or None where it does neither."""
    if any(same_value(one, number) for one in known) or _first(number, evidence):
        return ""
    if names_a_thing(number, reading.text, evidence) or is_loss(number, reading.text, known):
        return ""
    scaled = _with_scale(number, reading)
    if scaled and any(same_value(one, scaled) for one in known):
        return ""
    if any(is_rounded(one, number) for one in known):
        return "" if number.rough else f"{reading.text[number.start : number.end]}, rounded or converted"
    for formula in shown:
        if any(
            abs(result - said) < 1e-9 * max(1.0, abs(said))
            for result, said in ((formula.mantissa, number.mantissa), (formula.stated, number.value))
        ):
            return reading.text[number.start : number.end]
    if any(same_value(one, number) and one.unit == number.unit for one in numbers_in(context)) or any(
        number.value in ((one.day,) if number.ordinal else (one.year,)) for one in dates if not number.unit
    ):
        return ""
    if not number.unit and not number.ordinal and number.value == round(number.value) <= _COUNTED:
        counts = (
            {len(formula.operands) for formula in shown}
            | {len(claim.items), listed(reading.text), len(_same_kind(reading, known))}
            | {listed(one.said) for one in evidence if _speaks_of(one, number, reading)}
        )
        if number.value in counts - {0, 1}:
            return f"{number.value:g} counted"
    own = [n for n in reading.numbers if n is not number and any(same_value(one, n) for one in known)]
    operands = [*own, *known, *earlier]
    shown_here = (follows(number, reading.text, "", own) or adds_up(number, own)) if len(own) > 1 else ""
    if shown_here:
        return shown_here
    if _counted_otherwise(number, reading, evidence):
        return None
    if claim.is_bare:
        said = [n for n in numbers_in(claim.lead) if any(same_value(one, n) for one in known)]
        return derived(number, _ANY_RESULT, said, []) or None
    if not any(_speaks_of(one, number, reading) for one in evidence):
        return None
    how = derived(number, reading.text, operands, [*dates, *reading.dates])
    return how or _follows(number, reading, own, earlier, evidence, context) or None


def _follows(
    number: Number, reading: Reading, own: Sequence[Number], earlier: Sequence[Number],
    evidence: Sequence[SourceSentence], context: str,
) -> str:  # fmt: skip
    """Return how a number follows from what the sentence itself says, else from the first sentences cited, else ""."""
    nearest = [one for sentence in evidence[:_NEAREST] for one in stated(sentence)]
    pools = [[*own, *earlier], [*stated(evidence[0]), *own, *earlier], [*nearest, *own, *earlier]]
    pools.append([*stated(evidence[0]), *(one for one in numbers_in(context) if one.unit)])
    said = "\n".join(one.said for one in evidence[:_NEAREST])
    found = (follows(number, reading.text, said, pool) for pool in pools)
    return next((how for how in found if how), "")


def _same_kind(reading: Reading, known: Sequence[Number]) -> list[Number]:
    """Return the figures of a sentence that stand in its sources and have a unit, which it may count."""
    return [n for n in reading.numbers if n.unit and any(same_value(one, n) for one in known)]


def _speaks_of(one: SourceSentence, number: Number, reading: Reading) -> bool:
    """Say whether a sentence has what a number counts, where that is known: two things listed are no two titles."""
    if number.unit:
        return True
    counted = next((item.counted for item in items(reading) if item.thing is number), "")
    if counted.isascii() and counted:
        return counted in one.reading.keys
    if not counted:
        return True
    # Behind a Chinese measure word stands what is counted; it may be left out.
    behind = next((w for w in reading.words if w.start > number.end), None)
    if behind is None or behind.start > number.end + 1 or behind.kind != "word" or behind.is_verb:
        return True
    return behind.key in one.reading.keys or reading.text[behind.start : behind.end] in one.said


def _first(number: Number, evidence: Sequence[SourceSentence]) -> bool:
    """Say whether an ordinal is a place that the evidence has as a word (首次, "opening", 亚军), or a plain number."""
    if not number.ordinal:
        return False
    if any(round(one.value) == number.value > _COUNTED for two in evidence for one in two.reading.numbers):
        return True  # "in the 58th minute" is "on 58 minutes"
    words = _PLACES.get(int(number.value))
    return words is not None and any(
        words.search(one.said) or (number.value == 1 and "first" in one.reading.keys) for one in evidence
    )


def _with_scale(number: Number, reading: Reading) -> Number | None:
    """Return a number with the scale of the one that it makes a range with: "from 8.00 to 8.64 million"."""
    for other in reading.numbers:
        scale = other.value / other.mantissa if other.mantissa else 1.0
        if scale > 1 and number.value == number.mantissa and _RANGE.fullmatch(reading.text[number.end : other.start]):
            return replace(number, value=number.value * scale, step=number.step * scale, unit=number.unit or other.unit)
    return None


def _counted_otherwise(number: Number, reading: Reading, evidence: Sequence[SourceSentence]) -> bool:
    """Say whether the nearest sentence says the same with another number, which nothing is derived beside."""
    if evidence and number.unit and len(reading.numbers) == 1:
        alike = [one for one in evidence[0].reading.numbers if one.unit and one.dimension == number.dimension]
        plain = {word.key for word in reading.words if word.kind != "number"}
        return len(alike) == 1 and len(plain & evidence[0].reading.keys) >= _SAME_WORDS * len(plain)
    own = next((one for one in items(reading) if one.thing is number), None)
    if own is None or not own.counted or number.unit or not evidence:
        return False
    same = [one for one in items(evidence[0].reading) if one.kind == "number" and one.counted == own.counted]
    words = {word.key for word in reading.words if word.kind != "number"}
    near = len(words & evidence[0].reading.keys) >= 0.6 * len(words)
    return near and len(same) == 1 and not _DIFFERS.search(reading.text)


def _days_apart(date: Date, dates: Sequence[Date], known: Sequence[Number]) -> bool:
    """Say whether a day is as many days before or after one of the sources as these say."""
    days = [n.value for n in known if n.unit and n.unit.name in ("day", "week")]
    factor = {n.value: n.unit.factor / 86_400 for n in known if n.unit and n.unit.name in ("day", "week")}
    moments = [one for one in (moment(other, date.year) for other in dates if other.day and other.month) if one]
    own = moment(date, next((one.year for one in moments), 0))
    return own is not None and any(abs((own - one).days) == n * factor[n] for one in moments for n in days)


def _dated(date: Date, dates: Sequence[Date], around: Sequence[Date], known: Sequence[Number], text: str) -> bool:
    if any(says(one, date) for one in dates) or any(says(one, date) for one in around):
        return True
    if date.year and not date.month and any(one.value == date.year and not one.unit for one in known):
        return True
    if date.year and not (date.month or date.quarter or date.decade):
        # "Six years ago, in 2019" of a document of 2025.
        years = [one.value for one in known if one.unit and one.unit.name == "year"]
        if any(
            date.year == one.year + sign * n for one in (*around, *dates) if one.year for n in years for sign in (1, -1)
        ):
            return True
    # "3 May" in a document of 2024: its parts may stand in two places.
    without = Date(0, 0, 0, date.month, date.day)
    ordinals = date.day and any(one.ordinal and one.value == date.day for one in known)
    if ordinals and any(one.month == date.month for one in (*around, *dates)):
        return True
    if date.year and date.month and any(says(one, without) and not one.year for one in dates):
        return any(one.year == date.year for one in (*around, *dates))
    return False
