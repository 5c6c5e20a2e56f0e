"""Sentence vectors by sentence-transformers, of any model that it knows, in batches of texts of one length."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipelines.core.delta import batched
from pipelines.core.errors import ConfigurationError
from resources.embedding.model_folder import prompt_before

_CPU_BATCH, _GPU_BATCH = 8, 64
"""Texts of a batch: on a CPU what a layer makes of more of them no longer fits the cache (8 were 1.1 times as fast as
32, in less memory)."""
_LONGEST, _LEAST_TOKENS = 8192, 64


class EqualLengths:
    """Texts of one length in tokens share a batch without any padding: their company changes no bit of a vector.

    It reads `longest` tokens of a text, what `prompts` put before it among them; `cut` counts the texts so far that
    were longer.
    """

    def __init__(
        self,
        folder: Path,
        dtype: str,
        count_tokens: Callable[[Sequence[str]], list[int]],
        prompts: Mapping[str, str | None],
    ) -> None:
        if dtype == "int8":
            raise ConfigurationError(
                "EMBEDDING_DTYPE",
                f"int8 for {folder.name}, which sentence-transformers runs",
                "int8 for BERT with a mean over its tokens alone",
                "set EMBEDDING_DTYPE=float32",
            )
        import torch
        from sentence_transformers import SentenceTransformer

        self._count_tokens, self._prompts = count_tokens, prompts
        self._most = _GPU_BATCH if torch.cuda.is_available() else _CPU_BATCH
        # A folder may name classes of its own; only the library's are run, and only safetensors read.
        self._model = SentenceTransformer(
            str(folder),
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True, "dtype": dtype},
        )

        self.longest = int(self._model.max_seq_length or _LONGEST)
        self.cut = 0

    def batches(self, texts: Sequence[str], kind: str = "document") -> list[tuple[list[int], list[str]]]:
        """Return batches of texts: their places in `texts`, and what `encode` takes, the longest first."""
        before = prompt_before(kind, self._prompts)
        counted = self._count_tokens([before + text for text in texts] if before else texts)
        self.cut += sum(length + 2 > self.longest for length in counted)
        lengths = [min(length, _LONGEST) for length in counted]
        # The longest first: what the shorter ones need then fits where they were.
        order = sorted(range(len(texts)), key=lambda row: (lengths[row], texts[row]), reverse=True)
        found = []
        for length, same in itertools.groupby(order, key=lengths.__getitem__):
            # A product of few rows takes another kernel, whose sums end in other bits: so never few.
            least = -(-_LEAST_TOKENS // (length + 2))
            for rows in batched(list(same), self._most):
                filled = [rows[0]] * (least - len(rows))
                found.append((rows, [texts[row] for row in rows + filled]))
        return found

    def encode(self, batch: Sequence[str], kind: str = "document") -> np.ndarray:
        """Return float32 of shape (len(batch), dimensions), L2-normalised; longer texts are cut.

        What the prompts put before a `query` or a `document` is put there.
        """
        vectors = self._model.encode(
            list(batch),
            prompt=prompt_before(kind, self._prompts),
            batch_size=len(batch),
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)
