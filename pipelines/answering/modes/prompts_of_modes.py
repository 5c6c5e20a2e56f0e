"""What the modes that ask the model tell it: a file for each mode and language, English where a language has none."""

from functools import cache
from importlib.resources import files
from string import Template

from pipelines.text.languages.language import Language

_DEFAULT = "en"


def mode_prompt(name: str, language: Language, **values: object) -> str:
    """Return the prompt of a name, `values` in the place of its `$placeholders`."""
    return Template(_text(name, language.code)).substitute({key: str(value) for key, value in values.items()}).strip()


@cache
def _text(name: str, code: str) -> str:
    folder = files("pipelines.answering.modes").joinpath("prompts")
    own = folder.joinpath(f"{name}.{code}.md")
    return (own if own.is_file() else folder.joinpath(f"{name}.{_DEFAULT}.md")).read_text(encoding="utf-8")
