"""Causal attention over samples that lie one behind the other in a row: each sees itself alone, nothing is padded.

On a CPU it is built of matrix products over blocks of queries: in bfloat16 torch's own kernel takes three times as long
for samples of some hundred tokens, most of it in its backward pass. On a GPU that has it torch's FlashAttention takes
all samples at once; elsewhere torch's kernel runs, a sample at a time.
"""
# ruff: noqa: TID253 - only the training's child process imports this file

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

import torch
from torch.nn.functional import scaled_dot_product_attention

from pipelines.compute.buffers import BUFFERS

NAME = "graftline_segments"
BLOCK = 256
"""Queries of one block: its scores (heads x 256 x keys) stay in the cache, and half of the masked part is skipped."""


def segment_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Return (batch, tokens, heads, width): attention of transformers' AttentionInterface, masks left out.

    `query` is (batch, heads, tokens, width), `key` and `value` may have fewer heads. `cu_seq_lens_q` holds the samples'
    starts and the end of the one row, `max_length_q` is the longest; without them every row of the batch is a sample,
    padded on its right if at all.
    """
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    enable = query.shape[1] != key.shape[1]
    if query.shape[2] != key.shape[2]:  # generation with a cache
        causal = query.shape[2] > 1
        out = scaled_dot_product_attention(query, key, value, is_causal=causal, scale=scale, enable_gqa=enable)
        return out.transpose(1, 2), None
    device, edges = query.device.type, cu_seq_lens_q if query.shape[0] == 1 else None
    if device == "cpu" and not dropout:
        return _alone(BlockedAttention.apply, query, key, value, scale, _spans(query, edges)), None
    if device == "cuda" and not dropout and edges is not None and _flash(query, _precision(query)):
        longest = max_length_q or int(edges.diff().max())
        return _alone(_varlen, query, key, value, scale, edges, longest), None
    if edges is None:
        out = scaled_dot_product_attention(query, key, value, None, dropout, True, scale=scale, enable_gqa=enable)
        return out.transpose(1, 2), None
    outs = []
    for _, start, end in _spans(query, edges):
        q, k, v = (tensor[:, :, start:end] for tensor in (query, key, value))
        outs.append(scaled_dot_product_attention(q, k, v, None, dropout, True, scale=scale, enable_gqa=enable))
    return torch.cat(outs, dim=2).transpose(1, 2), None


def _precision(query: torch.Tensor) -> torch.dtype:
    kind = query.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else query.dtype


def _alone(attend: Callable, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *others: Any) -> torch.Tensor:
    # Autocast's precision, taken once: rotated queries may be float32 beside bfloat16 values.
    compute = _precision(query)
    with torch.autocast(query.device.type, enabled=False):
        return attend(*(tensor.to(compute) for tensor in (query, key, value)), *others)


def _spans(query: torch.Tensor, edges: torch.Tensor | None) -> list[tuple[int, int, int]]:
    if edges is None:
        return [(row, 0, query.shape[2]) for row in range(query.shape[0])]
    return [(0, start, end) for start, end in pairwise(edges.tolist()) if end > start]


def _flash(query: torch.Tensor, compute: torch.dtype) -> bool:
    """Say whether FlashAttention 2 takes the heads on this GPU (its own conditions)."""
    width = query.shape[-1]
    fits = compute in (torch.bfloat16, torch.float16) and width % 8 == 0 and width <= 256
    return fits and torch.version.hip is None and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _varlen(query, key, value, scale, edges, longest):
    from torch.nn.attention.varlen import varlen_attn

    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    edges, shared = edges.to(q.device), q.shape[1] != k.shape[1]
    causal = (-1, 0)
    out = varlen_attn(q, k, v, edges, edges, longest, longest, scale=scale, window_size=causal, enable_gqa=shared)
    return cast(torch.Tensor, out)[None]


class BlockedAttention(torch.autograd.Function):
    """softmax(q k' * scale) v under a causal mask, the probabilities computed again in the backward pass."""

    @staticmethod
    def forward(ctx, query, key, value, scale, spans):
        ctx.save_for_backward(query, key, value)
        ctx.scale, ctx.spans = scale, spans
        heads, width = query.shape[1], value.shape[3]
        out = query.new_empty(query.shape[0], query.shape[2], heads, width)
        for row, start, end in spans:
            q, k, v = _grouped(query, key, value, row, start, end)
            for first, last in _blocks(end - start):
                p = _probabilities(q, k, first, last, scale)
                block = torch.bmm(p.flatten(1, 2), v[:, :last])
                out[row, start + first : start + last] = block.view(heads, last - first, width).transpose(0, 1)
        return out

    @staticmethod
    def backward(ctx, gradient):
        query, key, value = ctx.saved_tensors
        scale = ctx.scale
        dq, dk, dv = (torch.empty(t.shape, dtype=t.dtype, device=t.device) for t in (query, key, value))
        for row, start, end in ctx.spans:
            q, k, v = _grouped(query, key, value, row, start, end)
            groups, repeats, length, width = q.shape
            given = gradient[row, start:end].transpose(0, 1).reshape(groups, repeats, length, -1)
            # Summed over the blocks in float32: many small terms meet in the keys of a sample's beginning.
            sum_k, sum_v = (torch.zeros(groups, length, t.shape[-1], device=k.device) for t in (k, v))
            for first, last in _blocks(length):
                p = _probabilities(q, k, first, last, scale)
                rows = p.flatten(1, 2)
                out_gradient = given[:, :, first:last].flatten(1, 2)
                sum_v[:, :last] += torch.bmm(rows.transpose(1, 2), out_gradient)
                dp = torch.bmm(out_gradient, v[:, :last].transpose(1, 2), out=BUFFERS.like("scores", rows))
                ds = torch._softmax_backward_data(dp, rows, -1, rows.dtype, grad_input=dp).mul_(scale)
                block = torch.bmm(ds, k[:, :last]).view(groups * repeats, last - first, width)
                dq[row, :, start + first : start + last] = block
                sum_k[:, :last] += torch.bmm(ds.transpose(1, 2), q[:, :, first:last].flatten(1, 2))
            dk[row, :, start:end] = sum_k
            dv[row, :, start:end] = sum_v
        return dq, dk, dv, None, None


def _grouped(query, key, value, row, start, end):
    # Query heads that share a key head stand together: (groups, repeats, length, width) and (groups, length, width).
    groups = key.shape[1]
    q = query[row, :, start:end].reshape(groups, query.shape[1] // groups, end - start, -1)
    return q, key[row, :, start:end], value[row, :, start:end]


def _blocks(length: int) -> list[tuple[int, int]]:
    return [(first, min(first + BLOCK, length)) for first in range(0, length, BLOCK)]


def _probabilities(q, k, first, last, scale):
    groups, repeats, _, width = q.shape
    rows = q[:, :, first:last].reshape(groups, repeats * (last - first), width)
    scores = BUFFERS.take("scores", (groups, rows.shape[1], last), rows.dtype, rows.device)
    torch.bmm(rows, k[:, :last].transpose(1, 2), out=scores).mul_(scale)
    masked = scores.view(groups, repeats, last - first, last)
    masked[..., first:] += _future(scores.dtype, scores.device)[: last - first, : last - first]
    return torch.softmax(masked, dim=-1, out=BUFFERS.like("probabilities", masked))


@lru_cache(maxsize=4)
def _future(dtype, device):
    return torch.full((BLOCK, BLOCK), float("-inf"), dtype=dtype, device=device).triu_(1)


def register() -> str:
    """Make the function known to transformers under NAME, without a mask function; return the name."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, segment_attention)
    return NAME
