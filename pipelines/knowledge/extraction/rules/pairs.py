"""What stands together: names of one sentence, and two names of one thing."""

import itertools
import re
from collections.abc import Iterable, Sequence

from pipelines.knowledge.mentions import ALIAS_OF, CO_OCCURS, Entity
from pipelines.text.characters import HAN_CHARACTER

Key = tuple[str, str, str]
TYPED, TOGETHER, LOOSE = 2.0, 1.0, 0.5
"""Weights: a relation with a name of its own; two names of one sentence; a subject and a name of another sentence."""
_BRACKET = re.compile(r"\s*[（(]\s*")
_SMALL = ("of", "the", "and", "for", "in", "de", "von", "van", "der", "la", "le")


def together(one: str, other: str) -> Key:
    """Return the key of a co-occurrence: it has no direction."""
    source, target = sorted((one, other))
    return source, target, CO_OCCURS


def aliases(sentence: str, entities: Sequence[Entity]) -> Iterable[Key]:
    """Yield two names of one thing: "深光照明 (Shenlight)", "Lin Xiaowen 林晓雯", "World Health Organization (WHO)"."""
    for first, second in itertools.pairwise(entities):
        between = sentence[first.end : second.start]
        other_script = bool(HAN_CHARACTER.search(first.name)) != bool(HAN_CHARACTER.search(second.name))
        bracketed = bool(_BRACKET.fullmatch(between)) and sentence[second.end :].lstrip()[:1] in ("）", ")")
        kinds = {first.type, second.type}
        # A channel in brackets behind its country is no name of the country.
        same = len(kinds) == 1 or ("CONCEPT" in kinds and "LOCATION" not in kinds)
        if kinds == {"CONCEPT"}:
            same = not (first.name.isupper() or second.name.isupper())
        abbreviation = bracketed and is_acronym(second.name, first.name)
        side_by_side = not between.strip() and first.type == second.type
        if abbreviation or (other_script and same and (bracketed or side_by_side)):
            yield first.name, second.name, ALIAS_OF


def is_acronym(short: str, full: str) -> bool:
    """Say whether a name is made of the first letters of another's words, small words left out or not."""
    words = re.findall(r"[^\W\d_]+", full)
    letters = short.replace(".", "").casefold()
    every = "".join(word[0] for word in words).casefold()
    long = "".join(word[0] for word in words if word.casefold() not in _SMALL).casefold()
    return len(letters) > 1 and letters in (every, long)
