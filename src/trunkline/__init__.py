"""Trunkline: a self-hosted SIP registrar and network bridge."""

from typing import Final

__version__: Final = "0.1.0"
