"""What environment and `.env` say about settings, with the source of each text, and what is wrong with a value."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

from pipelines.core.errors import ConfigurationError, shell_setting
from pipelines.core.masked import HIDDEN, masked
from pipelines.text.nearest import nearest_name

CHECKOUT = Path(__file__).resolve().parent.parent
_LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
PREFIX = "GRAFTLINE_"
ELSEWHERE = ("GRAFTLINE_TEST_", "GRAFTLINE_BENCH_")
"""What variables begin with that tests and benchmarks read."""


def below_checkout(path: Path) -> Path:
    """Return a path from the checkout on, so that every entrance sees the same folder from any working folder."""
    return CHECKOUT / path.expanduser()


def variable(name: str, default: str, description: str) -> Any:
    """Return the field of one variable; its default is checked and read as its value would be."""
    return Field(default, alias=name, description=description)


@dataclass(frozen=True, repr=False)
class Readings:
    """Every variable's text, unchecked, and its source: "environment", ".env" or "default"."""

    texts: Mapping[str, str]
    sources: Mapping[str, str]
    secrets: frozenset[str]
    unknown: tuple[ConfigurationError, ...]
    """Names that begin as ours do and that nothing reads."""

    @property
    def given(self) -> dict[str, str]:
        return {name: text for name, text in self.texts.items() if self.sources[name] != "default"}

    def without(self, name: str) -> "Readings":
        """Return these with a variable's default, as if it was not set."""
        return replace(self, sources={**self.sources, name: "default"})

    def display_value(self, name: str) -> str:
        """Return a value as it may be printed: without passwords and keys."""
        text = self.texts[name]
        if not text:
            return "(unset)"
        return HIDDEN if name in self.secrets else masked(text)


def variables(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Return the fields of a settings class by the names of their variables, inherited ones last."""
    fields = sorted(settings.model_fields.items(), key=lambda item: item[0] not in settings.__annotations__)
    return {str(field.alias): field for _, field in fields}


def read(settings: type[BaseSettings], environment: Mapping[str, str] | None, dotenv: Path) -> Readings:
    """Read all variables of a settings class; an empty one counts as unset."""
    from_environment, from_file = EnvSettingsSource(settings), DotEnvSettingsSource(settings, env_file=dotenv)
    from_environment.env_vars = {
        name: text for name, text in (os.environ if environment is None else environment).items() if text
    }
    fields = variables(settings)
    texts: dict[str, str] = {}
    sources: dict[str, str] = {}
    for source, values in (
        ("default", {name: field.default for name, field in fields.items()}),
        (".env", from_file()),
        ("environment", from_environment()),
    ):
        ours = {name: text for name, text in values.items() if name in fields}
        texts |= ours
        sources |= dict.fromkeys(ours, source)
    secrets = frozenset(name for name, field in fields.items() if field.annotation is SecretStr)
    strange = {**dict.fromkeys(from_file.env_vars, ".env"), **dict.fromkeys(from_environment.env_vars, "environment")}
    unknown = [
        unknown_variable(name, f"a name that nothing reads [{source}]", fields)
        for name, source in sorted(strange.items())
        if name.startswith(PREFIX) and not name.startswith(ELSEWHERE) and name not in fields
    ]
    return Readings(texts, sources, secrets, tuple(unknown))


def unknown_variable(name: str, found: str, known: Mapping[str, Any]) -> ConfigurationError:
    """Return the error of a name that is no setting, with the nearest that is one."""
    near = nearest_name(name, known)
    return ConfigurationError(
        name, found, "one of the names that graftline doctor lists", f"set {near} instead" if near else f"unset {name}"
    )


def refusal(found: str, expected: str, instead: str) -> PydanticCustomError:
    """Return the error of a validator: what it found, what it expects, and the value to set instead."""
    return PydanticCustomError("refusal", "{expected}", {"found": found, "expected": expected, "instead": instead})


def first_error(error: ValidationError, settings: type[BaseSettings]) -> ConfigurationError:
    """Return the first of pydantic's errors as ours, `where` being the variable."""
    wrong, fields = error.errors(include_url=False)[0], variables(settings)
    name = str(wrong["loc"][0])
    if name not in fields:
        return unknown_variable(name, "no setting of that name", fields)
    field, context = fields[name], wrong.get("ctx", {})
    found = HIDDEN if field.annotation is SecretStr else context.get("found", f"'{wrong['input']}'")
    instead = context["instead"] if wrong["type"] == "refusal" else _instead(field, str(wrong["input"]))
    fix = f"set {shell_setting(name, instead)}" if instead else f"unset {name}"
    return ConfigurationError(name, found, context["expected"] if wrong["type"] == "refusal" else _expected(field), fix)


def _choices(field: FieldInfo) -> tuple[str, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _instead(field: FieldInfo, value: str) -> str:
    return nearest_name(value, _choices(field)) or str(field.default)


def _expected(field: FieldInfo) -> str:
    if choices := _choices(field):
        return f"one of {', '.join(choices)}"
    if field.annotation in (int, float):
        limits = {name: getattr(one, name) for one in field.metadata for name in _LIMITS if hasattr(one, name)}
        bounds = " and ".join(f"{_LIMITS[name]} {limit:g}" for name, limit in limits.items())
        return f"a {'whole ' if field.annotation is int else ''}number {bounds}".rstrip()
    return field.description or "another value"
