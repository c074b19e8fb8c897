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
    "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "SGD",
})  # fmt: skip

_IMPLEMENTATION = frozenset({"foreach", "fused", "capturable", "differentiable", "decoupled_weight_decay"})
"""Options about how a step is computed, not what it is."""

_BEFORE: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda output: F.softmax(output, dim=1),
    "log_softmax": lambda output: F.log_softmax(output, dim=1),
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
    options = {key: value for key, value in loss.arguments.items() if value is not None}
    known = {"reduction", "label_smoothing", "weight", "ignore_index", "size_average", "reduce"}
    if (
        loss.name == "other"
        or not set(options) <= known
        or options.get("reduction", "mean") not in ("mean", "sum")
    ):
        raise _refusal("la fonction de perte", "the loss function", f"{loss.name} {options}")
    reduction = str(options.get("reduction", "mean"))
    weight = torch.tensor(options["weight"], dtype=torch.float32) if "weight" in options else None
    if loss.name == "cross_entropy":
        smoothing = float(options.get("label_smoothing", 0.0))
        return lambda output, labels: F.cross_entropy(
            output, labels, weight=_on(weight, output), reduction=reduction, label_smoothing=smoothing
        )
    if loss.name == "nll_loss":
        return lambda output, labels: F.nll_loss(
            output, labels, weight=_on(weight, output), reduction=reduction
        )
    return lambda output, labels: F.mse_loss(output, F.one_hot(labels, classes).float(), reduction=reduction)


def _on(weight: Tensor | None, output: Tensor) -> Tensor | None:
    return None if weight is None else weight.to(output.device)


def build_optimizer(module: nn.Module, optimisation: Optimisation) -> torch.optim.Optimizer:
    """Return the recorded optimizer over the parameters that its groups name.

    Raises TrainingError for an optimizer that is not on the list, an option it does not take, or
    a parameter that the network does not have.
    """
    if optimisation.optimizer not in OPTIMIZERS:
        raise _refusal("l'optimiseur", "the optimizer", optimisation.optimizer)
    parameters = dict(module.named_parameters(remove_duplicate=False))
    kind: Any = getattr(torch.optim, optimisation.optimizer)
    accepted = set(inspect.signature(kind).parameters) - _IMPLEMENTATION
    groups: list[dict[str, Any]] = []
    for group in optimisation.groups:
        missing = [path for path in group.parameters if path not in parameters]
        if missing:
            raise _refusal("le paramètre", "the parameter", missing[0])
        options = {
            key: _plain(value)
            for key, value in group.options.items()
            if key in accepted and value is not None
        }
        groups.append({"params": [parameters[path] for path in group.parameters], **options})
    # torch checks the values of defaults only, so the first group's are given as such too.
    defaults = {key: value for key, value in groups[0].items() if key != "params"} if groups else {}
    try:
        optimizer: torch.optim.Optimizer = kind(groups, foreach=False, **defaults)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refusal("les réglages de l'optimiseur", "the optimizer's options", str(error)) from error
    return optimizer


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def clip_gradients(module: nn.Module, clipping: Call | None) -> None:
    """Clip the gradients of all parameters as recorded; does nothing without a call."""
    if clipping is None:
        return
    if clipping.name == "clip_grad_norm_":
        torch.nn.utils.clip_grad_norm_(
            module.parameters(),
            float(clipping.arguments.get("max_norm", 1.0)),
            norm_type=float(clipping.arguments.get("norm_type", 2.0)),
        )
    elif clipping.name == "clip_grad_value_":
        torch.nn.utils.clip_grad_value_(module.parameters(), float(clipping.arguments.get("clip_value", 1.0)))
    else:
        raise _refusal("l'écrêtage du gradient", "the gradient clipping", clipping.name)


def _refusal(what_fr: str, what_en: str, name: str) -> TrainingError:
    brief = " ".join(name.split())[:120]
    return TrainingError(
        fr=f"Cette recette ne peut pas être réentraînée ici : {what_fr} ({brief}) n'est pas sur notre liste.",
        en=f"This recipe cannot be trained again here: {what_en} ({brief}) is not on our list.",
    )
