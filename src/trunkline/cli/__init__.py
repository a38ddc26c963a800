"""The command line: one module per noun, imported when its command is called."""

from __future__ import annotations

from trunkline.cli.program import app, main

__all__ = ["app", "main"]
