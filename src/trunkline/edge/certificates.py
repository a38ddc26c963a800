"""TLS contexts of a listener: made from its PEM files, and made anew when these change."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from typing import Final

from trunkline.edge.file_stamps import FileStamps
from trunkline.edge.listener_text import ListenerSettings, NamedCertificate

_log: Final = logging.getLogger(__name__)


class Certificates:
    """The TLS contexts for both directions of one listener.

    Asking for a context looks at the files at most once a second. Files that have changed and cannot be
    used are reported once and leave the contexts as they were. Connections that exist keep theirs.
    """

    def __init__(self, settings: ListenerSettings, clock: Callable[[], float]) -> None:
        """Load the files; raises ``OSError`` (``ssl.SSLError`` is one) when they cannot be used."""
        self._settings: Final = settings
        self._stamps: Final = FileStamps(_files(settings), clock)
        self._server = _server_context(settings)
        self._client = _client_context(settings)

    @property
    def for_accepting(self) -> ssl.SSLContext:
        """The context for connections made to us."""
        self._reload_if_changed()
        return self._server

    @property
    def for_connecting(self) -> ssl.SSLContext:
        """The context for connections made by us."""
        self._reload_if_changed()
        return self._client

    def _reload_if_changed(self) -> None:
        if not self._stamps.have_changed():
            return
        try:
            server, client = _server_context(self._settings), _client_context(self._settings)
        except OSError as error:
            # A certificate is often written before its key: the next change is tried again.
            _log.error("the certificate of %s changed and cannot be used: %s", self._settings, error)
        else:
            self._server, self._client = server, client
            _log.info("the certificate of %s changed and is in use", self._settings)


def _files(settings: ListenerSettings) -> list[str]:
    names = [settings.certificate, settings.key, settings.authorities, settings.client_authorities]
    for one in settings.named:
        names += [one.certificate, one.key]
    return [name for name in names if name]


def _server_context(settings: ListenerSettings) -> ssl.SSLContext:
    """The context for whoever asks for no name, which gives way to that of a name."""
    context = _context_of(settings, settings.certificate, settings.key)
    if settings.named:
        context.sni_callback = _Choice(settings).choose
    return context


class _Choice:
    """Takes the certificate for the name that a client asks for (RFC 6066 §3); the listener's own for any other."""

    def __init__(self, settings: ListenerSettings) -> None:
        self._by_name: Final[dict[str, ssl.SSLContext]] = {}
        for one in settings.named:
            self._add(one, _context_of(settings, one.certificate, one.key))

    def _add(self, one: NamedCertificate, context: ssl.SSLContext) -> None:
        for name in one.names:
            self._by_name.setdefault(name, context)

    def choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext
    ) -> None:
        """Change the context of a connection whose client has just said what name it wants (OpenSSL calls this)."""
        wanted = (name or "").lower().rstrip(".")
        found = self._by_name.get(wanted) or self._by_name.get(f"*.{wanted.partition('.')[2]}")
        if found is not None:
            connection.context = found


def _context_of(settings: ListenerSettings, certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.load_cert_chain(certificate, key, password=_no_passphrase)
    if settings.client_authorities:
        context.load_verify_locations(settings.client_authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _client_context(settings: ListenerSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.load_cert_chain(settings.certificate, settings.key, password=_no_passphrase)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.authorities:
        context.load_verify_locations(settings.authorities)
    else:
        context.load_default_certs()
    return context


def _no_passphrase() -> str:
    """Let an encrypted key fail to load, where OpenSSL would ask at the terminal and wait."""
    return ""
