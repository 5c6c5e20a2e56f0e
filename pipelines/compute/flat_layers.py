"""The two parts of a BERT layer that take its time: products with weights, and attention within texts.

On a CPU torch's own are slow: its products in float32 go to MKL, which leaves AVX-512 unused on processors that are not
Intel's, and in bfloat16 its attention takes twice the time that it takes in float32.
"""

import platform
from collections.abc import Sequence
from typing import Any

from pipelines.compute.buffers import Buffers

_SCORES = 1 << 21
"""Attention scores computed at once: what they take still fits a large cache."""
_ROUNDED = 16
"""Texts are lengthened to a multiple of this where oneDNN multiplies: it makes and keeps a kernel for every shape."""

_LARGEST, _LARGEST_WEIGHT, _TINY = 127, 63, 1e-12
"""Of the 8-bit numbers. AVX2 adds two products in 16 bits: 2 * 255 * 63 still fits, weights up to 127 would not."""


class Linear:
    """x @ weight.T + bias, with GELU behind it if wanted; on a CPU by oneDNN, the weights laid out for it once."""

    def __init__(self, weight: Any, bias: Any, gelu: bool = False) -> None:
        import torch

        self._bias, self._gelu = bias, gelu
        self._packed = weight.device.type == "cpu" and _takes(weight.dtype)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight) if self._packed else weight

    def __call__(self, x: Any) -> Any:
        import torch

        if self._packed:
            after, kind = ("gelu", "none") if self._gelu else ("none", "")
            return torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, after, [], kind)
        found = torch.nn.functional.linear(x, self._weight, self._bias)
        return torch.nn.functional.gelu(found) if self._gelu else found


class Int8Linear:
    """x @ weight.T + bias of 8-bit numbers, GELU behind it if wanted: a scale for each row of x, and of the weight.

    Sums of whole numbers are exact: a row's result depends on nothing that lies beside it.
    """

    def __init__(self, weight: Any, bias: Any, gelu: bool = False) -> None:
        import torch

        self._bias, self._gelu = bias, gelu
        self._scales = weight.abs().amax(1).clamp_min_(_TINY).div_(_LARGEST_WEIGHT)
        self._weight = (weight / self._scales[:, None]).round_().to(torch.int8).t()

    def __call__(self, x: Any) -> Any:
        import torch

        largest = x.abs().amax(1, keepdim=True).clamp_min_(_TINY)
        whole = torch._int_mm((x * (_LARGEST / largest)).round_().to(torch.int8), self._weight)
        found = torch.addcmul(self._bias, whole.float().mul_(largest.div_(_LARGEST)), self._scales)
        return torch.nn.functional.gelu(found) if self._gelu else found


def _takes(dtype: Any) -> bool:
    """Say whether oneDNN is there and multiplies numbers of the dtype by the processor's own instructions."""
    import torch

    if platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.is_available():
        return False  # elsewhere oneDNN leaves the products to other libraries, and this was not tried
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported())


class Attention:
    """softmax(q k^T) v within each text, for all heads; the queries come scaled."""

    def __init__(self, heads: int) -> None:
        self._heads = heads
        self._buffers = Buffers()

    def __call__(self, query_key_value: Any, runs: Sequence[tuple[int, int]], mixed: Any) -> None:
        """Write each token's mixture of its own text's values into `mixed` (tokens, width), texts of a length at once.

        query_key_value: (tokens, 3 * width); runs: length of a text and how many such texts lie behind each other.
        """
        start = 0
        for length, count in runs:
            at_once = max(1, _SCORES // (self._heads * length * length))
            for first in range(0, count, at_once):
                some = min(at_once, count - first)
                rows = slice(start, start + length * some)
                parts = query_key_value[rows].view(some, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
                found = self._by_products(parts) if self._fits(parts) else self._by_torch(parts)
                mixed[rows].view(some, length, self._heads, -1).copy_(found.transpose(1, 2))
                start = rows.stop

    def _fits(self, parts: Any) -> bool:
        """Say whether the scores of one text may lie in memory whole."""
        return parts.device.type == "cpu" and self._heads * parts.shape[3] ** 2 <= 4 * _SCORES

    def _by_torch(self, parts: Any) -> Any:
        import torch

        query, key, value = parts
        return torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=1.0)

    def _by_products(self, parts: Any) -> Any:
        """Attend by two products and a softmax in float32, in buffers that are used again."""
        import torch

        _, count, heads, length, size = parts.shape
        exact = parts.dtype == torch.float32
        longer = length if exact else -(-length // _ROUNDED) * _ROUNDED
        kind = (parts.dtype, parts.device)
        copied = self._buffers.take("parts", (3, count * heads, longer, size), *kind)
        copied.view(3, count, heads, longer, size)[..., :length, :].copy_(parts)
        query, key, value = copied
        value[:, length:] = 0  # a probability of nought times what lay in the memory before
        scores = self._buffers.take("scores", (count * heads, longer, longer), *kind)
        torch.bmm(query, key.transpose(1, 2), out=scores)
        scores[..., length:] = -torch.inf
        if exact:
            torch.softmax(scores, -1, out=scores)
        else:
            wide = self._buffers.take("wide", scores.shape, torch.float32, parts.device)
            scores.copy_(torch.softmax(scores, -1, dtype=torch.float32, out=wide))
        found = self._buffers.take("found", (count * heads, longer, size), *kind)
        torch.bmm(scores, value, out=found)
        return found.view(count, heads, longer, size)[..., :length, :]
