"""Whether the number that an answer comes to is the reference's."""

import re
import unicodedata
from fractions import Fraction

from pipelines.measuring.scores.metric import Metric, by_pair
from pipelines.text.characters import HAN_CHARACTER

_MARK = "####"
_LONGEST = 300
"""Digits of a number that is read; longer runs are codes."""
_TIMES = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8,
}  # fmt: skip
_WRITTEN = ("零〇", "一壹", "二两贰兩", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_DIGITS = {digit: value for value, digits in enumerate(_WRITTEN) for digit in digits}
_STEPS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_BOXED = re.compile(r"\\boxed\s*\{([^{}]*)\}")
_PLAIN = r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w.)\]])[-−–])?(?:[$€£¥]\s*)?(?P<over>{_PLAIN})(?:\s*[/⁄]\s*(?P<under>\d+)(?![/\d]))?"
    r"(?P<times>(?:\s*[百千万萬亿億])+|\s+(?:thousand|million|billion|trillion)\b)?",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"(?P<sign>负)?(?P<whole>[{''.join((*_DIGITS, *_STEPS, *_MYRIADS))}]+)(?:点(?P<part>[{''.join(_DIGITS)}]+))?"
)


def number_match(prediction: str, reference: str) -> float | None:
    """Return 1 where both come to the same number, else 0; None where the reference has none.

    The number is the last behind "####" (GSM8K, Cobbe et al. 2021), else in the last \\boxed{}, else of the text.
    Currencies, commas between thousands, a percent sign and units do not count; "3.5万", "3.5 million" and "3/4" do.
    """
    expected = number_of(reference)
    return None if expected is None else float(number_of(prediction) == expected)


def number_of(text: str) -> Fraction | None:
    """Return the number that a text comes to, exactly; Chinese numerals where it has no other; None without one.

    >>> number_of("So it costs $1,250.50."), number_of("一共三百零五元"), number_of("约3.5万人")
    (Fraction(2501, 2), Fraction(305, 1), Fraction(35000, 1))
    """
    text = unicodedata.normalize("NFKC", text)
    if _MARK in text:
        text = text.rpartition(_MARK)[2]
    elif boxed := _BOXED.findall(text):
        text = boxed[-1]
    for pattern, value in ((_NUMBER, _value), (_CHINESE, _chinese_value)):
        values = [one for match in pattern.finditer(text) if (one := value(match)) is not None]
        if values:
            return values[-1]
    return None


def _value(match: re.Match[str]) -> Fraction | None:
    over, under = match["over"].replace(",", ""), match["under"]
    if len(over) > _LONGEST or len(under or "") > _LONGEST or (under and not int(under)):
        return None
    if under and match.string[max(0, match.start() - 1) : match.start()] in ("/", "⁄"):
        return Fraction(under)  # a date
    value = Fraction(f"0{over}") / (int(under) if under else 1)
    times = re.sub(r"\s", "", match["times"] or "").lower()
    for word in [times] if times in _TIMES else list(times)[:4]:
        value *= _TIMES[word]
    return -value if match["sign"] else value


def _chinese_value(match: re.Match[str]) -> Fraction | None:
    whole, behind = match["whole"], match.string[match.end() : match.end() + 1]
    if whole == "一" and HAN_CHARACTER.match(behind):
        return None  # 一些, 一样, 一般: no number
    if len(whole) > _LONGEST or not any(character in _DIGITS or character in "十拾" for character in whole):
        return None
    if all(character in _DIGITS for character in whole):  # 二〇二六
        value = Fraction("".join(str(_DIGITS[character]) for character in whole))
    else:
        value = Fraction(_counted(whole))
    part = match["part"]
    if part:
        value += Fraction(int("".join(str(_DIGITS[digit]) for digit in part[:_LONGEST])), 10 ** len(part[:_LONGEST]))
    return -value if match["sign"] else value


def _counted(numeral: str) -> int:
    """Return the value of 一千二百三十四万五千六百七十八."""
    total = section = digit = 0
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _STEPS:
            section += (digit or 1) * _STEPS[character]
            digit = 0
        else:
            step = _MYRIADS[character]
            section, digit = section + digit, 0
            # 一万亿: what stands before 亿 is counted in it, 万 with it.
            total = (total + section) * step if step == 10**8 else total + section * step
            section = 0
    return total + section + digit


NUMBER_MATCH = Metric(
    name="number_match",
    source="GSM8K's final answer (Cobbe et al. 2021), compared as exact numbers",
    empty="0; rows whose reference has no number are left out",
    rows=by_pair(number_match),
)
