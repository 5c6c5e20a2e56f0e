"""Sentence vectors by BERT and a mean over its tokens: `import sentence_transformers` is half of a cold start."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_MODULES = ["Transformer", "Pooling", "Normalize"]
_LONGEST = 512


def is_mean_pooled_bert(folder: Path) -> bool:
    """Say whether a sentence-transformers folder is BERT, a mean over its tokens and a normalisation, nothing else."""
    modules = [module["type"].rsplit(".", 1)[-1] for module in _json(folder / "modules.json", [])]
    pooling = _json(folder / "1_Pooling" / "config.json", {})
    modes = {name for name, chosen in pooling.items() if name.startswith("pooling_mode_") and chosen is True}
    return (
        modules == _MODULES
        and modes == {"pooling_mode_mean_tokens"}
        and _json(folder / "config.json", {}).get("model_type") == "bert"
        and (folder / "model.safetensors").exists()
        and (folder / "tokenizer.json").exists()
        and not _json(folder / "config_sentence_transformers.json", {}).get("prompts")
    )


class MeanPooledBert:
    """`encode` gives what sentence-transformers gives for the same folder (a test compares the two)."""

    def __init__(self, folder: Path, dtype: str = "float32") -> None:
        import torch
        from tokenizers import Tokenizer
        from transformers.models.bert.modeling_bert import BertModel
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = BertModel.from_pretrained(str(folder), use_safetensors=True, dtype=getattr(torch, dtype))
        self._model: Any = model.to(self._device).eval()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        longest = _json(folder / "sentence_bert_config.json", {}).get("max_seq_length", _LONGEST)
        self._tokenizer.enable_truncation(longest)
        self._tokenizer.enable_padding(pad_id=self._model.config.pad_token_id)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised, of one batch; longer texts are cut."""
        torch = self._torch
        encoded = self._tokenizer.encode_batch([text.strip() for text in texts])
        ids = torch.tensor([one.ids for one in encoded], device=self._device)
        mask = torch.tensor([one.attention_mask for one in encoded], device=self._device)
        padded = bool((mask == 0).any())  # without padding there is no mask to apply
        with torch.inference_mode():
            hidden = self._model(input_ids=ids, attention_mask=mask if padded else None).last_hidden_state.float()
        kept = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, dim=1).cpu().numpy()


def _json(path: Path, default: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default
