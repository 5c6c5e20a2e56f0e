"""Packing: several short samples in one row of bounded length, none cut, none able to see another."""

from bisect import bisect_left, insort
from typing import Any


def fill(lengths: list[int], capacity: int) -> list[list[int]]:
    """Return bins of positions whose lengths sum to at most `capacity` each: best fit, longest first.

    Every position is in one bin, ascending inside it; bins stand in the order of their first position. ValueError where
    one is longer than `capacity`.
    """
    if lengths and max(lengths) > capacity:
        raise ValueError(f"a sample of {max(lengths)} tokens in rows of {capacity}")
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


def pack(rows: Any, capacity: int) -> Any:
    """Return a Dataset of packed rows (input_ids, labels, seq_lengths) of one with input_ids and labels."""
    from datasets import Dataset

    columns = {name: rows[name] for name in ("input_ids", "labels")}
    lengths = [len(ids) for ids in columns["input_ids"]]
    bins = fill([min(length, capacity) for length in lengths], capacity)
    packed = [
        {name: [token for n in chosen for token in values[n]] for name, values in columns.items()}
        | {"seq_lengths": [lengths[n] for n in chosen]}
        for chosen in bins
    ]
    return Dataset.from_list(packed)
