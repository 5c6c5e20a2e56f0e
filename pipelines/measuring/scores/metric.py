"""What a metric is: its name, what it reads of an answer, its range and direction, and where it comes from."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

PREDICTION, REFERENCE, LOG_PROBABILITIES = "prediction", "reference", "log-probabilities"
"""What a metric may need of a row."""


@dataclass(frozen=True)
class Answers:
    """What is measured, a place a row; `log_probabilities` are those of the reference's tokens, natural logarithms."""

    predictions: Sequence[str]
    references: Sequence[str]
    log_probabilities: Sequence[Sequence[float] | None] | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """Return (prediction, reference) by row."""
        return list(zip(self.predictions, self.references, strict=True))


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric. `rows` gives a score a row, None where it says nothing of that row.

    A metric of the corpus has `counts`, numbers a row (None likewise), and `value`, an array of their sums (…, k) to
    (…): so it can be resampled by row as exactly as a mean. `empty` says what becomes of an empty answer.
    """

    name: str
    source: str
    empty: str
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    needs: tuple[str, ...] = (PREDICTION, REFERENCE)
    rows: Callable[[Answers], Sequence[float | None]] | None = None
    counts: Callable[[Answers], Sequence[Sequence[float] | None]] | None = None
    value: Callable[[np.ndarray], np.ndarray] | None = None

    @property
    def per_row(self) -> bool:
        """Whether each row has a score of its own, whose mean is the metric."""
        return self.rows is not None

    def __call__(self, prediction: str, reference: str) -> float:
        """Return the metric of one answer alone; NaN where it says nothing of it."""
        found = self.of(Answers([prediction], [reference]))
        return math.nan if found is None else found

    def of(self, answers: Answers) -> float | None:
        """Return the metric over all answers: the mean of its rows, or the corpus's; None where no row is measured."""
        if self.rows is not None:
            scores = [score for score in self.rows(answers) if score is not None]
            return float(np.mean(scores)) if scores else None
        counts = [count for count in self.row_counts(answers) if count is not None]
        return float(self.of_sums(np.asarray(counts, dtype=np.float64).sum(axis=0))) if counts else None

    def row_counts(self, answers: Answers) -> Sequence[Sequence[float] | None]:
        """Return the numbers of each row that a metric of the corpus sums; TypeError for a metric by row."""
        if self.counts is None:
            raise TypeError(f"{self.name} is scored by row")
        return self.counts(answers)

    def of_sums(self, sums: np.ndarray) -> np.ndarray:
        """Return a metric of the corpus of summed counts (…, k); TypeError for a metric by row."""
        if self.value is None:
            raise TypeError(f"{self.name} is scored by row")
        return self.value(sums)


def by_pair(score: Callable[[str, str], float | None]) -> Callable[[Answers], list[float | None]]:
    """Return the `rows` of a metric that looks at one prediction and its reference."""
    return lambda answers: [score(prediction, reference) for prediction, reference in answers.pairs()]
