"""A training's network as a recipe, with the samples that the host compares its own rebuilding with."""

from __future__ import annotations

import os

import msgspec
import torch
from torch import Tensor, nn

from grader.model import Network
from grader.recipe.capture import capture as capture_network
from grader.recipe.samples import evaluate, pack_samples
from grader.recipe.values import NotExpressible
from grader.recorder.initial import Initial
from grader.recorder.journal import Journal, Root, RootCall, TrainingRecord
from grader.text import Text

_BATCHES = (2, 5)
_LARGEST = 512
_BYTES_MAX = 400_000_000


class Capture:
    """Records the network of a training once, from the copy made before it learned."""

    def __init__(self, journal: Journal, initial: Initial, out: str, entry: str) -> None:
        self.journal, self.initial, self.out, self.entry = journal, initial, out, entry

    def __call__(self, run: TrainingRecord, call: RootCall) -> None:
        """Fill `run.network` and write its samples, or say in `run.reason` why there is none."""
        with self.journal.pause(), torch.random.fork_rng():
            if run.continues is not None and self._drawn_anew(run.root.module):
                run.continues, run.root.pristine = None, None
            try:
                run.network = self._network(run.root, call)
            except NotExpressible as error:
                run.reason = _reason(run.root, str(error))
                return
            _groups(run)
            try:
                run.samples = self._samples(run, call)
            except (RuntimeError, ValueError, TypeError, OSError, IndexError):
                run.samples = None  # a network that runs at no other batch size: the host sees no samples

    def _network(self, root: Root, call: RootCall) -> Network:
        module = root.pristine if root.pristine is not None else root.module
        live = dict(root.module.named_parameters(remove_duplicate=False))
        initializers = {
            path: self.initial.of(live.get(path, parameter), parameter)
            for path, parameter in module.named_parameters(remove_duplicate=False)
        }
        initializers = {path: drawn for path, drawn in initializers.items() if drawn.name != "default"}
        network = capture_network(module, call.input_shape[1:], initializers)
        parameters = {
            path: msgspec.structs.replace(one, trainable=live[path].requires_grad) if path in live else one
            for path, one in network.parameters.items()
        }
        return msgspec.structs.replace(network, parameters=parameters)

    def _drawn_anew(self, module: nn.Module) -> bool:
        """Whether every tensor of `module` holds values that were drawn, not learned."""
        return all(self.initial.of(one, one).name != "unknown" for one in module.parameters())

    def _samples(self, run: TrainingRecord, call: RootCall) -> str | None:
        module = run.root.pristine if run.root.pristine is not None else run.root.module
        if run.network is None:
            return None
        shape, most = call.input_shape[1:], call.input_shape[0]
        batches = [pair for pair in (_batch(module, size, shape) for size in _BATCHES) if pair is not None]
        run.root.any_batch = len(batches) == len(_BATCHES)
        if not run.root.any_batch:  # bound to one batch size: the program's own
            batches = [pair for pair in (_batch(module, min(most, _LARGEST), shape),) if pair is not None]
        state = module.state_dict() | dict(module.named_parameters()) | dict(module.named_buffers())
        content = pack_samples(
            {path: state[path] for path in run.network.parameters if path in state}, batches
        )
        if len(content) > _BYTES_MAX:
            return None
        name = f"{self.entry}.{run.number}.safetensors"
        write_whole(os.path.join(self.out, name), content)
        return name


def _batch(module: nn.Module, size: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor] | None:
    """Return a batch of `size` images with what `module` gives for it, None where it does not take it."""
    images = torch.rand(size, *shape, generator=torch.Generator().manual_seed(size))
    try:
        output = evaluate(module, images)
    except (RuntimeError, ValueError, IndexError, TypeError):
        return None
    return (images, output) if output.dim() and len(output) == size else None


def _groups(run: TrainingRecord) -> None:
    """Note by path which tensors each group of the optimizer holds, and which it leaves out."""
    paths = {id(tensor): path for path, tensor in run.root.module.named_parameters()}
    held: set[str] = set()
    for group in run.optimizer.optimizer.param_groups:
        found = tuple(paths[id(one)] for one in group["params"] if id(one) in paths)
        run.group_paths.append(found)
        held.update(found)
    trainable = [path for path, tensor in run.root.module.named_parameters() if tensor.requires_grad]
    run.untrained = tuple(path for path in trainable if path not in held)


def _reason(root: Root, obstacle: str) -> Text:
    where = f" ({root.place.file}, {root.place.line})" if root.place is not None else ""
    return Text(
        fr=f"le réseau{where} fait une opération que le correcteur ne sait pas reproduire : {obstacle[:200]}",
        en=f"the network{where} does something that the grader cannot reproduce: {obstacle[:200]}",
    )


def write_whole(path: str, content: bytes) -> None:
    """Put `content` at `path` in one step."""
    temporary = f"{path}.{os.getpid()}.part"
    with open(temporary, "wb") as stream:
        stream.write(content)
    os.replace(temporary, path)
