"""A metric: whether an answer is as long as its reference."""


def length_agreement(prediction: str, reference: str) -> float:
    """Return the shorter length over the longer one, in characters: 1 for equal lengths, 0 where one is empty."""
    lengths = sorted((len(prediction), len(reference)))
    return lengths[0] / lengths[1] if lengths[1] else 1.0
