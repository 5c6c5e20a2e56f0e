"""Which embedder a configuration means, with its memory on disk."""

from pipelines.compute.processor import fast_bfloat16, fast_int8, has_gpu
from pipelines.core.errors import ConfigurationError
from pipelines.core.masked import masked
from pipelines.core.protocols import Embedder
from resources.embedding import model_files
from resources.embedding.languages import EVERY_LANGUAGE, languages_setting
from resources.embedding.llamaindex import LlamaIndexEmbedder
from resources.embedding.local import SentenceEmbedder
from resources.embedding.prompts import prompts_setting
from resources.embedding.served import ServedEmbedder
from resources.embedding.vector_cache import CachedEmbedder
from resources.graph.embedded import EmbeddedGraphStore
from resources.models.llamaindex import named_class
from resources.settings import Settings
from resources.tables.tables import TableStore


def open_embedder(settings: Settings) -> Embedder:
    """Return the model of EMBEDDING_MODEL: a LlamaIndex class, served by EMBEDDING_BASE_URL where that is set, or run
    here.

    Nothing is loaded, imported or asked before the first text without a vector. Raises ConfigurationError.
    """
    named, languages = named_class(settings, "EMBEDDING"), languages_setting(settings.embedding_languages)
    prompts = prompts_setting(settings.embedding_prompts)
    address, max_tokens = settings.embedding_base_url, settings.embedding_max_tokens
    model, read = settings.embedding_model, languages or EVERY_LANGUAGE
    counter = SentenceEmbedder(settings.home)
    embedder: Embedder
    if named is not None:
        if prompts is not None:
            raise ConfigurationError(
                "EMBEDDING_PROMPTS",
                "prompts for a class",
                "none: a class has its own method and arguments for questions",
                "unset it, and put what the class calls them into EMBEDDING_OPTIONS",
            )
        embedder = LlamaIndexEmbedder(named, counter, languages=read, max_tokens=max_tokens)
    elif address:
        key = settings.embedding_api_key.get_secret_value()
        embedder = ServedEmbedder(address, model, key, counter, languages=read, max_tokens=max_tokens, prompts=prompts)
    elif max_tokens is not None:
        raise ConfigurationError(
            "EMBEDDING_MAX_TOKENS",
            "a limit for a model that is run here",
            "one for a served model or a class: this model's own files say what it reads",
            "unset EMBEDDING_MAX_TOKENS",
        )
    else:
        embedder = SentenceEmbedder(settings.home, model or None, dtype(settings), languages, prompts)
    return CachedEmbedder(embedder, settings.home / "cache" / "vectors.sqlite")


def dtype(settings: Settings) -> str:
    """Return what a model that is run here computes with: EMBEDDING_DTYPE, or what is fastest at equal recall.

    A packaged model is the same one whether it is named or not.
    """
    if settings.embedding_dtype != "auto":
        return settings.embedding_dtype
    if settings.embedding_model not in ("", *model_files.PACKAGED) or has_gpu() or not fast_int8():
        return "float32"
    return "bfloat16" if fast_bfloat16() else "int8"


def which_embedder(settings: Settings) -> str:
    """Return which model texts will be embedded with, and why; nothing is loaded, fetched from a hub or asked.

    Raises ConfigurationError.
    """
    named, model = named_class(settings, "EMBEDDING"), settings.embedding_model
    if named is not None:
        return f"{named.name}, a class"
    if settings.embedding_base_url:
        return f"{model}, served at {masked(settings.embedding_base_url)}"
    return model_files.which_files(settings.home, model)


def graph_model(settings: Settings) -> str:
    """Return the embedding model (name and revision) of the graph that answers, "" where there is none yet."""
    known = EmbeddedGraphStore(settings.home / "graph").model()  # kept in step with Neo4j, and switched by a rollback
    if known:
        return known
    pointer = TableStore(settings.home / "tables").pointer("knowledge_graph") or {}
    return str(pointer.get("record", {}).get("embedder", ""))
