"""What becomes of the types that are said: those of a user's schema, and what lies outside of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.knowledge.extraction.said.schema_file import ExtractionSchema
from pipelines.knowledge.extraction.said.type_names import type_name, usual_type
from pipelines.knowledge.extraction.settings import Outside
from pipelines.knowledge.mentions import CO_OCCURS
from pipelines.text.nearest import nearest_name

UNKNOWN = "CONCEPT"
_LIKE = 0.75
"""Another spelling (ORGANISATION) is as like as this, another word (LOCATION for ORGANIZATION) is not."""


@dataclass(frozen=True)
class Typing:
    """The types that are kept."""

    schema: ExtractionSchema | None = None
    outside: Outside = "auto"

    def entity(self, said: str) -> str:
        """Return the type that an entity gets, "" where it is dropped for it."""
        if self.schema is None:
            return usual_type(type_name(said)) or UNKNOWN
        names = [one.name for one in self.schema.entities]
        return self._kept(type_name(said), names, self.schema.more_entities, UNKNOWN)

    def relation(self, said: str) -> str:
        """Return the type that a relation gets, "" where it is dropped for it."""
        name = type_name(said)
        if self.schema is None or not self.schema.relations:
            return name or CO_OCCURS
        names = [one.name for one in self.schema.relations]
        return self._kept(name, names, self.schema.more_relations, CO_OCCURS)

    def direction(self, source: str, relation: str, target: str) -> int:
        """Return 1 where a relation between these types may be kept, -1 the other way round, 0 where it is dropped."""
        schema = self.schema
        if schema is None or not schema.patterns or (source, relation, target) in schema.patterns:
            return 1
        policy = self._policy(schema.more_patterns)
        if policy == "map" and (target, relation, source) in schema.patterns:
            return -1
        return 1 if policy == "keep" else 0

    def is_closed(self, more: bool | None) -> bool:
        """Say whether a model may be held to the schema's own types, of which its file says `more` or not."""
        return self._policy(more) != "keep"

    def _kept(self, name: str, names: Sequence[str], more: bool | None, unknown: str) -> str:
        if name in names:
            return name
        policy = self._policy(more)
        if policy == "keep":
            return name or unknown
        return nearest_name(name, names, _LIKE) if policy == "map" and name else ""

    def _policy(self, more: bool | None) -> str:
        if self.outside != "auto":
            return self.outside
        return "drop" if more is False else "keep"
