"""A user's schema.yaml: types of entities and relations with patterns, in the form of neo4j-graphrag's GraphSchema."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import content_id
from pipelines.knowledge.extraction.said.type_names import type_name
from pipelines.text.nearest import nearest_name

SETTING = "GRAFTLINE_EXTRACTION_SCHEMA"
_ENTITIES = ("node_types", "entity_types", "entities", "nodes")
_RELATIONS = ("relationship_types", "relation_types", "relations", "relationships")
_PATTERNS = ("patterns", "potential_schema")
_MORE = ("additional_node_types", "additional_relationship_types", "additional_patterns")
_UNUSED = ("constraints",)
_KEYS = (*_ENTITIES, *_RELATIONS, *_PATTERNS, *_MORE, *_UNUSED)
_LABELS = ("label", "name", "type")


@dataclass(frozen=True)
class TypeOf:
    """A type of entities or relations, and what it means ("" where the file does not say)."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class ExtractionSchema:
    """What a graph may hold; `more_…` say whether other types and patterns may be kept (None: nothing is said)."""

    entities: tuple[TypeOf, ...]
    relations: tuple[TypeOf, ...] = ()
    patterns: tuple[tuple[str, str, str], ...] = ()
    more_entities: bool | None = None
    more_relations: bool | None = None
    more_patterns: bool | None = None

    @property
    def digest(self) -> str:
        """The same for the same schema, however its file is written."""
        return content_id(repr(self))


def read_schema(path: Path) -> ExtractionSchema:
    """Return the schema of a YAML or JSON file; ConfigurationError names the file, the key and what to do."""
    return _Reader(path).schema()


class _Reader:
    """One file, read from its first key to its last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def schema(self) -> ExtractionSchema:
        value = self._value()
        inner = value.get("schema") if isinstance(value, dict) else None
        if isinstance(inner, dict):  # the configuration of a whole pipeline, as neo4j-graphrag writes it
            value = inner
        if not isinstance(value, dict):
            raise self._wrong("", f"{type(value).__name__}", "a mapping with node_types and relationship_types")
        for key in value:
            if key not in _KEYS:
                near = nearest_name(str(key), _KEYS)
                raise self._wrong(str(key), "a key that nothing reads", ", ".join(_KEYS), near and f"rename it {near}")
        entities, relations = self._types(value, _ENTITIES), self._types(value, _RELATIONS)
        if not entities:
            raise self._wrong(_ENTITIES[0], "no type of entities", "a list of types: [Person, {label: Company}]")
        more = [self._flag(value, key) for key in _MORE]
        return ExtractionSchema(entities, relations, self._patterns(value, entities, relations), *more)

    def _value(self) -> Any:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            found = f"{type(error).__name__} ({getattr(error, 'strerror', None) or error})"
            raise self._wrong("", found, "a YAML or JSON file in UTF-8", "correct the path, or unset it") from None
        try:
            return json.loads(text) if self.path.suffix.lower() == ".json" else yaml.safe_load(text)
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}" if mark else f", line {getattr(error, 'lineno', 1)}"
            problem = getattr(error, "problem", None) or getattr(error, "msg", None) or str(error)
            raise self._wrong(line.lstrip(", "), " ".join(str(problem).split()), "YAML or JSON") from None

    def _types(self, value: Mapping[str, Any], keys: Iterable[str]) -> tuple[TypeOf, ...]:
        key = next((key for key in keys if value.get(key) is not None), "")
        items = value.get(key, [])
        if not isinstance(items, list):
            raise self._wrong(key, repr(items), "a list of types: [Person, {label: Company}]")
        found: dict[str, TypeOf] = {}
        for number, item in enumerate(items, start=1):
            place = f"{key}, entry {number}"
            fields = item if isinstance(item, dict) else {"label": item}
            label = next((fields[name] for name in _LABELS if fields.get(name)), None)
            name = type_name(label) if isinstance(label, str) else ""
            if not name:
                raise self._wrong(place, repr(item), "a name, or a mapping with a label and a description")
            if name in found:
                raise self._wrong(place, f"{label}, a second time", "each type once")
            found[name] = TypeOf(name, " ".join(str(fields.get("description") or "").split()))
        return tuple(found.values())

    def _patterns(
        self, value: Mapping[str, Any], entities: Iterable[TypeOf], relations: Iterable[TypeOf]
    ) -> tuple[tuple[str, str, str], ...]:
        key = next((key for key in _PATTERNS if value.get(key) is not None), "")
        items = value.get(key, [])
        if not isinstance(items, list):
            raise self._wrong(key, repr(items), "a list of [source, relation, target]")
        known = tuple(tuple(one.name for one in types) for types in (entities, relations))
        found = []
        for number, item in enumerate(items, start=1):
            place = f"{key}, entry {number}"
            if isinstance(item, dict):
                item = [item.get("source"), item.get("relationship", item.get("relation")), item.get("target")]
            if not isinstance(item, list) or len(item) != 3 or not all(isinstance(one, str) for one in item):
                raise self._wrong(place, repr(item), "[source, relation, target]: three names of types")
            names = tuple(map(type_name, item))
            for said, name, those in zip(item, names, (known[0], known[1], known[0]), strict=True):
                if name not in those:
                    near = nearest_name(name, those)
                    raise self._wrong(
                        place, f"{said}, which is none of the types", ", ".join(those) or "types of relations",
                        near and f"write {near}",
                    )  # fmt: skip
            found.append((names[0], names[1], names[2]))
        return tuple(dict.fromkeys(found))

    def _flag(self, value: Mapping[str, Any], key: str) -> bool | None:
        flag = value.get(key)
        if flag is not None and not isinstance(flag, bool):
            raise self._wrong(key, repr(flag), "true or false")
        return flag

    def _wrong(self, key: str, found: str, expected: str, fix: str = "") -> ConfigurationError:
        where = f"{SETTING}, {self.path}{f', {key}' if key else ''}"
        return ConfigurationError(where, found, expected, fix or "correct the file")
