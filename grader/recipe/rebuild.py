"""Builds the network of a recipe, first without memory and under caps, then for good."""

from __future__ import annotations

import re
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from grader.errors import RecordingInvalid
from grader.model import Call, Graph, Network, Node, Parameter
from grader.recipe import caps
from grader.recipe.interpreter import Branch, Interpreter, TensorOf, check_value, compile_graph
from grader.recipe.refusal import refusal
from grader.recipe.values import from_json
from grader.recipe.whitelist import ARITHMETIC, MODULES, layer_class

_PATH = re.compile(r"[A-Za-z_0-9]+(\.[A-Za-z_0-9]+)*")


def rebuild(
    network: Network,
    *,
    device: str | torch.device = "cpu",
    batch_sizes: tuple[int, ...] = caps.CHECKED_BATCHES,
) -> Interpreter:
    """Return a module that computes what the recorded network computed; its parameters are not drawn yet.

    The whole is first built and run on the meta device, where nothing is allocated, at each of `batch_sizes`.
    Raises RecordingInvalid for names that are not on the lists, tensors that are not as declared, graphs that
    cannot run, and anything beyond `grader.recipe.caps`. A network that works at one batch size only (a fixed
    `view(8, -1)`) is refused unless that size alone is asked for. The first use of the meta device costs a
    process two seconds or more: where the same network has been examined before, pass no batch sizes.
    """
    _check_counts(network)
    draft = _assemble(network, torch.device("meta"))
    _check_tensors(network, draft)
    for batch_size in batch_sizes:
        propagate(draft, network, batch_size)
    if torch.device(device).type == "meta":
        return draft
    return _assemble(network, torch.device(device))


def propagate(module: Interpreter, network: Network, batch_size: int) -> None:
    """Run both graphs on the meta device for `batch_size` images under the cap of activations.

    Raises RecordingInvalid where an operation fails, asks for too much, or the batch is not kept.
    """
    state = module.training
    images = torch.empty(batch_size, *network.input_shape, device="meta")
    try:
        for training in (True, False):
            module.train(training)
            _propagate_one(module, images)
    finally:
        module.train(state)


def _propagate_one(module: Interpreter, images: Tensor) -> None:
    batch_size = images.shape[0]
    spent = 0

    def weigh(node: Node, value: Any) -> None:
        nonlocal spent
        check_value(node, value)
        parts = value if isinstance(value, tuple | list) else (value,)
        spent += (
            sum(part.numel() for part in parts if isinstance(part, Tensor)) if node.op != "attribute" else 0
        )
        if spent > caps.ACTIVATIONS_PER_IMAGE * batch_size:
            raise refusal(
                fr=f"il demande plus de {caps.ACTIVATIONS_PER_IMAGE:,} activations par image".replace(
                    ",", " "
                ),
                en=f"it asks for more than {caps.ACTIVATIONS_PER_IMAGE:,} activations per image",
            )

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            output = module.visit(images, weigh)
        except RecordingInvalid:
            raise
        except (
            RuntimeError,
            TypeError,
            ValueError,
            IndexError,
            ArithmeticError,
            AttributeError,
            KeyError,
        ) as error:
            # The graph is the hand-in's: whatever torch makes of it is told and goes no further.
            raise refusal(
                fr=f"ses couches ne s'enchaînent pas pour un batch de {batch_size} ({_brief(error)})",
                en=f"its layers do not fit together for a batch of {batch_size} ({_brief(error)})",
            ) from error
    if not isinstance(output, Tensor) or output.dim() < 1 or output.shape[0] != batch_size:
        raise refusal(
            fr=f"sa sortie ne donne pas une ligne par image pour un batch de {batch_size}",
            en=f"its output does not hold one row per image for a batch of {batch_size}",
        )


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]


def _check_counts(network: Network) -> None:
    counts = (
        len(network.train.nodes),
        len(network.evaluation.nodes),
        len(network.modules),
        len(network.parameters),
    )
    if max(counts) > caps.NODES:
        raise refusal(
            fr=f"il a plus de {caps.NODES} opérations, couches ou tenseurs",
            en=f"it has more than {caps.NODES} operations, layers or tensors",
        )
    for name in (*network.modules, *network.parameters):
        if len(name) > caps.NAME_LENGTH or not _PATH.fullmatch(name) or name.count(".") > 32:
            raise refusal(fr="un nom de couche est invalide", en="the name of a layer is not valid")
    shape = network.input_shape
    if not 1 <= len(shape) <= 3 or not all(1 <= side <= caps.INPUT_SIDE for side in shape):
        raise refusal(fr="la forme de ses images est invalide", en="the shape of its images is not valid")
    for graph in (network.train, network.evaluation):
        _check_literals(graph)


def _check_literals(graph: Graph) -> None:
    """Refuse arithmetic on literal lists and texts, which torch would never see."""
    for node in graph.nodes:
        plain = all(isinstance(part, int | float) or _is_node(part) for part in node.arguments)
        if node.op == "function" and node.target in ARITHMETIC and not plain:
            raise refusal(fr="un calcul porte sur une liste", en="an arithmetic operation is given a list")


def _is_node(part: Any) -> bool:
    return isinstance(part, dict) and set(part) == {"node"}


def _assemble(network: Network, device: torch.device) -> Interpreter:
    root = Interpreter()
    layers: dict[str, nn.Module] = {}
    total = 0
    for path, call in network.modules.items():
        layer = build_layer(path, call, device)
        total += sum(tensor.numel() for tensor in layer.parameters())
        _check_total(total)
        layers[path] = layer
        _holder(root, path)._modules[path.rpartition(".")[2]] = layer
    tensors: dict[str, TensorOf] = {}
    for path, parameter in network.parameters.items():
        if path.rpartition(".")[0] in layers:
            _set_trainable(layers[path.rpartition(".")[0]], path.rpartition(".")[2], parameter)
            continue
        total += _size(parameter.shape)
        _check_total(total)
        tensors[path] = _place_tensor(root, path, parameter, device)
    root.train_program = compile_graph(network.train, layers, tensors)
    root.evaluation_program = compile_graph(network.evaluation, layers, tensors)
    return root


def build_layer(path: str, call: Call, device: torch.device) -> nn.Module:
    """Return the layer that `call` describes, with tensors on `device` not drawn for meta.

    Raises RecordingInvalid for a class or an argument that is not on the list, or that torch refuses.
    """
    if call.name not in MODULES or not set(call.arguments) <= set(MODULES[call.name]):
        raise refusal(
            fr=f"la couche « {path} » ({call.name[:60]}) n'est pas autorisée",
            en=f'the layer "{path}" ({call.name[:60]}) is not allowed',
        )
    arguments = {key: _constructor_value(value) for key, value in call.arguments.items()}
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer = layer_class(call.name)(**arguments)
    except (RuntimeError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError) as error:
        raise refusal(
            fr=f"la couche « {path} » ({call.name}) ne peut pas être construite ({_brief(error)})",
            en=f'the layer "{path}" ({call.name}) cannot be built ({_brief(error)})',
        ) from error
    _check_total(sum(tensor.numel() for tensor in layer.parameters()))
    return layer if device.type == "meta" else layer.to_empty(device=device)


def _constructor_value(value: Any) -> Any:
    parsed = from_json(value, {})
    return tuple(parsed) if isinstance(parsed, list) else parsed


def _holder(root: nn.Module, path: str) -> nn.Module:
    """Return the module of the tree that `path` hangs on, made where it is absent.

    Set in torch's own table and not as attributes: a layer called `forward` must not hide a method.
    """
    for name in path.split(".")[:-1]:
        inner = root._modules.get(name)
        if inner is None:
            inner = root._modules[name] = Branch()
        root = inner
    return root


def _place_tensor(root: nn.Module, path: str, parameter: Parameter, device: torch.device) -> TensorOf:
    holder, name = _holder(root, path), path.rpartition(".")[2]
    tensor = torch.empty(parameter.shape, device=device)
    if parameter.buffer:
        holder._buffers[name] = tensor
    else:
        holder._parameters[name] = nn.Parameter(tensor, requires_grad=parameter.trainable)
    return TensorOf(holder, name)


def _set_trainable(layer: nn.Module, name: str, parameter: Parameter) -> None:
    tensor = layer._parameters.get(name)
    if tensor is not None:
        tensor.requires_grad_(parameter.trainable)


def _check_tensors(network: Network, module: Interpreter) -> None:
    built = {name: tuple(tensor.shape) for name, tensor in module.named_parameters(remove_duplicate=False)}
    built |= {name: tuple(tensor.shape) for name, tensor in module.named_buffers(remove_duplicate=False)}
    declared = {name: tuple(parameter.shape) for name, parameter in network.parameters.items()}
    if built != declared:
        differing = sorted(name for name in {*built, *declared} if built.get(name) != declared.get(name))[0]
        raise refusal(
            fr=f"le tenseur « {differing} » n'est pas celui que ses couches demandent",
            en=f'the tensor "{differing}" is not the one that its layers ask for',
        )


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for side in shape:
        if side < 0 or side > caps.PARAMETERS:
            return caps.PARAMETERS + 1
        size = min(size * side, caps.PARAMETERS + 1)
    return size


def _check_total(total: int) -> None:
    if total > caps.PARAMETERS:
        raise refusal(
            fr=f"il demande plus de {caps.PARAMETERS:,} paramètres".replace(",", " "),
            en=f"it asks for more than {caps.PARAMETERS:,} parameters",
        )
