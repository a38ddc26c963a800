"""What a session description can be wrong with."""

from __future__ import annotations


class SdpError(ValueError):
    """The body is no session description. ``str()`` of it is a sentence that says why."""
