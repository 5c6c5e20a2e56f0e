"""Which languages an embedding model reads: what a setting, or the model's own card, says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.errors import ConfigurationError

_EVERY = frozenset({"any", "multilingual"})
_CODE = re.compile(r"[a-z]{2,3}(?=$|[-_])")
_SHORT = {"eng": "en", "zho": "zh", "chi": "zh", "cmn": "zh"}
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)


@dataclass(frozen=True)
class Languages:
    """ISO 639-1 codes; none at all stands for every language.

    A model that names no language is taken to read all: where it does not, its vectors are only poor, while leaving
    them out would take them from all that it does read.
    """

    codes: frozenset[str] = frozenset()

    def __contains__(self, code: str) -> bool:
        return not self.codes or code in self.codes

    @classmethod
    def named(cls, names: Iterable[str]) -> "Languages":
        """Return the languages that a list names, in whatever spelling the hub has: "zh-CN", "zho", "multilingual"."""
        small = [name.strip().lower() for name in names]
        if _EVERY.intersection(small):
            return cls()
        codes = (found[0] for name in small if (found := _CODE.match(name)))
        return cls(frozenset(_SHORT.get(code, code) for code in codes))


EVERY_LANGUAGE = Languages()


def languages_setting(value: str) -> Languages | None:
    """Return what EMBEDDING_LANGUAGES says, None where it is unset; ConfigurationError for what is no language."""
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    wrong = [name for name in names if name not in _EVERY and not _CODE.match(name)]
    if wrong:
        raise ConfigurationError(
            "EMBEDDING_LANGUAGES", f"'{wrong[0]}'", "codes such as en,zh, or any", "set EMBEDDING_LANGUAGES=any"
        )
    return Languages.named(names) if names else None


def card_languages(folder: Path) -> Languages:
    """Return what the front matter of a model's card (README.md) names as `language`."""
    import yaml

    card = folder / "README.md"
    text = card.read_text(encoding="utf-8-sig", errors="replace") if card.is_file() else ""
    front = _FRONT_MATTER.match(text)
    try:
        # The base loader leaves every scalar a text: "no" is Norwegian.
        values: Any = yaml.load(front[1], Loader=yaml.BaseLoader) if front else None
    except yaml.YAMLError:
        values = None
    named = values.get("language", []) if isinstance(values, dict) else []
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return Languages.named(name for name in names if isinstance(name, str))
