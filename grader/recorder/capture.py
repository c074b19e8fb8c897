"""A training's network as a recipe, with the samples that the host compares its own rebuilding with."""

from __future__ import annotations

import os
from typing import Any

import msgspec
import torch
from safetensors.torch import save
from torch import nn

from grader.model import Network
from grader.recipe import NotExpressible
from grader.recipe import capture as capture_network
from grader.recorder.initial import Initial
from grader.recorder.journal import Journal, Root, RootCall, TrainingRecord
from grader.text import Text

_BATCHES = (2, 5)
_BYTES_MAX = 1_000_000_000


class Capture:
    """Records the network of a training once, from the copy made before it learned."""

    def __init__(self, journal: Journal, initial: Initial, out: str, entry: str) -> None:
        self.journal, self.initial, self.out, self.entry = journal, initial, out, entry

    def __call__(self, run: TrainingRecord, call: RootCall) -> None:
        """Fill `run.network` and write its samples, or say in `run.reason` why there is none."""
        with self.journal.pause(), torch.random.fork_rng():
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

    def _samples(self, run: TrainingRecord, call: RootCall) -> str | None:
        module = run.root.pristine
        if module is None:
            return None
        tensors = {f"value/{path}": tensor for path, tensor in module.state_dict().items()}
        tensors = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
        generator = torch.Generator().manual_seed(7)
        shape, batch = call.input_shape[1:], call.input_shape[0]
        module.eval()
        for size in _BATCHES:
            self._forward(module, torch.randn(size, *shape, generator=generator), tensors)
        if not all(f"output/{size}" in tensors for size in _BATCHES):
            self._forward(module, torch.randn(min(batch, 512), *shape, generator=generator), tensors)
        name = f"{self.entry}.{run.number}.safetensors"
        content = save(tensors)
        if len(content) <= _BYTES_MAX:
            write_whole(os.path.join(self.out, name), content)
            return name
        return None

    def _forward(self, module: nn.Module, images: torch.Tensor, tensors: dict[str, torch.Tensor]) -> None:
        """Add the input and, where the network accepts it, the output of one batch."""
        try:
            with torch.no_grad():
                output: Any = module(images)
        except (RuntimeError, ValueError, IndexError, TypeError):
            return  # a network bound to one batch size
        output = output[0] if isinstance(output, list | tuple) else output
        if isinstance(output, torch.Tensor) and len(output) == len(images):
            tensors[f"input/{len(images)}"] = images
            tensors[f"output/{len(images)}"] = output.detach().contiguous().clone()


def _groups(run: TrainingRecord) -> None:
    """Note by path which tensors each group of the optimizer holds, and which it leaves out."""
    if run.optimizer is None:
        return
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
