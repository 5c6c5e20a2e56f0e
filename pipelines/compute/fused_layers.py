"""Layers of a decoder as single autograd functions: fewer passes over memory and less kept for the backward pass.

Their numbers are those of the modules that they stand for; what they may stand for is decided in acceleration.py.
"""
# ruff: noqa: TID253 - only the training's child process imports this file

from typing import Any, NamedTuple

import torch
from torch.nn.functional import linear

from pipelines.compute.buffers import BUFFERS


class Adapted(NamedTuple):
    """A frozen linear layer with its low-rank update: y = x W' + b + scale (x A') B'; A and B may be None.

    W may be kept in fewer bits than x has: it is widened for each product.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None
    a: torch.Tensor | None
    b: torch.Tensor | None
    scale: float


def _widened(weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return weight if weight.dtype == dtype else BUFFERS.take("weight", weight.shape, dtype, weight.device).copy_(weight)


def forward_adapted(x: torch.Tensor, layer: Adapted) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return y (tokens, out) and x A' (tokens, rank) of x (tokens, in)."""
    y = linear(x, _widened(layer.weight, x.dtype), layer.bias)
    if layer.a is None or layer.b is None:
        return y, None
    low = linear(x, layer.a.to(x.dtype))
    return y.addmm_(low, layer.b.to(x.dtype).t(), alpha=layer.scale), low


def backward_adapted(
    gradient: torch.Tensor,
    x: torch.Tensor,
    low: torch.Tensor | None,
    layer: Adapted,
    into: torch.Tensor | None = None,
    out: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
    """Return the gradients of x (added to `into` or written to `out` where given), A and B."""
    weight = _widened(layer.weight, gradient.dtype)
    dx = torch.mm(gradient, weight, out=out) if into is None else into.addmm_(gradient, weight)
    if layer.a is None or layer.b is None or low is None:
        return dx, None, None
    scaled = (gradient @ layer.b.to(gradient.dtype)).mul_(layer.scale)
    dx.addmm_(scaled, layer.a.to(dx.dtype))
    da = (scaled.t() @ x).to(layer.a.dtype)
    db = (low.t() @ gradient).t().to(layer.b.dtype).mul_(layer.scale)
    return dx, da, db


class Normed(NamedTuple):
    """What a layer's input was normalised from: kept in place of the input, which is computed again from it."""

    x: torch.Tensor
    weight: torch.Tensor
    eps: float


class AdaptedLinear(torch.autograd.Function):
    """One adapted linear layer; it keeps its input (or what that came from) and the rank-wide product.

    PEFT keeps four tensors.
    """

    @staticmethod
    def forward(ctx, x, source, norm_weight, eps, weight, bias, a, b, scale):
        layer = Adapted(weight, bias, a, b, scale)
        rows = x.reshape(-1, x.shape[-1])
        y, low = forward_adapted(rows, layer)
        ctx.save_for_backward(rows if source is None else source, norm_weight, weight, a, b, low)
        ctx.scale, ctx.shape, ctx.eps = scale, x.shape, eps
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx, gradient):
        source, norm_weight, weight, a, b, low = ctx.saved_tensors
        rows = _input(source, norm_weight, ctx.eps)
        layer = Adapted(weight, None, a, b, ctx.scale)
        dx, da, db = backward_adapted(gradient.reshape(len(rows), -1), rows, low, layer)
        return dx.view(ctx.shape), None, None, None, None, None, da, db, None


def _input(source: torch.Tensor, weight: torch.Tensor | None, eps: float) -> torch.Tensor:
    normal = source if weight is None else rms_norm(source, weight, eps)[0]
    return normal.reshape(-1, normal.shape[-1])


class AdaptedMlp(torch.autograd.Function):
    """down(silu(gate(x)) * up(x)) of three adapted layers; the product is computed again instead of kept."""

    @staticmethod
    def forward(ctx, x, source, norm_weight, eps, scales, *tensors):
        layers = _three(tensors, scales)
        rows = x.reshape(-1, x.shape[-1])
        gate, low_gate = forward_adapted(rows, layers[0])
        up, low_up = forward_adapted(rows, layers[1])
        active = torch.ops.aten.silu.out(gate, out=BUFFERS.like("active", gate))
        y, low_down = forward_adapted(active.mul_(up), layers[2])
        kept = rows if source is None else source
        ctx.save_for_backward(kept, norm_weight, gate, up, low_gate, low_up, low_down, *tensors)
        ctx.scales, ctx.shape, ctx.eps = scales, x.shape, eps
        return y.view(x.shape[:-1] + y.shape[-1:])

    @staticmethod
    def backward(ctx, gradient):
        source, norm_weight, gate, up, low_gate, low_up, low_down, *tensors = ctx.saved_tensors
        rows = _input(source, norm_weight, ctx.eps)
        layers = _three(tensors, ctx.scales)
        gradient = gradient.reshape(len(rows), -1)
        active = torch.ops.aten.silu.out(gate, out=BUFFERS.like("active", gate))
        product = torch.mul(active, up, out=BUFFERS.like("product", gate))
        product, da, db = backward_adapted(gradient, product, low_down, layers[2], out=BUFFERS.like("gradient", gate))
        down = (None, None, da, db)
        d_up = active.mul_(product)
        dx, da, db = backward_adapted(d_up, rows, low_up, layers[1])
        upper = (None, None, da, db)
        d_gate = torch.ops.aten.silu_backward.grad_input(
            product.mul_(up), gate, grad_input=BUFFERS.like("product", gate)
        )
        dx, da, db = backward_adapted(d_gate, rows, low_gate, layers[0], into=dx)
        return dx.view(ctx.shape), None, None, None, None, None, None, da, db, *upper, *down


def _three(tensors: Any, scales: tuple[float, ...]) -> list[Adapted]:
    groups = (tensors[4 * n : 4 * n + 4] for n in range(3))
    return [Adapted(w, bias, a, b, scale) for (w, bias, a, b), scale in zip(groups, scales, strict=True)]


class RmsNorm(torch.autograd.Function):
    """x / sqrt(mean(x^2) + eps) * weight, weight frozen (Zhang and Sennrich 2019); keeps x and one number a row."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        y, inverse = rms_norm(x, weight, eps)
        ctx.save_for_backward(x, weight, inverse)
        return y

    @staticmethod
    def backward(ctx, gradient):
        x, weight, inverse = ctx.saved_tensors
        normal = x * inverse
        scaled = gradient.float().mul_(weight)
        along = (scaled * normal).mean(dim=-1, keepdim=True)
        return scaled.addcmul_(normal, along, value=-1).mul_(inverse).to(x.dtype), None, None


def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the normalised x and 1 / sqrt(mean(x^2) + eps) by row, float32."""
    mean = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32).square_().div_(x.shape[-1])
    inverse = mean.add_(eps).rsqrt_()
    return (x * inverse).to(x.dtype).mul_(weight), inverse


class Rotation(torch.autograd.Function):
    """Rotary positions (Su et al. 2021) for halves that lie side by side; the backward pass turns the other way."""

    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        return _rotate(x, cos, sin, 1)

    @staticmethod
    def backward(ctx, gradient):
        cos, sin = ctx.saved_tensors
        return _rotate(gradient, cos, sin, -1), None, None


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, direction: int) -> torch.Tensor:
    half = x.shape[-1] // 2
    out = x * cos
    out[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-direction)
    out[..., half:].addcmul_(x[..., :half], sin[..., half:], value=direction)
    return out


def rotate_both(query: Any, key: Any, cos: Any, sin: Any, unsqueeze_dim: int = 1) -> tuple[Any, Any]:
    """Stand for transformers' apply_rotary_pos_emb: the same arguments and results."""
    cos, sin = cos.unsqueeze(unsqueeze_dim), sin.unsqueeze(unsqueeze_dim)
    return Rotation.apply(query, cos, sin), Rotation.apply(key, cos, sin)
