"""Whether a sentence denies what its source says or says what it denies: a "not" more or less, an opposite, a less."""

import re
from collections.abc import Sequence

from pipelines.answering.grounding.citations.alignment import surroundings
from pipelines.answering.grounding.citations.reading.lexicon import DIRECTED, LIMITERS, opposites
from pipelines.answering.grounding.citations.reading.parts import Reading, Word

_OVERLAP = 0.5
_DIRECTIONS = {
    "more": frozenset("increase more above high long large late 多".split()),
    "less": frozenset("decrease less below low short small early 少".split()),
}
_SAY_NO = frozenset("exclude forbid reject".split())
_EXCEPT = re.compile(
    r"\b(?:except|apart from|other than|with the exception of)(?: for)? ([^.,;]{2,40})"
    r"|([^，。；、]{2,8})除外|除了?([^，。；]{2,8}?)以?外",
    re.IGNORECASE,
)
_ENDS = _SAY_NO | {"end", "remove"}
_AWAY = re.compile(
    r"\b(?:outside|out of|without|off|away|instead|against|fail\w*|refus\w*|lack\w*)\b|之外|以外|反对", re.IGNORECASE
)
_ONLY = re.compile(r"\b(?:only|except|unless|until)\b|只|仅|除", re.IGNORECASE)
_DENIES = _SAY_NO | {"prevent", "avoid", "避免", "lose"}
"""Concepts that say no by themselves."""


def unlike_direction(claim: Reading, sources: Sequence[Reading]) -> str:
    """Return a number that is a more in a claim and a less in its sources or the other way round, "" for none."""
    for word in claim.words:
        ways = _ways(claim, word)
        if word.kind != "number" or len(ways) != 1:
            continue
        theirs = [_ways(one, other) for one in sources for other in one.words if other.key == word.key]
        if theirs and all(len(one) == 1 and one != ways for one in theirs):
            return claim.text[word.start : word.end]
    return ""


def _ways(reading: Reading, number: Word) -> frozenset[str]:
    """Return whether a number's part of a sentence speaks of a more or a less, of both or of neither."""
    keys = {one.key for one in reading.words if one.segment == number.segment and not one.negated}
    return frozenset(way for way, words in _DIRECTIONS.items() if keys & words)


def denied_otherwise(claim: Reading, missing: Sequence[Word], sources: Sequence[Reading]) -> str:
    """Return the word that a sentence denies where a claim says yes of its subject with a verb that no source has.

    The subject is a word of the claim that this sentence alone has, beside the word that it denies.
    """
    verbs = [word for word in missing if word.is_verb]
    if claim.negated or not verbs or LIMITERS.search(claim.text) or _AWAY.search(claim.text) or says_no(claim):
        return ""
    for place, source in enumerate(sources):
        if not (source.negated or _SAY_NO & source.keys) or _ONLY.search(source.text):
            continue
        elsewhere = frozenset().union(*(one.keys for one in (*sources[:place], *sources[place + 1 :])))
        if any(opposites().get(key, frozenset()) & claim.keys for key in source.keys):
            continue
        denying = {word.segment for word in source.words if word.negated or word.key in _SAY_NO}
        said = {word.key for word in source.words if word.segment not in denying}
        own = (claim.keys & source.keys) - elsewhere - said
        for word in source.words:
            sides = [one.subject | one.object for one in source.frames if one.predicate == word.key]
            if (word.negated or word.key in _SAY_NO) and own & frozenset().union({word.key}, *sides):
                return word.key
    return ""


def excepted(claim: Reading, sources: Sequence[Reading]) -> str:
    """Return what a source excepts from its rule and a claim puts under it, "" for nothing."""
    if LIMITERS.search(claim.text) or _EXCEPT.search(claim.text):
        return ""
    for source in sources:
        for match in _EXCEPT.finditer(source.text):
            inside = {word.key for word in source.words if match.start() <= word.start < match.end()}
            rule = {word.key for word in source.words if not match.start() <= word.start < match.end()}
            denies = any(word.negated for word in source.words) == bool(claim.negated)
            if inside and inside - {"exclude"} <= claim.keys and rule & claim.keys and denies:
                return next(part for part in match.groups() if part)
    return ""


def says_no(reading: Reading) -> bool:
    """Say whether a word of a sentence denies by itself: forbid, exclude, unsafe, needless."""
    return any(key in _DENIES or _stripped(key) != key or key.endswith("less") for key in reading.keys)


def negation_turned(claim: Reading, sources: Sequence[Reading], settled: frozenset[str] = frozenset()) -> str:
    """Return which word is negated in a claim or its sources alone, the rest being the same; "" where none is.

    Each word is compared with that place of the sources that has most of what stands around it.
    """
    for place, word in enumerate(claim.words):
        if word.kind not in ("word", "name") or word.key in settled:
            continue
        compares = any(frame.predicate == word.key for frame in claim.frames)
        around = _around(claim, place)
        nearby = {key: weight for key, weight in around.items() if weight >= 1.0}
        best: dict[bool, float] = {}
        near: dict[bool, float] = {}
        agreeing = 0.0
        for source in sources:
            if any(other.kind == "ellipsis" for other in source.words):
                continue
            for behind, other in enumerate(source.words):
                against = other.key in opposites().get(word.key, ())
                if against and word.key in DIRECTED and compares:
                    continue
                if against and _holds_both(source, word):
                    continue
                if (not against and _stripped(other.key) != _stripped(word.key)) or _limited(claim, source):
                    continue
                shared = _overlap(around, _around(source, behind))
                if not (_is_negated(word) or _is_negated(other)) and not against:
                    agreeing = max(agreeing, _overlap(around, _around(source, behind)))
                    continue
                if _is_negated(word) and any(
                    w.key in _ENDS for w in source.words if abs(w.segment - other.segment) < 2
                ):
                    continue  # "support ends" says that it is no longer supported
                said = _denied(claim, word) == _denied(source, other)
                agrees = said != against
                best[agrees] = max(best.get(agrees, 0.0), shared)
                near[agrees] = max(near.get(agrees, 0.0), _overlap(nearby, _around(source, behind)))
        if (
            best.get(False, 0.0) >= max(1.0, _OVERLAP * len(around) * 0.7)
            and best[False] > max(best.get(True, 0.0), agreeing)
            and near[False] >= near.get(True, 0.0)
        ):
            return word.key
    return ""


def _holds_both(source: Reading, word: Word) -> bool:
    """Say whether a source has a claim's word itself, as the claim has it, where it has its opposite as well.

    "54 in 2025, after 48 the year before": of what it says the one and of what the other, its words do not tell.
    """
    return any(one.key == word.key and _is_negated(one) == _is_negated(word) for one in source.words)


def _around(reading: Reading, place: int) -> dict[str, float]:
    return {key: weight for key, weight in surroundings(reading, [place]).items() if ":" not in key}


def _overlap(first: dict[str, float], second: dict[str, float]) -> float:
    return sum(weight * second.get(key, 0.0) for key, weight in first.items())


def _denied(reading: Reading, word: Word) -> bool:
    """Say whether a word is negated, or a noun's verb is."""
    by_verb = not word.is_verb and any(w.negated and w.is_verb and w.segment == word.segment for w in reading.words)
    return _is_negated(word) or by_verb


def _is_negated(word: Word) -> bool:
    return word.negated != (_stripped(word.key) != word.key)


def _stripped(key: str) -> str:
    """Return a word without "un-" or "non-"."""
    for prefix in ("un", "non"):
        if (
            key.startswith(prefix)
            and len(key) > len(prefix) + 3
            and key.isascii()
            and not key.startswith(("unit", "union", "univers", "under", "until", "uniq", "uniform"))
        ):
            return key.removeprefix(prefix).lstrip("-")
    return key


def _limited(claim: Reading, source: Reading) -> bool:
    """Say whether one of two sentences has a limit ("only", "except") that may make its "not" another's "yes"."""
    if LIMITERS.search(claim.text) and not LIMITERS.search(source.text):
        return True
    limit = LIMITERS.search(source.text)
    if limit is None or LIMITERS.search(claim.text):
        return False
    behind = {word.key for word in source.words if word.start >= limit.end()}
    return bool(behind & claim.keys)


def lost_negation(claim: Reading, sources: Sequence[Reading]) -> str:
    """Return a word that a claim negates where none of its sources says no in any way."""
    if not claim.negated or any(source.negated or _hints(claim.negated, source) for source in sources):
        return ""
    return sorted(claim.negated)[0]


def _hints(negated: frozenset[str], source: Reading) -> bool:
    """Say whether a sentence without a negation may still say no: by an opposite, a limit or an affix."""
    if (
        LIMITERS.search(source.text)
        or _DENIES & source.keys
        or any(opposites().get(key, frozenset()) & source.keys for key in negated)
    ):
        return True
    return any(key.startswith(("un", "non", "in", "im", "dis")) or key.endswith("less") for key in source.keys)
