"""The setup token: who has it may make the first user, once."""

from __future__ import annotations

import hmac
import secrets
from typing import Final

_BYTES: Final = 18


class SetupToken:
    """A secret of this run of the server, shown where only its operator reads."""

    def __init__(self) -> None:
        self._token = secrets.token_urlsafe(_BYTES)

    @property
    def path(self) -> str:
        """The address below the server's that opens the setup page."""
        return f"/setup?token={self._token}"

    def fits(self, text: str) -> bool:
        """Whether somebody has shown the token."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._token.encode())

    def use_up(self) -> None:
        """Let the token open nothing any more."""
        self._token = secrets.token_urlsafe(_BYTES)
