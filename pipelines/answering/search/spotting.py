"""Known names where the extractor did not see them: inside a longer name, or with a middle name more or less."""

import re
from collections.abc import Iterator, Sequence

from pipelines.text.characters import HAN, HAN_CHARACTER

_TOKEN = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_BETWEEN = 3
"""Tokens that may stand between the first and the last name of a person."""
_LONGEST = 8
_LEAST, _LEAST_HAN = 2, 3
"""Tokens that a name must have: a single word, or two Chinese characters, also stand where they name something else."""
_NAMESAKES = 4
"""People of one first and last name, from which their names say too little about who is meant."""

Name = tuple[str, ...]


def tokens(text: str) -> list[tuple[str, int]]:
    """Return the words of a text, and each Chinese character, with their places."""
    return [(match.group(), match.start()) for match in _TOKEN.finditer(text)]


class Spotter:
    """Finds names in texts: all as they are, those of people by their first and last word too."""

    def __init__(self, names: Sequence[Sequence[str]], people: Sequence[bool]) -> None:
        self._exact: dict[Name, set[int]] = {}
        self._ends: dict[tuple[str, str], set[int]] = {}
        self._lengths: dict[str, set[int]] = {}
        for entity, (spellings, person) in enumerate(zip(names, people, strict=True)):
            for name in {tuple(token.lower() for token, _ in tokens(one)) for one in spellings}:
                if not _least(name) <= len(name) <= _LONGEST:
                    continue
                self._exact.setdefault(name, set()).add(entity)
                self._lengths.setdefault(name[0], set()).add(len(name))
                if person:
                    self._ends.setdefault((name[0], name[-1]), set()).add(entity)

    def spot(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield (entity, place) of every known name, one of an entity more than once where it is named so."""
        found = tokens(text)
        small = [token.lower() for token, _ in found]
        for first, (token, place) in enumerate(found):
            lengths = self._lengths.get(small[first])
            if lengths is None:
                continue
            for length in lengths:
                for entity in self._exact.get(tuple(small[first : first + length]), ()):
                    yield entity, place
            if not token[0].isupper():
                continue
            for last in range(first + 1, min(first + _BETWEEN + 2, len(found))):
                if not found[last][0][0].isupper():
                    break
                namesakes = self._ends.get((small[first], small[last]), ())
                if len(namesakes) <= _NAMESAKES:
                    yield from ((entity, place) for entity in namesakes)


def _least(name: Name) -> int:
    return _LEAST_HAN if name and HAN_CHARACTER.match(name[0]) else _LEAST
