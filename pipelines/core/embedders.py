"""What embedders that stand before another one share; and whose vectors are stored, which no other may mix with."""

from collections.abc import Sequence

from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import Embedder, StoredTable


class EmbedderBefore:
    """Everything but the vectors is the embedder's own."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        """Model and revision."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        return self._embedder.dimensions

    @property
    def tokenizer(self) -> str:
        """What counts the tokens."""
        return self._embedder.tokenizer

    @property
    def max_tokens(self) -> int | None:
        """Most tokens of a text that its vector is made of."""
        return self._embedder.max_tokens

    @property
    def asymmetric(self) -> bool:
        """Whether questions have vectors of their own."""
        return self._embedder.asymmetric

    @property
    def computed(self) -> int:
        """Texts that the model has run for so far."""
        return self._embedder.computed

    def reads(self, language: str) -> bool:
        """Say whether the embedder reads a language."""
        return self._embedder.reads(language)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the embedder's own token counts."""
        return self._embedder.count_tokens(texts)


def stored_model(stored: StoredTable | None) -> str:
    """Return the model (name and revision) of the stored vectors, "" where there are none."""
    if stored is None or not len(stored):
        return ""
    return str(next(iter(stored.batches(["model"])))["model"][0].as_py())


def refuse_other_model(stored: str, embedder: Embedder, reembed: bool = False) -> None:
    """Raise ConfigurationError where the vectors that are stored come from another model and may not be replaced."""
    if stored and stored != embedder.name and not reembed:
        raise ConfigurationError(
            "EMBEDDING_MODEL",
            f"{embedder.name}, while the stored vectors are those of {stored}",
            "the model that the vectors were made with, or your word to make all of them anew",
            f"go back to the EMBEDDING_MODEL that is called {stored.split('@')[0]} (a packaged one by that name), or "
            "graftline run --reembed",
        )
