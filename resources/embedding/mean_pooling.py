"""Sentence vectors by BERT and a mean over its tokens, of texts packed into batches of nearly one number of tokens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.compute.bins import fill_bins
from pipelines.compute.flat_bert import FlatBert, is_plain_bert
from resources.embedding.model_folder import longest_input, prompt_before, prompts, read_json

_MODULES = ["Transformer", "Pooling", "Normalize"]
_LONGEST = 512
_TOKENS, _INT8_TOKENS = 1024, 256
"""Tokens of a batch: on a CPU what a layer makes of more no longer fits the cache; of fewer, products are slower. 8
bits are more steps between shorter products."""


def is_mean_pooled_bert(folder: Path) -> bool:
    """Say whether a sentence-transformers folder is BERT, a mean over its tokens and a normalisation, nothing else."""
    modules = [module["type"].rsplit(".", 1)[-1] for module in read_json(folder / "modules.json", default=[])]
    pooling = read_json(folder / "1_Pooling" / "config.json", default={})
    modes = {name for name, chosen in pooling.items() if name.startswith("pooling_mode_") and chosen is True}
    return (
        modules == _MODULES
        and modes == {"pooling_mode_mean_tokens"}
        and is_plain_bert(folder)
        and (folder / "tokenizer.json").exists()
        and not prompts(folder)
    )


class MeanPooledBert:
    """`encode` gives what sentence-transformers gives for the same folder (a test compares the two).

    It reads `longest` tokens of a text, what `prompts` put before it among them; `cut` counts the texts so far that
    were longer. The tokenizer is changed, and belongs to this object from then on.
    """

    def __init__(self, model: FlatBert, tokenizer: Any, longest: int, prompts: Mapping[str, str] | None = None) -> None:
        self._model, self._tokenizer, self._prompts = model, tokenizer, prompts or {}
        self.longest = longest
        self._tokens = _INT8_TOKENS if model.is_int8 else _TOKENS
        self.cut = 0
        self._tokenizer.enable_truncation(self.longest)
        self._tokenizer.no_padding()

    @classmethod
    def from_folder(
        cls, folder: Path, dtype: str = "float32", prompts: Mapping[str, str] | None = None
    ) -> "MeanPooledBert":
        """Return the model of a folder that `is_mean_pooled_bert`."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        return cls(FlatBert.from_folder(folder, dtype), tokenizer, longest_input(folder) or _LONGEST, prompts)

    def batches(self, texts: Sequence[str], kind: str = "document") -> list[tuple[list[int], list[np.ndarray]]]:
        """Return batches of texts: their places in `texts` and their token ids, of each the longest first."""
        before = prompt_before(kind, self._prompts) or ""
        encoded = self._tokenizer.encode_batch([(before + text).strip() for text in texts])
        self.cut += sum(bool(one.overflowing) for one in encoded)
        ids = [np.array(one.ids, dtype=np.int32) for one in encoded]
        lengths = [len(one) for one in ids]
        most = max([self._tokens, *lengths])
        bins = [sorted(rows, key=lengths.__getitem__, reverse=True) for rows in fill_bins(lengths, most)]
        return [(rows, [ids[row] for row in rows]) for rows in bins]  # texts of one length stand together

    def encode(self, batch: Sequence[np.ndarray], kind: str = "document") -> np.ndarray:
        """Return float32 of shape (len(batch), dimensions), L2-normalised; the kind is in the ids already."""
        import torch

        means = [run.float().mean(1) for run in self._model.hidden(batch)]
        return torch.nn.functional.normalize(torch.cat(means), dim=1).cpu().numpy()
