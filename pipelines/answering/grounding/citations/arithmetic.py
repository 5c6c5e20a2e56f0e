"""Arithmetic that an answer shows: (54.0 − 48.0) / 48.0 = 12.5 %, found in its sentences."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.text.characters import HAN
from pipelines.text.notation.arithmetic import DividesByZero, evaluate

_OPERAND = (
    r"(?P<number>(?:US\$|[€$£¥])?\s?\d+(?:,\d{3})*(?:\.\d+)?)"
    r"(?P<unit>\s?(?:%|million|billion|thousand|bn|mn|万亿|万|亿)?(?:\s?(?!x\b|plus\b|minus\b|"
    r"equals\b|is\b)[A-Za-z°²³]{1,12}"
    rf"|(?![加减乘除等])[{HAN}](?:(?![加减乘除等])[{HAN}]){{0,2}})?)"
)
_PART = re.compile(
    rf"\s*(?:{_OPERAND}|(?P<sign>[-+−–－＋×*/÷／]|\bx\b|\\times|\bplus\b|\bminus\b|加|减|除以|乘以?)|"
    rf"(?P<open>[(\[（])|(?P<close>[)\]）])"
    r"|(?P<equal>[=≈＝]|\bequals\b|\bis\b|等于)|(?P<other>\S))",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\s*(?:about|approximately|roughly|约)?\s*", re.IGNORECASE)
_STATED = re.compile(rf"-?{_OPERAND}")
_SCALES = {"million": 1e6, "billion": 1e9, "thousand": 1e3, "bn": 1e9, "mn": 1e6, "万": 1e4, "亿": 1e8, "万亿": 1e12}
_SIGNS = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "－": "-",
        "＋": "+",
        "／": "/",
        "×": "*",
        "÷": "/",
        "[": "(",
        "]": ")",
        "（": "(",
        "）": ")",
        "x": "*",
    }
)
_WORDS = {"plus": "+", "minus": "-", "\\times": "*", "加": "+", "减": "-", "除以": "/", "乘以": "*", "乘": "*"}


@dataclass(frozen=True)
class Formula:
    """A shown calculation: its place, its operands with their places, what it comes to and what is said it comes to."""

    start: int
    end: int
    operands: tuple[tuple[int, int], ...]
    value: float
    stated: float
    mantissa: float
    step: float
    stated_span: tuple[int, int]
    is_share: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the result is right, to its last digit; a share may be said in per cent."""
        # "54.0 − 48.0 = 6.0 million": the scale of the operands stands at the result alone.
        scale = self.stated / self.mantissa if self.mantissa else 1.0
        return any(
            abs(self.value * factor - stated) <= 0.5000001 * step + 1e-9 * abs(stated)
            for stated, step in ((self.stated, self.step), (self.mantissa, self.step / scale))
            for factor in ((1.0, 100.0) if self.is_share else (1.0,))
        )


def formulas(text: str) -> list[Formula]:
    """Return the calculations of a text that can be read, in order; one that divides by zero is never right."""
    return list(_formulas(text[:20_000]))


def _formulas(text: str) -> Iterator[Formula]:
    parts = list(_PART.finditer(text))
    for place, part in enumerate(parts):
        if not part["equal"]:
            continue
        first = place
        while first and not (parts[first - 1]["other"] or parts[first - 1]["equal"]):
            if parts[first - 1]["number"] and first < place and (parts[first]["number"] or parts[first]["open"]):
                break
            first -= 1
        run = parts[first:place]
        while run and (run[0]["sign"] or run[0]["close"] or _open(run) > 0):
            run = run[1:]
        if not any(one["sign"] for one in run):
            continue
        stated = _STATED.match(text, _ABOUT.match(text, part.end()).end())  # type: ignore[union-attr]
        begin, end = run[0].start(), run[-1].end()
        if stated is None:
            continue
        try:
            value, number = _value(_digits(text[begin:end])), _value(_digits(stated.group()))
        except ValueError:
            continue
        mantissa = float(re.sub(r"[^\d.-]", "", stated.group().removesuffix(stated["unit"])).strip(".") or 0)
        scale = number / mantissa if mantissa else 1.0
        places = len(stated["number"].partition(".")[2])
        step = max(10.0**-places * scale, 0.0)
        step = max(step, 0.02 * abs(number)) if part["equal"] == "≈" else step
        spans = tuple(one.span("number") for one in run if one["number"])
        yield Formula(begin, stated.end(), spans, value, number, mantissa, step, stated.span(), "%" in stated.group())


def _open(run: list[re.Match[str]]) -> int:
    """Return how many brackets are opened and not closed."""
    return sum(bool(one["open"]) - bool(one["close"]) for one in run)


def _digits(text: str) -> str:
    """Return an expression in digits and the four signs alone, scales multiplied in, units and currencies gone."""
    for word, sign in _WORDS.items():
        text = re.sub(rf"\b{re.escape(word)}\b" if word.isalpha() and word.isascii() else re.escape(word), sign, text)
    text = re.sub(r"(\d),(?=\d{3})", r"\1", text)
    for word in sorted(_SCALES, key=len, reverse=True):
        text = re.sub(rf"(\d+(?:\.\d+)?)\s?{word}", rf"(\1*{_SCALES[word]:.0f})", text)
    text = re.sub(rf"(?<=[\d)])\s?(?:%|(?!x\b)[A-Za-z°²³]+(?=[^\d(]|$)|[{HAN}]+)", "", text)
    return re.sub(r"[€$£¥]|US", "", text).translate(_SIGNS)


def _value(expression: str) -> float:
    """Return the value of an expression, no number where it divides by zero; ValueError where it is none."""
    # What one bracket too many closes was opened before the expression.
    while expression.count(")") > expression.count("(") and expression.endswith(")"):
        expression = expression[:-1].rstrip()
    while expression.count("(") > expression.count(")") and expression.startswith("("):
        expression = expression[1:].lstrip()
    try:
        return float(evaluate(expression))
    except DividesByZero:
        return math.nan
