"""The least time that the arithmetic and the memory traffic of a network allow on this machine.

    python tools/bench/floors.py DEVICE PRECISION     prints the machine's peaks as JSON

Multiplications and additions are counted from the layers: a convolution or linear layer costs its forward pass three
times (outputs, gradients of the weights, gradients of the inputs), but the first needs no gradient of the images.
Traffic is what layers read and write when none is fused: inputs and outputs once forward, twice backward, and each
weight read twice, its gradient written once and read once, the weight written once a batch.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass

import torch
from torch import nn

from grader.model import Recipe
from grader.recipe.rebuild import rebuild

SIDE = {"cpu": 3072, "cuda": 16_384}
COPY_BYTES = {"cpu": 2**28, "cuda": 2**32}
REPEATS = 5
BYTES = {"fp32": 4, "tf32": 4, "bf16": 2}


@dataclass(frozen=True)
class Work:
    """What one image costs in a training step."""

    flop: float
    bytes: float


def work(recipe: Recipe, side: int, batch: int, precision: str) -> Work:
    """Return arithmetic and traffic of one image of `side` pixels, forward and backward, in batches of `batch`."""
    module = rebuild(recipe.network, device="cpu", batch_sizes=(2,))
    layers: list[tuple[nn.Module, int, int, float]] = []

    def note(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        layers.append((layer, inputs[0][0].numel(), output[0].numel(), multiplied(layer, output)))

    handles = [one.register_forward_hook(note) for one in module.modules() if not list(one.children())]
    module.train()
    with torch.no_grad():
        module(torch.zeros(2, recipe.network.input_shape[0], side, side))
    for handle in handles:
        handle.remove()
    forward = [2 * count for *_, count in layers]
    first = next(count for count in forward if count)
    weights = sum(parameter.numel() for parameter in module.parameters())
    size = BYTES[precision]
    activations = sum(3 * (read + written) for _, read, written, _ in layers)
    return Work(flop=3 * sum(forward) - first, bytes=size * activations + 5 * 4 * weights / batch)


def multiplied(layer: nn.Module, output: torch.Tensor) -> float:
    """Return the multiplications of one image in a convolution or linear layer; others cost next to none."""
    if isinstance(layer, nn.Conv2d):
        return layer.weight[0].numel() * output[0].numel()
    return float(layer.weight.numel()) if isinstance(layer, nn.Linear) else 0.0


def peaks(device: str, precision: str) -> dict[str, float]:
    """Return FLOP/s of a large product of matrices and bytes/s of a large copy, the best of a few."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    side = SIDE[device]
    left, right = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    source = torch.ones(COPY_BYTES[device] // 4, device=device)
    target = torch.empty_like(source)
    product = best(lambda: torch.mm(left, right), device)
    copied = best(lambda: target.copy_(source), device)
    return {"flop_per_s": 2 * side**3 / product, "bytes_per_s": 2 * COPY_BYTES[device] / copied}


def best(what, device: str) -> float:
    """Return the shortest of a few durations in seconds, after one that does not count."""
    durations = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        what()
        if device == "cuda":
            torch.cuda.synchronize()
        durations.append(time.perf_counter() - started)
    return min(durations[1:])


if __name__ == "__main__":
    print(json.dumps(peaks(sys.argv[1], sys.argv[2])), flush=True)
