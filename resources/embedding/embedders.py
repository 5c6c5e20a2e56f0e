"""Which embedder a configuration means, with its memory on disk."""

from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import Embedder
from resources.embedding.local import SentenceEmbedder
from resources.embedding.served import ServedEmbedder
from resources.embedding.vector_cache import CachedEmbedder
from resources.graph.embedded import EmbeddedGraphStore
from resources.settings import Settings
from resources.tables.tables import TableStore

_TYPES = ("float32", "bfloat16")


def open_embedder(settings: Settings) -> Embedder:
    """Return the model of EMBEDDING_MODEL: served by EMBEDDING_BASE_URL where that is set, else run here.

    Nothing is loaded or asked before the first text without a vector.
    """
    values = settings.values
    if values["EMBEDDING_DTYPE"] not in _TYPES:
        raise ConfigurationError(
            "EMBEDDING_DTYPE", f"'{values['EMBEDDING_DTYPE']}'", f"one of {', '.join(_TYPES)}", "unset EMBEDDING_DTYPE"
        )
    embedder: Embedder
    if values["EMBEDDING_BASE_URL"]:
        embedder = ServedEmbedder(
            values["EMBEDDING_BASE_URL"],
            values["EMBEDDING_MODEL"],
            values["EMBEDDING_API_KEY"],
            SentenceEmbedder(settings.home),
        )
    else:
        embedder = SentenceEmbedder(settings.home, values["EMBEDDING_MODEL"] or None, values["EMBEDDING_DTYPE"])
    return CachedEmbedder(embedder, settings.home / "cache" / "vectors.sqlite")


def graph_model(settings: Settings) -> str:
    """Return the embedding model (name and revision) of the graph that answers, "" where there is none yet."""
    known = EmbeddedGraphStore(settings.home / "graph").model()  # kept in step with Neo4j, and switched by a rollback
    if known:
        return known
    pointer = TableStore(settings.home / "tables").pointer("knowledge_graph") or {}
    return str(pointer.get("record", {}).get("embedder", ""))
