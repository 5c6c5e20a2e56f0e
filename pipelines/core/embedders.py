"""What embedders that stand before another one share."""

from collections.abc import Sequence

from pipelines.core.protocols import Embedder


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
