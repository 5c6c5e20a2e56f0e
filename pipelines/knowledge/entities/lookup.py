"""Entities by the names that people type, all that is known of one, and edits by hand that fit the stored tables."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.core.errors import InputError
from pipelines.knowledge.entities.edits import Edit
from pipelines.knowledge.entities.naming.seen import name_key

_NEAREST = 5
_SENTENCES, _RELATIONS = 8, 20


@dataclass(frozen=True)
class Book:
    """The stored tables that tell of entities; communities and their summaries where a run made them."""

    entities: pa.Table
    relations: pa.Table
    aliases: pa.Table
    chunks: pa.Table
    communities: pa.Table | None = None
    summaries: pa.Table | None = None

    def find(self, name: str) -> list[dict[str, Any]]:
        """Return the entities of a name, an alias or (the beginning of) an id, most mentioned first.

        InputError with the nearest names where there is none.
        """
        rows = self.entities.to_pylist()
        key = name_key(name)
        exact = [row for row in rows if name in (row["name"], *row["aliases"])]
        found = exact or [row for row in rows if key in map(name_key, (row["name"], *row["aliases"]))]
        if not found:
            ids = {row["entity_id"] for row in self.aliases.to_pylist() if name_key(row["alias"]) == key}
            ids |= {row["entity_id"] for row in rows if len(name) >= 6 and row["entity_id"].startswith(name.lower())}
            found = [row for row in rows if row["entity_id"] in ids]
        if not found:
            names = sorted({one for row in rows for one in (row["name"], *row["aliases"])})
            folded: dict[str, str] = {}
            for one in names:
                folded.setdefault(one.casefold(), one)
            near = difflib.get_close_matches(name.casefold(), folded, n=_NEAREST, cutoff=0.5)
            part = [folded[one] for one in folded if name.casefold() in one][:_NEAREST]
            nearest = ", ".join(dict.fromkeys([*(folded[one] for one in near), *part]))
            raise InputError(
                f"the entity '{name}'", "none of that name",
                f"a name such as {nearest}" if nearest else "a stored name",
                "graftline entities list",
            )  # fmt: skip
        return sorted(found, key=lambda row: (-row["mentions"], row["entity_id"]))

    def names_of(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of ALIASES of an entity, the most mentioned first."""
        mine = [one for one in self.aliases.to_pylist() if one["entity_id"] == row["entity_id"]]
        return sorted(mine, key=lambda one: (-one["mentions"], one["alias"], one["document_id"]))

    def relations_of(self, row: Mapping[str, Any]) -> list[str]:
        """Return an entity's relations as lines, typed ones first, then by weight."""
        names = dict(zip(self.entities["entity_id"].to_pylist(), self.entities["name"].to_pylist(), strict=True))
        mine = [one for one in self.relations.to_pylist() if row["entity_id"] in (one["source_id"], one["target_id"])]
        mine.sort(key=lambda one: (one["type"] == "CO_OCCURS", -one["weight"], one["relation_id"]))
        lines = [f"{names[one['source_id']]} {one['type']} {names[one['target_id']]}" for one in mine[:_RELATIONS]]
        return lines + ([f"and {len(mine) - _RELATIONS} more"] if len(mine) > _RELATIONS else [])

    def sentences_of(self, row: Mapping[str, Any]) -> Iterator[str]:
        """Yield "path: text around the name" for the first places of an entity."""
        texts = {one["chunk_id"]: one for one in self.chunks.select(["chunk_id", "path", "text"]).to_pylist()}
        places = row["spans"] or []
        shown: set[str] = set()
        for place, start, end in zip(places[::3], places[1::3], places[2::3], strict=True):
            chunk = texts.get(row["chunk_ids"][place])
            if chunk is None:
                continue
            text = chunk["text"]
            first, last = max(0, start - 80), min(len(text), end + 80)
            line = f"{chunk['path']}: …{' '.join(text[first:start].split())} [{text[start:end]}] "
            line += f"{' '.join(text[end:last].split())}…"
            if line not in shown and len(shown) < _SENTENCES:
                shown.add(line)
                yield line

    def community_of(self, row: Mapping[str, Any]) -> str:
        """Return the title of the smallest community that holds an entity, "" where there is none."""
        if self.communities is None:
            return ""
        mine = [one for one in self.communities.to_pylist() if row["entity_id"] in one["entity_ids"]]
        if not mine:
            return ""
        smallest = max(mine, key=lambda one: (one["level"], one["community_id"]))
        titles = {one["community_id"]: one["title"] for one in (self.summaries.to_pylist() if self.summaries else [])}
        title = titles.get(smallest["community_id"], smallest["community_id"])
        return f"{title} (level {smallest['level']}, {len(smallest['entity_ids'])} entities)"

    def merge(self, one: str, other: str) -> Edit:
        """Return the edit that joins two names; InputError where they are one already or not there."""
        rows = self.find(one), self.find(other)
        ids = {row["entity_id"] for found in rows for row in found}
        if len(ids) < 2:
            raise InputError(
                f"merge '{one}' '{other}'", f"both are '{rows[0][0]['name']}' already", "names of two entities",
                f"graftline entities show '{one}'",
            )  # fmt: skip
        return Edit(edit="merge", name=one, alias=other)

    def split(self, name: str, alias: str = "", document: str = "") -> Edit:
        """Return the edit that parts a name from its aliases, from one, or in one document; InputError as it fits."""
        found = self.find(name)
        if alias and not any(one["entity_id"] in {r["entity_id"] for r in found} for one in self.find(alias)):
            known = ", ".join(one for row in found for one in row["aliases"]) or "none"
            raise InputError(
                f"split '{name}' --alias '{alias}'", f"'{alias}' is another entity already",
                f"one of its aliases: {known}",
                f"graftline entities show '{name}'",
            )  # fmt: skip
        if document:
            paths = dict(zip(self.chunks["chunk_id"].to_pylist(), self.chunks["path"].to_pylist(), strict=True))
            mine = sorted({paths[key] for row in found for key in row["chunk_ids"] if key in paths})
            if document not in mine:
                raise InputError(
                    f"split '{name}' --document '{document}'", "no document of that path that names it",
                    f"one of {', '.join(mine[:_NEAREST])}", f"graftline entities show '{name}'",
                )  # fmt: skip
        if not alias and not document and not any(row["aliases"] for row in found) and not self.names_of(found[0]):
            raise InputError(
                f"split '{name}'", "no name that it was joined with", "an entity with aliases, or --document PATH",
                f"graftline entities show '{name}'",
            )  # fmt: skip
        return Edit(edit="split", name=name, alias=alias, document=document)
