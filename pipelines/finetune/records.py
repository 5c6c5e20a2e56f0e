"""Frozen records as JSON objects, and back: one key a field, and an error that names what is missing."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from pipelines.core.errors import InputError

T = TypeVar("T")


def as_stored(record: Any) -> dict[str, Any]:
    """Return a dataclass's fields in their order, those that are None left out; the values themselves, no copies."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if value is not None}


def from_stored(kind: type[T], values: Mapping[str, Any], where: str, fix: str, *, whole: bool = True) -> T:
    """Return the dataclass of stored values; other keys are passed over.

    InputError, with `where` they were read and what to do, for fields that are missing: all but those that may be None,
    and with `whole` False all but those that have a default.
    """
    known: tuple[Field[Any], ...] = fields(kind)  # type: ignore[arg-type]  # its stub knows no bare type
    needed = [field.name for field in known if not _has_default(field) or (whole and field.default is not None)]
    missing = [name for name in needed if name not in values]
    if missing:
        raise InputError(where, f"no {', '.join(missing)}", "every key of such a record", fix)
    return kind(**{field.name: values[field.name] for field in known if field.name in values})


def _has_default(field: "Field[Any]") -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
