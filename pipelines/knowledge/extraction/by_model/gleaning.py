"""Names that the rules find in a text and the model did not name: what it is asked about once more."""

from pipelines.knowledge.extraction.said.spelling import folded
from pipelines.knowledge.mentions import Extraction, Passage

_MOST = 12
UNSURE = "CONCEPT"


def missed_names(passage: Passage, found: Extraction, by_rules: Extraction) -> list[str]:
    """Return the names of a known type that stand where the model named nothing, in order of place.

    Part of a name that it gave elsewhere in the text is not missed: Dahl, where it named Ingrid Dahl. Those of unknown
    type are left alone: the rules take noun phrases for names, and nearly every text has some.
    """
    named = [(one.start, one.end) for one in found.entities]
    spelt = [folded(one.name) for one in found.entities]
    missed = [
        one.name
        for one in sorted(by_rules.entities)
        if one.type != UNSURE and all(one.end <= start or end <= one.start for start, end in named)
    ]
    return [name for name in dict.fromkeys(missed) if not any(folded(name) in other for other in spelt)][:_MOST]
