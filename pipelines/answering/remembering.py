"""An embedder that remembers: the same sentences of the sources come up for many questions."""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from pipelines.answering.gathering import Gathered
from pipelines.core.embedders import EmbedderBefore
from pipelines.core.protocols import Embedder

_MOST = 50_000
"""Texts remembered: about 100 MB with vectors of 384 numbers."""
_MOST_COUNTS = 10_000
"""Passages whose tokens are remembered: about 10 MB."""


class RememberingEmbedder(EmbedderBefore):
    """Embeds each text once, and each question once, as long as it is among the newest `most`; for many threads.

    Questions of several threads at once share a run of the model: a test says that their vectors stay the same.
    """

    def __init__(self, embedder: Embedder, most: int = _MOST) -> None:
        super().__init__(embedder)
        self._texts = _Memory(Gathered(embedder.embed), most)
        self._counts: dict[str, int] = {}
        self._most_counts, self._counting = min(most, _MOST_COUNTS), threading.Lock()
        self._questions = _Memory(Gathered(embedder.embed_queries), most) if embedder.asymmetric else self._texts

    @property
    def spared(self) -> float:
        """Seconds that this thread did not wait, so far, since its texts were known: as long as they took at first."""
        return self._texts.spared + (self._questions.spared if self._questions is not self._texts else 0.0)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised."""
        return self._texts.vectors(texts)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does, for questions."""
        return self._questions.vectors(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the embedder's own counts; the same passages come up for many questions."""
        with self._counting:
            found = {text: self._counts[text] for text in texts if text in self._counts}
        unknown = [text for text in dict.fromkeys(texts) if text not in found]
        if unknown:
            fresh = dict(zip(unknown, super().count_tokens(unknown), strict=True))
            found |= fresh
            with self._counting:
                self._counts |= fresh
                for text in list(self._counts)[: max(0, len(self._counts) - self._most_counts)]:
                    del self._counts[text]
        return [found[text] for text in texts]


class _Memory:
    """The vectors of the newest texts that were asked for."""

    def __init__(self, embed: Callable[[Sequence[str]], np.ndarray], most: int) -> None:
        self._embed, self._most = embed, most
        self._known: dict[str, tuple[np.ndarray, float]] = {}
        self._lock = threading.Lock()
        self._thread = threading.local()

    @property
    def spared(self) -> float:
        return float(getattr(self._thread, "spared", 0.0))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        distinct = dict.fromkeys(texts)
        with self._lock:
            found = {text: self._known[text] for text in distinct if text in self._known}
        self._thread.spared = self.spared + sum(seconds for _, seconds in found.values())
        unknown = [text for text in distinct if text not in found]
        if unknown:
            started = time.perf_counter()
            vectors = self._embed(unknown)
            each = (time.perf_counter() - started) / len(unknown)
            fresh = {text: (vector, each) for text, vector in zip(unknown, vectors, strict=True)}
            found |= fresh
            with self._lock:
                self._known |= fresh
                for text in list(self._known)[: max(0, len(self._known) - self._most)]:
                    del self._known[text]
        return np.stack([found[text][0] for text in texts]) if found else self._embed(texts)
