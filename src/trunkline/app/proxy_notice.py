"""A word about a proxy that nobody told the server of: all its visitors would count as one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

_MOST: Final = 10

_log: Final = structlog.get_logger("trunkline.http")


class ProxyNotice:
    """Passes requests on, and says once of an address of this network that it forwards for others."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._noticed: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
            self._notice(scope["client"][0] if scope.get("client") else "")
        await self._application(scope, receive, send)

    def _notice(self, source: str) -> None:
        if source in self._noticed or len(self._noticed) >= _MOST or not _is_near(source):
            return
        self._noticed.add(source)
        _log.warning(
            "a proxy is not trusted: all who come through it count as one; name it in web.trusted_proxies",
            proxy=source,
        )


def _is_near(source: str) -> bool:
    try:
        return ip_address(source).is_private
    except ValueError:
        return False
