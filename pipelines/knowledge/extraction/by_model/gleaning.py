"""Names that the rules find in a text and the model did not name: what it is asked about once more."""

from pipelines.knowledge.mentions import Extraction, Passage

_MOST = 12
UNSURE = "CONCEPT"


def missed_names(passage: Passage, found: Extraction, by_rules: Extraction) -> list[str]:
    """Return the names of a known type that stand where the model named nothing, in order of place.

    Those of unknown type are left alone: the rules take noun phrases for names, and nearly every text has some.
    """
    named = [(one.start, one.end) for one in found.entities]
    missed = [
        one.name
        for one in sorted(by_rules.entities)
        if one.type != UNSURE and all(one.end <= start or end <= one.start for start, end in named)
    ]
    spelt = {one.name.casefold() for one in found.entities}
    return [name for name in dict.fromkeys(missed) if name.casefold() not in spelt][:_MOST]
