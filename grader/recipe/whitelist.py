"""The layers, functions and methods that a recipe may name: whatever is not here cannot be asked for.

No `as_strided`, no `set_`, nothing that reads files or memory, nothing that names code.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_CONVOLUTION = (
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias",
    "padding_mode",
)  # fmt: skip
_BATCH_NORM = ("num_features", "eps", "momentum", "affine", "track_running_stats")

MODULES: dict[str, tuple[str, ...]] = {
    "AdaptiveAvgPool2d": ("output_size",),
    "AdaptiveMaxPool2d": ("output_size",),
    "AlphaDropout": ("p",),
    "AvgPool2d": ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    "BatchNorm1d": _BATCH_NORM,
    "BatchNorm2d": _BATCH_NORM,
    "CELU": ("alpha",),
    "ConstantPad2d": ("padding", "value"),
    "Conv2d": _CONVOLUTION,
    "ConvTranspose2d": (*_CONVOLUTION, "output_padding"),
    "Dropout": ("p",),
    "Dropout1d": ("p",),
    "Dropout2d": ("p",),
    "ELU": ("alpha",),
    "Flatten": ("start_dim", "end_dim"),
    "GELU": ("approximate",),
    "GroupNorm": ("num_groups", "num_channels", "eps", "affine"),
    "Hardsigmoid": (),
    "Hardswish": (),
    "Hardtanh": ("min_val", "max_val"),
    "Identity": (),
    "InstanceNorm2d": _BATCH_NORM,
    "LayerNorm": ("normalized_shape", "eps", "elementwise_affine"),
    "LeakyReLU": ("negative_slope",),
    "Linear": ("in_features", "out_features", "bias"),
    "LocalResponseNorm": ("size", "alpha", "beta", "k"),
    "LogSigmoid": (),
    "LogSoftmax": ("dim",),
    "MaxPool2d": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "Mish": (),
    "PReLU": ("num_parameters",),
    "PixelShuffle": ("upscale_factor",),
    "ReLU": (),
    "ReLU6": (),
    "ReflectionPad2d": ("padding",),
    "ReplicationPad2d": ("padding",),
    "SELU": (),
    "SiLU": (),
    "Sigmoid": (),
    "Softmax": ("dim",),
    "Softmax2d": (),
    "Softplus": ("beta", "threshold"),
    "Softsign": (),
    "Tanh": (),
    "Upsample": ("size", "scale_factor", "mode"),
    "ZeroPad2d": ("padding",),
}
"""Layers of torch.nn, each with the constructor arguments that are read back from its attributes."""

READABLE_ATTRIBUTES = ("shape", "ndim", "data")


def read_attribute(value: Any, name: str) -> Any:
    """Return a tensor's `shape` (a tuple), `ndim`, or the tensor cut from its history (`data`)."""
    if name == "shape":
        return tuple(value.shape)
    if name == "ndim":
        return value.dim()
    return value.detach()


def _either(plain: Callable[..., Any], with_options: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that serves whole numbers and tensors alike, and torch's options where given."""

    def apply(*arguments: Any, **keywords: Any) -> Any:
        return with_options(*arguments, **keywords) if keywords else plain(*arguments)

    return apply


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": torch.abs, "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "adaptive_max_pool2d": F.adaptive_max_pool2d, "add": _either(operator.add, torch.add),
    "alpha_dropout": F.alpha_dropout, "amax": torch.amax, "avg_pool2d": F.avg_pool2d,
    "batch_norm": F.batch_norm, "cat": torch.cat, "celu": F.celu, "chunk": torch.chunk, "clamp": torch.clamp,
    "conv2d": F.conv2d, "dropout": F.dropout, "dropout1d": F.dropout1d, "dropout2d": F.dropout2d,
    "elu": F.elu, "exp": torch.exp, "flatten": torch.flatten, "floordiv": operator.floordiv, "gelu": F.gelu,
    "getattr": read_attribute, "getitem": operator.getitem, "group_norm": F.group_norm,
    "hardsigmoid": F.hardsigmoid, "hardswish": F.hardswish, "hardtanh": F.hardtanh,
    "interpolate": F.interpolate, "layer_norm": F.layer_norm, "leaky_relu": F.leaky_relu, "linear": F.linear,
    "local_response_norm": F.local_response_norm, "log": torch.log, "log_softmax": F.log_softmax,
    "logsigmoid": F.logsigmoid, "matmul": operator.matmul, "max_pool2d": F.max_pool2d,
    "maximum": torch.maximum, "mean": torch.mean, "mish": F.mish, "mod": operator.mod,
    "mul": _either(operator.mul, torch.mul), "neg": operator.neg, "normalize": F.normalize, "pad": F.pad,
    "permute": torch.permute, "prelu": F.prelu, "relu": F.relu, "relu6": F.relu6, "reshape": torch.reshape,
    "selu": F.selu, "sigmoid": torch.sigmoid, "silu": F.silu, "softmax": F.softmax, "softplus": F.softplus,
    "softsign": F.softsign, "split": torch.split, "sqrt": torch.sqrt, "squeeze": torch.squeeze,
    "stack": torch.stack, "sub": _either(operator.sub, torch.sub), "sum": torch.sum, "tanh": torch.tanh,
    "transpose": torch.transpose, "truediv": _either(operator.truediv, torch.div),
    "unsqueeze": torch.unsqueeze,
}  # fmt: skip
"""Functions by the name that a recipe gives them."""

FUNCTION_ALIASES = {
    "div": "truediv", "true_divide": "truediv", "subtract": "sub", "multiply": "mul", "concat": "cat",
    "concatenate": "cat", "iadd": "add", "isub": "sub", "imul": "mul", "itruediv": "truediv",
    "negative": "neg", "swapaxes": "transpose", "absolute": "abs",
}  # fmt: skip
"""Other names of the same functions, in-place operators among them: capture writes the first name only."""

METHODS: dict[str, Callable[..., Any]] = {
    # reshape: equal where view is allowed, and it works on channels-last tensors too.
    "view": Tensor.reshape, "reshape": Tensor.reshape, "size": Tensor.size, "dim": Tensor.dim,
    "flatten": Tensor.flatten, "relu": Tensor.relu, "sigmoid": Tensor.sigmoid, "tanh": Tensor.tanh,
    "softmax": Tensor.softmax, "log_softmax": Tensor.log_softmax, "mean": Tensor.mean, "sum": Tensor.sum,
    "amax": Tensor.amax, "abs": Tensor.abs, "exp": Tensor.exp, "log": Tensor.log, "sqrt": Tensor.sqrt,
    "clamp": Tensor.clamp, "permute": Tensor.permute, "transpose": Tensor.transpose, "t": Tensor.t,
    "contiguous": Tensor.contiguous, "clone": Tensor.clone, "detach": Tensor.detach, "float": Tensor.float,
    "squeeze": Tensor.squeeze, "unsqueeze": Tensor.unsqueeze, "add": Tensor.add, "sub": Tensor.sub,
    "mul": Tensor.mul, "div": Tensor.div, "matmul": Tensor.matmul, "chunk": Tensor.chunk,
    "split": Tensor.split,
}  # fmt: skip
"""Tensor methods by name."""

PASSED_THROUGH = ("cuda", "cpu", "to", "requires_grad_", "type_as")
"""Methods that only move a tensor: capture leaves them out."""

ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "neg")
"""Functions that must not meet lists: a list times a billion is a billion entries."""

INITIALIZERS: dict[str, tuple[str, ...]] = {
    "constant_": ("val",), "dirac_": ("groups",), "eye_": (),
    "kaiming_normal_": ("a", "mode", "nonlinearity"), "kaiming_uniform_": ("a", "mode", "nonlinearity"),
    "normal_": ("mean", "std"), "ones_": (), "orthogonal_": ("gain",), "sparse_": ("sparsity", "std"),
    "trunc_normal_": ("mean", "std", "a", "b"), "uniform_": ("a", "b"), "xavier_normal_": ("gain",),
    "xavier_uniform_": ("gain",), "zeros_": (),
}  # fmt: skip
"""Functions of torch.nn.init with the arguments they take."""


def layer_class(name: str) -> Callable[..., nn.Module]:
    """Return the class of torch.nn called `name`; KeyError where it is not on the list."""
    if name not in MODULES:
        raise KeyError(name)
    found: Callable[..., nn.Module] = getattr(nn, name)
    return found
