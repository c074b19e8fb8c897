"""Forward, loss and backward as one captured CUDA graph, trusted only after it did what separate kernels do.

Launching some eighty kernels takes longer than computing them; a graph launches all at once. It always reads the
same memory, so each batch is copied to where it looks, and the gradients are put back to where it writes. The
optimizer stays outside, free to follow a learning rate. Short batches and irregular loops go the usual way.
`Capture` is the seam: on a machine without a GPU a function that just calls the work again stands for a graph.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from grader.training.held import Held
from grader.training.stepping import Stepping

Work = Callable[[], None]
Capture = Callable[[Work, Work], Work]
"""Takes work on fixed tensors, and what clears the gradients before it, and returns what does both again."""
Batch = tuple[Tensor, Tensor]

COMPARED_STEPS = 5
TOLERANCE = 1e-3
"""Of the way that the weights went in the compared steps; a stale gradient or label is far beyond it."""
_WARM_UP = 3


def capture_on_gpu(work: Work, clear: Work) -> Work:
    """Return the replay of `work`, captured on the current GPU after a few rounds on a stream of its own.

    Without gradients at its beginning a captured backward pass makes them anew, in the graph's own memory: every
    replay then writes them over, and there is nothing left to clear.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(_WARM_UP):
            clear()
            work()
    torch.cuda.current_stream().wait_stream(aside)
    clear()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


class Graphed:
    """A batch's forward, loss and backward, done again for every batch of the same shape."""

    def __init__(self, stepping: Stepping, batch: Batch, capture: Capture) -> None:
        self._stepping = stepping
        self._inputs, self._labels = (part.clone() for part in batch)
        self._made: Batch | None = None
        self._replay = capture(self._work, lambda: stepping.module.zero_grad(set_to_none=True))
        self._gradients = [(one, one.grad) for one in stepping.module.parameters()]

    def _work(self) -> None:
        output, loss = self._stepping.backward(self._inputs, self._labels)
        self._made = output.detach(), loss.detach()

    def __call__(self, inputs: Tensor, labels: Tensor) -> Batch | None:
        """Leave the batch's gradients in the parameters and return output and loss; None for another shape."""
        if inputs.shape != self._inputs.shape:
            return None
        self._inputs.copy_(inputs)
        self._labels.copy_(labels)
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        self._replay()
        return self._made


class _Snapshot:
    """Everything that a step changes, as it was."""

    def __init__(self, stepping: Stepping) -> None:
        self._stepping = stepping
        self._tensors = Held(stepping.tensors())
        self._optimizer = copy.deepcopy(stepping.optimizer.state_dict())
        self._random = torch.get_rng_state()
        self._on_gpu = torch.cuda.get_rng_state() if stepping.device.type == "cuda" else None

    def restore(self) -> None:
        """Put everything back."""
        self._tensors.put_back()
        # A copy, since the optimizer takes tensors as they are and moves them.
        self._stepping.optimizer.load_state_dict(copy.deepcopy(self._optimizer))
        self._stepping.module.zero_grad(set_to_none=True)
        self._stepping.begin_epoch()
        torch.set_rng_state(self._random)
        if self._on_gpu is not None:
            torch.cuda.set_rng_state(self._on_gpu)


def adopt(stepping: Stepping, batches: Sequence[Batch], capture: Capture) -> str:
    """Have `stepping` use a graph where five steps with it come out as five without; leave all else as it was.

    Returns `graph`, or `eager: ` with the reason. Raises torch.OutOfMemoryError as it comes.
    """
    if not stepping.clears or (stepping.every, stepping.times) != (1, 1):
        return "eager: the loop does not clear its gradients and step at every batch"
    if not batches:
        return "eager: no full batch"
    before = _Snapshot(stepping)
    try:
        graphed = Graphed(stepping, batches[0], capture)
        before.restore()
        stepping.graphed = graphed
        ours = _walk(stepping, batches)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        stepping.graphed = None
        before.restore()
        return f"eager: not captured ({' '.join(str(error).split())[:120]})"
    before.restore()
    stepping.graphed = None
    start = [tensor.detach().clone() for tensor in stepping.tensors()]
    theirs = _walk(stepping, batches)
    before.restore()
    if not _alike(start, ours, theirs):
        return "eager: a captured graph gave other weights"
    stepping.graphed = graphed
    return "graph"


def _walk(stepping: Stepping, batches: Sequence[Batch]) -> list[Tensor]:
    """Return all tensors of the network after a step on each batch."""
    for number in range(COMPARED_STEPS):
        stepping.learn(*batches[number % len(batches)])
    return [tensor.detach().clone() for tensor in stepping.tensors()]


def _alike(start: Sequence[Tensor], ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> bool:
    """Whether both walks from `start` led to the same place, within `TOLERANCE` of the way."""
    for begun, one, other in zip(start, ours, theirs, strict=True):
        one, other, begun = one.double(), other.double(), begun.double()
        way, apart = (other - begun).norm(), (one - other).norm()
        rounding = 1e-7 * other.norm()
        if not bool(apart <= TOLERANCE * way + rounding):
            return False
    return True
