"""From an answer with marks to one whose every sentence has a status, a reason and citations that are there."""

import logging
from collections.abc import Sequence

from pipelines.answering.grounding.citations.checks import LEAD_IN, Verdict, check
from pipelines.answering.grounding.citations.claims import Claim, split_claims
from pipelines.answering.grounding.citations.coverage import Similar
from pipelines.answering.grounding.citations.evidence import SourceSentence, source_sentences
from pipelines.answering.grounding.citations.reading.numbers import numbers_in
from pipelines.answering.grounding.citations.records import CheckedSentence, Source, Status, VerifiedAnswer

_LOG = logging.getLogger("graftline")
_RANK = {Status.SUPPORTED: 3, Status.DERIVED: 3, Status.CONTRADICTED: 1, Status.UNVERIFIED: 1}


def verify(
    answer: str, sources: Sequence[Source], similar: Similar | None = None, question: str = ""
) -> VerifiedAnswer:
    """Return an answer's sentences, each checked against the sources that it names, then against all of them.

    Marks that are wrong or absent are corrected where another source bears the sentence out; `note` says so. `similar`
    compares meanings where words do not decide; what the question gives (an amount, a full name) may be worked with.
    """
    pools = {source.number: source_sentences(source) for source in sources}
    everything = distinct([one for pool in pools.values() for one in pool])
    checked: list[CheckedSentence] = []
    claims, holding = split_claims(answer), list[str]()
    for claim in claims:
        one = _safely_checked(claim, pools, everything, holding, similar, question)
        if one.status is not None and one.status.holds:
            holding.append(claim.words)
        checked.append(one)
    # A result may be said before it is calculated: what is borne out behind a sentence may bear it out.
    for place, (claim, one) in enumerate(zip(claims, checked, strict=True)):
        behind = [claims[at].words for at in range(place + 1, len(claims)) if checked[at].status is Status.DERIVED]
        if behind and one.status in (Status.UNVERIFIED, Status.CONTRADICTED) and numbers_in(claim.words):
            again = _safely_checked(claim, pools, everything, [*holding, *behind], similar, question)
            checked[place] = again if again.status is not None and again.status.holds else one
    return VerifiedAnswer(answer, tuple(checked))


def _safely_checked(
    claim: Claim, pools: dict[int, tuple[SourceSentence, ...]], everything: Sequence[SourceSentence],
    holding: Sequence[str], similar: Similar | None, question: str,
) -> CheckedSentence:  # fmt: skip
    if claim.silent:
        return CheckedSentence(claim.text, claim.start, claim.end, None, f"claims nothing: {claim.silent}")
    try:
        return _checked(claim, pools, everything, holding, similar, question)
    except Exception as error:  # whatever a text makes of a parser: the answer stays, and its sentence is not proven
        _LOG.warning("a sentence could not be checked: %s: %s", type(error).__name__, error, exc_info=error)
        why = f"it could not be checked ({type(error).__name__})"
        return CheckedSentence(claim.text, claim.start, claim.end, Status.UNVERIFIED, why, figures_fail=True)


def _checked(
    claim: Claim, pools: dict[int, tuple[SourceSentence, ...]], everything: Sequence[SourceSentence],
    holding: Sequence[str], similar: Similar | None, question: str,
) -> CheckedSentence:  # fmt: skip
    named = [number for number in claim.numbers if number in pools]
    wrong = [number for number in claim.numbers if number not in pools]
    cited = distinct([one for number in named for one in pools[number]])
    verdict = check(claim, cited, holding, similar, question) if cited else None
    if verdict is None or not verdict.status.holds:
        found = check(claim, everything, holding, similar, question)
        if verdict is None or found.status.holds:
            verdict = found
    if verdict.reason == LEAD_IN:
        return CheckedSentence(claim.text, claim.start, claim.end, None, f"claims nothing: {LEAD_IN}")
    numbers = tuple(dict.fromkeys(one.number for one in verdict.evidence))
    return CheckedSentence(
        claim.text,
        claim.start,
        claim.end,
        verdict.status,
        verdict.reason,
        tuple(one.citation for one in verdict.evidence),
        _note(verdict, numbers, named, wrong),
        verdict.figures_fail,
    )


def _note(verdict: Verdict, numbers: Sequence[int], named: Sequence[int], wrong: Sequence[int]) -> str:
    """Return what became of the marks, "" where they stand as they were."""
    listed = "".join(f"[{number}]" for number in numbers)
    notes = [f"there is no source {number}" for number in wrong]
    if verdict.status.holds and not named:
        notes.append(f"citation added: {listed}")
    elif verdict.status.holds and not set(numbers) <= set(named):
        notes.append(f"citation corrected: {listed}")
    return "; ".join(notes)


def distinct(sentences: Sequence[SourceSentence]) -> list[SourceSentence]:
    """Return sentences, one that two sources share once."""
    found: dict[tuple[str, int, int], SourceSentence] = {}
    for one in sentences:
        found.setdefault((one.passage.document_id, one.start, one.end), one)
    return list(found.values())
