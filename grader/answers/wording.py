"""Words that tell what a layer gives from what it takes, in a sentence on it."""

from __future__ import annotations

import re

TIMES = r"\s*[x×*X]\s*"
_TRIPLE = rf"(?:\d{{1,5}}{TIMES}\d{{1,5}}{TIMES}\d{{1,5}}|[(\[]\d{{1,5}},\s?\d{{1,5}},\s?\d{{1,5}}[)\]])"
FROM = re.compile(
    rf"(?<![\d×*=]){_TRIPLE}\s?(?:->|→|=>|⇒|vers|to|à)\s?(?={_TRIPLE}(?!{TIMES}\d|\d|\s?=))", re.IGNORECASE
)
"""`32×32×3 →` before the output's own three dimensions: the input."""
_INWARD = re.compile(
    r"entr[ée]e|\binput|noyau|kernel|filtre|filter|stride|re[çc]oit|\breceive|\bprend\b|\btakes?\b",
    re.IGNORECASE,
)
_OUTWARD = re.compile(r"sortie|output|produi|\bdonne|\bgives?\b|\bsort\b", re.IGNORECASE)


def is_aside(field: str) -> bool:
    """Tell whether a field speaks of the layer's input or kernel alone."""
    return _INWARD.search(field) is not None and _OUTWARD.search(field) is None


def outgoing(field: str) -> str:
    """Return the field from where it speaks of the output, when it speaks of the input or the kernel too."""
    outward = _OUTWARD.search(field)
    return field[outward.start() :] if outward is not None and _INWARD.search(field) else field
