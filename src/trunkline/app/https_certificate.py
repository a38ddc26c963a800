"""The certificate that HTTPS shows: read anew when its files change, as those of the SIP listeners are."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

import structlog

from trunkline.edge.file_stamps import FileStamps

_log: Final = structlog.get_logger("trunkline.http")


class HttpsCertificate:
    """Two PEM files, and the TLS context of what they hold.

    The files are looked at when somebody connects, at most once a second. Files that changed and cannot be used are
    reported once and leave everything as it was. Connections that exist keep what they have.
    """

    def __init__(self, certificate: str, key: str, clock: Callable[[], float]) -> None:
        """Load the files; raises ``OSError`` (``ssl.SSLError`` is one) when they cannot be used."""
        self._certificate = certificate
        self._key = key
        self._stamps: Final = FileStamps((certificate, key), clock)
        self._newest = self._load()
        self.context: Final = self._load()
        """What the server listens with: each connection is given the newest one's certificate."""
        self.context.sni_callback = self._choose

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        """Called by OpenSSL at the beginning of each handshake, whether or not a name is asked for."""
        if self._stamps.have_changed():
            self._reload()
        connection.context = self._newest

    def _reload(self) -> None:
        try:
            self._newest = self._load()
        except OSError as error:
            # A certificate is often written before its key: the next change is tried again.
            _log.error(
                "the HTTP certificate changed and cannot be used",
                certificate=self._certificate,
                error=str(error),
            )
        else:
            _log.info("the HTTP certificate changed and is in use", certificate=self._certificate)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.load_cert_chain(self._certificate, self._key, password=_no_passphrase)
        return context


def _no_passphrase() -> str:
    """Let an encrypted key fail to load, where OpenSSL would ask at the terminal and wait."""
    return ""
