"""How near texts are in meaning, on a scale that is the same for every embedding model: no other file reads a cosine.

The cosines of two models do not compare: unrelated texts have 0.07 under all-MiniLM-L6-v2 and 0.75 under
multilingual-e5-small. Each model is therefore asked first what it gives for questions whose answers are known.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.core.protocols import Embedder
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages, language_of


@dataclass(frozen=True)
class Scale:
    """Where a model's cosines begin and where they are high: `unrelated` is 0, `related` is 1.

    >>> float(Scale(0.75, 0.875).relative(np.float64(0.8125)))
    0.5
    """

    unrelated: float
    related: float

    def relative(self, cosines: np.ndarray) -> np.ndarray:
        """Return the place of cosines on the scale; below 0 and above 1 it goes on."""
        return (cosines - self.unrelated) / (self.related - self.unrelated)


def among_all(vectors: np.ndarray, vector: np.ndarray, unrelated: float) -> np.ndarray:
    """Return how near each of many texts is to a question, 0 to 1, on a scale that these texts make themselves.

    0 up to the cosine at the quantile `unrelated` of all, 1 at the highest: squeezed cosines give the same.

    >>> among_all(np.array([[1.0], [2.0], [3.0]]), np.array([1.0]), 0.5).tolist()
    [0.0, 0.0, 1.0]
    """
    cosines = vectors @ vector.astype(vectors.dtype)
    worst, best = np.quantile(cosines, unrelated), cosines.max()
    return np.clip((cosines - worst) / (best - worst), 0.0, 1.0) if best > worst else np.ones_like(cosines)


def nearest_first(keys: Sequence[str], vectors: np.ndarray, vector: np.ndarray) -> list[tuple[str, float]]:
    """Return all rows as a search by vector does: (key, cosine), best first, equal ones by key."""
    cosines = (vectors @ vector.astype(vectors.dtype)).tolist() if len(keys) else []
    return sorted(zip(keys, cosines, strict=True), key=lambda item: (-item[1], item[0]))


class Similarity:
    """Compares texts under one embedder, in languages that it reads; the scales are measured when they are needed."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._scales: dict[tuple[str, str], Scale | None] = {}
        self._lock = threading.Lock()

    def to_question(self, question: str, texts: Sequence[str]) -> np.ndarray | None:
        """Return how near each text is to the question: 0 as unrelated, 1 as its answer usually is.

        None where the embedder does not read the question's language, or does not tell its texts apart.
        """
        scale = self.question_scale(question)
        if scale is None:
            return None
        if not texts:
            return np.zeros(0)
        (vector,) = self._embedder.embed_queries([question])
        return scale.relative(self._embedder.embed(texts).astype(np.float64) @ vector.astype(np.float64))

    def among(self, question: str, texts: Sequence[str]) -> np.ndarray | None:
        """Return how near each two texts are: 0 as unrelated, 1 for the same text; None as in `to_question`."""
        language = language_of(question)
        scale = self._scale("texts", language)
        if scale is None:
            return None
        vectors = self._embedder.embed(texts).astype(np.float64)
        return scale.relative(vectors @ vectors.T)

    def to_text(self, text: str, others: Sequence[str]) -> np.ndarray | None:
        """Return how near others are to a text: 0 as unrelated, 1 for the same text; None as in `to_question`."""
        scale = self._scale("texts", language_of(text))
        if scale is None:
            return None
        vectors = self._embedder.embed([text, *others]).astype(np.float64)
        return scale.relative(vectors[1:] @ vectors[0])

    def question_scale(self, question: str) -> Scale | None:
        """Return the scale of cosines between this question and texts; None as in `to_question`."""
        return self._scale("questions", language_of(question))

    def _scale(self, kind: str, language: Language) -> Scale | None:
        if not self._embedder.reads(language.code):
            return None
        with self._lock:
            if (kind, language.code) not in self._scales:
                self._scales[kind, language.code] = self._measured(kind, language)
            return self._scales[kind, language.code]

    def _measured(self, kind: str, language: Language) -> Scale | None:
        """Return the mean scale of the language's own answered questions, else of those of all that are read."""
        read = [one for one in all_languages() if one.answered and self._embedder.reads(one.code)]
        means = [_means(self._embedder, kind, one.answered) for one in ([language] if language.answered else read)]
        if not means:
            return None
        unrelated, related = (float(mean) for mean in np.mean(means, axis=0))
        # A model that finds answers no nearer than what answers another question has nothing to say.
        return Scale(unrelated, related) if related > unrelated else None


def _means(embedder: Embedder, kind: str, answered: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Return the mean cosine of texts that do not belong together, and of texts that do."""
    texts = embedder.embed([answer for _, answer in answered]).astype(np.float64)
    others = ~np.eye(len(answered), dtype=bool)
    if kind == "texts":
        return float((texts @ texts.T)[others].mean()), 1.0
    questions = embedder.embed_queries([question for question, _ in answered]).astype(np.float64)
    cosines = questions @ texts.T
    return float(cosines[others].mean()), float(cosines.diagonal().mean())
