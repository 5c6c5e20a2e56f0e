"""Memory that is used again: new memory of some MiB is mapped and cleared by the system at its first touch."""

import math
from collections.abc import Sequence
from typing import Any


class Buffers:
    """One block of memory for each name, dtype and device, as large as the largest that was asked for."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, Any, Any], Any] = {}

    def take(self, name: str, shape: Sequence[int], dtype: Any, device: Any) -> Any:
        """Return a tensor of this shape, its contents undefined; the next call of the same name gives the same memory.

        Measured: with new tensors instead, a fifth of a training's processor time went into the system's page faults.
        """
        import torch

        key, size = (name, dtype, device), math.prod(shape)
        if key not in self._blocks or self._blocks[key].numel() < size:
            self._blocks[key] = torch.empty(size, dtype=dtype, device=device)
        return self._blocks[key][:size].view(*shape)

    def like(self, name: str, tensor: Any) -> Any:
        """Return a tensor of the shape, dtype and device of another."""
        return self.take(name, tensor.shape, tensor.dtype, tensor.device)


BUFFERS = Buffers()
"""Those that all layers of a training use in turn."""
