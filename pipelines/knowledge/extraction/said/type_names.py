"""The spelling of types: an identifier in capitals, or words of another script as they are."""

import re
import unicodedata

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_IN_A_TYPE = re.compile(r"\W+")
_LONGEST = 60
_SAME = {
    "PER": "PERSON", "PEOPLE": "PERSON", "ORG": "ORGANIZATION", "ORGANISATION": "ORGANIZATION", "LOC": "LOCATION",
    "GPE": "LOCATION", "人物": "PERSON", "人": "PERSON", "人名": "PERSON", "组织": "ORGANIZATION",
    "机构": "ORGANIZATION", "组织机构": "ORGANIZATION", "地点": "LOCATION", "地名": "LOCATION", "位置": "LOCATION",
    "产品": "PRODUCT", "事件": "EVENT", "概念": "CONCEPT",
}  # fmt: skip
"""The usual labels of taggers, and the Chinese words, for the types that are asked for where there is no schema."""


def type_name(said: str) -> str:
    """Return a type as the graph spells it, "" of what has no letter.

    >>> type_name("works at"), type_name("WorksFor"), type_name("工作于"), type_name("is-part-of!"), type_name("—")
    ('WORKS_AT', 'WORKS_FOR', '工作于', 'IS_PART_OF', '')
    """
    spaced = _CAMEL.sub("_", unicodedata.normalize("NFKC", said).strip())
    name = _NOT_IN_A_TYPE.sub("_", spaced).upper().strip("_")
    return name[:_LONGEST].rstrip("_") if any(one.isalpha() for one in name) else ""


def usual_type(name: str) -> str:
    """Return the usual name of an entity's type that is known by another one, else the name itself."""
    return _SAME.get(name, name)
