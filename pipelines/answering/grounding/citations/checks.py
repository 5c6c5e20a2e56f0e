"""One sentence against the sentences of its sources: all checks in order of weight, and the verdict in words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.answering.grounding.citations.alignment import context_keys, misplaced
from pipelines.answering.grounding.citations.arithmetic import formulas
from pipelines.answering.grounding.citations.claims import Claim
from pipelines.answering.grounding.citations.coverage import (
    FILLERS,
    Similar,
    found_items,
    unknown_names,
    unlinked_names,
)
from pipelines.answering.grounding.citations.evidence import SourceSentence, choose, rough_keys
from pipelines.answering.grounding.citations.figures import Figures, check_figures
from pipelines.answering.grounding.citations.meaning import ALIKE, MEANT, Meaning, nearest, says
from pipelines.answering.grounding.citations.reading.numbers import same_value
from pipelines.answering.grounding.citations.reading.parts import Reading
from pipelines.answering.grounding.citations.reading.sentence import read
from pipelines.answering.grounding.citations.records import Status
from pipelines.answering.grounding.citations.stated import is_loss, rows_beside, stated
from pipelines.answering.grounding.citations.turned.polarity import excepted, negation_turned, unlike_direction
from pipelines.answering.grounding.citations.turned.roles import other_filler, parts_exchanged, roles_turned
from pipelines.answering.grounding.citations.turned.slots import other_rate, other_row, other_thing
from pipelines.text.languages.languages import language_of

_SILENT = "no sentence of the sources speaks of this"
LEAD_IN = "a lead-in"
"""The reason of a line that leads a list in and of which no source speaks: its items claim something, it does not."""
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_MEANT_TOO = 2
_SPEAKS, _MOST_HOLDING, _SMALL = 2, 3, 20
"""Words or figures in common with which a sentence speaks of a claim; how many are brought in for their numbers, none
for a small one without a unit, which stands in many."""
_WHOLE = 3
"""Names and figures of a sentence that meet in one of the sources by no chance."""
_SAME_PLACE = 0.75
"""The share of a sentence's words that one sentence of the sources has to hold to be said against it."""


@dataclass(frozen=True)
class Verdict:
    """What a sentence is, why, and the sentences that say so; whether a number of it stands in none of them."""

    status: Status
    reason: str
    evidence: tuple[SourceSentence, ...] = ()
    figures_fail: bool = False


def check(claim: Claim, pool: Sequence[SourceSentence], others: Sequence[str], similar: Similar | None,
    question: str = "",
) -> Verdict:  # fmt: skip
    """Return the verdict on a claim by the sentences of some sources; `others` are the answer's sentences that hold.

    Sentences in the claim's own language come first; those in another one are asked where these do not bear it out.
    """
    language = language_of(claim.words)
    own = [one for one in pool if language_of(one.said) is language]
    foreign = [one for one in pool if language_of(one.said) is not language]
    verdict = _check(claim, own, others, similar, question, crosses=False) if own else None
    if similar and verdict is not None and verdict.status is Status.UNVERIFIED:
        # In other words than the sources', the sentence that says it may be one that shares none with it.
        more = nearest(claim.words, own, similar, crosses=False, least=ALIKE)[:_MEANT_TOO]
        again = _check(claim, own, others, similar, question, crosses=False, more=more) if more else verdict
        verdict = again if again.status.holds else verdict
    # A claim that sources of its own language speak of is not borne out by a likeness across languages alone.
    spoken_of = verdict is not None and bool(verdict.evidence)
    if foreign and (verdict is None or verdict.status is Status.UNVERIFIED):
        found = _check(claim, foreign, others, similar, question, crosses=True)
        if verdict is None or (found.status.holds and not (spoken_of and _weakly(found))):
            return found
    return verdict or Verdict(Status.UNVERIFIED, _SILENT)


def figures_hold(claim: Claim, evidence: Sequence[SourceSentence], others: Sequence[str]) -> bool:
    """Say whether all numbers and dates of a claim stand in these sentences or follow from them."""
    figures = check_figures(claim, read(claim.words), evidence, _around(evidence), others)
    return not figures.wrong and not figures.missing


def _weakly(verdict: Verdict) -> bool:
    """Say whether sources of another language bear a claim out by likeness or by a calculation with their figures."""
    return verdict.reason == MEANT or verdict.status is Status.DERIVED


def _check(
    claim: Claim, pool: Sequence[SourceSentence], others: Sequence[str], similar: Similar | None, question: str,
    crosses: bool, more: Sequence[SourceSentence] = (),
) -> Verdict:  # fmt: skip
    chosen, rivals = choose(f"{claim.lead} {claim.words}" if claim.lead else claim.words, pool)
    chosen += [one for one in more if one not in chosen]
    rivals = [one for one in rivals if one not in chosen]
    if not chosen and similar:
        # No word in common: the sentence whose meaning is nearest, of the first ones.
        chosen = nearest(claim.words, pool, similar, crosses)[:1]
    if not chosen:
        leads = claim.items and not read(claim.words).items
        return Verdict(Status.UNVERIFIED, LEAD_IN if leads else _SILENT)
    same = next((one for one in pool if _letters(one.said) == _letters(claim.words)), None)
    if same is not None and not formulas(claim.words):
        return Verdict(Status.SUPPORTED, "the cited sentence itself", (same,))
    reading, both = read(claim.words), [*chosen, *rivals]
    meaning = Meaning(claim.words, chosen, similar, crosses)
    figures = check_figures(claim, reading, both, _around(both), others, question, rows_beside(both, pool))
    holding = _holding(reading, figures, pool, both) if figures.missing and not figures.wrong else []
    if holding:
        chosen, both = [*chosen, *holding], [*chosen, *holding, *rivals]
        meaning = Meaning(claim.words, chosen, similar, crosses)
        figures = check_figures(claim, reading, both, _around(both), others, question, rows_beside(both, pool))
    if figures.wrong:
        return Verdict(Status.CONTRADICTED, f"the calculation does not hold: {figures.wrong}", tuple(chosen), True)
    turned, sure = _turned(reading, both, bool(figures.derived) or claim.is_bare or _is_result(reading, others))
    if turned:
        status = Status.CONTRADICTED if sure and _told_alike(reading, both) else Status.UNVERIFIED
        return Verdict(status, turned, tuple(chosen[:2]), bool(figures.missing))
    if figures.missing:
        return Verdict(
            Status.UNVERIFIED, f"stands in no cited sentence: {', '.join(figures.missing)}", tuple(chosen[:1]), True
        )
    unknown = unknown_names(reading, [f"{one.passage.text}\n{one.around}" for one in both], crosses, question)
    if unknown:
        names = ", ".join(reading.text[one.start : one.end] for one in unknown)
        return Verdict(Status.UNVERIFIED, f"a name that the cited sources do not hold: {names}", tuple(chosen[:1]))
    apart = [] if crosses else unlinked_names(reading, both, bool(figures.derived))
    if apart:
        names = ", ".join(reading.text[one.start : one.end] for one in apart)
        return Verdict(Status.UNVERIFIED, f"the sources hold it in another matter alone: {names}", tuple(chosen[:1]))
    whole = reading.items >= _WHOLE and any(found_items(reading, one) == reading.items for one in both)
    row = "" if crosses or figures.derived else other_row(reading, both, pool)
    if row:
        return Verdict(Status.UNVERIFIED, row, tuple(chosen[:1]))
    filler = "" if whole else other_filler(reading, [one.reading for one in both if not one.is_row])
    if filler:
        return Verdict(Status.UNVERIFIED, filler, tuple(chosen[:1]))
    filler = other_rate(reading, both, crosses) if crosses else other_thing(reading, both, bool(figures.derived))
    if filler:
        return Verdict(Status.UNVERIFIED, filler, tuple(chosen[:1]))
    said, why = says(reading, meaning, pool, figures, others, question, crosses)
    if not said and claim.items:
        return Verdict(Status.UNVERIFIED, LEAD_IN, tuple(chosen[:1]))
    if not said:
        return Verdict(Status.UNVERIFIED, why, tuple(chosen[:1]))
    needed = _needed(reading, chosen, figures.derived)
    if figures.derived:
        return Verdict(Status.DERIVED, f"follows from what is cited: {'; '.join(figures.derived)}", needed)
    return Verdict(Status.SUPPORTED, why, needed)


def _holding(
    reading: Reading, figures: Figures, pool: Sequence[SourceSentence], known: Sequence[SourceSentence]
) -> list[SourceSentence]:
    """Return further sentences that hold a number which is missing, with its unit or its noun, and speak of the claim.

    A sentence that calculates takes its numbers from more places than its words lead to.
    """
    wanted = rough_keys(reading.text)
    telling = [n for n in reading.numbers if not n.ordinal and (n.unit or n.value > _SMALL)]
    lost = [n for n in telling if reading.text[n.start : n.end] in figures.missing]
    found: list[SourceSentence] = []
    for number in lost:
        for one in pool:
            held = any(same_value(other, number) for other in stated(one)) if one not in known else False
            if held and len(wanted & (rough_keys(one.said) | context_keys(one))) >= _SPEAKS and one not in found:
                found.append(one)
                break
    return found[:_MOST_HOLDING]


def _is_result(reading: Reading, others: Sequence[str]) -> bool:
    """Say whether a number of a sentence is what a sentence of the answer that holds shows the calculation of."""
    results = [one for text in others for one in formulas(text)]
    return any(abs(n.mantissa - one.mantissa) < 1e-9 for n in reading.numbers for one in results)


def _turned(reading: Reading, evidence: Sequence[SourceSentence], calculated: bool) -> tuple[str, bool]:
    """Return (why the sources say otherwise, "" where they do not; whether that is sure)."""
    sources = [one.reading for one in evidence]
    roles, settled = roles_turned(reading, sources)
    if roles:
        return roles, True
    place = misplaced(reading, evidence, calculated)
    if place:
        return place, True
    exception = excepted(reading, sources)
    if exception:
        return f"the source excepts “{exception}”", False
    number = "" if calculated else unlike_direction(reading, sources)
    if number:
        return f"“{number}” is a more in one and a less in the other", True
    if parts_exchanged(reading, sources):
        return "what the source says of one thing is said of another", False
    word = negation_turned(reading, sources, settled)
    known = [number for one in evidence for number in one.reading.numbers]
    if any(is_loss(number, word, known) for number in reading.numbers):
        word = ""  # a loss is a profit with a minus
    both_ways = bool(word) and any(_said_both_ways(word, one) for one in (reading, *sources))
    return (f"“{word}” stands against the source: negated, or its opposite" if word else ""), not both_ways


def _told_alike(reading: Reading, evidence: Sequence[SourceSentence]) -> bool:
    """Say whether one sentence of the sources has nearly all words of a claim: what differs there is said otherwise."""
    words = {one.key for one in reading.words if one.kind in ("word", "name") and one.key not in FILLERS}
    least = min(_SAME_PLACE * len(words), max(len(words) - 1, 1))
    return any(len(words & (one.reading.keys | context_keys(one))) >= least for one in evidence)


def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _said_both_ways(word: str, reading: Reading) -> bool:
    """Say whether a sentence says yes and no with one word, of different things: which is meant is not sure."""
    return len({one.negated for one in reading.words if one.key == word}) > 1


def _needed(reading: Reading, chosen: Sequence[SourceSentence], derived: Sequence[str]) -> tuple[SourceSentence, ...]:
    """Return the least of the chosen sentences that bear a claim out, best first: each brings what no other does.

    What it brings is a name, figure or date of the claim, a figure that it calculates with, or two words of it.
    """
    figures = {float(one) for how in derived for one in _FIGURE.findall(how.replace(",", ""))}
    plain = {word.key for word in reading.words if word.kind == "word"}
    brings = [
        (one.reading.keys & reading.keys) - FILLERS
        | {f"{n.value:g}" for n in one.reading.numbers if n.value in figures}
        for one in chosen
    ]
    kept = list(range(len(chosen)))
    for place in reversed(range(1, len(chosen))):
        new = brings[place] - frozenset().union(*(brings[other] for other in kept if other != place))
        if not new or (len(new) == 1 and new <= plain):
            kept.remove(place)
    if len(kept) > 1 and brings[0] <= frozenset().union(*(brings[place] for place in kept[1:])):
        kept = kept[1:]
    return tuple(chosen[place] for place in kept)


def _around(evidence: Sequence[SourceSentence]) -> str:
    return "\n".join(f"{one.around}\n{one.before if one.refers_back else ''}" for one in evidence)
