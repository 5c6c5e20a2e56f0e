"""Whether sources say what a sentence says where no embedder compares meanings: by its words alone."""

from collections.abc import Sequence

from pipelines.answering.grounding.citations.coverage import found_items
from pipelines.answering.grounding.citations.evidence import SourceSentence
from pipelines.answering.grounding.citations.figures import Figures
from pipelines.answering.grounding.citations.reading.lexicon import is_listed
from pipelines.answering.grounding.citations.reading.parts import Reading, Word
from pipelines.answering.grounding.citations.weighing.signs import Signs

_ENOUGH, _SOME = 0.5, 0.2
"""Shares of a sentence's words that its sources hold: enough by themselves, and enough beside figures."""
_TOGETHER, _CROSSING = 4, 2
"""Items that meet in one sentence by no chance; items and listed words that one of another language has to share."""


def holds_by_words(
    reading: Reading, chosen: Sequence[SourceSentence], figures: Figures, found: Signs, missing: Sequence[Word]
) -> bool:
    """Say whether the sources have enough of a sentence's words, or all its names and figures in one place."""
    if found.unsaid and not figures.derived:
        return False
    figured = len(reading.numbers) + len(reading.dates)
    few = len(missing) <= 1
    together = max(found_items(reading, one) for one in chosen)
    if (
        together >= min(_TOGETHER, max(2, reading.items - len(figures.derived)))
        and not found.missing_direction
        and (few or together >= _TOGETHER or figures.derived)
    ):
        return True
    if together and len(missing) == 1 and not is_listed(missing[0].key) and not missing[0].is_verb:
        return True
    if figures.derived and not figures.missing and few and not any(one.is_verb for one in missing):
        return True
    enough = _SOME if (figures.derived and figured > 1) or (figured > 1 and reading.names) else _ENOUGH
    return figures.shown or found.share >= enough


def holds_across(reading: Reading, chosen: Sequence[SourceSentence]) -> bool:
    """Say whether names and figures of a sentence stand in a source of another language."""
    together = max(found_items(reading, one) for one in chosen)
    shared = max(len({key for key in reading.keys & one.reading.keys if is_listed(key)}) for one in chosen)
    return together > 0 and together + min(shared, 2) >= _CROSSING
