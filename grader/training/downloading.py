"""A process that has torchvision read, and where wished download, CIFAR-10 and puts it into the cache.

Run as `python -m grader.training.downloading ROOT CACHE [--download]`. The archive's format is pickle; it is
read only after torchvision has compared every file with its known checksum.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.error import URLError

import numpy as np

from grader.training.resident import Loaded, keep
from grader.training.torchvision_copy import DAMAGED, FINGERPRINT, NO_ROOM, OFFLINE


def main(arguments: list[str]) -> int:
    """Put torchvision's CIFAR-10 into the cache and return 0, or the exit code of what stands in the way."""
    root, cache, download = Path(arguments[0]), Path(arguments[1]), "--download" in arguments[2:]
    from torchvision.datasets import CIFAR10

    try:
        parts = [CIFAR10(str(root), train=train, download=download) for train in (True, False)]
    except (URLError, TimeoutError, ConnectionError):
        return OFFLINE
    except RuntimeError:
        return DAMAGED
    except OSError:
        return NO_ROOM
    arrays = [array for part in parts for array in (part.data, np.array(part.targets, dtype=np.int64))]
    keep(cache, FINGERPRINT, "cifar10", tuple(parts[0].classes), Loaded(*arrays))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
