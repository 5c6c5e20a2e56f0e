"""Which writer a model gets."""

from pipelines.answering.grounding.writers.extract import ExtractWriter
from pipelines.answering.grounding.writers.model import ModelWriter
from pipelines.answering.grounding.writers.writer import Writer
from pipelines.answering.prompts.prompt_files import Prompts
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Embedder, LanguageModel


def open_writer(
    settings: AnswerSettings,
    similarity: Similarity,
    embedder: Embedder,
    language_model: LanguageModel,
    prompts: Prompts,
) -> Writer:
    """Return the writer that the settings name; `auto` is `extract` for the packaged small model, else `model`."""
    chosen = settings.writer
    if chosen == "auto":
        chosen = "extract" if language_model.packaged else "model"
    if chosen == "extract":
        return ExtractWriter(settings, similarity)
    return ModelWriter(settings, similarity, embedder, prompts, language_model)
