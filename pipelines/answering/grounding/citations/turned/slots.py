"""What stands in one place of a sentence: the nearest sentence of the sources has another thing there.

"Lin became head on 20 January" holds a date that the sources know; the sentence that says who became head has another
one. The same goes for numbers that count the same, labels ("Building 3"), quoted names, rates and labelled values.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from pipelines.answering.grounding.citations.alignment import Item, alike, context_keys, items
from pipelines.answering.grounding.citations.coverage import FILLERS
from pipelines.answering.grounding.citations.evidence import SourceSentence
from pipelines.answering.grounding.citations.reading.dates import Date, clashes, dates_in, says
from pipelines.answering.grounding.citations.reading.parts import LABEL, Reading, Word
from pipelines.answering.grounding.citations.reading.units import spellings
from pipelines.text.characters import HAN
from pipelines.text.segmenter import chinese_segmenter
from pipelines.text.terms import word_root

_Marks = Callable[[str], Iterator[tuple[str, str, int, int]]]
_NEAR, _NEAR_MARK = 0.75, 0.55
_MORE = 2
"""How many words more the sentence with another thing has to share than one that holds the claimed thing."""
_LIGHT = frozenset(("keep", "have", "be", "do", "get", "receive", "use", "有", "是"))
_QUOTED = re.compile(r"[“\"«「『《]([^”\"»」』》]{2,40})[”\"»」』》]")
_PER = re.compile(r"\b(?:per|for each|for every)\s+((?:[a-z]+[ -]){0,2}?[a-z]+)(?=\W|$)", re.IGNORECASE)
_HAN_PER = re.compile(rf"每一?([{HAN}]{{1,4}}?)(?=\s?\d)")
_LABELLED = re.compile(
    r"【([^】]{2,20})】\s*([^。；\n]{2,60})|(?:\A|[，；。]\s*)([^，；。:：]{2,16})：\s*([^，；。\n]{2,60})"
)
_COPULA = re.compile(r"(?:\A|[，；。]\s*)([^，；。是为]{2,16}?)(?:是|为)([^，；。的]{2,30}?)(?=[，；。、]|\Z)")


def other_thing(claim: Reading, evidence: Sequence[SourceSentence], calculated: bool) -> str:
    """Return why a thing of a claim is not what the nearest sentence of the sources has in its place, "" where it is.

    The nearest sentence holds nearly all the other words of the thing's part of the claim, and has no such thing.
    """
    return (
        _other_value(claim.text, evidence)
        or other_rate(claim, evidence)
        or _other_mark(claim, evidence)
        or _other_name(claim, evidence)
        or ("" if calculated else _other_item(claim, evidence))
    )


def _other_name(claim: Reading, evidence: Sequence[SourceSentence]) -> str:
    """Return why a name does not belong to a claim's date: each sentence with that date has another name there."""
    figures = [one for one in items(claim) if one.kind == "date"]
    names = [one for one in items(claim) if one.kind == "name" and len(one.words) > 1]
    for figure in figures:
        holders = [one for one in evidence if _holds(one, figure)]
        for name in names if holders else ():
            known = [(one, [other for other in items(one.reading) if other.kind == "name"]) for one in holders]
            if any(name.words & (one.reading.keys | context_keys(one)) or name.label in one.before for one, _ in known):
                continue
            if all(theirs and not any(alike(a, b) for a in theirs for b in names) for _, theirs in known):
                return f"the source has “{known[0][1][0].label}” beside “{figure.label}”"
    return ""


def _other_item(claim: Reading, evidence: Sequence[SourceSentence]) -> str:
    own = items(claim)
    for item in own:
        if item.kind == "name":
            continue
        near = _nearest(claim, item.words, evidence)
        if any(_holds(one, item) for one in near):
            continue
        beside = [one for one in own if _segments(claim, one.words) & _segments(claim, item.words)]
        least = max((_shared(claim, item.words, one) for one in evidence if _holds(one, item)), default=0)
        for one in (one for one in near if _shared(claim, item.words, one) >= least + _MORE):
            for other in items(one.reading):
                if _same_slot(other, item) and not any(alike(other, mine) for mine in beside):
                    return f"the source has “{other.label}” where the answer has “{item.label}”"
    return ""


def _same_slot(known: Item, claimed: Item) -> bool:
    if known.kind != claimed.kind or alike(known, claimed):
        return False
    if isinstance(known.thing, Date) and isinstance(claimed.thing, Date):
        return clashes(known.thing, claimed.thing)
    if known.kind == "number" and not known.thing.dimension and not claimed.thing.dimension:  # type: ignore[union-attr]
        if known.thing.ordinal and claimed.thing.ordinal:  # type: ignore[union-attr]
            return True
        same = known.counted and known.counted == claimed.counted, known.before and known.before == claimed.before
        return any(same)
    return False


def _holds(one: SourceSentence, item: Item) -> bool:
    """Say whether a sentence, or what it is understood by, has an item."""
    if _has(one, item):
        return True
    if isinstance(item.thing, Date):
        return any(says(known, item.thing) for known in dates_in(one.around))
    return item.kind == "number" and item.label in f"{one.around}\n{one.before}"


def _nearest(
    claim: Reading, but: frozenset[str], evidence: Sequence[SourceSentence], whole: bool = False
) -> list[SourceSentence]:
    """Return the sentences that hold nearly all words of the part of a claim that a thing stands in, without it."""
    places = [word for word in claim.words if word.key in but]
    inside = {word.segment for word in places}
    parts = [word for word in claim.words if word.segment in inside and word.key not in but and _tells(word)]
    if len(parts) < 2 or whole:
        parts = [word for word in claim.words if word.key not in but and _tells(word)]
    keys = {word.key for word in parts}
    named = {word.key for word in parts if word.kind == "name"}
    if len(keys) < 2:
        return []
    found = []
    for one in evidence:
        held = keys & one.reading.keys
        known = keys & (one.reading.keys | context_keys(one))
        if named <= known and len(held) >= 2 and len(known) >= (_NEAR_MARK if whole else _NEAR) * len(keys):
            found.append(one)
    return found


def _tells(word: Word) -> bool:
    return bool(word.key) and word.key not in FILLERS and word.key not in _LIGHT


def _segments(claim: Reading, keys: frozenset[str]) -> set[int]:
    return {word.segment for word in claim.words if word.key in keys}


def _shared(claim: Reading, but: frozenset[str], one: SourceSentence) -> int:
    return len({word.key for word in claim.words if word.key not in but and _tells(word)} & one.reading.keys)


def _other_mark(claim: Reading, evidence: Sequence[SourceSentence]) -> str:
    """Compare labels ("3号", "Building 3") and quoted names: what is one of its kind, told by a mark."""
    for marks in (_labels, _quoted):
        for mark, kind, start, end in marks(claim.text):
            inside = frozenset(word.key for word in claim.words if start <= word.start < end)
            near = _nearest(claim, inside, evidence) or _nearest(claim, inside, evidence, whole=True)
            moved = next((other for one in near if (other := _mark_beside(claim, inside, mark, kind, one, marks))), "")
            if moved:
                return f"the source has “{moved}” where the answer has “{mark}”"
            if any(mark in one.said or mark in one.around for one in near):
                continue
            own = {other for other, *_ in marks(claim.text)}
            for one in near:
                for other, its_kind, *_ in marks(one.said):
                    if its_kind == kind and other not in own:
                        return f"the source has “{other}” where the answer has “{mark}”"
    return ""


def _mark_beside(
    claim: Reading, inside: frozenset[str], mark: str, kind: str, one: SourceSentence, marks: _Marks
) -> str:
    """Return the other mark of a sentence whose part alone has what the claim's part says of this one, "" for none."""
    found = [(other, start) for other, its_kind, start, _ in marks(one.said) if its_kind == kind]
    if len({other for other, _ in found}) < 2 or mark not in {other for other, _ in found}:
        return ""
    part = _segments(claim, inside)
    things = {w.key for w in claim.words if w.segment in part and w.key not in inside and _tells(w) and not w.is_verb}
    held: dict[str, set[str]] = {}
    for other, start in found:
        segment = next((w.segment for w in one.reading.words if w.start >= start), -1)
        here = {w.key for w in one.reading.words if w.segment == segment}
        held[other] = held.get(other, set()) | (things & here)
    best = max(held, key=lambda other: len(held[other]))
    return best if held[best] and not held[mark] - _of_all(held) and held[best] - _of_all(held) else ""


def _of_all(held: dict[str, set[str]]) -> set[str]:
    return set.intersection(*held.values())


def _labels(text: str) -> Iterator[tuple[str, str, int, int]]:
    for match in LABEL.finditer(text):
        said = match.group()
        behind = text[match.end() : match.end() + 1] if not said.isascii() else ""
        yield said, behind or said.split()[0].lower(), match.start(), match.end()


def _quoted(text: str) -> Iterator[tuple[str, str, int, int]]:
    for match in _QUOTED.finditer(text):
        yield match.group(1), "quoted", match.start(), match.end()


def other_rate(claim: Reading, evidence: Sequence[SourceSentence], crosses: bool = False) -> str:
    """Compare what a number is counted by: "per passenger", "每吨", where one number stands in both."""
    mine = _rates(claim.text)
    figures = [one for one in items(claim) if one.kind == "number"]
    holding = [one for one in evidence if any(alike(known, own) for known in items(one.reading) for own in figures)]
    if not mine or not holding:
        return ""
    for rate, said in mine.items():
        if crosses and not rate.startswith("unit:"):
            continue  # a word of another language
        theirs = [_rates(one.said) for one in holding]
        if any(rate in one for one in theirs) or not all(theirs):
            continue
        if not any(said.split()[-1].lower() in one.said.lower() for one in holding) or rate.startswith("unit:"):
            other = next(iter(theirs[0].values()))
            return f"the source counts by “{other}” where the answer has “{said}”"
    return ""


def _rates(text: str) -> dict[str, str]:
    """Return what a text counts by, each in one spelling with its own."""
    found = {}
    for match in (*_PER.finditer(text), *_HAN_PER.finditer(text)):
        said = match.group(1) if match.group(1).isascii() else _first_word(match.group(1))
        words = said.lower().split()
        for form in (said.lower(), " ".join(words[-2:]), words[-1]):
            unit = spellings().get(form) or spellings().get(form.removesuffix("s"))
            if unit:
                found[f"unit:{unit.dimension}:{unit.name}"] = said
                break
        else:
            found[word_root(words[-1]) if said.isascii() else said] = said
    return found


def other_row(claim: Reading, evidence: Sequence[SourceSentence], pool: Sequence[SourceSentence]) -> str:
    """Return why a figure belongs to another row of a table than the one that a claim names, "" where it does not.

    A row is named by its first cell; a claim that names several, or none, has its figures where it likes.
    """
    text = claim.text.casefold()
    for item in items(claim):
        holders = [one for one in evidence if _has(one, item)] if item.kind != "name" else []
        if not holders or not all(one.is_row for one in holders):
            continue
        tables = {_table_of(one) for one in holders}
        named = [one for one in pool if one.is_row and _table_of(one) in tables and _stands(_first_cell(one), text)]
        if named and not any(_has(one, item) for one in named):
            return f"the source has “{item.label}” in the row of “{_first_cell(holders[0])}”"
    return ""


def _has(one: SourceSentence, item: Item) -> bool:
    return any(alike(known, item) for known in items(one.reading))


def _table_of(row: SourceSentence) -> tuple[str, str]:
    return row.passage.document_id, row.said.partition(":")[0]


def _first_cell(row: SourceSentence) -> str:
    return row.said.partition(": ")[2].partition(", ")[0].casefold()


def _stands(cell: str, text: str) -> bool:
    """Say whether a cell stands in a text, no word or number of Latin letters going on before or behind it."""
    edges = (r"(?<![a-z0-9])", r"(?![a-z0-9])") if cell.isascii() else ("", "")
    return bool(cell) and re.search(f"{edges[0]}{re.escape(cell)}{edges[1]}", text) is not None


def _first_word(text: str) -> str:
    """Return the unit that Chinese letters begin with, else their first word: 每天可骑4次 counts by the day."""
    unit = next((text[:size] for size in range(len(text), 0, -1) if text[:size] in spellings()), "")
    return unit or str(chinese_segmenter().lcut(text)[0])


def _other_value(text: str, evidence: Sequence[SourceSentence]) -> str:
    """Compare labelled values: "the maker is X" against a source's "Maker: Y"."""
    for label, value in _values(text):
        theirs = [(other, one) for one in evidence for name, other in _values(one.said) if _same_label(label, name)]
        if not theirs or any(_within(value, other) for other, _ in theirs):
            continue
        known = any(value in one.said for one in evidence)
        if known:
            return f"the source has “{theirs[0][0]}” as “{label}”"
    return ""


def _same_label(first: str, second: str) -> bool:
    return first == second or (min(len(first), len(second)) > 2 and (first.endswith(second) or second.endswith(first)))


def _within(first: str, second: str) -> bool:
    return first in second or second in first


def _values(text: str) -> Iterator[tuple[str, str]]:
    for form in (_LABELLED, _COPULA):
        for match in form.finditer(text):
            label, value = (part.strip(" 。，") for part in filter(None, match.groups()))
            yield label, value
