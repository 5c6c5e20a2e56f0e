"""UTF-16 and UTF-32 without a byte order mark: bytes, zeros among them, that together are everyday characters."""

import unicodedata
from collections import Counter

from pipelines.text.encodings.east_asian import is_everyday

_UNITS = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
_SAMPLE = 1 << 16
_EVERYDAY = 0.8
_BLOCKS = ((0xA0, 0x17F), (0x370, 0x45F), (0x5D0, 0x5EA), (0x60C, 0x652), (0xE01, 0xE5B), (0x1EA0, 0x1EF9),
           (0x2010, 0x203A), (0x20A0, 0x20BF), (0x2100, 0x22FF), (0x2500, 0x27BF), (0x1F300, 0x1FAFF))  # fmt: skip
"""Western letters, Greek, Cyrillic, Hebrew, Arabic, Thai, Vietnamese; signs and pictures."""


def wide_encoding(data: bytes) -> str:
    """Return the encoding of units of two or four bytes in which the bytes are text, "" where they are in none."""
    if b"\0" not in data:
        return ""
    shares = {encoding: _everyday_share(data, encoding, unit) for encoding, unit in _UNITS if len(data) % unit == 0}
    best = max(shares, key=lambda encoding: shares[encoding], default="")
    return best if best and shares[best] >= _EVERYDAY else ""


def _everyday_share(data: bytes, encoding: str, unit: int) -> float:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    sample = Counter(text[:_SAMPLE])
    if "\0" in text or (unit == 2 and _are_pairs_of_ascii(sample)):
        return 0.0
    return sum(count for character, count in sample.items() if _is_everyday(character)) / sample.total()


def _are_pairs_of_ascii(sample: Counter[str]) -> bool:
    """Say whether the characters beyond ASCII are two bytes of ASCII read as one: strings with zeros between them.

    Of what is Chinese, a fifth is such a pair.
    """
    beyond = sum(count for character, count in sample.items() if character > "\x7f")
    pairs = sum(count for character, count in sample.items() if _is_pair(ord(character)))
    return pairs > 0.8 * beyond and 2 * pairs > sample.total() - beyond


def _is_pair(point: int) -> bool:
    high, low = divmod(point, 256)
    return 0x4E <= high < 0x7F and (low == 0 or 0x20 <= low < 0x7F)


def _is_everyday(character: str) -> bool:
    if character <= "\x7f":
        return character.isprintable() or character in "\t\n\r\f"
    if is_everyday(character):
        return True
    point = ord(character)
    return unicodedata.category(character)[0] != "C" and any(first <= point <= last for first, last in _BLOCKS)
