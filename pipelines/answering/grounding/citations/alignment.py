"""Whether a name, number or date stands where the source has it: each is compared by what stands around it.

"Revenue was 48 and costs 54" and "Revenue was 54 and costs 48" hold the same words. What binds "48" differs: words
near it, the preposition before it, the verb that it is the subject or object of.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.answering.grounding.citations.evidence import SourceSentence, rough_keys
from pipelines.answering.grounding.citations.reading.dates import Date, clashes, says
from pipelines.answering.grounding.citations.reading.number_words import CLASSIFIERS
from pipelines.answering.grounding.citations.reading.numbers import Number, is_rounded, same_value
from pipelines.answering.grounding.citations.reading.parts import Name, Reading

_APART, _IN_ROW, _CONTEXT = 0.3, 0.8, 0.5
_BINDERS = frozenset("prep:from prep:to prep:before prep:after prep:than".split())
_CLEARLY, _BOTH, _ENOUGH, _ENOUGH_IN_ROW, _LEAST = 0.6, 0.25, 0.55, 0.35, 1.5
_SAME_CLASSIFIER = {"名": "人", "位": "人", "个": "", "间": "家", "所": "座"}
_INSTEAD = re.compile(
    r"(?:\binstead of|\brather than|\bas opposed to|\bformerly|\bpreviously|而不是|而非|原为|原来是?|此前为?)\s*"
    r"(?:every |each |the |at |about |for |每)*$",
    re.IGNORECASE,
)
"""What was or is not, beside what is."""
_ROW = re.compile(r"[^,:]{1,40}: (?:[^,]|,(?=\d{3}))+(?:, [^,:]{1,40}: (?:[^,]|,(?=\d{3}))+)+")


@dataclass(frozen=True)
class Item:
    """A name, number or date of a sentence, with what stands around it and how much each of it counts."""

    kind: str
    thing: Name | Number | Date
    label: str
    around: dict[str, float]
    words: frozenset[str] = frozenset()
    before: str = ""
    """Of a number: the noun right before it, which it may tell one of ("firmware 7.1")."""
    in_row: bool = False
    counted: str = ""
    """Of a number without a unit: what it counts."""

    def __hash__(self) -> int:
        return id(self)


def surroundings(reading: Reading, inside: Sequence[int]) -> dict[str, float]:
    """Return the keys around some words of a sentence and how closely each belongs to them, up to 1.

    A part that has nothing before its figure goes on from the part before it ("48 in 2022 and 54 in 2023"); one
    that begins with a verb has the subject of the sentence.
    """
    words, first = reading.words, inside[0]
    own = {words[place].key for place in inside}
    near = {words[first].segment}
    segment = words[first].segment
    shared: set[int] = set()
    kind, place = words[first].kind, first
    telling = ("word",) if kind == "name" else ("word", "name")
    while not any(w.segment == segment and w.kind in telling for w in (words if kind == "name" else words[:place])):
        # Of a list, what leads it in belongs to every item; of two figures, what stands before the first one.
        begin = next(i for i, w in enumerate(words) if w.segment == segment)
        if not begin:
            break
        segment, place = words[begin - 1].segment, begin
        start = next(i for i, w in enumerate(words) if w.segment == segment)
        until = next((i for i in range(start, place) if words[i].kind == kind), place)
        shared.update(range(start, place if kind in ("name", "word") else until))
    if segment in reading.headless:
        verb = next((i for i, w in enumerate(words) if w.is_verb), 1)
        shared.update(i for i, w in enumerate(words[:verb]) if w.segment == words[0].segment)
    segment = words[first].segment
    cells = _other_cells(reading) if kind == "number" else frozenset[int]()
    others = cells - {segment, segment - 1} if _ROW.fullmatch(reading.text) else None
    around: dict[str, float] = {}
    for place, word in enumerate(words):
        if word.key not in own:
            apart = _APART if others is None or word.segment in others else _IN_ROW
            weight = 1.0 if word.segment in near or place in shared else apart
            around[word.key] = max(around.get(word.key, 0.0), weight)
    for place in inside:
        for role in words[place].roles:
            if (
                not role.startswith("prep:")
                or role in _BINDERS
                or (role == "prep:of" and words[place].kind == "number")
            ):
                around[role] = 1.0
    return around


def _other_cells(reading: Reading) -> frozenset[int]:
    """Return the segments of a row's figures and of their labels: only what names the row belongs to all its cells."""
    figures = {word.segment for word in reading.words if word.kind == "number"}
    return frozenset(figures | {segment - 1 for segment in figures})


@functools.lru_cache(maxsize=4096)
def items(reading: Reading) -> tuple[Item, ...]:
    """Return the names, numbers and dates of a sentence."""
    spans: list[tuple[str, Name | Number | Date, str, int, int]] = [
        ("name", one, one.text, one.start, one.end) for one in reading.names
    ]
    spans += [("number", one, reading.text[one.start : one.end], one.start, one.end) for one in reading.numbers]
    spans += [("date", one, reading.text[one.start : one.end], one.start, one.end) for one in reading.dates]
    found = []
    for kind, thing, label, start, end in spans:
        inside = [place for place, word in enumerate(reading.words) if start <= word.start < end]
        if inside:
            words = frozenset(reading.words[place].key for place in inside)
            # "Mr Quayle" and "Peter Quayle" have no word against each other: a title is none of the name.
            words = words & frozenset(thing.words) or words if isinstance(thing, Name) else words
            counted = _counted(reading, end) if kind == "number" else ""
            before = next((w for w in reversed(reading.words) if w.end == start - 1 and w.kind == "word"), None)
            noun = before.key if before and not before.is_verb and kind == "number" else ""
            around = surroundings(reading, inside)
            if _INSTEAD.search(reading.text, 0, start):
                around["prep:instead"] = 1.0
            if isinstance(thing, Number) and sum(one.dimension == thing.dimension for one in reading.numbers) == 1:
                # The only one of its kind: all of the sentence is about it.
                around = {key: max(weight, _IN_ROW) for key, weight in around.items()}
            in_row = _ROW.fullmatch(reading.text) is not None
            found.append(Item(kind, thing, label, around, words, noun, in_row, counted))
    return tuple(found)


def _counted(reading: Reading, end: int) -> str:
    """Return what a number that ends at a place counts: a Chinese measure word, or the noun right behind it."""
    classifier = reading.text[end : end + 1]
    if not classifier.isascii():
        return _SAME_CLASSIFIER.get(classifier, classifier) if classifier in CLASSIFIERS else ""
    behind = next((w for w in reading.words if w.start >= end), None)
    return behind.key if behind and behind.start == end + 1 and not behind.is_verb and behind.kind == "word" else ""


def alike(known: Item, claimed: Item) -> bool:
    """Say whether an item of a source is the one that is claimed."""
    if known.kind != claimed.kind:
        return False
    first, second = known.thing, claimed.thing
    if isinstance(first, Date) and isinstance(second, Date):
        return says(first, second)
    if isinstance(first, Number) and isinstance(second, Number):
        return same_value(first, second) or is_rounded(first, second)
    return known.words <= claimed.words or claimed.words <= known.words


def _rivals(known: Item, claimed: Item) -> bool:
    """Say whether an item of a source could stand in the place of the one that is claimed."""
    if known.kind != claimed.kind or alike(known, claimed):
        return False
    first, second = known.thing, claimed.thing
    if isinstance(first, Date) and isinstance(second, Date):
        return clashes(first, second)
    if isinstance(first, Number) and isinstance(second, Number):
        if known.counted and claimed.counted and known.counted != claimed.counted:
            return False
        if first.dimension == second.dimension or first.value == second.value:
            return True
        # In a row the unit may stand at the head of the table.
        return (
            known.in_row
            and not (first.dimension or first.ordinal)
            and second.dimension
            not in (
                "share",
                "points",
                "#",
            )
        )
    return not known.words & claimed.words or bool(known.words - claimed.words and claimed.words - known.words)


def fit(claimed: Item, known: Item, context: frozenset[str], but: frozenset[str]) -> float:
    """Return how many of the words around a claimed item belong to one of a source as well."""
    held = 0.0
    for key, weight in claimed.around.items():
        if key not in but:
            held += weight * max(known.around.get(key, 0.0), _CONTEXT if key in context else 0.0)
    return held


def misplaced(claim: Reading, evidence: Sequence[SourceSentence], calculated: bool = False) -> str:
    """Return why an item of a claim is in the place of another one, "" where none is.

    Of the source's items of its kind, another one has clearly more of what stands around it; where the claim holds
    that one as well, the two have clearly more exchanged. A sentence that calculates has its operands where it likes.
    """
    known = [(item, _context(one)) for one in evidence for item in items(one.reading)]
    own = items(claim)
    for item in own:
        if calculated and item.kind == "number":
            continue
        same = [pair for pair in known if alike(pair[0], item)]
        for other, context in known:
            if not same or not _rivals(other, item):
                continue
            but = item.words | other.words
            fits = fit(item, other, context, but)
            holds = max(fit(item, one, held, but) for one, held in same)
            twins = [one for one in own if one is not item and alike(other, one)]
            if twins:
                # Both are there: exchanged they would have to fit better, taken together.
                back = max(fit(twins[0], one, held, but) for one, held in same)
                at_home = max(fit(twins[0], one, held, but) for one, held in known if alike(one, twins[0]))
                least = 0.0 if item.kind == "number" else _BOTH
                better = fits >= holds + least and back >= at_home + least
                wrong = better and fits + back > holds + at_home + _CLEARLY
            else:
                wrong = (
                    fits > holds + _CLEARLY
                    and fits > (_ENOUGH_IN_ROW if other.in_row else _ENOUGH) * sum(item.around.values())
                    and _bound(item, other)
                )
            if wrong:
                return f"the source has “{other.label}” where the answer has “{item.label}”"
    return ""


def _bound(claimed: Item, known: Item) -> bool:
    """Say whether enough binds a claimed item to its place, and of a name the same that binds the other one."""
    if claimed.kind == "name":
        own, theirs = ({key for key in one.around if ":" in key} for one in (claimed, known))
        return not own or not theirs or bool(own & theirs)
    return sum(weight for key, weight in claimed.around.items() if ":" not in key) >= _LEAST


@functools.lru_cache(maxsize=8192)
def _context(one: SourceSentence) -> frozenset[str]:
    return rough_keys(f"{one.around}\n{one.before if one.refers_back else ''}")


context_keys = _context
