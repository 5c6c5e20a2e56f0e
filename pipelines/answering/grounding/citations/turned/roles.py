"""Whether a sentence gives what its source says of one thing to another: roles exchanged, another one in a place."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pipelines.answering.grounding.citations.reading.lexicon import (
    DIRECTED,
    converses,
    is_listed,
    is_symmetric,
    opposites,
)
from pipelines.answering.grounding.citations.reading.parts import Frame, Reading

_PARTS = 4


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
                    if _shared(_telling(mine), _telling(theirs)):
                        found = ""
                        break
                    known = any(key in one.keys for one in sources if one is not source for key in telling)
                    if telling and known and not telling & source.keys and any(not is_listed(key) for key in theirs):
                        found = f"of “{frame.predicate}” the source has “{' '.join(sorted(theirs))}”"
        if found:
            return found
    return ""


def _telling(words: frozenset[str]) -> frozenset[str]:
    """Return the words of a side that tell it from others: of "Acme company", "acme"."""
    return frozenset(key for key in words if not is_listed(key)) or words


def _beside(frame: Frame, sources: Sequence[Reading]) -> str:
    """Return whom else the sources have beside each side of a frame, "" where one of them has the two together."""
    if not frame.subject or not frame.object:
        return ""
    same = [other for source in sources for other in source.frames if other.predicate == frame.predicate]
    sides = [
        (
            other,
            bool(_shared(_telling(frame.subject), _telling(other.subject))),
            bool(_shared(_telling(frame.object), _telling(other.object))),
        )
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
