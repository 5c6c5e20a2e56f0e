"""Whether sources say what a sentence says: by its words, and where these do not decide, by its meaning."""

from collections.abc import Sequence
from functools import cached_property

from pipelines.answering.grounding.citations.coverage import Similar, covered, found_items, unsaid_part
from pipelines.answering.grounding.citations.evidence import SourceSentence, rough_keys
from pipelines.answering.grounding.citations.figures import Figures
from pipelines.answering.grounding.citations.reading.lexicon import DENIES, DIRECTED, is_listed
from pipelines.answering.grounding.citations.reading.parts import Reading, Word
from pipelines.answering.grounding.citations.turned.polarity import denied_otherwise, lost_negation, says_no

MEANT = "the meaning is that of sources of another language"
ENOUGH, SOME = 0.5, 0.2
"""Shares of a sentence's words that its sources hold: enough by themselves, and enough where the meaning is alike."""
ALIKE, THE_SAME = 0.5, 0.8
"""Of 62 right sentences of the tests' twelve genres multilingual-e5-small gives 45 more than 0.5 with the nearest
sentence of their source; of four inventions none, 0.44 at most. What is exchanged or denied is no less alike: other
checks see it."""
_RELATED = 0.3
"""Enough beside a calculation that is shown, is right and has its figures from the sources."""
_BEFORE, _ONE_CLAUSE = 6, 90
COMPARED = 24
"""Sentences whose meaning is compared at most: each costs the embedder some milliseconds."""
_CROSSING, _TOGETHER = 2, 4
"""Items and listed words that a sentence of another language has to share; items that meet in one by no chance."""
TRANSLATED, PLAINLY_TRANSLATED = 0.15, 0.25
"""Of 18 translated pairs multilingual-e5-small gives 16 from 0.20 to 0.46 and two of bare names 0; of 12 that speak of
the same subject or hold the same figure and say another thing, 0.11 at most: enough beside figures, and by itself."""
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

    In another language than its sources, words cannot be compared: names, numbers and dates have to stand, at least
    one of them, and where an embedder is given the meaning has to be alike.
    """
    chosen = meaning.sentences
    if crosses:
        return _says_across(reading, meaning)
    # What a heading or the sentence before denies is denied as well ("Costs without tax").
    denied = any(DENIES.search(f"{one.around}\n{one.before}") for one in chosen)
    word = "" if figures.derived or denied else lost_negation(reading, [one.reading for one in chosen])
    if word:
        return False, f"the sources do not negate “{word}”"
    # A figure that follows answers the question, in its words.
    before = _said_before([*others, question] if figures.derived else others)
    share, missing = covered(reading, chosen, pool, bool(figures.derived), before)
    word = denied_otherwise(reading, missing, [one.reading for one in chosen])
    if word:
        return False, f"the source denies “{word}” where the answer says something else of it"
    part = unsaid_part(reading, missing)
    if part and not figures.derived and not _meant(reading, part, meaning):
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
        return True, _SAY_SO
    if figures.derived and not figures.missing and len(missing) <= 1 and not any(one.is_verb for one in missing):
        return True, _SAY_SO
    if figures.shown and (share >= SOME or not meaning.known or meaning.score >= _RELATED):
        return True, _SAY_SO
    if share >= enough or meaning.score >= THE_SAME or (share >= SOME and meaning.score >= ALIKE):
        return True, _SAY_SO
    return (
        False,
        f"the cited sentences do not say: {', '.join(reading.text[one.start : one.end] for one in missing[:6])}",
    )


def _said_before(others: Sequence[str]) -> frozenset[str]:
    """Return the words of the last sentences that hold: what sums them up says no more than they do."""
    return frozenset().union(*(rough_keys(one) for one in others[-_BEFORE:])) if others else frozenset()


def _says_across(reading: Reading, meaning: Meaning) -> tuple[bool, str]:
    chosen = meaning.sentences
    score = meaning.score if meaning.known else None
    nearest_one = max(chosen, key=lambda one: found_items(reading, one))
    denies = bool(DENIES.search(reading.text)) or bool(says_no(reading))
    if nearest_one.reading.negated and not denies and len(nearest_one.said) < _ONE_CLAUSE:
        return False, "a source of another language denies something of this"
    found = max(found_items(reading, one) for one in chosen)
    shared = max(len({k for k in reading.keys & one.reading.keys if is_listed(k)}) for one in chosen)
    if found + min(shared, 2) >= _CROSSING and found and (score is None or score >= TRANSLATED):
        return True, "names, numbers and dates stand in sources of another language"
    has_figure = bool(found and (reading.numbers or reading.dates))
    if score is not None and score >= (TRANSLATED if has_figure else PLAINLY_TRANSLATED):
        return True, "names, numbers and dates stand in sources of another language" if has_figure else MEANT
    return False, "in another language than its sources, and nothing to check it by"


def _meant(reading: Reading, part: Sequence[Word], meaning: Meaning) -> bool:
    """Say whether a part of a sentence that its sources do not say in these words is meant by one of them.

    Alike as a whole, a sentence may still have a part that nobody wrote: the part is compared by itself.
    """
    inside = [word for word in reading.words if word.segment == part[0].segment]
    return meaning.of(reading.text[inside[0].start : inside[-1].end]) >= ALIKE


def _scores(text: str, sentences: Sequence[SourceSentence], similar: Similar, crosses: bool) -> Sequence[float]:
    """Return how alike sentences are to a text, 0 to 1.

    A scale is the first text's language's own; across languages, the one that tells more is taken.
    """
    scores = similar(text, [one.said for one in sentences])
    if not crosses:
        return scores
    back = [max(similar(one.said, [text]), default=0.0) for one in sentences]
    return [max(pair) for pair in zip(scores, back, strict=True)]
