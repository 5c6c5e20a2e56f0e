"""Prompts as files: one for each prompt and language, packaged; a user's folder may hold others in their place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import content_id
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages
from pipelines.text.nearest import nearest_name

_DEFAULT = "en"
_MEANT = 0.7


@dataclass(frozen=True)
class Placeholders:
    """What is put into a prompt: the placeholders that it cannot do without, and those that it may leave out."""

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class PromptFiles:
    """The texts by file name ("system.en"); a language without files of its own has the English ones."""

    texts: Mapping[str, str]

    def digest(self, *names: str) -> str:
        """Return what these prompts are told by: part of the id of all that is made with them."""
        chosen = sorted(item for item in self.texts.items() if item[0].partition(".")[0] in names)
        return content_id(*(f"{name}\n{text}" for name, text in chosen))

    def has(self, name: str, language: str) -> bool:
        """Say whether there is a prompt of this name in a language (its ISO 639-1 code) itself."""
        return f"{name}.{language}" in self.texts

    def text(self, name: str, language: Language, **values: object) -> str:
        """Return a prompt, the values in the place of its placeholders as they are."""
        text = self.texts.get(f"{name}.{language.code}") or self.texts[f"{name}.{_DEFAULT}"]
        return Template(text).substitute({key: str(value) for key, value in values.items()}).strip()


@dataclass(frozen=True)
class PromptSet:
    """The prompts of one task: the package that holds their files, and the setting that names a folder of others."""

    package: str
    setting: str
    placeholders: Mapping[str, Placeholders]

    def load(self, folder: Path | None) -> dict[str, str]:
        """Return the packaged texts, the folder's in their place; ConfigurationError for a file that will not do."""
        return _packaged(self.package, tuple(self._names())) | (dict(self.own(folder)) if folder else {})

    def own(self, folder: Path) -> Iterator[tuple[str, str]]:
        """Yield (name, text) of the folder's files; ConfigurationError for one that will not do, or without any."""
        if not folder.is_dir():
            raise ConfigurationError(
                self.setting, f"{folder}, which is no folder", "a folder of prompts", "create it, or unset it"
            )
        known = [f"{name}.md" for name in self._names()]
        there = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
        found = [file for file in there if file.name in known]
        for file in there:
            # Of what is no Markdown, only what was meant to be a prompt: notes may lie beside them.
            near = nearest_name(file.name, known, 0 if file.suffix == ".md" else _MEANT)
            if near and file not in found:
                raise ConfigurationError(
                    f"{self.setting}, {file.name}",
                    "a name that nothing reads",
                    ", ".join(known),
                    f"rename it to {near}",
                )
        yield from ((file.stem, self._checked(file)) for file in found)
        if not found:
            raise ConfigurationError(self.setting, f"{folder}, without a prompt in it", ", ".join(known), "add one")

    def _names(self) -> Iterator[str]:
        return (f"{name}.{language.code}" for name in self.placeholders for language in all_languages())

    def _checked(self, file: Path) -> str:
        text, wanted = file.read_text(encoding="utf-8-sig"), self.placeholders[file.stem.partition(".")[0]]
        template, known = Template(text), (*wanted.needed, *wanted.optional)
        there = set(template.get_identifiers()) if template.is_valid() else set()
        missing = [name for name in wanted.needed if name not in there]
        strange = sorted(there - set(known))
        found = ""
        if not template.is_valid():
            found = "a $ that begins no placeholder"
        elif missing:
            found = f"no ${missing[0]}"
        elif strange:
            found = f"${strange[0]}"
        if found:
            listed = ", ".join(f"${name}" for name in known)
            raise ConfigurationError(
                f"{self.setting}, {file.name}",
                found,
                f"the placeholders {listed} and $$ for a dollar" if known else "no placeholder, and $$ for a dollar",
                "correct the file",
            )
        return text


@cache
def _packaged(package: str, names: tuple[str, ...]) -> dict[str, str]:
    root = files(package)
    return {
        name: file.read_text(encoding="utf-8")
        for name in names
        if (file := root.joinpath(name.rpartition(".")[2], f"{name}.md")).is_file()
    }
