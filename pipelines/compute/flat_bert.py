"""BERT over texts that lie one behind the other in one row of tokens: no padding, few shapes, little to import.

transformers' BERT took 7 s of processor time and 300 MiB to import, more than a hundred texts take to embed; and in
bfloat16 oneDNN makes and keeps a kernel for each number of rows that it meets.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipelines.compute.flat_layers import Attention, Int8Linear, Linear

_STEP, _INT8_STEP, _GPU_STEP = 64, 16, 8192
"""Rows are filled up to a multiple of this. A product of fewer takes another kernel, whose sums end in other bits; of
whole numbers the sums are exact, and this only spares oneDNN some shapes."""
_QUERY_KEY_VALUE = ("query", "key", "value")


def is_plain_bert(folder: Path) -> bool:
    """Say whether the folder's model is one that FlatBert computes: BERT as it was published, in safetensors."""
    config = _config(folder)
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type") in (None, "absolute")
        and not config.get("is_decoder")
        and (folder / "model.safetensors").exists()
    )


@dataclass(frozen=True)
class _Norm:
    weight: Any
    bias: Any
    epsilon: float

    def __call__(self, x: Any) -> Any:
        import torch

        return torch.nn.functional.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.epsilon)


@dataclass(frozen=True)
class _Layer:
    query_key_value: Linear | Int8Linear
    mixed: Linear | Int8Linear
    attention_norm: _Norm
    widened: Linear | Int8Linear
    narrowed: Linear | Int8Linear
    output_norm: _Norm


class WordTable(Protocol):
    """Word embeddings that are kept in another form than a tensor."""

    def rows(self, ids: np.ndarray) -> Any:
        """Return the embeddings of these ids, a float32 tensor of shape (len(ids), width)."""
        ...

    def whole(self) -> Any:
        """Return all of them as one float32 tensor."""
        ...


class FlatBert:
    """The encoder without its pooler; `hidden` gives what transformers' BertModel gives (a test compares the two).

    `weights` are tensors by the names of BertModel, the words' either a tensor or a WordTable; `config` is its
    config.json.
    """

    def __init__(self, weights: Mapping[str, Any], config: Mapping[str, Any], dtype: str = "float32") -> None:
        import torch

        self._heads = config["num_attention_heads"]
        self._epsilon = config.get("layer_norm_eps", 1e-12)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._product: type[Linear] | type[Int8Linear] = Int8Linear if dtype == "int8" else Linear
        step = _INT8_STEP if dtype == "int8" else _STEP
        self._step = step if self._device == "cpu" else _GPU_STEP
        self._dtype = torch.float32 if dtype == "int8" else getattr(torch, dtype)
        self._weights = {name.removeprefix("bert."): weight for name, weight in weights.items()}
        self._words = self._word_embeddings()
        self._kinds, self._places = (
            self._taken(f"embeddings.{name}_embeddings.weight") for name in ("token_type", "position")
        )
        self._norm_of_embeddings = self._norm("embeddings.LayerNorm")
        self._layers = [self._layer(f"encoder.layer.{number}") for number in range(config["num_hidden_layers"])]
        self._weights.clear()  # the layers hold what they need, in the order that their products want
        self._attention = Attention(self._heads)

    @classmethod
    def from_folder(cls, folder: Path, dtype: str = "float32") -> "FlatBert":
        """Return the model of a folder that `is_plain_bert`."""
        from safetensors.torch import load_file

        return cls(load_file(str(folder / "model.safetensors")), _config(folder), dtype)

    @property
    def is_int8(self) -> bool:
        """Whether its products are of 8-bit numbers."""
        return self._product is Int8Linear

    def hidden(self, texts: Sequence[np.ndarray]) -> list[Any]:
        """Return the last hidden states of texts given as token ids: of each run of texts of one length a tensor of
        shape (texts, tokens, width).

        A text's values are the same to the bit whatever lies before and behind it.
        """
        import torch

        runs = [(length, len(list(same))) for length, same in itertools.groupby(len(text) for text in texts)]
        with torch.inference_mode():
            x = self._embedded(texts, runs)
            mixed = torch.zeros_like(x)
            for layer in self._layers:
                self._attention(layer.query_key_value(x), runs, mixed)
                x = layer.attention_norm(layer.mixed(mixed).add_(x))
                x = layer.output_norm(layer.narrowed(layer.widened(x)).add_(x))
            used = sum(length * count for length, count in runs)
            parts = x[:used].split([length * count for length, count in runs])
            return [part.view(count, length, -1) for part, (length, count) in zip(parts, runs, strict=True)]

    def _embedded(self, texts: Sequence[np.ndarray], runs: Sequence[tuple[int, int]]) -> Any:
        import torch

        used = sum(len(text) for text in texts)
        ids, positions = np.zeros((2, -(-used // self._step) * self._step), dtype=np.int64)
        ids[:used] = np.concatenate(texts)
        positions[:used] = np.concatenate([np.tile(np.arange(length), count) for length, count in runs])
        if hasattr(self._words, "rows"):
            words = self._to(self._words.rows(ids))
        else:
            words = self._words[torch.from_numpy(ids).to(self._device)]
        x = words + self._kinds[0]
        return self._norm_of_embeddings(x.add_(self._places[torch.from_numpy(positions).to(self._device)]))

    def _word_embeddings(self) -> Any:
        words = self._weights["embeddings.word_embeddings.weight"]
        if hasattr(words, "whole"):
            return words if self._device == "cpu" else self._to(words.whole())
        return self._to(words)

    def _layer(self, name: str) -> _Layer:
        """Return a layer; query, key and value become one product, the queries scaled beforehand."""
        import torch

        names = [f"{name}.attention.self.{part}" for part in _QUERY_KEY_VALUE]
        weight, bias = (torch.cat([self._weights[f"{one}.{kind}"] for one in names]) for kind in ("weight", "bias"))
        width = len(bias) // len(names)
        for part in (weight, bias):
            part[:width] *= (width // self._heads) ** -0.5
        return _Layer(
            self._product(self._to(weight), self._to(bias)),
            self._linear(f"{name}.attention.output.dense"),
            self._norm(f"{name}.attention.output.LayerNorm"),
            self._linear(f"{name}.intermediate.dense", gelu=True),
            self._linear(f"{name}.output.dense"),
            self._norm(f"{name}.output.LayerNorm"),
        )

    def _linear(self, name: str, gelu: bool = False) -> Linear | Int8Linear:
        return self._product(self._taken(f"{name}.weight"), self._taken(f"{name}.bias"), gelu)

    def _norm(self, name: str) -> _Norm:
        return _Norm(self._taken(f"{name}.weight"), self._taken(f"{name}.bias"), self._epsilon)

    def _taken(self, name: str) -> Any:
        return self._to(self._weights[name])

    def _to(self, weight: Any) -> Any:
        return weight.to(device=self._device, dtype=self._dtype)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
