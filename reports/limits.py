"""What a rendering process allows itself."""

from __future__ import annotations


def limit_memory(size_bytes: int) -> None:
    """Bound this process's address space; 0 is no bound, and neither is Windows, where the time limit has to do."""
    if size_bytes <= 0:
        return
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size_bytes, size_bytes))
