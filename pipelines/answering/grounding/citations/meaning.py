"""Whether sources say what a sentence says: by its words, and where these do not decide, by its meaning."""

from collections.abc import Sequence
from functools import cached_property

from pipelines.answering.grounding.citations.coverage import Similar, found_items, unsaid_part
from pipelines.answering.grounding.citations.evidence import SourceSentence, rough_keys
from pipelines.answering.grounding.citations.figures import Figures
from pipelines.answering.grounding.citations.reading.lexicon import DENIES
from pipelines.answering.grounding.citations.reading.parts import Reading, Word
from pipelines.answering.grounding.citations.turned.polarity import denied_otherwise, lost_negation
from pipelines.answering.grounding.citations.weighing.by_rules import holds_across, holds_by_words
from pipelines.answering.grounding.citations.weighing.signs import Likeness, Signs, denies, part_of, signs
from pipelines.answering.grounding.citations.weighing.weights import LEAST, by_likeness, by_signs, least_likeness

MEANT = "the meaning is that of sources of another language"
ALIKE = 0.5
"""Of 62 right sentences of the tests' twelve genres multilingual-e5-small gives 45 more than 0.5 with the nearest
sentence of their source; of four inventions none, 0.44 at most: from there on a sentence may be one to stand on."""
THE_SAME = 0.8
"""Likeness from which a sentence says what its source says, whatever words both have: 1 is the same text."""
TRANSLATED = 0.06
"""Across languages, what is less alike counts as unrelated, the same figure or not: of the labelled sentences that
`benchmarks/curves/claim_weights.py` reads, multilingual-e5-small gives most translations 0.09 to 0.43 (some 0) and
sentences that only share a figure 0 to 0.04."""
_BEFORE, _ONE_CLAUSE = 6, 90
COMPARED = 24
"""Sentences whose meaning is compared at most: each costs the embedder some milliseconds."""
_SAY_SO = "the cited sentences say so"


class Meaning:
    """How alike a sentence and some of the sources are in meaning, read when it is asked for: words decide mostly."""

    def __init__(self, text: str, sentences: Sequence[SourceSentence], similar: Similar | None, crosses: bool) -> None:
        self.text, self.sentences, self.known = text, sentences, similar is not None
        self._similar, self._crosses = similar, crosses

    @cached_property
    def score(self) -> float:
        """How alike the nearest sentence is, 0 to 1; 0 without an embedder."""
        return self.of(self.text)

    def of(self, text: str) -> float:
        """Return how alike the nearest sentence is to a text, 0 to 1; 0 without an embedder."""
        return max(_scores(text, self.sentences, self._similar, self._crosses), default=0.0) if self._similar else 0.0


def nearest(
    text: str, pool: Sequence[SourceSentence], similar: Similar, crosses: bool, least: float = 0.0
) -> list[SourceSentence]:
    """Return sentences whose meaning is near to a text's, nearest first; those with words in common are tried first."""
    wanted = rough_keys(text)
    tried = sorted(pool, key=lambda one: -len(wanted & rough_keys(one.said)))[:COMPARED]
    scores = _scores(text, tried, similar, crosses)
    order = sorted(range(len(tried)), key=lambda place: -scores[place])
    return [tried[place] for place in order if scores[place] >= least]


def says(
    reading: Reading, meaning: Meaning, pool: Sequence[SourceSentence], figures: Figures, others: Sequence[str],
    question: str, crosses: bool,
) -> tuple[bool, str]:  # fmt: skip
    """Return whether the sources say what a claim says, and why; `others` are the answer's sentences that hold.

    What is denied otherwise is not said. Else the signs are weighed, with the likeness in meaning where they do not
    decide; without an embedder, a few rules stand in. In another language than its sources, words cannot be compared.
    """
    chosen = meaning.sentences
    # A figure that follows answers the question, in its words.
    before = said_before([*others, question] if figures.derived else others)
    found, missing = signs(reading, chosen, pool, figures, before, crosses)
    word = denied(reading, meaning, figures, missing, crosses)
    if word:
        return False, word
    if not meaning.known:
        holds = holds_across(reading, chosen) if crosses else holds_by_words(reading, chosen, figures, found, missing)
    else:
        weight = by_signs(found)
        holds = weight + least_likeness(found) >= LEAST
        holds = holds or weight + by_likeness(likeness(reading, meaning, found, missing)) >= LEAST
        holds = holds or (not crosses and meaning.score >= THE_SAME)
    if crosses and holds and meaning.known and meaning.score < TRANSLATED:
        holds = False  # the same figure in an unlike sentence
    if crosses:
        has_figure = bool(found.together and (reading.numbers or reading.dates))
        held = "names, numbers and dates stand in sources of another language" if has_figure else MEANT
        return holds, held if holds else "in another language than its sources, and nothing to check it by"
    if holds:
        return True, _SAY_SO
    part = unsaid_part(reading, missing)
    unsaid = ", ".join(reading.text[one.start : one.end] for one in (part or missing)[:6])
    return False, f"the cited sentences {'say nothing of' if part else 'do not say'}: {unsaid or reading.text}"


def denied(reading: Reading, meaning: Meaning, figures: Figures, missing: Sequence[Word], crosses: bool) -> str:
    """Return why the sources deny what a claim says otherwise, "" where they do not."""
    if crosses:
        fullest = max(meaning.sentences, key=lambda one: found_items(reading, one))
        other = fullest.reading.negated and not denies(reading) and len(fullest.said) < _ONE_CLAUSE
        return "a source of another language denies something of this" if other else ""
    # What a heading or the sentence before denies is denied as well ("Costs without tax").
    around = any(DENIES.search(f"{one.around}\n{one.before}") for one in meaning.sentences)
    read = [one.reading for one in meaning.sentences]
    word = "" if figures.derived or around else lost_negation(reading, read)
    if word:
        return f"the sources do not negate “{word}”"
    word = denied_otherwise(reading, missing, read)
    return f"the source denies “{word}” where the answer says something else of it" if word else ""


def likeness(reading: Reading, meaning: Meaning, found: Signs, missing: Sequence[Word]) -> Likeness:
    """Return how alike a claim is in meaning to its sources, and how unlike a part is of which they have no word.

    Alike as a whole, a sentence may still have a part that nobody wrote: the part is compared by itself.
    """
    if found.crosses:
        return Likeness(0.0, meaning.score, 0.0)
    part = unsaid_part(reading, missing)
    return Likeness(meaning.score, 0.0, 1.0 - meaning.of(part_of(reading, part[0])) if part else 0.0)


def said_before(others: Sequence[str]) -> frozenset[str]:
    """Return the words of the last sentences that hold: what sums them up says no more than they do."""
    return frozenset().union(*(rough_keys(one) for one in others[-_BEFORE:])) if others else frozenset()


def _scores(text: str, sentences: Sequence[SourceSentence], similar: Similar, crosses: bool) -> Sequence[float]:
    """Return how alike sentences are to a text, 0 to 1.

    A scale is the first text's language's own; across languages, the one that tells more is taken.
    """
    scores = similar(text, [one.said for one in sentences])
    if not crosses:
        return scores
    back = [max(similar(one.said, [text]), default=0.0) for one in sentences]
    return [max(pair) for pair in zip(scores, back, strict=True)]
