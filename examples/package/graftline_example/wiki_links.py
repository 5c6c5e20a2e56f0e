"""An extractor: what stands in [[double brackets]] is an entity, and two in one line belong together."""

import re
from collections.abc import Sequence
from itertools import combinations

from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.mentions import CO_OCCURS, Entity, Extraction, Passage, Relation

_LINK = re.compile(r"\[\[([^\[\]\n|]+)(?:\|[^\[\]\n]*)?\]\]")


class WikiLinks:
    """Needs no language model; the table hands one to every extractor."""

    name = "wiki-links-1"

    def __init__(self, language_model: LanguageModel) -> None:
        pass

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage, in order."""
        return [_extraction(passage.text) for passage in passages]


def _extraction(text: str) -> Extraction:
    links = list(_LINK.finditer(text))
    entities = [Entity(*link.span(1), link.group(1), "CONCEPT") for link in links]
    relations = [
        Relation(first, second, CO_OCCURS, line.strip())
        for line in text.splitlines()
        for first, second in combinations(dict.fromkeys(link.group(1) for link in _LINK.finditer(line)), 2)
    ]
    return Extraction(tuple(entities), tuple(relations))
