"""Which writer a model gets."""

from pathlib import Path

from pipelines.answering.grounding.prompt_files import load_prompts
from pipelines.answering.grounding.writers.extract import ExtractWriter
from pipelines.answering.grounding.writers.model import ModelWriter
from pipelines.answering.grounding.writers.writer import Writer
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Embedder, LanguageModel


def open_writer(
    settings: AnswerSettings,
    similarity: Similarity,
    embedder: Embedder,
    language_model: LanguageModel,
    prompts: Path | None = None,
) -> Writer:
    """Return the writer that the settings name; `auto` is `extract` for the packaged small model, else `model`.

    `prompts` is a folder whose files take the place of the packaged ones. Raises ConfigurationError for a wrong one.
    """
    chosen = settings.writer
    if chosen == "auto":
        chosen = "extract" if language_model.packaged else "model"
    if chosen == "extract":
        return ExtractWriter(settings, similarity)
    return ModelWriter(settings, similarity, embedder, load_prompts(prompts), language_model)
