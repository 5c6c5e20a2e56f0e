"""Dates and times of day in a text: 3 May 2024, 2024-05-03, 2024年5月3日, Q3 2024, 14:30."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|"
        "september sep sept|october oct|"
        "november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
_MONTH = (
    r"(?P<m>January|February|March|April|May|June|July|August|September|October|November|"
    r"December|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?)"
)
_DAY = r"(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_THEN, _THEN_DAY = r"\s?(?:,|and|to|or|through|until|[-–—])\s?(?:the )?", r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
"""Days that share a month: "22 and 23 September"."""
_YEAR = r"(?P<y>(?:1[0-9]|20)\d\d)"
_HAN_YEAR = r"(?P<y>(?:1[0-9]|20)\d\d|[一二][〇零○一二三四五六七八九]{3})\s*年"
_HAN_NUMBER = r"\d{1,2}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_DIGITS = {character: str(value) for value, character in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}

_FORMS = [
    re.compile(form, flags)
    for form, flags in (
        (rf"(?<![\d.]){_YEAR}[-/.](?P<m>0?[1-9]|1[0-2])[-/.](?P<d>0?[1-9]|[12]\d|3[01])(?![\d])", 0),
        (rf"(?<![\d./-])(?P<d>0?[1-9]|[12]\d|3[01])[/.](?P<m>0?[1-9]|1[0-2])[/.]{_YEAR}(?!\d)", 0),
        (rf"\b(?:the )?{_DAY}(?: of)? {_MONTH}(?:,? (?:of )?{_YEAR}(?!\d))?", 0),
        (rf"\b{_MONTH} (?:the )?{_DAY}(?!\d|[.:]\d|,\d{{3}})(?:,? {_YEAR}(?!\d))?", 0),
        (rf"\b(?:the )?{_DAY}(?={_THEN}{_THEN_DAY}(?:{_THEN}{_THEN_DAY})*(?: of)? {_MONTH}(?:,? {_YEAR}(?!\d))?)", 0),
        (rf"\b{_MONTH} {_THEN_DAY}(?P<o>{_THEN}){_DAY}(?!\d|[.:]\d|,\d{{3}})(?:,? {_YEAR}(?!\d))?", 0),
        (rf"\b{_MONTH},? (?:of )?{_YEAR}(?!\d)", 0),
        (rf"{_HAN_YEAR}\s*(?P<m>{_HAN_NUMBER})\s*月(?:\s*(?P<d>{_HAN_NUMBER})\s*[日号])?", 0),
        (rf"(?P<m>{_HAN_NUMBER})\s*月\s*(?P<d>{_HAN_NUMBER})\s*[日号]", 0),
        (rf"(?P<m>{_HAN_NUMBER})\s*月\s*(?P<d>{_HAN_NUMBER})(?=\s*[、和至到及—–-]\s*(?:{_HAN_NUMBER})\s*[日号])", 0),
        (
            rf"(?P<m>{_HAN_NUMBER})\s*月\s*(?:{_HAN_NUMBER})\s*[日号]?(?P<o>\s*[、和至到及—–-]\s*)(?P<d>{_HAN_NUMBER})\s*[日号]",
            0,
        ),
        (rf"\b(?:Q|the )?(?P<q>[1-4]|first|second|third|fourth)(?: quarter)? (?:of )?(?:FY ?)?{_YEAR}(?!\d)", re.I),
        (rf"{_HAN_YEAR}\s*第?(?P<q>[一二三四1-4])季度", 0),
        (rf"{_HAN_YEAR}(?![\d来间代])", 0),
        (rf"(?<![\d.,$€£¥A-Za-z_/-]){_YEAR}(?P<s>s)\b|(?P<a>(?:1[0-9]|20)\d0)\s*年代", 0),
        (
            rf"(?<![\d.,$€£¥_-])(?<![A-Za-z])(?:FY ?)?{_YEAR}(?!\d|[.,]\d|[A-Za-z%]|\s?(?:%|percent|"
            rf"[a-z]+ (?:per|each)))",
            0,
        ),
        (
            r"(?<![\w.-])(?:in|In|since|Since|by|By|until|Until|during|During|of|from|From|to|and|"
            r"between|Between|every|each|after|before|to|through) (?P<m>January|February|March|April|"
            r"May|June|July|August|September|October|November|December)\b",
            0,
        ),
        (r"(?<![\d年])(?P<m>1[0-2]|[1-9])\s*月(?:份|底|初)", 0),
    )
]
_TIME = re.compile(
    r"(?<![\d:.])(?P<h>[01]?\d|2[0-4])[:：](?P<min>[0-5]\d)(?:[:：][0-5]\d)?\s?(?P<half>[ap]\.?m\.?)?(?![\d:])"
    r"|(?<![\d:.])(?P<h2>1[0-2]|[1-9])(?:[.:](?P<min2>[0-5]\d))?\s?(?P<half2>[ap]\.?m\b\.?)"
    r"|(?P<half3>上午|下午|晚上|早上|凌晨|中午)?(?P<h3>\d{1,2}|十[一二]?|"
    r"[一二三四五六七八九])[点时](?:(?P<min3>\d{1,2})分|(?P<p>半))?(?!间|候|期|代|击)",
    re.IGNORECASE,
)
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_WEEKDAY = re.compile(rf"\b({'|'.join(_DAYS)})s?\b|(?:周|星期|礼拜)([一二三四五六日天])", re.IGNORECASE)


@dataclass(frozen=True)
class Date:
    """A date as far as it is given (0 where a part is not), a weekday from 1, or a time of day in minutes (else -1)."""

    start: int
    end: int
    year: int = 0
    month: int = 0
    day: int = 0
    quarter: int = 0
    decade: bool = False
    minute: int = -1
    weekday: int = 0

    @property
    def key(self) -> str:
        """The date in one spelling."""
        if self.minute >= 0:
            return f"@{self.minute // 60:02}:{self.minute % 60:02}"
        if self.weekday:
            return f"@weekday {self.weekday}"
        parts = f"@{self.year or '?'}-{self.month or '?'}-{self.day or '?'}"
        return parts + (f"q{self.quarter}" if self.quarter else "") + ("s" if self.decade else "")


def says(known: Date, claimed: Date) -> bool:
    """Say whether a date bears another out: every part that is claimed is known and the same.

    >>> says(Date(0, 0, 2024, 5, 3), Date(0, 0, 2024)), says(Date(0, 0, 2024), Date(0, 0, 2024, 5, 3))
    (True, False)
    """
    if claimed.minute >= 0 or known.minute >= 0:
        return claimed.minute == known.minute
    if claimed.weekday or known.weekday:
        return claimed.weekday == known.weekday
    if claimed.decade:
        return known.year // 10 == claimed.year // 10
    if claimed.quarter and known.month:
        return known.year == claimed.year and (known.month + 2) // 3 == claimed.quarter
    return not known.decade and all(
        not wanted or wanted == held
        for held, wanted in (
            (known.year, claimed.year),
            (known.month, claimed.month),
            (known.day, claimed.day),
            (known.quarter, claimed.quarter),
        )
    )


def clashes(known: Date, claimed: Date) -> bool:
    """Say whether two dates cannot be the same: a part that both give differs."""
    if (claimed.minute >= 0) != (known.minute >= 0) or claimed.decade != known.decade:
        return False
    if claimed.weekday or known.weekday:
        return bool(claimed.weekday and known.weekday) and claimed.weekday != known.weekday
    pairs = ((known.year, claimed.year), (known.month, claimed.month), (known.day, claimed.day))
    return claimed.minute != known.minute or any(first and second and first != second for first, second in pairs)


def dates_in(text: str) -> list[Date]:
    """Return the dates and times of day of a text, in order, the fullest reading of each."""
    found: list[Date] = []
    for date in [*_dates(text), *_times(text), *_weekdays(text)]:
        if not any(date.start < other.end and other.start < date.end for other in found):
            found.append(date)
    return sorted(found, key=lambda one: one.start)


def _dates(text: str) -> Iterator[Date]:
    for form in _FORMS:
        for match in form.finditer(text):
            part = {name: value for name, value in match.groupdict().items() if value}
            decade = "s" in part or "a" in part
            year = part.get("a") or part.get("y", "")
            month = part.get("m", "").rstrip(".").lower()
            start = match.start("m") if set(part) == {"m"} else match.end("o") if "o" in part else match.start()
            if set(part) == {"q", "y"} and not re.search(r"Q|quarter|季", match.group(), re.IGNORECASE):
                continue
            yield Date(
                start,
                match.end(),
                int("".join(_DIGITS.get(one, one) for one in year) or 0),
                _MONTHS.get(month) or _small(month),
                _small(part.get("d", "")),
                {"first": 1, "second": 2, "third": 3, "fourth": 4}.get(part.get("q", "").lower())
                or _small(part.get("q", "")),
                decade,
            )


def _times(text: str) -> Iterator[Date]:
    for match in _TIME.finditer(text):
        part = {name.rstrip("23"): value for name, value in match.groupdict().items() if value}
        hour, half = _small(part["h"]), part.get("half", "").lower().replace(".", "")
        if hour > 24 or (
            "h3" in match.groupdict()
            and match.group("h3")
            and not half
            and not part.get("min")
            and not match.group("h3").isdigit()
        ):
            continue
        if half in ("pm", "下午", "晚上") and hour < 12:
            hour += 12
        elif half == "am" and hour == 12:
            hour = 0
        yield Date(*match.span(), minute=hour * 60 + (30 if "p" in part else _small(part.get("min", "0"))))


def _weekdays(text: str) -> Iterator[Date]:
    for match in _WEEKDAY.finditer(text):
        english, han = match.groups()
        number = _DAYS.index(english.lower()) + 1 if english else "一二三四五六日天".index(han) + 1
        yield Date(*match.span(), weekday=min(number, 7))


def _small(digits: str) -> int:
    """Return a number below one hundred, in digits or in Chinese; 0 where there is none."""
    if not digits or digits.isdigit():
        return int(digits or 0)
    if "十" in digits:
        tens, _, ones = digits.partition("十")
        return 10 * int(_DIGITS.get(tens, "1")) + int(_DIGITS.get(ones, "0"))
    return int(_DIGITS.get(digits, "0"))
