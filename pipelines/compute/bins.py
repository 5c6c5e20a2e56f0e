"""Bins of bounded length, filled with sequences of tokens: a training's rows and passes, an embedder's batches."""

from bisect import bisect_left, insort
from collections.abc import Sequence


def fill_bins(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Return bins of positions whose lengths sum to at most `capacity` each: best fit, longest first.

    Every position is in one bin, ascending inside it; bins stand in the order of their first position. ValueError where
    one is longer than `capacity`.
    """
    if lengths and max(lengths) > capacity:
        raise ValueError(f"{max(lengths)} tokens do not fit {capacity}")
    bins: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (tokens left, bin), sorted
    for position in sorted(range(len(lengths)), key=lambda n: (-lengths[n], n)):
        place = bisect_left(free, (lengths[position], -1))
        if place == len(free):
            bins.append([])
            left, chosen = capacity, len(bins) - 1
        else:
            left, chosen = free.pop(place)
        bins[chosen].append(position)
        insort(free, (left - lengths[position], chosen))
    return sorted(sorted(chosen) for chosen in bins)
