"""Whole servers, parties around them, and receivers of their webhooks."""

from integration.app.conftest import enter, serve

__all__ = ["enter", "serve"]
