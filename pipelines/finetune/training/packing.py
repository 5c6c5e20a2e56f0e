"""Packing: several short samples in one row of bounded length, none cut, none able to see another."""

from typing import Any

from pipelines.compute.bins import fill_bins


def pack(rows: Any, capacity: int) -> Any:
    """Return a Dataset of packed rows (input_ids, labels, seq_lengths) of one with input_ids and labels."""
    from datasets import Dataset

    columns = {name: rows[name] for name in ("input_ids", "labels")}
    lengths = [len(ids) for ids in columns["input_ids"]]
    bins = fill_bins([min(length, capacity) for length in lengths], capacity)
    packed = [
        {name: [token for n in chosen for token in values[n]] for name, values in columns.items()}
        | {"seq_lengths": [lengths[n] for n in chosen]}
        for chosen in bins
    ]
    return Dataset.from_list(packed)
