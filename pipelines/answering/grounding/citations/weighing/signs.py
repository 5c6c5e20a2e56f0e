"""What speaks for a sentence in the sentences that it may stand on, as figures from 0 up: shares, counts, flags."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from pipelines.answering.grounding.citations.coverage import FILLERS, covered, found_items, unsaid_part
from pipelines.answering.grounding.citations.evidence import SourceSentence
from pipelines.answering.grounding.citations.figures import Figures
from pipelines.answering.grounding.citations.reading.lexicon import DENIES, DIRECTED
from pipelines.answering.grounding.citations.reading.parts import Reading, Word
from pipelines.answering.grounding.citations.turned.polarity import says_no

_MOST_ITEMS, _MOST_VERBS = 4, 2


@dataclass(frozen=True)
class Signs:
    """The signs of one sentence beside some of its sources; each is known without an embedder.

    Words are compared in one language alone: across languages the shares are 0 and what is shared counts.
    """

    share: float
    """Of its weighted words, those that its sources hold; `single`: that the best one of them holds by itself."""
    single: float
    missing_verbs: float
    """Verbs that none holds, 2 at most, and whether a word of direction ("above") is among what none holds."""
    missing_direction: float
    unsaid: float
    """Whether a whole part of it is missing."""
    content: float
    """How many words carry it, as a logarithm."""
    together: float
    """How many of its names, numbers and dates stand in one source sentence, 4 being 1; `no_items`: it has none."""
    no_items: float
    derived: float
    shown: float
    """Whether a number follows, and whether its calculation is shown."""
    crosses: float
    """Whether the sources are of another language; `together_across` is `together` then, else 0."""
    together_across: float
    denies_apart: float
    """Whether only the sentence or only its best source denies something."""


@dataclass(frozen=True)
class Likeness:
    """How alike a sentence is in meaning to the nearest of its sources, 0 to 1, in its language or across languages.

    `unlike_part` is 1 less the likeness of a part that is missing as a whole, 0 where none is.
    """

    whole: float
    across: float
    unlike_part: float


def signs(
    reading: Reading, chosen: Sequence[SourceSentence], pool: Sequence[SourceSentence], figures: Figures,
    before: frozenset[str], crosses: bool,
) -> tuple[Signs, list[Word]]:  # fmt: skip
    """Return the signs of a sentence and the words of it that its sources do not hold (none across languages)."""
    calculated = bool(figures.derived)
    share, missing = covered(reading, chosen, pool, calculated, before)
    single = max(covered(reading, [one], pool, calculated, before)[0] for one in chosen) if not crosses else 0.0
    words = [] if crosses else missing
    together = max(found_items(reading, one) for one in chosen)
    apart = denies(reading) != bool(chosen[0].reading.negated)
    met = min(together, _MOST_ITEMS) / _MOST_ITEMS
    return Signs(
        share=0.0 if crosses else share,
        single=single,
        missing_verbs=min(sum(one.is_verb for one in words), _MOST_VERBS),
        missing_direction=float(any(one.key in DIRECTED for one in words)),
        unsaid=float(bool(words and unsaid_part(reading, words))),
        content=math.log1p(sum(one.kind == "word" and one.key not in FILLERS for one in reading.words)),
        together=met,
        no_items=float(not reading.items),
        derived=float(calculated),
        shown=float(figures.shown),
        crosses=float(crosses),
        together_across=met * crosses,
        denies_apart=float(apart),
    ), words


def denies(reading: Reading) -> bool:
    """Say whether a sentence denies or excludes something, by whatever word."""
    return bool(reading.negated) or bool(DENIES.search(reading.text)) or says_no(reading)


def part_of(reading: Reading, word: Word) -> str:
    """Return the part of a sentence that a word stands in, as it is written."""
    inside = [one for one in reading.words if one.segment == word.segment]
    return reading.text[inside[0].start : inside[-1].end]


def named(kind: type[Signs] | type[Likeness]) -> tuple[str, ...]:
    """Return the names of signs, in their order."""
    return tuple(one.name for one in fields(kind))
