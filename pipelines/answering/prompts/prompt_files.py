"""What the model is told, whoever asks it: a file for each prompt and language; a user's folder may hold others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import content_id
from pipelines.core.protocols import Messages
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages
from pipelines.text.nearest import nearest_name


@dataclass(frozen=True)
class Placeholders:
    """What is put into a prompt: the placeholders that it cannot do without, and those that it may leave out."""

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


PROMPTS: Mapping[str, Placeholders] = {
    "system": Placeholders(optional=("sources", "question")),
    "question": Placeholders(("sources", "question")),
    "verdict": Placeholders(("sources", "sentence"), ("before",)),
    "agent": Placeholders(optional=("steps",)),
    "cypher": Placeholders(("graph",), ("rows",)),
    "rate": Placeholders(("reports", "question")),
    "map": Placeholders(("reports", "question")),
    "primer": Placeholders(("reports", "question"), ("questions",)),
    "terms": Placeholders(("question",)),
    "standalone": Placeholders(("conversation", "question")),
    "summary": Placeholders(("conversation",)),
}
"""The writer's two, the second pass of its proof, those of modes that ask the model, a translation of search terms,
and a conversation's."""
WRITER = ("system", "question")
_DEFAULT = "en"
_MEANT = 0.7


@dataclass(frozen=True)
class Prompts:
    """The texts by file name ("system.en"); a language without files of its own has the English ones."""

    texts: Mapping[str, str]

    def digest(self, *names: str) -> str:
        """Return what these prompts are told by: part of the id of every answer that is made with them."""
        chosen = sorted(item for item in self.texts.items() if item[0].partition(".")[0] in names)
        return content_id(*(f"{name}\n{text}" for name, text in chosen))

    def has(self, name: str, language: str) -> bool:
        """Say whether there is a prompt of this name in a language (its ISO 639-1 code) itself."""
        return f"{name}.{language}" in self.texts

    def text(self, name: str, language: Language, **values: object) -> str:
        """Return a prompt, the values in the place of its placeholders as they are."""
        text = self.texts.get(f"{name}.{language.code}") or self.texts[f"{name}.{_DEFAULT}"]
        return Template(text).substitute({key: str(value) for key, value in values.items()}).strip()

    def messages(self, question: str, sources: str, language: Language) -> Messages:
        """Return the writer's conversation."""
        return [
            {"role": role, "content": self.text(name, language, sources=sources, question=question)}
            for role, name in zip(("system", "user"), WRITER, strict=True)
        ]


def load_prompts(folder: Path | None = None) -> Prompts:
    """Return the packaged prompts, the folder's in their place; ConfigurationError for a file that will not do."""
    return Prompts(_packaged() | (dict(_own(folder)) if folder else {}))


@cache
def _packaged() -> dict[str, str]:
    root = files("pipelines.answering.prompts")
    return {
        name: file.read_text(encoding="utf-8")
        for name in _names()
        if (file := root.joinpath(name.rpartition(".")[2], f"{name}.md")).is_file()
    }


def _names() -> list[str]:
    return [f"{name}.{language.code}" for name in PROMPTS for language in all_languages()]


def _own(folder: Path) -> Iterator[tuple[str, str]]:
    if not folder.is_dir():
        raise ConfigurationError(
            "GRAFTLINE_PROMPTS", f"{folder}, which is no folder", "a folder of prompts", "create it, or unset it"
        )
    known = [f"{name}.md" for name in _names()]
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    found = [file for file in files if file.name in known]
    for file in files:
        # Of what is no Markdown, only what was meant to be a prompt: notes may lie beside them.
        near = nearest_name(file.name, known, 0 if file.suffix == ".md" else _MEANT)
        if near and file not in found:
            raise ConfigurationError(
                f"GRAFTLINE_PROMPTS, {file.name}", "a name that nothing reads", ", ".join(known), f"rename it to {near}"
            )
    yield from ((file.stem, _checked(file, PROMPTS[file.stem.partition(".")[0]])) for file in found)
    if not found:
        raise ConfigurationError("GRAFTLINE_PROMPTS", f"{folder}, without a prompt in it", ", ".join(known), "add one")


def _checked(file: Path, placeholders: Placeholders) -> str:
    text = file.read_text(encoding="utf-8-sig")
    template, known = Template(text), (*placeholders.needed, *placeholders.optional)
    there = set(template.get_identifiers()) if template.is_valid() else set()
    missing = [name for name in placeholders.needed if name not in there]
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
            f"GRAFTLINE_PROMPTS, {file.name}",
            found,
            f"the placeholders {listed} and $$ for a dollar" if known else "no placeholder, and $$ for a dollar",
            "correct the file",
        )
    return text
