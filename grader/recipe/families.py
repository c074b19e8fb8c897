"""Which optimizers are given the same learning rate by a budget that sets one."""

from __future__ import annotations

ADAPTIVE = frozenset({"Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop"})


def family(optimizer: str, momentum: float) -> str:
    """Return `sgd`, `sgd_momentum`, `adaptive`, or the optimizer's own name in small letters."""
    if optimizer == "SGD":
        return "sgd_momentum" if momentum else "sgd"
    return "adaptive" if optimizer in ADAPTIVE else optimizer.lower()
