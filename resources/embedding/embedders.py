"""Which embedder a configuration means, with its memory on disk."""

from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import Embedder
from resources.embedding.languages import EVERY_LANGUAGE, languages_setting
from resources.embedding.llamaindex import LlamaIndexEmbedder
from resources.embedding.local import SentenceEmbedder
from resources.embedding.served import ServedEmbedder
from resources.embedding.vector_cache import CachedEmbedder
from resources.graph.embedded import EmbeddedGraphStore
from resources.models.llamaindex import named_class
from resources.settings import Settings
from resources.tables.tables import TableStore

_TYPES = ("float32", "bfloat16")


def open_embedder(settings: Settings) -> Embedder:
    """Return the model of EMBEDDING_MODEL: a LlamaIndex class, served by EMBEDDING_BASE_URL where that is set, or run
    here.

    Nothing is loaded, imported or asked before the first text without a vector. Raises ConfigurationError.
    """
    values = settings.values
    if values["EMBEDDING_DTYPE"] not in _TYPES:
        raise ConfigurationError(
            "EMBEDDING_DTYPE", f"'{values['EMBEDDING_DTYPE']}'", f"one of {', '.join(_TYPES)}", "unset EMBEDDING_DTYPE"
        )
    model, address = values["EMBEDDING_MODEL"], values["EMBEDDING_BASE_URL"]
    named, languages = named_class(settings, "EMBEDDING"), languages_setting(values["EMBEDDING_LANGUAGES"])
    max_tokens, read = _max_tokens(values["EMBEDDING_MAX_TOKENS"]), languages or EVERY_LANGUAGE
    counter = SentenceEmbedder(settings.home)
    embedder: Embedder
    if named is not None:
        embedder = LlamaIndexEmbedder(named, counter, languages=read, max_tokens=max_tokens)
    elif address:
        embedder = ServedEmbedder(
            address, model, values["EMBEDDING_API_KEY"], counter, languages=read, max_tokens=max_tokens
        )
    elif max_tokens is not None:
        raise ConfigurationError(
            "EMBEDDING_MAX_TOKENS",
            "a limit for a model that is run here",
            "one for a served model or a class: this model's own files say what it reads",
            "unset EMBEDDING_MAX_TOKENS",
        )
    else:
        embedder = SentenceEmbedder(settings.home, model or None, values["EMBEDDING_DTYPE"], languages)
    return CachedEmbedder(embedder, settings.home / "cache" / "vectors.sqlite")


def _max_tokens(value: str) -> int | None:
    if value and not (value.isdecimal() and int(value)):
        raise ConfigurationError("EMBEDDING_MAX_TOKENS", f"'{value}'", "a whole number", "set EMBEDDING_MAX_TOKENS=512")
    return int(value) if value else None


def graph_model(settings: Settings) -> str:
    """Return the embedding model (name and revision) of the graph that answers, "" where there is none yet."""
    known = EmbeddedGraphStore(settings.home / "graph").model()  # kept in step with Neo4j, and switched by a rollback
    if known:
        return known
    pointer = TableStore(settings.home / "tables").pointer("knowledge_graph") or {}
    return str(pointer.get("record", {}).get("embedder", ""))
