"""What the model is told while it answers, whoever asks it: a file for each prompt and language."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.prompts.prompt_files import Placeholders, PromptFiles, PromptSet
from pipelines.core.protocols import Messages
from pipelines.text.languages.language import Language

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


@dataclass(frozen=True)
class Prompts(PromptFiles):
    """The prompts of answering."""

    def messages(self, question: str, sources: str, language: Language) -> Messages:
        """Return the writer's conversation."""
        return [
            {"role": role, "content": self.text(name, language, sources=sources, question=question)}
            for role, name in zip(("system", "user"), WRITER, strict=True)
        ]


def load_prompts(folder: Path | None = None) -> Prompts:
    """Return the packaged prompts, the folder's in their place; ConfigurationError for a file that will not do."""
    return Prompts(PromptSet("pipelines.answering.prompts", "GRAFTLINE_PROMPTS", PROMPTS).load(folder))
