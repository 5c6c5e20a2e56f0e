"""How models name the fields when nothing holds them to a schema: other names, other cases, Chinese, ids for names."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.knowledge.extraction.said.records import SaidEntity, SaidRelation

ENTITIES = ("entities", "nodes", "entity", "named_entities", "extracted_entities", "实体", "实体列表", "节点")
RELATIONS = (
    "relations", "relationships", "edges", "relation", "triples", "triplets", "extracted_triples", "links", "关系",
    "关系列表", "三元组",
)  # fmt: skip
NAMES = ("name", "entity_name", "entity", "text", "title", "名称", "名字", "实体名称", "实体")
SOURCES = (
    "source", "source_entity", "source_name", "source_node", "src", "src_id", "source_id", "start_node_id", "start",
    "subject", "head", "from", "源", "源实体", "头实体", "主语", "主体", "起点",
)  # fmt: skip
TARGETS = (
    "target", "target_entity", "target_name", "target_node", "tgt", "tgt_id", "target_id", "end_node_id", "end",
    "object", "tail", "to", "目标", "目标实体", "尾实体", "宾语", "客体", "终点",
)  # fmt: skip
_TYPES = ("type", "entity_type", "label", "category", "class", "类型", "实体类型", "类别")
_KINDS = (
    "type", "relation", "relation_type", "relationship", "relationship_type", "predicate", "label", "edge", "关系",
    "关系类型", "类型", "谓语",
)  # fmt: skip
_DESCRIPTIONS = ("description", "desc", "summary", "explanation", "details", "描述", "说明", "简介")
_DATES = ("date", "time", "when", "日期", "时间")
_KEYS = ("id", "entity_id", "node_id", "编号")
_TRIPLE = re.compile(r"\s*(?:-+>|→|—+>|\||；|;)\s*")
_ENDS = "()（）[]【】<>\"'“”"


def plain(key: object) -> str:
    """Return a key without what differs between its spellings.

    >>> plain("Entity-Name"), plain("entityName"), plain("entity_name")
    ('entityname', 'entityname', 'entityname')
    """
    return re.sub(r"[\s_\-]", "", str(key)).lower()


def listed(value: Mapping[str, Any], keys: Sequence[str]) -> list[Any]:
    """Return what an object lists under the first of the keys that it has; a mapping by name or by type is spread."""
    there = {plain(key): one for key, one in value.items()}
    found: Any = next((there[plain(key)] for key in keys if there.get(plain(key))), [])
    if isinstance(found, dict) and not _is_item(found):
        return [item for name, one in found.items() for item in _spread(str(name), one)]
    return found if isinstance(found, list) else [found]


def entity_of(item: Any) -> SaidEntity:
    """Return the entity that an item says; one without a name has the name ""."""
    if isinstance(item, str):
        return SaidEntity(item.strip())
    if isinstance(item, list):
        return SaidEntity(*(str(one or "").strip() for one in item[:3])) if item else SaidEntity("")
    key = _field(item, _KEYS)
    return SaidEntity(_field(item, NAMES) or key, _field(item, _TYPES), _field(item, _DESCRIPTIONS), key)


def relation_of(item: Any) -> SaidRelation:
    """Return the relation that an item says: an object, a list in the order of its fields, or a line with arrows."""
    if isinstance(item, str):
        parts = _TRIPLE.split(item.strip(_ENDS))
        item = [part.strip(f"{_ENDS} -") for part in parts]
    if isinstance(item, list):
        texts = [str(one or "").strip() for one in item[:5]]
        return SaidRelation(*texts) if len(texts) > 2 else SaidRelation("", "", "")
    return SaidRelation(
        _field(item, SOURCES),
        _field(item, _KINDS),
        _field(item, TARGETS),
        _field(item, _DESCRIPTIONS),
        _field(item, _DATES),
    )


def is_relation(item: Any) -> bool:
    """Say whether an item that stands alone says a relation, not an entity."""
    if isinstance(item, list):
        return len(item) > 2 and all(isinstance(one, str) for one in item)
    return isinstance(item, dict) and bool(_field(item, SOURCES)) and bool(_field(item, TARGETS))


def is_entity(item: Any) -> bool:
    """Say whether an item that stands alone says an entity."""
    return isinstance(item, dict) and not is_relation(item) and bool(_field(item, NAMES))


def _field(item: Any, names: Sequence[str]) -> str:
    """Return an object's field by the first of its names that it has, as a text; also of its `properties`."""
    if not isinstance(item, dict):
        return ""
    there = {plain(name): one for name, one in item.items()}
    found = next((there[plain(name)] for name in names if there.get(plain(name)) not in (None, "", [], {})), "")
    if found == "" and isinstance(there.get("properties"), dict):
        found = _field(there["properties"], names)
    if isinstance(found, dict):
        return _field(found, NAMES) or _field(found, _KEYS)
    if isinstance(found, list):
        return "; ".join(str(one) for one in found)
    return str(found).strip()


def _is_item(value: Mapping[str, Any]) -> bool:
    return bool(_field(value, NAMES)) or bool(_field(value, SOURCES))


def _spread(name: str, value: Any) -> list[Any]:
    """Return the items of {"Ann": "PERSON"}, {"Ann": {"type": "PERSON"}} or {"PERSON": ["Ann", "Bob"]}."""
    if isinstance(value, list):
        return [one | {"type": name} if isinstance(one, dict) else {"name": one, "type": name} for one in value]
    if isinstance(value, dict):
        return [{"name": name} | value]
    return [{"name": name, "type": value}]
