"""Where devices and peers find a running server."""

from __future__ import annotations

from trunkline.app.server import Server
from trunkline.sip.flow import Listener


class ServerReach:
    """Fills the dashboard's ``Reach``."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def listeners(self, account_id: int) -> tuple[Listener, ...]:
        """The listeners that an account has for itself, else those that serve everybody.

        One that is bound to all addresses advertises this machine's address on its way outside.
        """
        every = self._server.listeners
        own = tuple(listener for listener in every if listener.account_id == account_id)
        return own or tuple(listener for listener in every if listener.account_id is None)

    @property
    def in_effect(self) -> tuple[tuple[str, str], ...]:
        """The operator's settings by name."""
        return self._server.settings.in_effect

    @property
    def every_listener(self) -> tuple[Listener, ...]:
        """All listeners."""
        return tuple(self._server.listeners)
