"""A run's samples: initial values and outputs in a safetensors file, for comparison and nothing else.

Keys of the file: `value/PATH` for each tensor of the module as it was before the first step; `input/N` and
`output/N` for batches of N images: what the network gave for them at those values, in evaluation mode. There
are two batches of different size, or one where the network takes one size only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from grader.errors import RecordingInvalid
from grader.model import Network
from grader.recipe import caps

FILE_BYTES = 4 * caps.PARAMETERS
HEADER_BYTES = 4_000_000
COMPARED_IMAGES = 512
"""Largest batch in a samples file."""
_KEPT_DTYPES = {"F32": torch.float32, "I64": torch.int64}


@dataclass(frozen=True)
class Samples:
    """What a samples file holds: initial values by path, and (images, outputs) of up to four batches."""

    initial: Mapping[str, Tensor]
    batches: tuple[tuple[Tensor, Tensor], ...]


def evaluate(module: nn.Module, images: Tensor) -> Tensor:
    """Return what `module` gives for `images` in evaluation mode, without gradients; the module is restored.

    The generator is seeded first and restored after: a dropout that never sleeps draws the same mask again.
    """
    states = [(inner, inner.training) for inner in module.modules()]
    try:
        module.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            output = module(images)
    finally:
        for inner, training in states:
            inner.training = training
    if not isinstance(output, Tensor):
        raise TypeError(f"the network gives {type(output).__name__}, not a tensor")
    return output


def pack_samples(initial: Mapping[str, Tensor], batches: Sequence[tuple[Tensor, Tensor]]) -> bytes:
    """Return the content of a samples file."""
    tensors = {f"value/{path}": _plain(tensor) for path, tensor in initial.items()}
    for images, outputs in batches:
        tensors |= {f"input/{len(images)}": _plain(images), f"output/{len(images)}": _plain(outputs)}
    return save(tensors)


def _plain(tensor: Tensor) -> Tensor:
    detached = tensor.detach().cpu()
    whole = not (detached.is_floating_point() or detached.is_complex())
    return detached.to(torch.int64 if whole else torch.float32).contiguous().clone()


def read_samples(path: Path, network: Network) -> Samples:
    """Return the samples at `path`, of a run of `network`.

    Raises RecordingInvalid where the file is too large, is not safetensors, holds other tensors than
    `network` declares, other number formats, or numbers that are not finite. Nothing is unpickled.
    """
    if path.stat().st_size > FILE_BYTES:
        raise _broken("trop gros", "too large")
    content = path.read_bytes()
    _check_header(content, network)
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise _broken("mal formé", "malformed") from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise _broken("avec des valeurs non finies", "with values that are not finite")
    initial = {path: tensors[f"value/{path}"] for path in network.parameters if f"value/{path}" in tensors}
    sizes = sorted(int(name.removeprefix("output/")) for name in tensors if name.startswith("output/"))
    pairs = tuple((tensors[f"input/{size}"], tensors[f"output/{size}"]) for size in sizes)
    return Samples(initial, pairs)


def _check_header(content: bytes, network: Network) -> None:
    """Hold the file's table of contents against the network before any tensor is made of it."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(HEADER_BYTES, len(content) - 8):
        raise _broken("mal formé", "malformed")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise _broken("mal formé", "malformed") from error
    if not isinstance(header, dict) or len(header) > 2 * caps.NODES:
        raise _broken("mal formé", "malformed")
    wanted = {f"value/{name}": tuple(entry.shape) for name, entry in network.parameters.items()}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape = _shape_of(entry)
        if name in wanted:
            if shape != wanted[name]:
                raise _broken(f"dont « {name} » a une autre forme", f'in which "{name}" has another shape')
        elif not name.startswith("value/") and not _is_batch(name, shape, network):
            raise _broken("avec des tenseurs inattendus", "with unexpected tensors")
    outputs = {name for name in header if name.startswith("output/")}
    if len(outputs) > 4 or not {name.replace("output", "input", 1) for name in outputs} <= set(header):
        raise _broken("avec des tenseurs inattendus", "with unexpected tensors")
    layered = {key for key in wanted if key.removeprefix("value/").rpartition(".")[0] in network.modules}
    if not layered <= set(header):
        raise _broken("incomplet", "incomplete")


def _shape_of(entry: object) -> tuple[int, ...]:
    if not isinstance(entry, dict) or entry.get("dtype") not in _KEPT_DTYPES:
        raise _broken("dans un format inattendu", "in an unexpected number format")
    shape = entry.get("shape")
    if not isinstance(shape, list) or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise _broken("mal formé", "malformed")
    return tuple(shape)


def _is_batch(name: str, shape: tuple[int, ...], network: Network) -> bool:
    kind, _, size = name.partition("/")
    if kind not in ("input", "output") or not 1 <= len(shape) <= 4 or size != str(shape[0]):
        return False
    fits = shape[1:] == tuple(network.input_shape) if kind == "input" else math.prod(shape[1:]) <= 100_000
    return fits and 1 <= shape[0] <= COMPARED_IMAGES


def _broken(fr: str, en: str) -> RecordingInvalid:
    return RecordingInvalid(
        fr=f"Le fichier d'échantillons de l'enregistrement est {fr} : il n'est pas utilisé.",
        en=f"The recording's file of samples is {en}: it is not used.",
    )
