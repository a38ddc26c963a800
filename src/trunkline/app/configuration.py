"""Settings as an operator writes them become what a server is built from."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from trunkline.app.http_settings import HttpBounds, HttpLimits, HttpSettings
from trunkline.app.server import ServerSettings
from trunkline.app.webhooks import WebhookSettings
from trunkline.calls.exchange import CallSettings
from trunkline.domain.authentication import AuthenticationPolicy
from trunkline.edge.listener_text import ListenerSettings, parse_listener
from trunkline.media.settings import MediaInterface
from trunkline.operations.ladders import LadderPolicy
from trunkline.operations.retention import RetentionPolicy
from trunkline.provisioning.realms import RealmNaming
from trunkline.registrar.registrar import RegistrarPolicy
from trunkline.settings import Settings, parse_port_range, settings_in_effect
from trunkline.webhooks.backoff import RetryPolicy

_SOMEWHERE = {4: "198.51.100.1", 6: "2001:db8::1"}
"""Documentation addresses: asked only for the route there, nothing is sent."""


def server_settings(settings: Settings) -> ServerSettings:
    """Build a server's settings. Raises ListenerTextError or ValueError with a sentence for what makes no sense."""
    listeners = tuple(parse_listener(text) for text in settings.sip.listeners)
    own_hosts = frozenset(listener.advertised_host for listener in listeners if listener.advertised_host)
    registrar = settings.registrar
    return ServerSettings(
        data_dir=settings.data_dir,
        database_url=settings.database_url.get_secret_value(),
        listeners=listeners,
        media_interfaces=_media_interfaces(settings, listeners),
        rtp_ports=parse_port_range(settings.rtp.ports),
        rtp_silence_s=round(settings.rtp.silence_s),
        registrar=RegistrarPolicy(
            default_expires_s=registrar.default_expires_s,
            min_expires_s=registrar.min_expires_s,
            max_expires_s=registrar.max_expires_s,
            expires_jitter=registrar.expires_jitter,
            most_bindings=registrar.max_bindings,
            tells_refreshes=registrar.record_refreshes,
        ),
        authentication=AuthenticationPolicy(algorithms=settings.digest.algorithms, own_hosts=own_hosts),
        calls=CallSettings(
            ring_timeout_s=settings.calls.ring_timeout_s,
            session_expires_s=settings.calls.session_expires_s,
            longest_call_s=settings.calls.longest_call_s,
            serial_ring=settings.calls.serial_ring,
            max_calls=settings.calls.max_calls,
            address_rest_s=settings.calls.address_rest_s,
        ),
        nonce_lifetime_s=settings.digest.nonce_lifetime_s,
        register_rate=registrar.most_per_second,
        nat_ping_s=registrar.nat_ping_s,
        record_refreshes=registrar.record_refreshes,
        trace_sip=settings.log.trace_sip,
        shows_text=settings.ladders.show_text,
        in_effect=settings_in_effect(settings),
        node=settings.node,
        ladders=LadderPolicy(
            megabytes=settings.ladders.memory_mb,
            age_s=settings.ladders.memory_s,
            kept=settings.ladders.kept,
            kept_s=settings.ladders.kept_days * 86_400,
        ),
        retention=RetentionPolicy(
            audit_s=settings.audit.keep_days * 86_400, cdrs_s=settings.cdrs.keep_days * 86_400
        ),
        webhooks=WebhookSettings(
            allowed_networks=tuple(ip_network(text) for text in settings.webhooks.allowed_networks),
            timeout_s=settings.webhooks.timeout_s,
            retries=RetryPolicy(
                give_up_s=settings.webhooks.give_up_hours * 3600,
                pause_s=settings.webhooks.pause_days * 86_400,
            ),
        ),
    )


def http_settings(settings: Settings) -> HttpSettings:
    """Build the HTTP server's settings. Raises ValueError with a sentence for an address that is none."""
    web = settings.web
    host, port = http_address(settings.http)
    return HttpSettings(
        host=host,
        port=port,
        naming=RealmNaming(settings.base_domain, settings.realm_form),
        certificate=web.certificate,
        key=web.key,
        trusted_proxies=web.trusted_proxies,
        limits=HttpLimits(
            web.requests_per_second, web.requests_per_second_of_address, web.max_body_mib * 1024 * 1024
        ),
        bounds=HttpBounds(
            web.head_s, web.body_s, web.response_s, web.max_connections, web.max_connections_of_address
        ),
    )


def http_address(text: str) -> tuple[str, int]:
    """Split ``address:port``, IPv6 in brackets. Raises ValueError with a sentence."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"'{text}' is no HTTP address; write address:port, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def _media_interfaces(
    settings: Settings, listeners: Sequence[ListenerSettings]
) -> tuple[MediaInterface, ...]:
    """One interface for each address family: the given address, else where SIP is spoken, else the route outside."""
    advertised = settings.rtp.advertised_address or None
    if settings.rtp.address:
        return (MediaInterface(_name(settings.rtp.address), settings.rtp.address, advertised),)
    found: dict[str, MediaInterface] = {}
    for listener in listeners:
        address = address_towards_outside(listener.host) if listener.is_wildcard else listener.host
        name = _name(address)
        shown = advertised or _advertised_address(listener, address)
        found.setdefault(name, MediaInterface(name, address, shown))
    return tuple(found.values())


def _advertised_address(listener: ListenerSettings, address: str) -> str | None:
    """What a listener advertises, where it is an address of the same family."""
    try:
        shown = ip_address(listener.advertised_host)
    except ValueError:
        return None
    return str(shown) if shown.version == ip_address(address).version else None


def _name(address: str) -> str:
    return f"ip{ip_address(address).version}"


def address_towards_outside(wildcard: str) -> str:
    """The address of this machine on its way outside; loopback when there is none."""
    version = ip_address(wildcard).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_SOMEWHERE[version], 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1" if version == 4 else "::1"
