"""Program code in a text, which names nothing: what is between back-quotes, words with underscores, addresses, True."""

import re

_CODE = re.compile(
    r"\b(?:True|False|None|NULL|NaN|TRUE|FALSE)\b(?! [A-Za-z])|```.*?(?:```|\Z)|`[^`\n]+`|\b\w+://\S+|\b\w*[A-Za-z0-9]_\w+",
    re.DOTALL,
)
_LETTER = re.compile(r"[^\n]")


def without_code(text: str) -> str:
    """Return a text of the same length with spaces where code was.

    >>> without_code("Set `HOME` first.")
    'Set        first.'
    """
    return _CODE.sub(lambda match: _LETTER.sub(" ", match.group()), text)
