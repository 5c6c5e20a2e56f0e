"""Batches without padding: the samples of a batch one behind the other, and passes of a bounded number of tokens."""

from dataclasses import dataclass
from typing import Any

from pipelines.compute.bins import fill_bins
from pipelines.finetune.templates.masking import IGNORED

CPU_TOKENS = 512
"""Tokens of one pass on a CPU in float32, twice as many in 16 bits: longer passes keep more activations."""
GPU_TOKENS = 16384
"""Tokens of one pass elsewhere: a batch is one pass unless it is long."""


@dataclass(frozen=True)
class RowCollator:
    """Lays samples one behind the other in one row; their lengths go with it."""

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Return input_ids, labels, position_ids (1, tokens) and seq_lengths (samples,) of {input_ids, labels} each.

        A packed example carries the lengths of its samples as `seq_lengths`. The first token of a sample has no loss:
        what is before it belongs to another.
        """
        import torch

        ids: list[int] = []
        labels: list[int] = []
        positions: list[int] = []
        lengths: list[int] = []
        for example in examples:
            given = list(example.get("seq_lengths") or [len(example["input_ids"])])
            ids += example["input_ids"]
            start = len(labels)
            labels += example["labels"]
            for length in given:
                labels[start] = IGNORED
                positions += range(length)
                start += length
            lengths += given
        rows = {"input_ids": ids, "labels": labels, "position_ids": positions}
        return {name: torch.tensor([row]) for name, row in rows.items()} | {"seq_lengths": torch.tensor(lengths)}


@dataclass(frozen=True)
class PaddedCollator:
    """Pads samples on the right, for models whose attention can't keep them apart in a row."""

    pad_token_id: int

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Return input_ids, attention_mask and labels (samples, longest)."""
        import torch

        longest = max(len(example["input_ids"]) for example in examples)

        def padded(rows: list[list[int]], value: int) -> Any:
            return torch.tensor([row + [value] * (longest - len(row)) for row in rows])

        return {
            "input_ids": padded([example["input_ids"] for example in examples], self.pad_token_id),
            "attention_mask": padded([[1] * len(example["input_ids"]) for example in examples], 0),
            "labels": padded([example["labels"] for example in examples], IGNORED),
        }


def split_into_passes(inputs: dict[str, Any], tokens: int) -> list[dict[str, Any]]:
    """Cut a row of samples into rows of at most so many tokens (a longer sample stands alone), ready for the model.

    Together they hold the same samples, so the gradients add up to those of the whole batch.
    """
    import torch

    if "seq_lengths" not in inputs:
        return [inputs]
    lengths = inputs["seq_lengths"].tolist()
    starts = [sum(lengths[:n]) for n in range(len(lengths))]
    whole = {name: value for name, value in inputs.items() if name != "seq_lengths"}
    rows = []
    for chosen in fill_bins(lengths, max(tokens, *lengths)):
        at = torch.cat([torch.arange(starts[n], starts[n] + lengths[n]) for n in chosen])
        edges = torch.tensor([0, *(lengths[n] for n in chosen)], dtype=torch.int32).cumsum(0, dtype=torch.int32)
        longest = max(lengths[n] for n in chosen)
        part = {name: value[:, at.to(value.device)] for name, value in whole.items()}
        edges = edges.to(inputs["input_ids"].device)
        part |= {"cu_seq_lens_q": edges, "cu_seq_lens_k": edges, "max_length_q": longest, "max_length_k": longest}
        rows.append(part)
    return rows
