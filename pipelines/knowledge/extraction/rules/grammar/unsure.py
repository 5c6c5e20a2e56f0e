"""Names whose type a tagger of newspapers guesses: formats, plurals of letters, and single words of technical texts.

They get CONCEPT, which says nothing, unless the passage's grammar says what they are ("Alder is a company").
"""

import functools
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipelines.knowledge.extraction.rules.english import INNER_CAPITAL, Name
from pipelines.knowledge.names import canonical_name, is_short_for

_CODE_FONT = re.compile(r"```|`[^`\n]+`|(?<!\w)(?=\w*[a-z])\w+_\w+")
"""Words in code font or with underscores: the text is of software."""
_SHORTEST_FORMAT = 3


def without_guesses(parsed: Sequence[tuple[Any, list[Name]]], text: str) -> list[tuple[Any, list[Name]]]:
    """Return the names of a passage's sentences, those with a type that is a guess with CONCEPT."""
    everyone = [(document, name) for document, names in parsed for name in names]
    technical = bool(_CODE_FONT.search(text))
    full = [canonical_name(name.entity.name) for _, name in everyone if " " in name.entity.name]
    bodies = {name.entity.name for document, name in everyone if _has_article(document, name)}

    def is_guess(name: Name) -> bool:
        word, kind = name.entity.name, name.entity.type
        if name.people or not word.isalnum():
            return False
        if kind == "PERSON":
            return technical and not any(is_short_for(canonical_name(word), one) for one in full)
        if kind != "ORGANIZATION" or not word.isupper():
            return kind == "ORGANIZATION" and technical and bool(INNER_CAPITAL.search(word))
        several = word.lower() in _formats() or bool(re.search(rf"\b{re.escape(word)}s\b", text))
        return technical or (several and word not in bodies)

    return [(document, [_untyped(one) if is_guess(one) else one for one in names]) for document, names in parsed]


def _has_article(document: Any, name: Name) -> bool:
    """Say whether a name has the article of a body's letters, the WHO, and not that of another noun: the CSV files."""
    before = document[name.first - 1].lower_ if name.first else ""
    return before == "the" and document[name.last - 1].dep_ != "compound"


@functools.cache
def _formats() -> frozenset[str]:
    """Return the endings of files' names that Python's table of IANA's media types has."""
    endings = (ending for table in mimetypes.MimeTypes(()).types_map for ending in table)
    return frozenset(ending[1:] for ending in endings if len(ending) > _SHORTEST_FORMAT)


def _untyped(name: Name) -> Name:
    return name._replace(entity=replace(name.entity, type="CONCEPT"))
