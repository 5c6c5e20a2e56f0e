"""Files of rows in another encoding than UTF-8, by the detector that documents are read with."""

import codecs

from pipelines.text.encodings.detection import NoTextError, decoded

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_HEAD = 1 << 12
_BY_CHANCE = 0.1
"""Share of another encoding's lines that are UTF-8 by chance; of Chinese in GB18030, hardly any is."""


def as_utf8(data: bytes) -> tuple[bytes, str]:
    """Return a file's bytes in UTF-8, and Python's name of the encoding that they were in.

    The name is "", and the bytes are as they were, where they are UTF-8, damaged UTF-8 or of no encoding that is known.
    """
    wide = data.startswith(_WIDE_MARKS) or b"\0" in data[:_HEAD]
    if not wide and (_is_utf8(data) or _is_damaged(data)):
        return data, ""
    try:
        text, encoding = decoded(data)
    except NoTextError:
        return data, ""
    return (data, "") if encoding == "utf-8" else (text.encode(), encoding)


def _is_damaged(data: bytes) -> bool:
    """Say whether bytes are UTF-8 but for some: most is, or too many of the lines that are not ASCII are whole."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    whole = sum(map(_is_utf8, lines))
    if whole > _BY_CHANCE * (len(lines) - whole):
        return True
    text = data.decode("utf-8", "surrogateescape")
    strange = sum("\udc80" <= character <= "\udcff" for character in text)
    return sum(character > "\x7f" for character in text) > 2 * strange


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
