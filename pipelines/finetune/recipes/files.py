"""Recipes as text: YAML files, `key=value` pairs and LLaMA-Factory's flags in; the resolved YAML out."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipelines.core.errors import InputError, shell_setting
from pipelines.core.inputs.as_of import is_there, text_of
from pipelines.finetune.recipes.faults import require_faultless
from pipelines.finetune.recipes.keys import ALIASES, NOTED, is_neutral, key_refusal, nearest_key
from pipelines.finetune.recipes.recipe import CONTRADICTIONS, Recipe, is_no_number

_PAIR = re.compile(r"[A-Za-z_]\w*=")
FILE = "recipe.yaml"
"""Name under which a recipe with its resolved defaults lies beside what it trained."""


def load_recipe(path: Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe, with other values for some keys; InputError names file, key and the nearest known key."""
    return recipe_of({**read_recipe(path), **(overrides or {})}, str(path))


def read_recipe(path: Path) -> dict[str, Any]:
    """Return a recipe file's keys as they stand there; InputError where it is no mapping."""
    if not is_there(path):
        near = sorted(other.stem for other in path.parent.glob("*.yaml"))
        raise InputError(
            str(path),
            "no such recipe",
            f"one of {', '.join(near) or 'no recipes here'}",
            "choose one of these, or add it below GRAFTLINE_RECIPES",
        )
    try:
        values = yaml.safe_load(text_of(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(str(path), str(error).replace("\n", " "), "UTF-8 YAML", f"correct {path.name}") from error
    if not isinstance(values, dict):
        raise InputError(
            str(path),
            type(values).__name__,
            "a mapping of keys to values",
            f"see recipes/lora.yaml; correct {path.name}",
        )
    return {ALIASES.get(str(key), str(key)): value for key, value in values.items()}


def recipe_of(values: Mapping[str, Any], where: str) -> Recipe:
    """Return the recipe of some keys; InputError names `where`, and of each fault the key, what to use and why."""
    recipe, faults = examined(values, where)
    require_faultless(where, faults)
    return recipe


def examined(values: Mapping[str, Any], where: str) -> tuple[Recipe, list[InputError]]:
    """Return the recipe of the keys that can be used, and every fault of the others: keys, values, contradictions."""
    faults: list[InputError] = []
    usable: dict[str, Any] = {}
    for key, value in values.items():
        fault = _key_fault(str(key), value, where)
        if fault:
            faults.append(fault)
        else:
            usable[ALIASES.get(key, key)] = value
    while True:
        try:
            return Recipe(**usable), faults
        except ValidationError as error:
            wrong = {".".join(map(str, each["loc"])): each for each in error.errors()}
        for key, each in wrong.items():
            message = each["msg"].removeprefix("Value error, ")
            if key:
                usable.pop(key)
                faults.append(InputError(f"{where}, key '{key}'", repr(each["input"]), message, f"correct '{key}'"))
            else:
                pairs = message.split(CONTRADICTIONS)
                faults += [
                    InputError(where, "keys that do not go together", pair, "correct these keys") for pair in pairs
                ]
                usable = {key: value for key, value in usable.items() if key in _INPUTS}


_INPUTS = ("model_name_or_path", "dataset", "eval_dataset", "dataset_dir", "template", "stage")
"""What else is looked at where other keys contradict each other."""


def _key_fault(key: str, value: Any, where: str) -> InputError | None:
    if not (key in Recipe.model_fields or key in ALIASES or key in NOTED or is_neutral(key)) or key == "noted":
        near = nearest_key(key, [name for name in Recipe.model_fields if name != "noted"])
        return InputError(f"{where}, key '{key}'", "an unknown key", near, f"rename or remove '{key}'")
    reason = key_refusal(ALIASES.get(key, key), value)
    if reason:
        found, _, use = reason.partition("; use ")
        return InputError(f"{where}, key '{key}'", found, use, f"remove '{key}' or correct it")
    if is_no_number(ALIASES.get(key, key), value):
        return InputError(f"{where}, key '{key}'", f"the boolean {value}", "a number", f"correct '{key}'")
    return None


def parse_arguments(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the keys of `key=value`, `--key value`, `--key=value` and bare `--key` (true), values read as YAML.

    A flag takes what follows up to the next flag or pair; several values become a list, as in LLaMA-Factory.
    """
    found: dict[str, Any] = {}
    flag: str | None = None
    for part in arguments:
        if part.startswith("--"):
            flag, given, value = part[2:].partition("=")
            flag = flag.replace("-", "_")
            found[flag] = _value(value) if given else True
            flag = None if given else flag
        elif _PAIR.match(part):
            key, _, text = part.partition("=")
            found[key], flag = _value(text), None
        elif flag is not None:
            value = _value(part)
            if found[flag] is True:
                found[flag] = value
            else:
                found[flag] = [*(found[flag] if isinstance(found[flag], list) else [found[flag]]), value]
        else:
            fix = f"write {shell_setting('KEY', part)} or remove it"
            raise InputError(f"'{part}'", "neither a flag nor a pair", "key=value or --key value", fix)
    return {ALIASES.get(key, key): value for key, value in found.items()}


def resolved_yaml(recipe: Recipe) -> str:
    """Return the recipe with every default filled in as YAML; what was only noted stands below as comments."""
    text = yaml.safe_dump(recipe.resolved(), sort_keys=False, allow_unicode=True)
    notes = "".join(f"# {line}\n" for line in recipe.notes())
    return text + (f"# Noted, without effect:\n{notes}" if notes else "")


def _value(text: str) -> Any:
    try:
        return yaml.safe_load(text) if text else None
    except yaml.YAMLError:
        return text
