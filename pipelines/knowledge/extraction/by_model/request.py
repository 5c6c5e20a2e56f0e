"""How a model is asked for one text: the task and its types first, alike for all texts of a language, the text last."""

from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.core.prompts.prompt_files import PromptFiles
from pipelines.core.protocols import Messages
from pipelines.knowledge.extraction.prompts.extraction_prompts import own_prompts
from pipelines.knowledge.extraction.said.schema_file import ExtractionSchema, TypeOf
from pipelines.knowledge.extraction.said.typing import Typing
from pipelines.knowledge.extraction.settings import ExtractionSettings
from pipelines.knowledge.mentions import ENTITY_TYPES
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import language_of

_SMALL = {"maxLength": 80}
_SMALL_LISTS = {"maxItems": 20}
"""What holds the packaged small model, which would go on until its limit; a capable one is not cut."""


class Requests:
    """The requests of one extractor; their shared beginning lets a server reuse what it has computed for it."""

    def __init__(self, prompts: PromptFiles, typing: Typing, settings: ExtractionSettings) -> None:
        self._prompts, self._typing, self._claims = prompts, typing, settings.claims
        self._own = own_prompts(settings.prompts)
        self._tasks: dict[str, str] = {}

    def passage(self, text: str) -> Messages:
        """Return the conversation that asks for what a text names."""
        language = language_of(text)
        return self._messages(language, self._prompts.text("passage", language, text=text))

    def gleaning(self, text: str, names: Sequence[str]) -> Messages:
        """Return the conversation that asks once more, for these names alone."""
        language = language_of(text)
        joined = "; ".join(names)
        return self._messages(language, self._prompts.text("gleaning", language, text=text, names=joined))

    def schema(self, small: bool) -> dict[str, Any]:
        """Return the JSON schema of a reply; a `small` model gets bounds, so that it comes to an end."""
        schema = self._typing.schema
        text: dict[str, Any] = {"type": "string", **(_SMALL if small else {})}
        entity = [text, {"enum": list(ENTITY_TYPES)} if small else text, text]
        relation = [text, text, text, text, *([text] if self._claims else [])]
        if schema and self._typing.is_closed(schema.more_entities):
            entity[1] = {"enum": [one.name for one in schema.entities]}
        if schema and schema.relations and self._typing.is_closed(schema.more_relations):
            relation[1] = {"enum": [one.name for one in schema.relations]}
        bounds = _SMALL_LISTS if small else {}
        lists = {
            "entities": {"type": "array", **bounds, "items": _row(entity, 2)},
            "relations": {"type": "array", **bounds, "items": _row(relation, 3)},
        }
        return {"type": "object", "properties": lists, "required": list(lists), "additionalProperties": False}

    def _messages(self, language: Language, asked: str) -> Messages:
        if language.code not in self._tasks:
            self._tasks[language.code] = self._task(language)
        return [{"role": "system", "content": self._tasks[language.code]}, {"role": "user", "content": asked}]

    def _task(self, language: Language) -> str:
        schema = self._typing.schema
        # The packaged example has types of its own, which a schema may not have.
        shown = schema is None or any(name.startswith("example.") for name in self._own)
        text = self._prompts.text(
            "extraction",
            language,
            types="\n".join(self._types(schema or ExtractionSchema(()), language)),
            claims=self._prompts.text("claims", language) if self._claims else "",
            example=self._prompts.text("example", language) if shown else "",
        )
        return "\n".join(line for line in text.splitlines() if line.strip())

    def _types(self, schema: ExtractionSchema, language: Language) -> Iterator[str]:
        """Yield what is told of the types: those of the schema, else that they are open."""
        for kind, types in (("entities", schema.entities), ("relations", schema.relations)):
            values = {"types": _listed(types)} if types else {}
            if types and kind == "relations":
                values["patterns"] = "\n".join(f"({one})-[{name}]->({other})" for one, name, other in schema.patterns)
            yield self._prompts.text(f"{kind}_{'guided' if types else 'open'}", language, **values)


def _listed(types: Sequence[TypeOf]) -> str:
    return "\n".join(f"{one.name}: {one.description}" if one.description else one.name for one in types)


def _row(cells: Sequence[dict[str, Any]], needed: int) -> dict[str, Any]:
    """Return the schema of a list of texts, without keys that a model would write again and again.

    Cells are named one by one only where they differ: not every server holds a model to that.
    """
    alike = all(cell == cells[0] for cell in cells)
    return {
        "type": "array", **({"items": cells[0]} if alike else {"prefixItems": list(cells)}),
        "minItems": needed, "maxItems": len(cells),
    }  # fmt: skip
