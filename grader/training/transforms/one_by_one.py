"""torchvision's own pipeline, applied to one image after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torchvision.transforms
from PIL import Image
from torch import Tensor
from torchvision.transforms import AutoAugmentPolicy, InterpolationMode, v2

from grader.errors import TrainingError
from grader.model import Call

WHITELIST = frozenset({
    "AugMix", "AutoAugment", "CenterCrop", "ColorJitter", "Compose", "ConvertImageDtype", "ElasticTransform",
    "GaussianBlur", "GaussianNoise", "Grayscale", "Identity", "Normalize", "PILToTensor", "Pad", "RGB",
    "RandAugment", "RandomAdjustSharpness", "RandomAffine", "RandomApply", "RandomAutocontrast",
    "RandomChannelPermutation", "RandomChoice", "RandomCrop", "RandomEqualize", "RandomErasing", "RandomGrayscale",
    "RandomHorizontalFlip", "RandomInvert", "RandomOrder", "RandomPerspective", "RandomPhotometricDistort",
    "RandomPosterize", "RandomResizedCrop", "RandomRotation", "RandomSolarize", "RandomVerticalFlip", "Resize",
    "ToDtype", "ToImage", "ToPureTensor", "ToTensor", "TrivialAugmentWide",
})  # fmt: skip
"""Transforms that are carried out at all; those that are not compiled run here."""

_ENDS = ("ToTensor", "PILToTensor", "ToImage")
_SECOND = frozenset({"Compose", "RandomApply", "RandomChoice", "RandomOrder"})
"""Taken from the second generation, whose choices come from torch's generator instead of Python's."""
_DEPTH_MAX = 5


def build(calls: Sequence[Call]) -> Callable[[Tensor], Tensor]:
    """Return torchvision's pipeline for uint8 images (n, height, width, channels), one after the other.

    Raises TrainingError for a transform outside the list or one that torchvision refuses.
    """
    if not any(call.name in _ENDS for call in calls):
        raise refusal("ToTensor is missing")
    pipeline = torchvision.transforms.Compose([_built(call, 0) for call in calls])

    def apply(images: Tensor) -> Tensor:
        return torch.stack([_whole(pipeline(picture(image))) for image in images.cpu()])

    return apply


def picture(image: Tensor) -> Image.Image:
    """Return uint8 (height, width, channels) as a Pillow image: grey for one channel, RGB for three."""
    return Image.fromarray((image[..., 0] if image.shape[-1] == 1 else image).numpy())


def _whole(made: Any) -> Tensor:
    if not isinstance(made, Tensor) or made.dtype != torch.float32:
        raise refusal("what comes out is not an image of floating-point numbers")
    return made.as_subclass(Tensor)


def _built(call: Call, depth: int) -> Any:
    if call.name not in WHITELIST or depth > _DEPTH_MAX:
        raise refusal(call.name[:60])
    given = dict(call.arguments)
    try:
        if "transforms" in given:
            held = [
                Call(name=part["name"], arguments=part.get("arguments") or {}) for part in given["transforms"]
            ]
            given["transforms"] = [_built(one, depth + 1) for one in held]
        for name, kind in (("interpolation", InterpolationMode), ("policy", AutoAugmentPolicy)):
            if isinstance(given.get(name), str):
                given[name] = kind(given[name])
        if call.name == "ConvertImageDtype":
            given.setdefault("dtype", "float32")  # the second generation's default
        if isinstance(given.get("dtype"), str):
            given["dtype"] = _dtype(given["dtype"])
        first = getattr(torchvision.transforms, call.name, None) if call.name not in _SECOND else None
        return (first or getattr(v2, call.name))(**given)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise refusal(str(error)) from error


def _dtype(name: str) -> torch.dtype:
    if name not in ("float32", "uint8"):
        raise refusal(f"dtype {name[:20]}")
    return torch.float32 if name == "float32" else torch.uint8


def refusal(reason: str) -> TrainingError:
    """Return the error that says why these transforms cannot be carried out."""
    brief = " ".join(reason.split())[:160]
    return TrainingError(
        fr=f"Les transformations d'images ne peuvent pas être refaites ici ({brief}).",
        en=f"The image transforms cannot be carried out here ({brief}).",
    )
