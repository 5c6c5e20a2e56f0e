"""Short names that stand for a longer one of their document, where it leaves one choice: Hanne, 老陈, WHO, 北大."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from pipelines.knowledge.entities.kinds import majority_type
from pipelines.knowledge.entities.naming import forms
from pipelines.knowledge.entities.naming.seen import Evidence, Seen
from pipelines.knowledge.names import is_han, is_short_person

ACRONYM, CHINESE_SHORT, PART_OF_PERSON, HEAD, TAIL = "acronym", "chinese_short_form", "part_of_name", "head", "tail"
LASTING = frozenset({ACRONYM, CHINESE_SHORT})
"""Rules whose short name means the same in other documents, where none says otherwise."""
_MOST_FULL = 200
_SHORTEST_WHOLE = 4
"""Characters of a Chinese name up to which a single one may be all that its full name has of it."""
_MOST_PLACE_VOTES = 3
_SCORES = {PART_OF_PERSON: 0.9, ACRONYM: 0.88, CHINESE_SHORT: 0.86, HEAD: 0.8, TAIL: 0.8}
Root = Callable[[str, str], str]
"""From a document and a key to the node that it means so far."""


class Shorts:
    """Finds the full names of short ones by document; `pairs` counts the comparisons, `crowded` those left out."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.pairs = self.crowded = 0
        self.ambiguous: list[Evidence] = []

    def find(self, document: str, root: Root, people: bool) -> dict[str, Evidence]:
        """Return for each short name of a document, persons or the others, why it is which full one."""
        keys = self._seen.documents[document]
        kinds = {key: majority_type(votes) for key, votes in keys.items()}
        full = [key for key in sorted(keys) if (kinds[key] == "PERSON") is people]
        index = _Index(full, self._seen.initials)
        found: dict[str, Evidence] = {}
        for key in sorted(keys, key=lambda one: (-len(one.split()), -len(one), one)):
            if not (people or kinds[key] != "PERSON"):
                continue
            choices: dict[str, Evidence] = {}
            for candidate in self._candidates(index, key):
                rule = self._rule(key, candidate, kinds, document) if candidate != key else ""
                if rule:
                    target = candidate
                    while target in found:  # angell, henrik angell, henrik august angell
                        target = found[target].other
                    meant = root(document, target)
                    one = Evidence(key, target, rule, _SCORES[rule], document)
                    choices[meant] = min(
                        choices.get(meant, one), one, key=lambda it: (-it.score, -len(it.other), it.other)
                    )
            if root(document, key) in choices:
                continue  # the text says so itself
            if len(choices) == 1:
                found[key] = next(iter(choices.values()))
            elif choices:
                self.ambiguous += choices.values()
        self.crowded += index.left_out
        return found

    def _candidates(self, index: "_Index", key: str) -> Iterator[str]:
        near = index.near(key, self._seen.acronym(key))
        if len(near) > _MOST_FULL and not is_han(key):  # that many have all its words: it could be any of them
            self.crowded += len(near)
            return
        self.pairs += len(near)
        yield from near

    def _rule(self, key: str, full: str, kinds: Mapping[str, str], document: str) -> str:
        """Return by which rule a name is short for another of its document, "" by none."""
        kind, other = kinds[key], kinds[full]
        if other == "PERSON":
            fits = forms.is_short_human(key, full) and (not is_short_person(full) or _ends_in(full, key))
            return PART_OF_PERSON if fits and kind in ("PERSON", "CONCEPT", *self._rarely_else(key)) else ""
        if kind not in (other, "CONCEPT") and not (other == "CONCEPT" and kind == "ORGANIZATION"):
            return ""
        letters = self._seen.acronym(key)
        if letters and self._seen.initials(full) & {letters, letters[1:] if letters[0] == "t" else letters}:
            return ACRONYM
        if forms.other_numbers(key, full) or kind == "EVENT":
            return ""
        if forms.is_han_short(key, full):
            return CHINESE_SHORT
        if self._seen.first[document, key] < self._seen.first[document, full]:
            return ""  # who is first named by a short name is introduced by it: Sony, and Sony Pictures later
        if other == "LOCATION":
            return HEAD if forms.is_place_head(key, full) else ""
        if other == "ORGANIZATION" and (forms.is_head(key, full) or forms.is_body_noun(key, full)):
            return HEAD
        proper = self._seen.is_capital(full)  # "mock verbena" is a kind of verbena, and no fuller name of it
        return TAIL if kind == other and proper and forms.is_tail(key, full) else ""

    def _rarely_else(self, key: str) -> tuple[str, ...]:
        """Return the types that taggers give a person's lone name, unless it often has them."""
        votes = self._seen.votes[key]
        often = votes["LOCATION"] + votes["PRODUCT"] > _MOST_PLACE_VOTES
        return () if often else ("LOCATION", "PRODUCT", "ORGANIZATION", "EVENT")


def _ends_in(full: str, family: str) -> bool:
    """Say whether a name of initials ends in a family name: e. d. baker."""
    return " " in full and full.split()[-1] == family


class _Index:
    """Full names of a document by their words, their first letters and, in Chinese, their characters."""

    def __init__(self, full: list[str], initials: Callable[[str], frozenset[str]]) -> None:
        self.left_out = 0
        self._words: dict[str, dict[str, None]] = defaultdict(dict)
        for key in full:
            if is_han(key):
                tokens = {f"={character}" for character in key}
            else:
                words = key.replace(",", "").split()
                tokens = {*words, *(f".{letters}" for letters in initials(key)), *(f"^{one[0]}" for one in words)}
            for token in sorted(tokens):
                self._words[token][key] = None

    def near(self, key: str, letters: str) -> list[str]:
        """Return the names that have all words of a key, or begin with its letters.

        Of a short Chinese one (林经理, 老陈: one character alone tells) those that share a character which no more than
        200 have: a document of many names is not read in its square. A full name that has all its characters is found
        by any of them, so that nothing that is found is taken for the only one wrongly.
        """
        if is_han(key):
            lists = [self._words.get(f"={character}", {}) for character in dict.fromkeys(key)]
            if len(key) > _SHORTEST_WHOLE:
                return sorted(_common(lists))
            self.left_out += sum(len(one) for one in lists if len(one) > _MOST_FULL)
            return sorted({name for one in lists if len(one) <= _MOST_FULL for name in one})
        words = key.replace(",", "").split()
        tokens = [word if len(word.rstrip(".")) > 1 else f"^{word[0]}" for word in words]
        found = _common([self._words.get(token, {}) for token in tokens])
        return sorted({*found, *self._words.get(f".{letters}", ()), *self._words.get(f".{letters[1:]}", ())})


def _common(lists: list[dict[str, None]]) -> list[str]:
    shortest = min(lists, key=len, default={})
    return [name for name in shortest if all(name in one for one in lists)]
