"""Formulas that a model writes in LaTeX, as plain text: $50 \\times 8000 = 400000$ is 50 × 8000 = 400000."""

import re

_MATH = re.compile(
    r"\$\$(.+?)\$\$|\$([^$\n]*(?:\\[A-Za-z]|[=+×÷*/^<>])[^$\n]*)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|operatorname|textbf|mbox)\s*\{([^{}]*)\}")
_SIGNS = {
    r"\times": "×", r"\cdot": "×", r"\div": "÷", r"\approx": "≈", r"\%": "%", r"\$": "$", r"\,": " ", r"\;": " ",
    r"\!": "", r"\ ": " ", r"\left": "", r"\right": "", r"\quad": " ", "{,}": ",", r"\pm": "±", r"\leq": "≤",
    r"\geq": "≥",
}  # fmt: skip


def plain_math(text: str) -> str:
    """Return a text with its LaTeX formulas in plain signs; a dollar that begins a price stays one.

    >>> plain_math(r"It is $(54 - 48) \\div 48 = 12.5\\%$, not $5.")
    'It is (54 - 48) ÷ 48 = 12.5%, not $5.'
    """
    if "$" not in text and "\\" not in text:
        return text
    return _MATH.sub(lambda match: _plain(next(filter(None, match.groups()))), text)


def _plain(formula: str) -> str:
    formula = _TEXT.sub(r"\1", formula)
    formula = _FRACTION.sub(r"(\1) / (\2)", formula)
    for sign, said in _SIGNS.items():
        formula = formula.replace(sign, said)
    return formula.strip()
