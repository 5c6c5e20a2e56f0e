"""Buffers that all layers use in turn: a layer's widest tensors live a moment, and new memory is mapped and cleared."""
# ruff: noqa: TID253 - only the training's child process imports this file

from collections.abc import Sequence
from math import prod

import torch

_BUFFERS: dict[tuple[str, torch.dtype, torch.device], torch.Tensor] = {}


def scratch(name: str, shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return a buffer of this shape, its contents undefined; the next call of the same name gives the same memory.

    Measured: with new tensors instead, a fifth of a training's processor time went into the system's page faults.
    """
    key, size = (name, dtype, device), prod(shape)
    if key not in _BUFFERS or _BUFFERS[key].numel() < size:
        _BUFFERS[key] = torch.empty(size, dtype=dtype, device=device)
    return _BUFFERS[key][:size].view(*shape)


def scratch_like(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a buffer of the shape, dtype and device of a tensor."""
    return scratch(name, tensor.shape, tensor.dtype, tensor.device)
