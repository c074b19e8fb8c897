"""Tensors as they were at one moment, to be put back where they are."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class Held:
    """Copies of tensors. They go back in place: optimizers and graphs know tensors by their addresses."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self._held = [(tensor, tensor.detach().clone()) for tensor in tensors]

    @torch.no_grad()
    def put_back(self) -> None:
        """Give every tensor the values it had."""
        for tensor, values in self._held:
            tensor.copy_(values)
