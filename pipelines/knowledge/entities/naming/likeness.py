"""Names that may be one thing wherever they stand: by tables, accents, pinyin, initials and slips of a pen.

Only names of one block are compared, so that the pairs grow with the names and not with their square.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

from pipelines.knowledge.entities.naming import forms
from pipelines.knowledge.entities.naming.seen import Evidence
from pipelines.knowledge.names import is_han, is_short_person, name_letters, pinyin, without_initials
from pipelines.text.names import other_names
from pipelines.text.names.territories import TRANSLATED_TERRITORIES

ACCENTS, COUNTRY, PINYIN, INITIALS = "accents_and_marks", "country", "pinyin", "middle_initial"
SLIP, MIDDLE = "one_letter", "middle_name"
_NAMES_TWICE = frozenset({"PERSON", "LOCATION"})
"""Types whose Latin name is the pinyin of the Chinese one; a company's is often a translation."""
_WINDOW = 12
"""Names of a block that are compared with each one, in the order of letters: no block is read in its square."""
Kind = Callable[[str], str]


class Likeness:
    """Finds pairs over all names; `pairs` counts what was compared, `crowded` what a block had beside."""

    def __init__(self, keys: list[str], kind: Kind) -> None:
        self._keys, self._kind = keys, kind
        self._known = set(keys)
        self.pairs = self.crowded = 0

    def sure(self) -> list[Evidence]:
        """Return what tables and spelling rules join by themselves."""
        return [*self._accents(), *self._countries(), *self._pinyin(), *self._initials()]

    def _accents(self) -> Iterator[Evidence]:
        blocks: dict[str, list[str]] = defaultdict(list)
        for key in self._keys:
            folded = forms.fold(key)
            if "," in key and self._kind(key) == "PERSON":  # dahl, ingrid
                last, _, first = (part.strip() for part in key.partition(","))
                folded = forms.fold(f"{first} {last}")
            if len(folded) > 2:
                blocks[folded].append(key)
        for same in blocks.values():
            self.pairs += len(same) - 1
            yield from (Evidence(key, same[0], ACCENTS, 0.97) for key in same[1:])

    def _countries(self) -> Iterator[Evidence]:
        for key in self._keys:
            if self._kind(key) != "LOCATION":
                continue
            names = [other_names.OTHER_NAMES[key]] if key in other_names.OTHER_NAMES else []
            form = next((form for form in other_names.STATE_FORMS if key.startswith(f"{form} ")), "")
            rest = key[len(form) :].strip() if form else ""
            names += [rest] if rest and rest not in other_names.SHARED_BY_STATES else []
            names += [TRANSLATED_TERRITORIES[key]] if key in TRANSLATED_TERRITORIES else []
            self.pairs += len(names)
            for name in names:
                if name in self._known and self._kind(name) == "LOCATION":
                    yield Evidence(key, name, COUNTRY, 0.98)

    def _pinyin(self) -> Iterator[Evidence]:
        """Join 孙丽 with Sun Li: the same letters, the same type, and only one Chinese name that is spelt so."""
        named = {key: self._kind(key) for key in self._keys}
        latin = {name_letters(key): key for key in self._keys if named[key] in _NAMES_TWICE and not is_han(key)}
        spelt: dict[str, list[str]] = defaultdict(list)
        for key in self._keys if latin else ():
            if is_han(key) and named[key] in _NAMES_TWICE and not is_short_person(key):
                spelt[pinyin(key)].append(key)
        for spelling, keys in spelt.items():
            self.pairs += len(keys)
            partner = latin.get(spelling)
            if partner and len(keys) == 1 and named[partner] == named[keys[0]]:
                yield Evidence(keys[0], partner, PINYIN, 0.9)

    def _initials(self) -> Iterator[Evidence]:
        """Join John Doe with John T. Doe, where no John B. Doe is there as well."""
        full: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for key in self._keys:
            if self._kind(key) == "PERSON" and (bare := without_initials(key)) != key and bare in self._known:
                full[bare][key.replace(".", "")].append(key)
        for bare, variants in full.items():
            self.pairs += len(variants)
            if len(variants) == 1 and self._kind(bare) == "PERSON":
                yield from (Evidence(key, bare, INITIALS, 0.92) for keys in variants.values() for key in keys)

    def slips(self) -> list[Evidence]:
        """Return the names that differ in one letter: one of their halves is the same, and so is their type."""
        blocks: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for key in self._keys:
            if len(key) < forms.LEAST_LIKE or is_han(key):
                continue
            for half in {len(key) // 2, (len(key) - 1) // 2}:
                blocks["head", self._kind(key), key[:half]].append(key)
                blocks["tail", self._kind(key), key[-half:]].append(key)
        found: set[tuple[str, str]] = set()
        for (side, _, _), names in blocks.items():
            names.sort(key=None if side == "head" else lambda name: name[::-1])
            for place, one in enumerate(names):
                near = names[place + 1 : place + 1 + _WINDOW]
                self.crowded += max(0, len(names) - place - 1 - _WINDOW)
                self.pairs += len(near)
                found |= {(one, other) for other in near if forms.one_slip(one, other)}
        return sorted({Evidence(min(pair), max(pair), SLIP, 0.85) for pair in found})

    def middle_names(self) -> list[Evidence]:
        """Return the people with one longer name that begins and ends alike: henrik angell, henrik august angell."""
        longer: dict[str, list[str]] = defaultdict(list)
        for key in self._keys:
            words = key.split()
            if len(words) > 2 and f"{words[0]} {words[-1]}" in self._known and self._kind(key) == "PERSON":
                longer[f"{words[0]} {words[-1]}"].append(key)
        self.pairs += sum(map(len, longer.values()))
        found = (Evidence(key, names[0], MIDDLE, 0.84) for key, names in longer.items() if len(names) == 1)
        return sorted(one for one in found if self._kind(one.one) == "PERSON")
