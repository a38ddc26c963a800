"""Whether a party's media passes through the media engine."""

from __future__ import annotations

from enum import Enum


class MediaMode(Enum):
    """``anchored``: through our media engine; ``direct``: session descriptions pass untouched.

    A call is anchored as soon as one of its legs asks for it.
    """

    ANCHORED = "anchored"
    DIRECT = "direct"
