"""One sentence against the sentences of its sources: all checks in order of weight, and the verdict in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.answering.grounding.citations.alignment import misplaced
from pipelines.answering.grounding.citations.arithmetic import formulas
from pipelines.answering.grounding.citations.claims import Claim
from pipelines.answering.grounding.citations.coverage import (
    Similar,
    covered,
    found_items,
    unknown_names,
    unlinked_names,
    unsaid_part,
)
from pipelines.answering.grounding.citations.evidence import SourceSentence, choose
from pipelines.answering.grounding.citations.figures import Figures, check_figures
from pipelines.answering.grounding.citations.reading.lexicon import DIRECTED, is_listed
from pipelines.answering.grounding.citations.reading.parts import Reading
from pipelines.answering.grounding.citations.reading.sentence import read
from pipelines.answering.grounding.citations.records import Status
from pipelines.answering.grounding.citations.relations import (
    lost_negation,
    negation_turned,
    other_filler,
    roles_turned,
)
from pipelines.answering.grounding.citations.slots import other_thing
from pipelines.text.languages.languages import language_of

_MEANT = "the meaning is that of sources of another language"
_SILENT = "no sentence of the sources speaks of this"
ENOUGH, SOME = 0.5, 0.2
"""Shares of a sentence's words that its sources hold: enough by themselves, and enough where the meaning is alike."""
ALIKE, THE_SAME = 0.6, 0.8
_COMPARED = 24
_CROSSING, _TOGETHER = 2, 4
"""Items and listed words that a sentence of another language has to share; items that meet in one by no chance."""
TRANSLATED, PLAINLY_TRANSLATED = 0.15, 0.25
"""Of 18 translated pairs multilingual-e5-small gives 16 from 0.20 to 0.46 and two of bare names 0; of 12 that speak of
the same subject or hold the same figure and say another thing, 0.11 at most: enough beside figures, and by itself."""


@dataclass(frozen=True)
class Verdict:
    """What a sentence is, why, and the sentences that say so; whether a number of it stands in none of them."""

    status: Status
    reason: str
    evidence: tuple[SourceSentence, ...] = ()
    figures_fail: bool = False


def check(claim: Claim, pool: Sequence[SourceSentence], others: Sequence[str], similar: Similar | None) -> Verdict:
    """Return the verdict on a claim by the sentences of some sources; `others` are the answer's sentences that hold.

    Sentences in the claim's own language come first; those in another one are asked where these do not bear it out.
    """
    language = language_of(claim.words)
    own = [one for one in pool if language_of(one.said) is language]
    foreign = [one for one in pool if language_of(one.said) is not language]
    verdict = _check(claim, own, others, similar, crosses=False) if own else None
    # A claim that sources of its own language speak of is not borne out by a likeness across languages alone.
    spoken_of = verdict is not None and bool(verdict.evidence)
    if foreign and (verdict is None or verdict.status is Status.UNVERIFIED):
        found = _check(claim, foreign, others, similar, crosses=True)
        if verdict is None or (found.status.holds and not (spoken_of and _weakly(found))):
            return found
    return verdict or Verdict(Status.UNVERIFIED, _SILENT)


def figures_hold(claim: Claim, evidence: Sequence[SourceSentence], others: Sequence[str]) -> bool:
    """Say whether all numbers and dates of a claim stand in these sentences or follow from them."""
    figures = check_figures(claim, read(claim.words), evidence, _around(evidence), others)
    return not figures.wrong and not figures.missing


def _weakly(verdict: Verdict) -> bool:
    """Say whether sources of another language bear a claim out by likeness or by a calculation with their figures."""
    return verdict.reason == _MEANT or verdict.status is Status.DERIVED


def _check(
    claim: Claim, pool: Sequence[SourceSentence], others: Sequence[str], similar: Similar | None, crosses: bool
) -> Verdict:
    chosen, rivals = choose(f"{claim.lead} {claim.words}" if claim.lead else claim.words, pool)
    if not chosen and similar:
        # No word in common: the sentence whose meaning is nearest, of the first ones.
        scores = _scores(claim, pool[:_COMPARED], similar, crosses)
        chosen = [max(zip(scores, pool, strict=False), key=lambda pair: pair[0])[1]]
    if not chosen:
        return Verdict(Status.UNVERIFIED, _SILENT)
    same = next((one for one in pool if _letters(one.said) == _letters(claim.words)), None)
    if same is not None and not formulas(claim.words):
        return Verdict(Status.SUPPORTED, "the cited sentence itself", (same,))
    reading, both = read(claim.words), [*chosen, *rivals]
    figures = check_figures(claim, reading, both, _around(both), others)
    if figures.wrong:
        return Verdict(Status.CONTRADICTED, f"the calculation does not hold: {figures.wrong}", tuple(chosen), True)
    turned, sure = _turned(reading, both, bool(figures.derived))
    if turned:
        status = Status.CONTRADICTED if sure else Status.UNVERIFIED
        return Verdict(status, turned, tuple(chosen[:2]), bool(figures.missing))
    if figures.missing:
        return Verdict(
            Status.UNVERIFIED, f"stands in no cited sentence: {', '.join(figures.missing)}", tuple(chosen[:1]), True
        )
    unknown = unknown_names(reading, [f"{one.passage.text}\n{one.around}" for one in both], crosses)
    if unknown:
        names = ", ".join(reading.text[one.start : one.end] for one in unknown)
        return Verdict(Status.UNVERIFIED, f"a name that the cited sources do not hold: {names}", tuple(chosen[:1]))
    apart = [] if crosses else unlinked_names(reading, both, bool(figures.derived))
    if apart:
        names = ", ".join(reading.text[one.start : one.end] for one in apart)
        return Verdict(Status.UNVERIFIED, f"the sources hold it in another matter alone: {names}", tuple(chosen[:1]))
    filler = other_filler(reading, [one.reading for one in both])
    if filler:
        return Verdict(Status.UNVERIFIED, filler, tuple(chosen[:1]))
    if not crosses:
        filler = other_thing(reading, both, bool(figures.derived))
        if filler:
            return Verdict(Status.UNVERIFIED, filler, tuple(chosen[:1]))
    said, why = _says(claim, reading, chosen, pool, figures, crosses, similar)
    if not said:
        return Verdict(Status.UNVERIFIED, why, tuple(chosen[:1]))
    needed = _needed(reading, chosen)
    if figures.derived:
        return Verdict(Status.DERIVED, f"follows from what is cited: {'; '.join(figures.derived)}", needed)
    return Verdict(Status.SUPPORTED, why, needed)


def _turned(reading: Reading, evidence: Sequence[SourceSentence], calculated: bool) -> tuple[str, bool]:
    """Return (why the sources say otherwise, "" where they do not; whether that is sure)."""
    sources = [one.reading for one in evidence]
    roles, settled = roles_turned(reading, sources)
    if roles:
        return roles, True
    place = misplaced(reading, evidence, calculated)
    if place:
        return place, True
    word = negation_turned(reading, sources, settled)
    both_ways = bool(word) and any(_said_both_ways(word, one) for one in (reading, *sources))
    return (f"“{word}” stands against the source: negated, or its opposite" if word else ""), not both_ways


def _says(
    claim: Claim, reading: Reading, chosen: Sequence[SourceSentence], pool: Sequence[SourceSentence], figures: Figures,
    crosses: bool, similar: Similar | None,
) -> tuple[bool, str]:  # fmt: skip
    """Return whether the sources say what a claim says, and why.

    In another language than its sources, words cannot be compared: names, numbers and dates have to stand, at least
    one of them, and where an embedder is given the meaning has to be alike.
    """
    score = max(_scores(claim, chosen, similar, crosses), default=0.0) if similar else None
    if crosses:
        found = max(found_items(reading, one) for one in chosen)
        shared = max(len({k for k in reading.keys & one.reading.keys if is_listed(k)}) for one in chosen)
        if found + min(shared, 2) >= _CROSSING and found and (score is None or score >= TRANSLATED):
            return True, "names, numbers and dates stand in sources of another language"
        has_figure = bool(found and (reading.numbers or reading.dates))
        if score is not None and score >= (TRANSLATED if has_figure else PLAINLY_TRANSLATED):
            return True, "names, numbers and dates stand in sources of another language" if has_figure else _MEANT
        return False, "in another language than its sources, and nothing to check it by"
    word = lost_negation(reading, [one.reading for one in chosen])
    if word:
        return False, f"the sources do not negate “{word}”"
    share, missing = covered(reading, chosen, pool, bool(figures.derived))
    part = unsaid_part(reading, missing)
    # Alike in meaning as a whole, a sentence may still have a part that nobody wrote.
    parts = len({word.segment for word in reading.words})
    if part and not figures.derived and (parts > 1 or score is None or score < THE_SAME):
        unsaid = ", ".join(reading.text[one.start : one.end] for one in part[:6])
        return False, f"the cited sentences say nothing of: {unsaid}"
    figured = len(reading.numbers) + len(reading.dates)
    enough = SOME if (figures.derived and figured > 1) or (figured > 1 and reading.names) else ENOUGH
    together = max(found_items(reading, one) for one in chosen)
    if (
        together >= min(_TOGETHER, max(2, reading.items - len(figures.derived)))
        and not any(one.key in DIRECTED for one in missing)
        and (len(missing) <= 1 or together >= _TOGETHER or figures.derived)
    ):
        return True, "all names and figures stand together in the cited sentence"
    if together and len(missing) == 1 and not is_listed(missing[0].key) and not missing[0].is_verb:
        return True, "the cited sentences say so"
    if share >= enough or (score is not None and (score >= THE_SAME or (share >= SOME and score >= ALIKE))):
        return True, "the cited sentences say so"
    return (
        False,
        f"the cited sentences do not say: {', '.join(reading.text[one.start : one.end] for one in missing[:6])}",
    )


def _scores(claim: Claim, sentences: Sequence[SourceSentence], similar: Similar, crosses: bool) -> Sequence[float]:
    """Return how alike sentences are to a claim, 0 to 1.

    A scale is the first text's language's own; across languages, the one that tells more is taken.
    """
    scores = similar(claim.words, [one.said for one in sentences])
    if not crosses:
        return scores
    back = [max(similar(one.said, [claim.words]), default=0.0) for one in sentences]
    return [max(pair) for pair in zip(scores, back, strict=True)]


def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _said_both_ways(word: str, reading: Reading) -> bool:
    """Say whether a sentence says yes and no with one word, of different things: which is meant is not sure."""
    return len({one.negated for one in reading.words if one.key == word}) > 1


def _needed(reading: Reading, chosen: Sequence[SourceSentence]) -> tuple[SourceSentence, ...]:
    """Return the chosen sentences that bring something of the claim's own."""
    held: set[str] = set()
    found: list[SourceSentence] = []
    for one in chosen:
        new = (one.reading.keys & reading.keys) - held
        if not found or new:
            found.append(one)
            held |= new
    return tuple(found)


def _around(evidence: Sequence[SourceSentence]) -> str:
    return "\n".join(f"{one.around}\n{one.before if one.refers_back else ''}" for one in evidence)
