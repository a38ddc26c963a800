"""Importing what is large without looking for garbage in between."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def importing_much() -> Generator[None]:
    """Collect no garbage meanwhile: modules make many objects that stay.

    To look through all of them again and again takes a sixth of the time of a large import.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
