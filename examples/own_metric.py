"""Swap: a metric of our own beside the others. In a package it is an entry point of the group `graftline.metrics`."""

import small_world  # noqa: F401  (the checkout on the path)

from pipelines.core.extensions import METRICS, add
from pipelines.measuring.metrics import score_texts


def first_word(prediction: str, reference: str) -> float:
    """Return 1 where both begin with the same word, else 0: enough for yes and no."""
    return float(prediction.lower().split()[:1] == reference.lower().split()[:1])


add(METRICS, "first_word", first_word)

if __name__ == "__main__":
    for name, values in score_texts(["Yes, within 45 days.", "No."], ["Yes, in 45 days.", "Yes."]).items():
        print(f"{name:12} {values[0]:.2f} {values[1]:.2f}")
