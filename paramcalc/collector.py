"""Python's garbage collector, kept out of the way where it cannot find anything."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the collector: while values are only being made, it would walk over all of them and find nothing.

    Also a decorator: `@gc_paused()`.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
