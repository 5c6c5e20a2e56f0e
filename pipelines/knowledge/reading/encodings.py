"""From bytes to text in whatever encoding they are: UTF-8 and UTF-16 for certain, older ones by what they spell.

charset-normalizer alone takes short Chinese texts for Korean, Johab or Cyrillic ones; it is asked last
(`tests/knowledge/test_encodings.py` shows why).
"""

import codecs
import re
from dataclasses import dataclass

from pipelines.errors import InputError

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


@dataclass(frozen=True)
class _Old:
    """An encoding from before Unicode: the pairs of bytes that are its everyday characters, and its commonest ones."""

    name: str
    everyday: re.Pattern[bytes]
    common: frozenset[str]


_OLD = (
    _Old("gb18030", re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe]"), frozenset(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然"
        "家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把"
        "机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果"
        "。，、；：？！“”（）退货元月天")),
    _Old("big5hkscs", re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|[\xa1-\xa3][\x40-\x7e\xa1-\xfe]"), frozenset(
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然"
        "家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把"
        "機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果"
        "。，、；：？！「」（）退貨元月天")),
    _Old("cp932", re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]|[\x88-\x97][\x40-\x7e\x80-\xfc]|\x81[\x40-\xac]"),
         frozenset("のにはをたがでてとしれさいるあなもこらかすりまくそうんだっきえおよみせつけやへじゃべばーンスルトリアイラ、。")),
    _Old("euc_jp", re.compile(rb"\xa4[\xa1-\xf3]|\xa5[\xa1-\xf6]|[\xb0-\xcf][\xa1-\xfe]|\xa1[\xa1-\xfe]"),
         frozenset("のにはをたがでてとしれさいるあなもこらかすりまくそうんだっきえおよみせつけやへじゃべばーンスルトリアイラ")),
    _Old("cp949", re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"),
         frozenset("이다는을의에가하고를은로지도기사리어서대시자아나한인있해과그들정수것여일안부만라장보제원")),
)  # fmt: skip


def decode(data: bytes, name: str, declared: bool = False) -> tuple[str, str]:
    """Return the text of the bytes and Python's name of their encoding; InputError where they are no text.

    A UTF-8 byte order mark stays the first character, one of UTF-16 or UTF-32 is consumed, as Python does. With
    `declared`, an encoding that HTML or XML names in its first lines goes before a guess.
    """
    if not data:
        return "", "utf-8"
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data, encoding, name), encoding
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if "\0" not in text:
            return _text(text, name), "utf-8"
    encoding = _wide(data) or (_named(data) if declared else "") or _spelled(data)
    if not encoding or (b"\0" in data and not encoding.startswith("utf-")):
        raise _no_text(name, "NUL bytes, as in a binary file" if b"\0" in data else "bytes of no known encoding")
    return _strict(data, encoding, name), encoding


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return _text(data.decode(encoding), name)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _no_text(
            name, f"byte 0x{data[error.start]:02x} in line {line}, which is not {encoding.upper()}"
        ) from None


def _text(text: str, name: str) -> str:
    sample = text[:_SAMPLE]
    controls = len(_CONTROL.findall(sample))
    if controls > max(1, len(sample) * _FEW_CONTROLS):
        raise _no_text(name, f"a binary file ({controls} control characters at its beginning)")
    return text


def _no_text(name: str, found: str) -> InputError:
    return InputError(
        name, found, "text in UTF-8, UTF-16 or an older encoding", "save it as UTF-8, or move it out of the folder"
    )


def _wide(data: bytes) -> str:
    """Return UTF-16 without a mark, which shows in zero bytes on one side of the pairs only."""
    sample = data[: min(_SAMPLE, len(data) // 2 * 2)]
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if len(data) % 2 or max(low, high) < 0.02 * len(sample) or 4 * min(low, high) > max(low, high):
        return ""
    encoding = "utf-16-le" if high > low else "utf-16-be"
    return encoding if _decodes(data, encoding) else ""


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
    """Return the old encoding whose everyday characters the bytes spell best."""
    sample = _around_high_bytes(data)
    scores = {old.name: _score(sample, old) for old in _OLD}
    scores["cp1252"] = _latin_score(sample)
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


def _score(sample: bytes, old: _Old) -> float:
    """Return the share of everyday characters among those beyond ASCII, more where the commonest are among them."""
    text = sample.decode(old.name, errors="replace")
    beyond = [character for character in text if character > "\x7f"]
    if not beyond or text.count("\ufffd") > 1:  # one may be cut in half at the sample's end
        return 0.0
    everyday = sum(bool(old.everyday.fullmatch(c.encode(old.name, errors="replace"))) for c in beyond) / len(beyond)
    common = sum(c in old.common for c in beyond) / len(beyond)
    return 0.6 * everyday + min(0.4, 1.2 * common)


def _latin_score(sample: bytes) -> float:
    """Return the share of high bytes that stand as Western letters and marks do: beside ASCII."""
    text = sample.decode("cp1252", errors="replace")
    beyond = [match.start() for match in re.finditer(r"[^\x00-\x7f]", text)]
    if not beyond:
        return 0.0
    fitting = 0
    for place in beyond:
        beside = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
        letter = text[place].isalpha() and text[place] not in "ºªÞþÐðƒ"
        mark = text[place] in "’·" or (text[place] in "“”‘–—…€£§°«»•¿¡©®™\u00a0½¼×±" and not beside.isalpha())
        fitting += (letter or mark) and any(c < "\x7f" for c in beside)
    return fitting / len(beyond)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
