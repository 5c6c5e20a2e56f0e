"""The prompts of the writer `model`: a file for each language and role; a user's folder may hold others."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import content_id
from pipelines.core.protocols import Messages
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages

_NEEDED = {"system": (), "question": ("sources", "question")}
"""The files, and the placeholders that each cannot do without."""
_KNOWN = {"sources", "question"}
_DEFAULT = "en"


@dataclass(frozen=True)
class Prompts:
    """The texts by file name ("system.en"); a language without files of its own has the English ones."""

    texts: dict[str, str]

    @property
    def digest(self) -> str:
        """Part of every answer's id."""
        return content_id(*(f"{name}\n{text}" for name, text in sorted(self.texts.items())))

    def messages(self, question: str, sources: str, language: Language) -> Messages:
        """Return the conversation; what stands in the sources and the question is put in as it is."""
        values = {"sources": sources, "question": question}
        return [
            {"role": role, "content": Template(self._text(name, language.code)).substitute(values).strip()}
            for role, name in (("system", "system"), ("user", "question"))
        ]

    def _text(self, name: str, code: str) -> str:
        return self.texts.get(f"{name}.{code}") or self.texts[f"{name}.{_DEFAULT}"]


def load_prompts(folder: Path | None = None) -> Prompts:
    """Return the packaged prompts, the folder's in their place; ConfigurationError for a file that will not do."""
    packaged = files("pipelines.answering.grounding").joinpath("prompts")
    texts = {
        f"{name}.{language.code}": file.read_text(encoding="utf-8")
        for name in _NEEDED
        for language in all_languages()
        if (file := packaged.joinpath(f"{name}.{language.code}.md")).is_file()
    }
    return Prompts(texts | (_own(folder) if folder else {}))


def _own(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise ConfigurationError(
            "GRAFTLINE_PROMPTS", f"{folder}, which is no folder", "a folder of prompts", "create it, or unset it"
        )
    known = [f"{name}.{language.code}" for name in _NEEDED for language in all_languages()]
    found = {}
    for file in sorted(folder.glob("*.md")):
        if file.stem not in known:
            raise ConfigurationError(
                f"GRAFTLINE_PROMPTS, {file.name}", "a name that nothing reads", f"{', '.join(known)}", "rename the file"
            )
        found[file.stem] = _checked(file, _NEEDED[file.stem.partition(".")[0]])
    if not found:
        raise ConfigurationError(
            "GRAFTLINE_PROMPTS", f"{folder}, without a prompt in it", f"{', '.join(known)}, each .md", "add one"
        )
    return found


def _checked(file: Path, needed: tuple[str, ...]) -> str:
    text = file.read_text(encoding="utf-8-sig")
    template = Template(text)
    there = set(template.get_identifiers()) if template.is_valid() else set()
    missing = [name for name in needed if name not in there]
    strange = sorted(there - _KNOWN)
    found = ""
    if not template.is_valid():
        found = "a $ that begins no placeholder"
    elif missing:
        found = f"no ${missing[0]}"
    elif strange:
        found = f"${strange[0]}"
    if found:
        raise ConfigurationError(
            f"GRAFTLINE_PROMPTS, {file.name}",
            found,
            f"the placeholders {', '.join(f'${name}' for name in sorted(_KNOWN))} and $$ for a dollar",
            "correct the file",
        )
    return text
