"""What a model is told that extracts: a file for each prompt and language; a user's folder may hold others."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.core.prompts.prompt_files import Placeholders, PromptFiles, PromptSet

PROMPTS: Mapping[str, Placeholders] = {
    "extraction": Placeholders(("types",), ("claims", "example")),
    "entities_open": Placeholders(),
    "relations_open": Placeholders(),
    "entities_guided": Placeholders(("types",)),
    "relations_guided": Placeholders(("types",), ("patterns",)),
    "claims": Placeholders(),
    "example": Placeholders(),
    "passage": Placeholders(("text",)),
    "gleaning": Placeholders(("text", "names")),
}
"""The task, its types without and with a user's schema, dates, an example, a text, and a second look at it."""
_SET = PromptSet("pipelines.knowledge.extraction.prompts", "GRAFTLINE_EXTRACTION_PROMPTS", PROMPTS)


def load_extraction_prompts(folder: Path | None = None) -> PromptFiles:
    """Return the packaged prompts, the folder's in their place; ConfigurationError for a file that will not do."""
    return PromptFiles(_SET.load(folder))


def own_prompts(folder: Path | None) -> frozenset[str]:
    """Return the names of the prompts that a user's folder holds ("example.en")."""
    return frozenset(name for name, _ in _SET.own(folder)) if folder else frozenset()
