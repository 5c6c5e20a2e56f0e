"""Arithmetic as people and models write it, read by a parser of its own and counted exactly; nothing is evaluated."""

import math
import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from typing import NoReturn

from pipelines.text.characters import HAN

_LONGEST, _DEEPEST, _MOST_BITS, _LARGEST_EXPONENT = 400, 30, 1_200, 1_000
_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "[": "(", "]": ")", "【": "(", "】": ")"}
)  # fmt: skip
_SCALES = {
    "thousand": 10**3, "million": 10**6, "mn": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
    "千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "万亿": 10**12,
}  # fmt: skip
_CURRENCIES = (
    r"US\$|[€$£¥]|\b(?:euros?|EUR|dollars?|USD|CNY|RMB|pounds?|GBP|yen|JPY)\b|人民币|[欧美日]?元|英镑|块"
)  # fmt: skip
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d{{1,3}}\b)?|\.\d+)|(?P<word>[A-Za-z_]+|[{HAN}]+)|(?P<sign>\*\*|//|[-+*/%^(),])"
    r"|(?P<other>\S))",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d,])")
_NUMERAL = re.compile(r"\d+(?:\.\d+)?")


class NoArithmetic(ValueError):
    """A text that is no expression, or one that goes too far; says what was expected."""


class DividesByZero(NoArithmetic):
    """An expression without a value: it divides by zero."""

    def __init__(self) -> None:
        super().__init__("a division by zero")


def evaluate(expression: str) -> Fraction:
    """Return the exact value of numbers, + - * / // % **, brackets, round, min, max, sum and abs.

    Thousands' commas, fullwidth signs, currencies, "million" and 万 or 亿 are read; "15 %" is 0.15 unless a number or a
    bracket follows, then it is the remainder. Raises NoArithmetic for anything else.

    >>> str(evaluate("(1,234.5 − 1,000) ÷ 10 %")), str(evaluate("2.5亿 / 5000万"))
    ('2345', '5')
    """
    return _Parser(plain(expression)).value()


def plain(expression: str) -> str:
    """Return an expression in ASCII digits and signs: no currencies, no commas in numbers, nothing after an "="."""
    if len(expression) > _LONGEST:
        raise NoArithmetic(f"{len(expression)} characters; at most {_LONGEST}")
    text = unicodedata.normalize("NFKC", expression).translate(_SIGNS).strip().removeprefix("=")
    text = re.sub(r"\s*=\s*\??\s*$", "", text)
    text = re.sub(_CURRENCIES, "", text, flags=re.IGNORECASE)
    calls = _inside_calls(text)
    text = _THOUSANDS.sub(lambda found: found[0] if calls[found.start()] else found[0].replace(",", ""), text)
    return " ".join(text.split())


def numerals(expression: str) -> list[str]:
    """Return the numbers of an expression as they are written in it, thousands joined, each once."""
    return list(dict.fromkeys(_NUMERAL.findall(plain(expression))))


def written(value: Fraction, places: int = 6) -> str:
    """Return a value as a decimal number of at most so many places after the point, more for very small ones.

    >>> written(Fraction(3, 20)), written(Fraction(1, 3)), written(Fraction(6, 2)), written(Fraction(1, 10**8))
    ('0.15', '0.333333', '3', '0.00000001')
    """
    while value and abs(value) < Fraction(10, 10**places) and places < 30:
        places += 1
    digits = (
        f"{abs(_rounded(value, places).numerator * 10**places // _rounded(value, places).denominator):0{places + 1}d}"
    )
    whole, rest = digits[:-places], digits[-places:].rstrip("0")
    text = f"{whole}.{rest}" if rest else whole
    return f"-{text}" if value < 0 and text != "0" else text


def _inside_calls(text: str) -> list[bool]:
    """Say of each place whether the innermost bracket around it is a function's: there a comma divides."""
    stack, inside = list[bool](), list[bool]()
    for place, character in enumerate(text):
        if character == "(":
            stack.append(re.search(r"[A-Za-z]\s*$", text[:place]) is not None)
        inside.append(bool(stack) and stack[-1])
        if character == ")" and stack:
            stack.pop()
    return inside


class _Parser:
    """Recursive descent: sum, product, sign, power, postfix, atom."""

    def __init__(self, text: str) -> None:
        self.tokens = [match[match.lastgroup or "other"] for match in _TOKEN.finditer(text)]
        self.place = self.depth = 0

    def value(self) -> Fraction:
        if not self.tokens:
            raise NoArithmetic("nothing; an expression such as (55.4 - 48.2) / 48.2")
        value = self._sum()
        if self.place < len(self.tokens):
            self._refuse()
        return value

    @property
    def _next(self) -> str:
        return self.tokens[self.place].lower() if self.place < len(self.tokens) else ""

    def _take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1].lower()

    def _refuse(self) -> NoReturn:
        found = f"'{self.tokens[self.place][:20]}'" if self.place < len(self.tokens) else "the end"
        raise NoArithmetic(f"{found} where a number or one of + - * / % ** ( ) was expected")

    def _sum(self) -> Fraction:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NoArithmetic(f"more than {_DEEPEST} levels of brackets and signs")
        value = self._product()
        while self._next in ("+", "-"):
            value = _small(value + self._product()) if self._take() == "+" else _small(value - self._product())
        self.depth -= 1
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while self._next in ("*", "/", "//", "%"):
            sign, other = self._take(), self._signed()
            if sign != "*" and other == 0:
                raise DividesByZero
            if sign == "*":
                value = _small(value * other)
            else:
                value = _small(
                    value / other if sign == "/" else Fraction(value // other) if sign == "//" else value % other
                )
        return value

    def _signed(self) -> Fraction:
        negative, signs = False, 0
        while self._next in ("+", "-"):
            negative, signs = negative != (self._take() == "-"), signs + 1
            if signs > _DEEPEST:
                raise NoArithmetic(f"more than {_DEEPEST} signs in a row")
        value = self._power()
        return -value if negative else value

    def _power(self) -> Fraction:
        base = self._postfix()
        if self._next not in ("**", "^"):
            return base
        self._take()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NoArithmetic(f"more than {_DEEPEST} powers of powers")
        exponent = self._signed()
        self.depth -= 1
        return _power(base, exponent)

    def _postfix(self) -> Fraction:
        value = self._atom()
        while self._next in _SCALES:
            value = _small(value * _SCALES[self._take()])
        if self._next == "%" and not self._operand_follows():
            self._take()
            value /= 100
        return value

    def _operand_follows(self) -> bool:
        behind = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else ""
        return behind == "(" or behind[:1].isdigit() or behind[:1] == "." or behind.lower() in _FUNCTIONS

    def _atom(self) -> Fraction:
        token = self._next
        if token[:1].isdigit() or (token[:1] == "." and len(token) > 1):
            if len(token) > 40:
                raise NoArithmetic("a number of more than 40 characters")
            return _small(Fraction(self._take()))
        if token == "(":
            self._take()
            value = self._sum()
            self._close()
            return value
        if token in _FUNCTIONS and self.tokens[self.place + 1 : self.place + 2] == ["("]:
            self.place += 2
            arguments = [self._sum()]
            while self._next == ",":
                self._take()
                arguments.append(self._sum())
            self._close()
            return _small(_FUNCTIONS[token](arguments))
        self._refuse()

    def _close(self) -> None:
        if self._next != ")":
            self._refuse()
        self._take()


def _small(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise NoArithmetic("a number too large to be counted with")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if abs(exponent) > _LARGEST_EXPONENT:
        raise NoArithmetic(f"an exponent beyond {_LARGEST_EXPONENT}")
    if base == 0 and exponent < 0:
        raise DividesByZero
    if exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits * abs(exponent.numerator) > _MOST_BITS:
            raise NoArithmetic("a power too large to be counted with")
        return Fraction(base**exponent.numerator)
    if base < 0:
        raise NoArithmetic("a root of a negative number")
    try:
        return Fraction(math.pow(base, exponent))
    except OverflowError:
        raise NoArithmetic("a power too large to be counted with") from None


def _round(arguments: list[Fraction]) -> Fraction:
    places = arguments[1] if len(arguments) == 2 else Fraction(0)
    if len(arguments) > 2 or places.denominator != 1 or abs(places) > 12:
        raise NoArithmetic("round(number, places) with at most 12 places")
    return _rounded(arguments[0], places.numerator)


def _rounded(value: Fraction, places: int) -> Fraction:
    """Return the value rounded, halves away from zero, as people do it."""
    scale = Fraction(10) ** places
    size = math.floor(abs(value) * scale + Fraction(1, 2)) / scale
    return -size if value < 0 else size


def _abs(arguments: list[Fraction]) -> Fraction:
    if len(arguments) != 1:
        raise NoArithmetic("abs of one number")
    return abs(arguments[0])


_FUNCTIONS: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "round": _round,
    "min": min,
    "max": max,
    "sum": lambda arguments: sum(arguments, Fraction(0)),
    "abs": _abs,
}
