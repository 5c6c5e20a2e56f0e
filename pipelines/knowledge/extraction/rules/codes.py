"""Identifiers, which are written alike in every language: INC-24-03, CVE-2024-3094, L23-11."""

import re

from pipelines.knowledge.mentions import Entity

_CODE = re.compile(r"(?<![\w-])(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z][A-Z0-9]{0,7}(?:-[A-Z0-9]{1,8}){1,4}(?![\w-])")
"""Capitals and figures, at least one of each, in parts that hyphens join."""


def codes(text: str) -> list[Entity]:
    """Return the identifiers of a text; what they name is not known."""
    return [Entity(*match.span(), match.group(), "CONCEPT") for match in _CODE.finditer(text)]


def is_code(name: str) -> bool:
    """Say whether a name is an identifier."""
    return _CODE.fullmatch(name) is not None
