"""What a person says of entities, replayed on every run: names that are one thing, and names that are not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.core.errors import ConfigurationError
from pipelines.core.files import write_atomically
from pipelines.core.identity import json_digest
from pipelines.knowledge.entities.naming.joining import BY_HAND
from pipelines.knowledge.entities.naming.seen import Evidence, name_key

Sentence = Literal["merge", "split"]


class Edit(BaseModel):
    """One edit. `merge`: two names are one thing (one name twice: all of that name are one). `split`: `name` is not
    `alias`; without an alias, none of the names that it was joined with; in `document` alone, somebody else there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    edit: Sentence
    name: str = Field(min_length=1)
    alias: str = ""
    document: str = ""
    note: str = ""

    def __str__(self) -> str:
        if self.edit == "merge":
            return f"merge {self.name!r} {self.alias!r}"
        alias = f" --alias {self.alias!r}" if self.alias else ""
        return f"split {self.name!r}{alias}" + (f" --document {self.document!r}" if self.document else "")


@dataclass(frozen=True)
class Edits:
    """All edits, in the order in which they were made; a later one of the same names counts."""

    made: tuple[Edit, ...] = ()
    file: Path | None = None

    @property
    def digest(self) -> str:
        """The same for the same edits."""
        return json_digest([edit.model_dump() for edit in self.made])

    @classmethod
    def read(cls, file: Path) -> "Edits":
        """Return the edits of a file, none where there is none; ConfigurationError for one that is not well-formed."""
        if not file.is_file():
            return cls(file=file)
        try:
            rows = yaml.safe_load(file.read_text(encoding="utf-8")) or []
            return cls(tuple(Edit.model_validate(row) for row in rows), file)
        except (yaml.YAMLError, ValidationError, TypeError, UnicodeDecodeError) as error:
            found = str(error).splitlines()[0]
            do = "correct the file, or remove it and make the edits anew"
            raise ConfigurationError(
                str(file), found, "a list of edits: {edit: merge, name: …, alias: …}", do
            ) from None

    def write(self) -> None:
        """Write the file whole."""
        assert self.file is not None
        rows: Sequence[Mapping[str, Any]] = [
            {key: value for key, value in edit.model_dump().items() if value} for edit in self.made
        ]
        head = "# Made by `graftline entities merge|split`; replayed on every run. Edit by hand as you like.\n"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.file, head + yaml.safe_dump(list(rows), allow_unicode=True, sort_keys=False, width=200))

    def with_edit(self, edit: Edit) -> "Edits":
        """Return these edits and one more."""
        return Edits((*self.made, edit), self.file)

    def without(self, place: int) -> "Edits":
        """Return these edits without the one at a place."""
        return Edits(tuple(edit for number, edit in enumerate(self.made) if number != place), self.file)

    def in_documents(self, paths: Mapping[str, str]) -> "Edits":
        """Return these edits with the documents' ids in the place of their paths."""
        return Edits(
            tuple(e.model_copy(update={"document": paths.get(e.document, e.document)}) for e in self.made), self.file
        )

    def merges(self, known: Callable[[str], bool]) -> list[Evidence]:
        """Return the names that a person joins, those that are still there."""
        found = []
        for edit in self._standing():
            one, other = name_key(edit.name), name_key(edit.alias)
            if edit.edit == "merge" and one != other and known(one) and known(other):
                found.append(Evidence(one, other, BY_HAND, 2.0, "", edit.note or str(edit), "hand"))
        return found

    def one_person(self) -> frozenset[str]:
        """Return the keys whose homonyms a person joins again."""
        keys = (name_key(edit.name) for edit in self._standing() if edit.edit == "merge" and _same(edit))
        return frozenset(keys)

    def forbidden(self) -> frozenset[frozenset[str]]:
        """Return the pairs of keys that a person parts."""
        pairs = ((name_key(e.name), name_key(e.alias)) for e in self._standing() if e.edit == "split" and e.alias)
        return frozenset(frozenset(pair) for pair in pairs if pair[0] != pair[1])

    def spellings(self) -> frozenset[str]:
        """Return the spellings that a person takes out of the names that are written like them."""
        return frozenset(e.alias for e in self._standing() if e.edit == "split" and e.alias and _same(e))

    def alone(self) -> frozenset[str]:
        """Return the keys that a person joins with nothing."""
        made = self._standing()
        return frozenset(name_key(e.name) for e in made if e.edit == "split" and not e.alias and not e.document)

    def elsewhere(self) -> frozenset[tuple[str, str]]:
        """Return (document, key) where a person says that a name means somebody else there."""
        made = self._standing()
        return frozenset((e.document, name_key(e.name)) for e in made if e.edit == "split" and e.document)

    def unused(self, known: Callable[[str], bool]) -> list[str]:
        """Return the edits with a name that no text holds."""
        return [
            str(edit)
            for edit in self.made
            if not known(name_key(edit.name)) or (edit.alias and not known(name_key(edit.alias)))
        ]

    def _standing(self) -> list[Edit]:
        """Return the edits that no later one of the same names takes back."""
        latest: dict[frozenset[str] | tuple[str, ...], Edit] = {}
        for edit in self.made:
            pair = frozenset((name_key(edit.name), name_key(edit.alias or edit.name)))
            latest.pop((edit.document, *sorted(pair)), None)
            latest[(edit.document, *sorted(pair))] = edit
        return list(latest.values())


def _same(edit: Edit) -> bool:
    return name_key(edit.name) == name_key(edit.alias or edit.name)


NO_EDITS = Edits()
