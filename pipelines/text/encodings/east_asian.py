"""East Asian encodings: how far bytes are the everyday characters of one."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Old:
    """An encoding from before Unicode: the pairs of bytes that are its everyday characters, and its commonest ones."""

    name: str
    everyday: re.Pattern[bytes]
    common: frozenset[str]


OLD = (
    Old("gb18030", re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe]"), frozenset(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然"
        "家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把"
        "机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果"
        "。，、；：？！“”（）退货元月天")),
    Old("big5hkscs", re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|[\xa1-\xa3][\x40-\x7e\xa1-\xfe]"), frozenset(
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然"
        "家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把"
        "機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果"
        "。，、；：？！「」（）退貨元月天")),
    Old("cp932", re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]|[\x88-\x97][\x40-\x7e\x80-\xfc]|\x81[\x40-\xac]"),
         frozenset("のにはをたがでてとしれさいるあなもこらかすりまくそうんだっきえおよみせつけやへじゃべばーンスルトリアイラ、。")),
    Old("euc_jp", re.compile(rb"\xa4[\xa1-\xf3]|\xa5[\xa1-\xf6]|[\xb0-\xcf][\xa1-\xfe]|\xa1[\xa1-\xfe]"),
         frozenset("のにはをたがでてとしれさいるあなもこらかすりまくそうんだっきえおよみせつけやへじゃべばーンスルトリアイラ")),
    Old("cp949", re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"),
         frozenset("이다는을의에가하고를은로지도기사리어서대시자아나한인있해과그들정수것여일안부만라장보제원")),
)  # fmt: skip


def everyday_share(sample: bytes, old: Old) -> float:
    """Return the share of everyday characters among those beyond ASCII, more where the commonest are among them."""
    text = sample.decode(old.name, errors="replace")
    beyond = [character for character in text if character > "\x7f"]
    if not beyond or text.count("\ufffd") > 1:  # one may be cut in half at the sample's end
        return 0.0
    everyday = sum(_is_everyday_in(old, character) for character in beyond) / len(beyond)
    common = sum(c in old.common for c in beyond) / len(beyond)
    return 0.6 * everyday + min(0.4, 1.2 * common)


def is_everyday(character: str) -> bool:
    """Say whether a character is an everyday one of Chinese, Japanese or Korean."""
    return any(_is_everyday_in(old, character) for old in OLD)


def _is_everyday_in(old: Old, character: str) -> bool:
    return bool(old.everyday.fullmatch(character.encode(old.name, errors="replace")))
