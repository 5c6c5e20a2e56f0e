"""Cross entropy at the tokens with loss and no others, a chunk at a time: the full logits never exist."""
# ruff: noqa: TID253 - only the training's child process imports this file

import types
from typing import Any

import torch
from torch.nn.functional import cross_entropy, linear
from torch.utils.checkpoint import checkpoint

_CPU_CHUNK, _GPU_CHUNK = 64, 1024
"""Rows whose logits exist at once: 64 of a vocabulary of 49,152 are 13 MB in float32, 1024 of 151,936 are 622 MB."""
_SCALED_HEADS = (
    "final_logit_softcapping",
    "logit_scale",
    "output_multiplier",
    "lm_head_multiplier",
    "logits_scaling",
)


def has_plain_head(config: Any) -> bool:
    """Say whether the logits are the head's output as it is, neither scaled nor capped (as in Gemma 2 or Granite)."""
    return all(getattr(config.get_text_config(), name, None) is None for name in _SCALED_HEADS)


def _chunk(states: torch.Tensor) -> int:
    return _CPU_CHUNK if states.device.type == "cpu" else _GPU_CHUNK


class ChunkedLoss(torch.autograd.Function):
    """The sum of the cross entropies of states (rows, width) under a head; gradients are made in the forward pass."""

    @staticmethod
    def forward(ctx, states, weight, bias, targets):
        wanted, device = ctx.needs_input_grad, states.device.type
        # Autocast's precision, taken once: it would cast the products one by one, and those with `out` not at all.
        compute = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype
        total = torch.zeros((), dtype=torch.float32, device=states.device)
        d_states = torch.empty_like(states, dtype=compute) if wanted[0] else None
        d_weight = torch.zeros(weight.shape, dtype=torch.float32, device=weight.device) if wanted[1] else None
        d_bias = torch.zeros(bias.shape, dtype=torch.float32, device=bias.device) if wanted[2] else None
        with torch.autocast(device, enabled=False):
            head, shift = weight.to(compute), None if bias is None else bias.to(compute)
            size = _chunk(states)
            for first in range(0, len(states), size):
                part, target = states[first : first + size].to(compute), targets[first : first + size, None]
                scores = torch.log_softmax(linear(part, head, shift).float(), dim=-1)
                total -= scores.gather(1, target).sum()
                if not any(wanted[:3]):
                    continue
                slope = scores.exp_()
                slope.scatter_add_(1, target, torch.full_like(target, -1, dtype=slope.dtype))
                if d_bias is not None:
                    d_bias += slope.sum(0)
                slope = slope.to(compute)
                if d_states is not None:
                    torch.mm(slope, head, out=d_states[first : first + size])
                if d_weight is not None:
                    d_weight += slope.t() @ part
        ctx.gradients = (d_states, d_weight, d_bias)
        ctx.kinds = (states.dtype, weight.dtype)
        return total

    @staticmethod
    def backward(ctx, gradient):
        d_states, d_weight, d_bias = (None if part is None else part.mul_(gradient) for part in ctx.gradients)
        d_states = None if d_states is None else d_states.to(ctx.kinds[0])
        return d_states, None if d_weight is None else d_weight.to(ctx.kinds[1]), d_bias, None


def summed_loss(states: torch.Tensor, targets: torch.Tensor, head: Any) -> torch.Tensor:
    """Return the summed cross entropy of states (rows, width) and targets (rows,) under an output layer, float32."""
    if type(head) is torch.nn.Linear and len(states):
        return ChunkedLoss.apply(states, head.weight, head.bias, targets)
    total = states.sum() * 0.0  # keeps the graph where no row has a loss

    def chunk(part: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return cross_entropy(head(part).float(), target, reduction="sum")

    size = _chunk(states)
    for first in range(0, len(states), size):
        arguments = states[first : first + size], targets[first : first + size]
        total = total + checkpoint(chunk, *arguments, use_reentrant=False)
    return total


def install_answer_loss(model: Any) -> None:
    """Give a causal language model a forward that takes `answer_loss=True` and returns the summed loss alone.

    Through the model's own forward, so that what wraps it (PEFT, DistributedDataParallel) sees an ordinary call.
    """
    plain = model.forward

    def forward(self, *arguments, answer_loss=False, **options):
        if not answer_loss:
            return plain(*arguments, **options)
        labels = options.pop("labels")[:, 1:]
        states = self.base_model(*arguments, **options).last_hidden_state[:, :-1]
        counted = labels != -100
        return (summed_loss(states[counted], labels[counted], self.get_output_embeddings()),)

    model.forward = types.MethodType(forward, model)
