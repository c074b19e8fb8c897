"""Rebuilds every recorded network of a folder, measures it, and compares it with what was recorded."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

import torch

from grader.errors import RecordingInvalid
from grader.model import Examination, Network, Recordings, Run
from grader.recipe import caps
from grader.recipe.canonical import canonical
from grader.recipe.digest import digest
from grader.recipe.initial_values import fits
from grader.recipe.interpreter import Interpreter
from grader.recipe.layers import count_parameters, count_weights, layers_of
from grader.recipe.operations import operations
from grader.recipe.rebuild import rebuild
from grader.recipe.samples import Samples, evaluate, read_samples
from grader.records import read_record, write_record
from grader.text import Text

OUTPUT = "examinations.json"
_RELATIVE = 1e-4
_NO_SAMPLES = Text(
    fr="Sans échantillons enregistrés, le réseau reconstruit n'a pu être comparé à celui du programme.",
    en="Without recorded samples, the rebuilt network could not be compared with the program's.",
)
_MISMATCH = Text(
    fr="Le réseau reconstruit ne donne pas les sorties enregistrées : une personne doit le regarder.",
    en="The rebuilt network does not give the recorded outputs: a person must look at it.",
)


def examine(run: Run, samples: Path) -> Examination:
    """Return what the host finds out about `run` by itself; `samples` is the folder of the samples files.

    Flags: `invalid_recipe`, `fixed_batch_size`, `no_samples`, `output_mismatch`, `unknown_initial_values`,
    `frozen_parameters`, `constant_tensors`. Raises nothing over what a hand-in wrote.
    """
    if run.recipe is None:
        return Examination(run=run.id, agrees=False, reason=run.unexpressed)
    network = run.recipe.network
    try:
        draft, batch_size = _build(network, run.recipe.data.batch_size)
    except RecordingInvalid as error:
        return Examination(run=run.id, agrees=False, reason=error.text, flags=("invalid_recipe",))
    flags = _flags(network)
    if batch_size != caps.CHECKED_BATCHES[0]:
        flags.append("fixed_batch_size")
    agrees, reason = _compare(run, network, samples, flags)
    train = operations(draft, network, training=True, batch_size=batch_size)
    evaluation = operations(draft, network, training=False, batch_size=batch_size)
    rows = layers_of(network, train)
    return Examination(
        run=run.id,
        agrees=agrees,
        reason=reason,
        digest=digest(run.recipe),
        layers=rows,
        evaluation_layers=layers_of(network, evaluation),
        canonical=canonical(train),
        parameter_count=count_parameters(network),
        weight_count=count_weights(rows),
        flags=tuple(sorted(flags)),
    )


def _build(network: Network, batch_size: int) -> tuple[Interpreter, int]:
    """Return the network on the meta device and a batch size at which it works."""
    try:
        return rebuild(network, device="meta"), caps.CHECKED_BATCHES[0]
    except RecordingInvalid:
        if not 1 <= batch_size <= 100_000:
            raise
    # A network may be bound to the program's own batch size, by a `view(8, -1)`: a fault to tell, not ours.
    for size in (batch_size, *_literal_batches(network)):
        try:
            return rebuild(network, device="meta", batch_sizes=(size,)), size
        except RecordingInvalid:
            continue
    return rebuild(network, device="meta"), caps.CHECKED_BATCHES[0]


def _literal_batches(network: Network) -> list[int]:
    """Return the batch sizes that reshaping operations of the graph name outright."""
    found = {
        node.arguments[1]
        for node in network.train.nodes
        if node.op == "method" and node.target in ("view", "reshape") and len(node.arguments) > 2
    }
    return sorted(size for size in found if isinstance(size, int) and 1 <= size <= 4096)


def _flags(network: Network) -> list[str]:
    found = []
    if any(not entry.trainable and not entry.buffer for entry in network.parameters.values()):
        found.append("frozen_parameters")
    bare = (path for path in network.parameters if path.rpartition(".")[0] not in network.modules)
    if any(network.parameters[path].buffer for path in bare):
        found.append("constant_tensors")
    if any(entry.initializer.name == "unknown" for entry in network.parameters.values() if not entry.buffer):
        found.append("unknown_initial_values")
    return found


def _compare(run: Run, network: Network, folder: Path, flags: list[str]) -> tuple[bool, Text | None]:
    if run.samples is None or not (folder / run.samples).is_file():
        flags.append("no_samples")
        return False, _NO_SAMPLES
    try:
        samples = read_samples(folder / run.samples, network)
        strange = [path for path, values in samples.initial.items() if not fits(network, path, values)]
        if strange and "unknown_initial_values" not in flags:
            flags.append("unknown_initial_values")
        agrees = _same_outputs(network, samples)
    except RecordingInvalid as error:
        flags.append("output_mismatch")
        return False, error.text
    if not samples.batches:
        flags.append("no_samples")
        return False, _NO_SAMPLES
    if not agrees:
        flags.append("output_mismatch")
    return agrees, None if agrees else _MISMATCH


def _same_outputs(network: Network, samples: Samples) -> bool:
    """Return whether the rebuilt network, at the recorded values, gives every recorded output."""
    if set(samples.initial) != set(network.parameters):
        return False
    module = rebuild(network, batch_sizes=())
    module.load_state_dict(dict(samples.initial), strict=True)
    for images, expected in samples.batches:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                given = evaluate(module, images)
            except (RuntimeError, TypeError, ValueError, IndexError, ArithmeticError):
                return False  # the graph cannot take a batch that the program's network took
        if given.shape != expected.shape:
            return False
        scale = max(1e-3, float(expected.abs().max()) if expected.numel() else 0.0)
        if not torch.allclose(given, expected, rtol=_RELATIVE, atol=_RELATIVE * scale):
            return False
    return True


def get_ready() -> None:
    """Have this process ready to examine at once: whoever starts it early waits for nothing later."""
    # One thread: two are no faster on batches this small, and far slower beside a busy neighbour.
    torch.set_num_threads(1)
    # What torch imports with the first shape that it works out.
    torch.nn.Conv2d(1, 1, 1, device="meta")(torch.empty(1, 1, 1, 1, device="meta"))


def examine_all(folder: Path) -> None:
    """Examine every run of `folder`/recordings.json that has no examination yet.

    A run is noted as not examined before it is begun: where one of them ends the process (memory, a fault in
    torch), the caller starts it again and the others are still done.
    """
    recordings = read_record(folder / "recordings.json", Recordings)
    found = _done_before(folder)
    for recording in recordings.recordings:
        for run in recording.runs:
            if run.id in found:
                continue
            found[run.id] = Examination(run=run.id, agrees=False, reason=_TOO_MUCH, flags=("not_examined",))
            write_record(folder / OUTPUT, list(found.values()))
            # Not enough memory leaves the note as it stands.
            with contextlib.suppress(MemoryError):
                found[run.id] = examine(run, folder)
    write_record(folder / OUTPUT, list(found.values()))


def _done_before(folder: Path) -> dict[str, Examination]:
    if not (folder / OUTPUT).is_file():
        return {}
    return {one.run: one for one in read_record(folder / OUTPUT, list[Examination])}


_TOO_MUCH = Text(
    fr="La reconstruction de ce réseau demande plus de mémoire ou de temps que prévu : une personne doit le regarder.",
    en="Rebuilding this network takes more memory or time than it is given: a person must look at it.",
)
