"""How much a recorded network may ask for before anything of it is built."""

from __future__ import annotations

NODES = 2_000
"""Operations in one graph, layers in a network, tensors in a network: each."""
PARAMETERS = 200_000_000
ACTIVATIONS_PER_IMAGE = 50_000_000
"""Numbers that all operations of one forward pass give, per image."""
DEPTH = 6
"""Lists within lists in an argument."""
ITEMS = 256
"""Entries of one list or object in an argument."""
INTEGER = 2**31
"""Largest whole number in an argument; a layer of a billion channels is caught by the caps above."""
NAME_LENGTH = 200
INPUT_SIDE = 4_096
CHECKED_BATCHES = (2, 64)
"""Batch sizes at which shapes are propagated: two, since a graph may multiply by the size of its batch."""
