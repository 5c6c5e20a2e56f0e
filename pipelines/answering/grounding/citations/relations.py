"""Whether a sentence turns its source round: roles exchanged, a "not" dropped or added, an opposite word."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from pipelines.answering.grounding.citations.alignment import surroundings
from pipelines.answering.grounding.citations.reading.lexicon import (
    DIRECTED,
    LIMITERS,
    converses,
    is_listed,
    is_symmetric,
    opposites,
)
from pipelines.answering.grounding.citations.reading.parts import Frame, Reading, Word

_OVERLAP, _PARTS = 0.5, 4
_DIRECTIONS = {
    "more": frozenset("increase more above high long large late 多".split()),
    "less": frozenset("decrease less below low short small early 少".split()),
}
_ENDS = frozenset("end remove exclude forbid reject".split())
_AWAY = re.compile(r"\b(?:outside|out of|without|off|away|instead)\b|之外|以外", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|except|unless|until)\b|只|仅|除", re.IGNORECASE)
_DENIES = frozenset(("exclude", "forbid", "reject", "prevent", "avoid", "避免", "lose"))
"""Concepts that say no by themselves."""


def roles_turned(claim: Reading, sources: Sequence[Reading]) -> tuple[str, frozenset[str]]:
    """Return (why the roles around a predicate are turned round or "", predicates that a source has the same way)."""
    right: set[str] = set()
    for frame in claim.frames:
        named = frozenset(word for name in claim.names for word in name.words)
        verdicts = [verdict for source in sources for verdict in _compared(frame, source, named)]
        if verdicts and not any(verdicts):
            return f"the roles around “{frame.predicate}” are turned round", frozenset()
        right.update({frame.predicate} & DIRECTED if verdicts else ())
    return "", frozenset(right)


def _compared(frame: Frame, source: Reading, named: frozenset[str]) -> Iterator[bool]:
    """Yield, for each frame of a source with the same two sides, whether it says the same as one of a claim."""
    counts = Counter(word for name in {one.words for one in source.names} for word in name)
    shared = frozenset(word for word, count in counts.items() if count > 1)  # of "Lake Arvo" and "Lake Sund", "lake"
    if is_symmetric(frame.predicate) or not frame.subject or not frame.object:
        return
    converse, opposite = converses().get(frame.predicate, frozenset()), opposites().get(frame.predicate, frozenset())
    first, second = frame.subject - frame.object - shared, frame.object - frame.subject - shared
    for other in source.frames:
        turned = other.predicate in converse
        against = other.predicate in opposite and not turned
        if other.predicate != frame.predicate and not turned and not against:
            continue
        there, behind = other.subject - other.object - shared, other.object - other.subject - shared
        straight, crossed = (
            min(_shared(first, there), _shared(second, behind)),
            min(_shared(first, behind), _shared(second, there)),
        )
        # "Wu replaced him": what stands for "him" is not known, but Wu is not the one who was replaced.
        if not behind:
            straight, crossed = len(first & there & named), len(second & there & named)
        elif not there:
            straight, crossed = len(second & behind & named), len(first & behind & named)
        if straight == crossed:
            continue
        right = (crossed > straight) == turned
        yield (right and not against) or (against and frame.negated != other.negated)


def _shared(first: frozenset[str], second: frozenset[str]) -> int:
    return len(first & second) or sum(
        1
        for one in first
        for two in second
        if len(one) > 1 < len(two) and (one in two or two in one) and not one.isascii()
    )


def other_filler(claim: Reading, sources: Sequence[Reading]) -> str:
    """Return who or what the sources have in the place of another that they know as well, "" where they have the same.

    Only words that tell things apart count: none of the general list, and none that the sentence holds elsewhere.
    """
    for frame in claim.frames:
        found = _beside(frame, sources)
        if found:
            return found
        for source in sources:
            for other in source.frames:
                if other.predicate != frame.predicate or not (
                    frame.subject and frame.object and other.subject and other.object
                ):
                    continue
                for mine, theirs, shared, behind in (
                    (frame.subject, other.subject, frame.object, other.object),
                    (frame.object, other.object, frame.subject, other.subject),
                ):
                    telling = {key for key in mine if not is_listed(key)}
                    if not _shared(shared, behind):
                        continue
                    if _shared(mine, theirs):
                        found = ""
                        break
                    known = any(key in one.keys for one in sources if one is not source for key in telling)
                    if telling and known and not telling & source.keys and any(not is_listed(key) for key in theirs):
                        found = f"of “{frame.predicate}” the source has “{' '.join(sorted(theirs))}”"
        if found:
            return found
    return ""


def _beside(frame: Frame, sources: Sequence[Reading]) -> str:
    """Return whom else the sources have beside each side of a frame, "" where one of them has the two together."""
    if not frame.subject or not frame.object:
        return ""
    same = [other for source in sources for other in source.frames if other.predicate == frame.predicate]
    sides = [
        (other, bool(_shared(frame.subject, other.subject)), bool(_shared(frame.object, other.object)))
        for other in same
        if other.subject and other.object
    ]
    if any(subject and thing for _, subject, thing in sides):
        return ""
    others = [other for other, subject, thing in sides if thing and not subject]
    if not others or not any(subject and not thing for _, subject, thing in sides):
        return ""
    return f"of “{frame.predicate}” the source has “{' '.join(sorted(others[0].subject))}”"


def parts_exchanged(claim: Reading, sources: Sequence[Reading]) -> bool:
    """Say whether two parts of a claim have each something of two parts of one sentence: what belongs to one is
    said of the other."""
    own = _parts(claim)
    if not 2 <= len(own) <= _PARTS:
        return False
    for source in sources:
        theirs = _parts(source)
        for place, one in enumerate(theirs):
            for other in theirs[place + 1 :]:
                mixed = [part for part in own if part & (one - other) and part & (other - one)]
                pure = [part for part in own if bool(part & (one - other)) != bool(part & (other - one))]
                if len(mixed) >= 2 and not pure:
                    return True
    return False


def _parts(reading: Reading) -> list[frozenset[str]]:
    """Return the words of each part of a sentence that tell something."""
    found: dict[int, set[str]] = {}
    for word in reading.words:
        if word.kind in ("word", "name", "number") and not word.is_verb and word.key:
            found.setdefault(word.segment, set()).add(word.key)
    return [frozenset(keys) for keys in found.values() if len(keys) > 1]


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
        if not source.negated or _ONLY.search(source.text):
            continue
        elsewhere = frozenset().union(*(one.keys for one in (*sources[:place], *sources[place + 1 :])))
        if any(opposites().get(key, frozenset()) & claim.keys for key in source.keys):
            continue
        denying = {word.segment for word in source.words if word.negated}
        said = {word.key for word in source.words if word.segment not in denying}
        own = (claim.keys & source.keys) - elsewhere - said
        for word in source.words:
            sides = [one.subject | one.object for one in source.frames if one.predicate == word.key]
            if word.negated and own & frozenset().union({word.key}, *sides):
                return word.key
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
