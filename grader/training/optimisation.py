"""A recorded loss, optimizer and gradient clipping as torch objects, by their names on short lists."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.errors import TrainingError
from grader.model import Call, Loss, Optimisation

OPTIMIZERS = frozenset({
    "ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD",
})  # fmt: skip

_IMPLEMENTATION = frozenset({"foreach", "fused", "capturable", "differentiable"})
"""Options about how a step is computed, not what it is."""

_FUSED = frozenset({"Adam", "AdamW", "SGD"})
"""Optimizers of which torch has a step in one kernel of a GPU."""

_BEFORE: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda output: F.softmax(output, dim=1),
    "log_softmax": lambda output: F.log_softmax(output, dim=1),
    "softmax across": lambda output: F.softmax(output, dim=0),
    "log_softmax across": lambda output: F.log_softmax(output, dim=0),
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "log": torch.log,
    "exp": torch.exp,
    "squeeze": lambda output: output.flatten(1),
    "flatten": lambda output: output.flatten(1),
    "float": lambda output: output.float(),
}

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""Network outputs (n, classes) and labels (n,) to a number."""


def build_loss(loss: Loss, classes: int) -> LossFunction:
    """Return the recorded loss, with what was applied to the network's output before it.

    Raises TrainingError for a loss, an argument or a function that is not on the list.
    """
    before = []
    for name in loss.before:
        if name not in _BEFORE:
            raise _refusal(
                "la fonction appliquée avant la perte", "the function applied before the loss", name
            )
        before.append(_BEFORE[name])
    final = _final(loss, classes)

    def compute(output: Tensor, labels: Tensor) -> Tensor:
        for function in before:
            output = function(output)
        return final(output, labels)

    return compute


def _final(loss: Loss, classes: int) -> LossFunction:
    """Return the loss function itself, multiplied where the program multiplied it."""
    name: str = loss.name
    options, factor = dict(loss.arguments), 1.0
    if name == "other" and isinstance(options.get("factor"), int | float):
        factor = float(options.pop("factor"))
        options.pop("then", None)
        name = str(options.pop("base", ""))
    elif name == "other":
        name = str(options.pop("function", ""))
    options = {key: value for key, value in options.items() if value is not None}
    known = {
        key
        for key in options
        if key in _OPTIONS.get(name, {}) and isinstance(options[key], _OPTIONS[name][key])
    }
    if (
        name not in _OPTIONS
        or set(options) != known
        or options.get("reduction", "mean") not in ("mean", "sum")
    ):
        raise _refusal("la fonction de perte", "the loss function", f"{loss.name} {loss.arguments}")
    weights = {key: torch.tensor(options.pop(key), dtype=torch.float32) for key in _TENSORS & set(options)}
    function: Callable[..., Tensor] = getattr(F, name)

    def compute(output: Tensor, labels: Tensor) -> Tensor:
        for key, value in weights.items():
            if value.device != output.device:  # once: a copy between devices cannot be captured in a graph
                weights[key] = value.to(output.device)
        target = labels if name in _ON_LABELS else F.one_hot(labels, classes).float()
        value = function(output, target, **options, **weights)
        return value if factor == 1 else value * factor

    return compute


_ON_LABELS = frozenset({"cross_entropy", "nll_loss", "multi_margin_loss"})
"""Losses between scores and a label; the others compare with 1 for the image's class and 0 for each other one."""
_TENSORS = frozenset({"weight", "pos_weight"})
_NUMBER, _LIST = (int, float), (list, tuple)
_OPTIONS: dict[str, dict[str, Any]] = {
    "cross_entropy": {"reduction": str, "label_smoothing": _NUMBER, "weight": _LIST, "ignore_index": int},
    "nll_loss": {"reduction": str, "weight": _LIST, "ignore_index": int},
    "mse_loss": {"reduction": str},
    "l1_loss": {"reduction": str},
    "smooth_l1_loss": {"reduction": str, "beta": _NUMBER},
    "huber_loss": {"reduction": str, "delta": _NUMBER},
    "binary_cross_entropy": {"reduction": str, "weight": _LIST},
    "binary_cross_entropy_with_logits": {"reduction": str, "weight": _LIST, "pos_weight": _LIST},
    "multi_margin_loss": {"reduction": str, "p": int, "margin": _NUMBER, "weight": _LIST},
}
"""The losses that can be made again, with the arguments that each takes."""


def build_optimizer(module: nn.Module, optimisation: Optimisation) -> torch.optim.Optimizer:
    """Return the recorded optimizer over the parameters that its groups name.

    Raises TrainingError for an optimizer that is not on the list, an option it does not take, or
    a parameter that the network does not have.
    """
    if optimisation.optimizer not in OPTIMIZERS:
        raise _refusal("l'optimiseur", "the optimizer", optimisation.optimizer)
    parameters = dict(module.named_parameters(remove_duplicate=False))
    kind: Any = getattr(torch.optim, optimisation.optimizer)
    usual = {name: one.default for name, one in inspect.signature(kind).parameters.items()}
    accepted = set(usual) - _IMPLEMENTATION - {"params"}
    groups: list[dict[str, Any]] = []
    for group in optimisation.groups:
        missing = [path for path in group.parameters if path not in parameters]
        if missing:
            raise _refusal("le paramètre", "the parameter", missing[0])
        options = {name: _plain(value) for name, value in group.options.items() if value is not None}
        options = {name: options.get(name, usual[name]) for name in sorted(accepted)}
        groups.append({"params": [parameters[path] for path in group.parameters], **options})
    # torch checks the values of defaults only, so the first group's are given as such too.
    defaults = {key: value for key, value in groups[0].items() if key != "params"} if groups else {}
    # On a GPU one kernel for a whole step, or at least for many tensors, saves most of its time.
    on_gpu = any(one.device.type == "cuda" for one in module.parameters())
    how = {"fused": True} if on_gpu and optimisation.optimizer in _FUSED else {"foreach": on_gpu}
    try:
        optimizer: torch.optim.Optimizer = kind(groups, **how, **defaults)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refusal("les réglages de l'optimiseur", "the optimizer's options", str(error)) from error
    return optimizer


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def build_clipping(module: nn.Module, clipping: Call | None) -> Callable[[], object]:
    """Return what clips the gradients of all parameters as recorded; without a call it does nothing.

    Raises TrainingError where it was not seen how they are clipped.
    """
    if clipping is None:
        return lambda: None
    given, parameters = clipping.arguments, list(module.parameters())
    limit = given.get("max_norm" if clipping.name == "clip_grad_norm_" else "clip_value")
    known = clipping.name in ("clip_grad_norm_", "clip_grad_value_") and "parameters" not in given
    if not known or not isinstance(limit, int | float):
        raise _refusal("l'écrêtage du gradient", "the gradient clipping", f"{clipping.name} {given}")
    if clipping.name == "clip_grad_value_":
        return lambda: torch.nn.utils.clip_grad_value_(parameters, float(limit))
    kind = float(given.get("norm_type", 2.0))
    return lambda: torch.nn.utils.clip_grad_norm_(parameters, float(limit), norm_type=kind)


def _refusal(what_fr: str, what_en: str, name: str) -> TrainingError:
    brief = " ".join(name.split())[:120]
    return TrainingError(
        fr=f"Cette recette ne peut pas être réentraînée ici : {what_fr} ({brief}) n'est pas sur notre liste.",
        en=f"This recipe cannot be trained again here: {what_en} ({brief}) is not on our list.",
    )
