"""A user's schema.yaml in neo4j-graphrag's form, and what a bad one is told."""

import json
from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.knowledge.extraction.said.schema_file import ExtractionSchema, TypeOf, read_schema

YAML = """
node_types:
  - Person
  - label: House
    description: Family the person belongs to
    properties:
      - {name: name, type: STRING}
relationship_types:
  - label: PARENT_OF
  - {label: HEIR_OF, description: used between father and sons}
patterns:
  - [Person, PARENT_OF, Person]
  - {source: Person, relationship: HEIR_OF, target: House}
additional_node_types: false
"""
SCHEMA = ExtractionSchema(
    (TypeOf("PERSON"), TypeOf("HOUSE", "Family the person belongs to")),
    (TypeOf("PARENT_OF"), TypeOf("HEIR_OF", "used between father and sons")),
    (("PERSON", "PARENT_OF", "PERSON"), ("PERSON", "HEIR_OF", "HOUSE")),
    more_entities=False,
)


def written(folder: Path, text: str, name: str = "schema.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_form_of_neo4j_graphrag_is_read_also_within_a_pipelines_configuration(tmp_path: Path) -> None:
    assert read_schema(written(tmp_path, YAML)) == SCHEMA
    indented = "".join(f"  {line}\n" for line in YAML.splitlines())
    assert read_schema(written(tmp_path, f"version: 1\nschema:\n{indented}", "pipeline.yaml")) == SCHEMA


def test_json_and_the_names_of_our_own_are_read(tmp_path: Path) -> None:
    value = {"entity_types": ["人物", "公司"], "relation_types": ["工作于"], "patterns": [["人物", "工作于", "公司"]]}
    path = written(tmp_path, json.dumps(value, ensure_ascii=False), "schema.json")
    assert read_schema(path) == ExtractionSchema(
        (TypeOf("人物"), TypeOf("公司")), (TypeOf("工作于"),), (("人物", "工作于", "公司"),)
    )


def test_the_digest_is_the_schemas_and_not_the_files(tmp_path: Path) -> None:
    other = written(tmp_path, f"# a remark\n{YAML}", "other.yaml")
    assert read_schema(other).digest == read_schema(written(tmp_path, YAML)).digest
    closed = written(tmp_path, YAML.replace("false", "true"), "closed.yaml")
    assert read_schema(closed).digest != SCHEMA.digest


@pytest.mark.parametrize(("text", "where", "found", "do"), [
    ("node_types:\n  - [", "line 2", "", "correct the file"),
    ("- Person", "", "list", "correct the file"),
    ("relationship_types: [A]", "node_types", "no type of entities", ""),
    ("node_type: [Person]", "node_type", "a key that nothing reads", "rename it node_types"),
    ("node_types: Person", "node_types", "'Person'", ""),
    ("node_types: [{description: x}]", "node_types, entry 1", "description", ""),
    ("node_types: [Person, {label: person}]", "node_types, entry 2", "a second time", ""),
    ("node_types: [Person]\npatterns: [[Person, Person]]", "patterns, entry 1", "Person", ""),
    ("node_types: [Person]\nrelationship_types: [KNOWS]\npatterns: [[Person, KNOW, Person]]",
     "patterns, entry 1", "KNOW, which is none of the types", "write KNOWS"),
    ("node_types: [Person]\nadditional_node_types: maybe", "additional_node_types", "'maybe'", ""),
])  # fmt: skip
def test_a_bad_file_is_told_with_its_key_and_what_to_do(
    tmp_path: Path, text: str, where: str, found: str, do: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        read_schema(path)
    assert caught.value.where.startswith(f"GRAFTLINE_EXTRACTION_SCHEMA, {path}") and where in caught.value.where
    assert found in caught.value.found and do in caught.value.fix and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="correct the path"):
        read_schema(tmp_path / "nowhere.yaml")
