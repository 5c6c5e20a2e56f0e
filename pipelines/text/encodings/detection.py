"""From bytes to text in whatever encoding they are: UTF-8 for certain, the others by what they spell.

charset-normalizer alone takes short Chinese texts for Korean, Johab or Cyrillic ones; it is asked last
(`tests/knowledge/documents/encodings/test_encodings.py` shows why).
"""

import codecs
import re

from pipelines.text.encodings.alphabets import guess_alphabet
from pipelines.text.encodings.east_asian import OLD, everyday_share
from pipelines.text.encodings.wide import wide_encoding

_BOMS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_WEB_NAMES = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252",
              "us-ascii": "cp1252", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "euc-kr": "cp949",
              "ks_c_5601-1987": "cp949", "big5": "big5hkscs", "utf8": "utf-8"}  # fmt: skip
"""What a page that declares the first means by it (WHATWG's encoding standard)."""
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{3,30})""", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_SAMPLE = 1 << 16
_GOOD_ENOUGH, _FEW_CONTROLS = 0.55, 0.05


class NoTextError(ValueError):
    """Bytes that are no text; the message is what was found."""


def decoded(data: bytes, declared: bool = False) -> tuple[str, str]:
    """Return the text of the bytes and Python's name of their encoding; NoTextError where they are no text.

    A UTF-8 byte order mark stays the first character, one of UTF-16 or UTF-32 is consumed, as Python does. With
    `declared`, an encoding that HTML or XML names in its first lines goes before a guess.
    """
    if not data:
        return "", "utf-8"
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data, encoding), encoding
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if "\0" not in text:
            return _text(text), "utf-8"
    encoding = wide_encoding(data) or (_named(data) if declared else "") or _spelled(data)
    if not encoding or (b"\0" in data and not encoding.startswith("utf-")):
        raise NoTextError("NUL bytes, as in a binary file" if b"\0" in data else "bytes of no known encoding")
    return _strict(data, encoding), encoding


def _strict(data: bytes, encoding: str) -> str:
    try:
        return _text(data.decode(encoding))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"byte 0x{data[error.start]:02x} in line {line}, which is not {encoding.upper()}"
        raise NoTextError(found) from None


def _text(text: str) -> str:
    sample = text[:_SAMPLE]
    controls = len(_CONTROL.findall(sample))
    if controls > max(1, len(sample) * _FEW_CONTROLS):
        raise NoTextError(f"a binary file ({controls} control characters at its beginning)")
    return text


def _named(data: bytes) -> str:
    match = _DECLARED.search(data[:2048])
    name = match.group(1).decode().lower() if match else ""
    name = _WEB_NAMES.get(name, name)
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return ""
    return codec.name if codec._is_text_encoding and _decodes(data, codec.name) else ""


def _spelled(data: bytes) -> str:
    """Return the old encoding whose everyday characters, or words of one language, the bytes spell best."""
    sample = _around_high_bytes(data)
    scores = {old.name: everyday_share(sample, old) for old in OLD}
    scores["cp1252"] = _latin_score(sample)
    guess = guess_alphabet(data)
    if guess and guess.fitting >= _GOOD_ENOUGH:
        scores["cp1252"] = 0.0 if guess.encoding != "cp1252" else scores["cp1252"]
        scores[guess.encoding] = max(guess.fitting, scores.get(guess.encoding, 0.0))
    for name in sorted(scores, key=lambda name: -scores[name]):
        if scores[name] >= _GOOD_ENOUGH and _decodes(data, name):
            return name
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_exclusion=["utf_16", "utf_32", "utf_7"]).best()
    if best and best.chaos < 0.2 and best.coherence > 0 and _decodes(data, best.encoding):
        return best.encoding
    return "cp1252" if scores["cp1252"] > 0.3 and _decodes(data, "cp1252") else ""


def _around_high_bytes(data: bytes) -> bytes:
    """Return the lines from the first that is not ASCII on: a long English beginning says nothing."""
    first = _HIGH.search(data)
    start = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    return data[start : start + _SAMPLE]


def _latin_score(sample: bytes) -> float:
    """Return the share of high bytes that stand as Western letters and marks do: beside ASCII."""
    text = sample.decode("cp1252", errors="replace")
    beyond = [match.start() for match in re.finditer(r"[^\x00-\x7f]", text)]
    if not beyond:
        return 0.0
    fitting = 0
    for place in beyond:
        beside = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
        within = any(c < "\x7f" and c.isalpha() for c in beside) or not any(c.isalpha() for c in beside)
        letter = text[place].isalpha() and text[place] not in "ºªÞþÐðƒ" and within
        mark = text[place] in "’·" or (text[place] in "“”‘–—…€£§°«»•¿¡©®™\u00a0½¼×±" and not beside.isalpha())
        fitting += (letter or mark) and any(c < "\x7f" for c in beside)
    return fitting / len(beyond)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
