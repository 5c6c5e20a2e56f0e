"""How much of what a sentence says its sources say: words by concept, by root, by their letters, by meaning."""

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from pipelines.answering.grounding.citations.alignment import alike, context_keys, items
from pipelines.answering.grounding.citations.evidence import SourceSentence, rough_keys
from pipelines.answering.grounding.citations.reading.lexicon import DIRECTED, concept, opposites
from pipelines.answering.grounding.citations.reading.parts import Name, Reading, Word
from pipelines.text.characters import HAN
from pipelines.text.terms import stands_in, word_root

Similar = Callable[[str, Sequence[str]], Sequence[float]]
"""Given a sentence and others, how alike each is in meaning, 0 (unrelated) to 1 (the same), on the embedder's scale."""

_PREFIX = 4
_AROUND, _BY_LETTERS = 0.8, 0.8
_COMMON = 0.4
_CALCULATED = frozenset(
    (
        "more less increase decrease total average percent large small high low long "
        "short difference combin doubl tripl half half hal twice expensive cheap 多 少 增幅 "
        "增长率 倍 两 总数 总和 差 总长 合计"
    ).split()
)
_DEMONYM, _UNSAID = 4, 3
_PLACES_BEHIND = frozenset("里上中内外下")
_MEASURES = {
    "length": "long", "height": "high", "width": "wide", "depth": "deep", "weight": "heavy",
    "age": "old", "speed": "fast",
    "长度": "long", "高度": "high", "宽度": "wide", "深度": "deep", "重量": "heavy", "速度": "fast",
}  # fmt: skip
"""Nouns of the adjectives that a measure is said with: "its length is 5 m", "it is 5 m long"."""
_TRANSLATED = frozenset(
    "bridge river lake mountain mount port harbour harbor station museum university college school hospital library "
    "street road avenue lane square park island bay city town county district province village airport railway metro "
    "line tower temple hall theatre theater company group factory bank institute academy centre center office bureau "
    "committee commission court press hotel dam reservoir canal tunnel stadium garden market".split()
)
"""Words for what a name is a name of; another language says them in its own word."""
# What a sentence needs to speak at all, or what a model adds to join its sentences.
_LATIN_FILLERS = frozenset(
    word_root(word)
    for word in (
        "reach much respectively both roughly approximately nearly almost exactly also there kept two one "
        "thing make year therefore thus result calculat figur number amount value fact case way "
        "part mean compar follow list name call kind type note accord basi base question answer work "
        "located time point become following rather instead"
    ).split()
)
_HAN_FILLERS = frozenset(
    (
        "分别 因此 所以 计算 数字 数量 结果 其中 名为 称为 叫 目前 现在 情况 方面 属于 作为 即 约 达到 达 "
        "为止 成为 项 各项 共有 来 去 就是 也就是 以下 如下 上述 下列"
    ).split()
)
FILLERS = _LATIN_FILLERS | _HAN_FILLERS


def covered(
    claim: Reading, evidence: Sequence[SourceSentence], pool: Sequence[SourceSentence], calculated: bool,
    before: frozenset[str] = frozenset(),
) -> tuple[float, list[Word]]:  # fmt: skip
    """Return (the share of a claim's words that its sources hold, the words that none holds).

    A word that much of the sources holds, such as their subject, says little; where something is calculated, the
    words for the calculation say nothing of the sources. `before` are words that the answer has borne out already.
    """
    evidence = [one for place, one in enumerate(evidence) if not place or _adds(claim, one)]
    keys = frozenset().union(*(one.reading.keys for one in evidence)) if evidence else frozenset()
    around = (
        frozenset().union(*(context_keys(one) | rough_keys(one.before) for one in evidence))
        if evidence
        else frozenset()
    )
    around |= before
    text = "\n".join(one.said for one in evidence)
    denied = any(one.reading.negated for one in evidence)
    held_by = [rough_keys(one.said) for one in pool]
    compared = calculated or bool(claim.numbers)
    total = held = 0.0
    missing = []
    for word in claim.words:
        if word.kind != "word" or word.key in FILLERS or (compared and word.key in _CALCULATED | DIRECTED):
            continue
        found = _held(word, keys, around, text, claim, denied)
        common = word.key in around or sum(word.key in one for one in held_by) > max(2, 0.1 * len(pool))
        weight = _COMMON if common else 1.0
        total, held = total + weight, held + weight * found
        if found < 0.5:
            missing.append(word)
    return (held / total if total else 1.0), missing


def unsaid_part(claim: Reading, missing: Sequence[Word]) -> list[Word]:
    """Return the words of a part of a claim that nothing of the sources says for the most part: what was added."""
    for segment in dict.fromkeys(word.segment for word in missing):
        lost = [word for word in missing if word.segment == segment]
        every = [w for w in claim.words if w.segment == segment and w.kind == "word" and w.key not in FILLERS]
        if len(lost) >= _UNSAID and len(lost) >= 0.5 * len(every):
            return lost
    return []


def _adds(claim: Reading, one: SourceSentence) -> bool:
    """Say whether a further sentence is about the claim: a lone word in common is chance."""
    return len((one.reading.keys | context_keys(one)) & claim.keys) > 1


def _held(word: Word, keys: frozenset[str], around: frozenset[str], text: str, claim: Reading, denied: bool) -> float:
    key = word.key
    if key in keys or _MEASURES.get(key, key) in keys:
        return 1.0
    against = opposites().get(key, frozenset()) & keys
    if against and (key in claim.negated or denied):
        return 1.0
    if key in around:
        return _AROUND
    if key.isascii():
        stem = key[: max(_PREFIX, len(key) - 3)]
        return _BY_LETTERS * (
            len(key) >= _PREFIX
            and any(one.startswith(stem) or (len(one) >= _PREFIX and key.startswith(one)) for one in keys)
        )
    own = claim.text[word.start : word.end]
    if len(own) > 1 and own in text:
        return 1.0
    # A word of which each letter stands somewhere is not said: one word has to share them.
    shared = max((sum(letter in one for letter in own) for one in keys if not one.isascii()), default=0) / len(own)
    return _BY_LETTERS * shared if len(own) > 1 and shared >= 0.5 else 0.0


def unknown_names(claim: Reading, texts: Sequence[str], crosses: bool, question: str = "") -> list[Name]:
    """Return the names of a claim that stand in none of the texts.

    A demonym ("Norwegian"), an acronym and, across languages, a Chinese name in Latin letters count. Across
    languages a name that is spelled in the claim's own letters cannot be looked up and is left out.
    """
    text = "\n".join(texts)
    found = []
    for name in claim.names:
        missing = [word for word in name.words if not _named(word, text, crosses)]
        if len(missing) < len(name.words) and all(stands_in(word, question) for word in name.words):
            continue  # the sources have its short form
        if crosses and len(missing) < len(name.words):
            missing = [word for word in missing if word not in _TRANSLATED]  # "Qingshi Bridge" is 青石桥
        if (
            missing
            and not (name.opener and (concept(name.text) or not name.words[0].isalpha()))
            and not _acronym(name, text)
        ):
            found.append(name)
    return found


def unlinked_names(claim: Reading, evidence: Sequence[SourceSentence], calculated: bool) -> list[Name]:
    """Return the names of a claim that stand only in sentences which have nothing else to do with it.

    A sentence has to do with a claim by a word or figure; it holds a name where it says it, is understood by it, or
    has no name of its own and stands in a passage that has.
    """
    plain = {word.key for word in claim.words if word.kind != "name"}
    linked = [one for one in evidence if plain & (one.reading.keys | context_keys(one))] or list(evidence)
    texts = ["\n".join((one.said, one.around, _nearby(claim, one, calculated))) for one in linked]
    return unknown_names(claim, texts, crosses=False)


def _nearby(claim: Reading, one: SourceSentence, calculated: bool) -> str:
    # "Peter Quayle" is "Mr Quayle" where he is named again.
    short = any(
        len(name.words) > 1 and stands_in(name.words[-1], one.said) and not stands_in(name.words[0], one.said)
        for name in claim.names
    )
    if one.refers_back or short:
        return one.passage.text
    figures = {word.key for word in claim.words if word.kind in ("number", "date")}
    return one.before if calculated or not one.reading.names or len(figures & one.reading.keys) > 1 else ""


def _named(word: str, text: str, crosses: bool) -> bool:
    if not word.isascii() and (crosses or word in text.casefold()):
        return True
    if not word.isascii() and len(word) > 1 and word[-1] in _PLACES_BEHIND and word[:-1] in text:
        return True  # 卡里 is in the card, no name
    if stands_in(word.removesuffix("."), text) or len(word) == 1:
        return True
    if crosses and word in _pinyin(text):
        return True
    if word.endswith("s") and stands_in(word[:-1], text):
        return True
    stem = word[:_DEMONYM]
    demonym = re.search(r"(?:ian|ean|an|ish|ese|ch|i|ic)s?$", word) and len(word) > _DEMONYM
    return bool(demonym and re.search(rf"(?<![A-Za-z]){re.escape(stem)}", text, re.IGNORECASE))


def found_items(claim: Reading, one: SourceSentence) -> int:
    """Return how many names, numbers and dates of a claim stand in a sentence."""
    known = items(one.reading)
    figures = sum(any(alike(other, item) for other in known) for item in items(claim) if item.kind != "name")
    text = one.said
    return figures + sum(
        all(
            _named(word, text, (word.isascii() and not claim.text.isascii()) or claim.text.isascii())
            and (word.isascii() or word in text)
            for word in name.words
        )
        for name in claim.names
    )


def _acronym(name: Name, text: str) -> bool:
    """Say whether a name is the initials of words of a text, or words whose initials stand there."""
    initials = "".join(word[0] for word in name.words if word[0].isalpha()).upper()
    if len(name.words) > 1:
        return len(initials) > 1 and stands_in(initials, text) and initials in text
    letters = name.words[0]
    if not 2 <= len(letters) <= 6 or not letters.isalpha() or not letters.isascii():
        return False
    between = r"[a-z]+(?:\s+(?:of|for|and|the|de))?\s+"
    pattern = between.join(f"\\b{letter.upper()}" for letter in letters)
    return re.search(pattern, text) is not None


@lru_cache(maxsize=256)
def _pinyin(text: str) -> frozenset[str]:
    """Return the syllables, and names of one to three of them, that the Chinese characters of a text are read as."""
    runs = re.findall(rf"[{HAN}]+", text)
    if not runs:
        return frozenset()
    reader = _reader()
    found: set[str] = set()
    for run in runs:
        syllables = [one for one in reader(run) if one.isascii()]
        for place in range(len(syllables)):
            found.update("".join(syllables[place : place + count]) for count in (1, 2, 3))
    return frozenset(found)


@cache
def _reader() -> Callable[[str], Sequence[str]]:
    import pypinyin

    return pypinyin.lazy_pinyin
