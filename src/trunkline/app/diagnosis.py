"""What may be wrong with an installation, looked at before it is started: the work of ``trunkline doctor``."""

from __future__ import annotations

import resource
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address

from trunkline.app.configuration import http_settings, server_settings
from trunkline.app.http_settings import HttpSettings
from trunkline.app.server import ServerSettings
from trunkline.domain.directory import Directory
from trunkline.domain.user import User
from trunkline.edge.listener_text import ListenerSettings, ListenerTextError
from trunkline.media.embedded import EmbeddedMediaEngine, MediaEngineStartError
from trunkline.media.settings import MediaSettings
from trunkline.settings import Settings
from trunkline.sip import parser
from trunkline.sip.flow import UDP
from trunkline.store.database import Database
from trunkline.store.directory_feed import DirectoryFeed
from trunkline.store.faults import StoreFault
from trunkline.store.provisioning_store import SqlProvisioningStore

_DESCRIPTORS_PER_STREAM = 4


class Verdict(Enum):
    """How a check went."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, what was found, and what to do about it ("" when it is good)."""

    about: str
    verdict: Verdict
    sentence: str
    cure: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything that a start would need. Nothing is changed besides creating the data folder."""
    findings = [_python()]
    try:
        built = server_settings(settings)
        http = http_settings(settings) if settings.http else None
    except (ListenerTextError, ValueError) as error:
        return [*findings, Finding("settings", Verdict.BAD, str(error), "Mend the setting.")]
    findings.append(Finding("settings", Verdict.GOOD, f"read for {settings.data_dir}"))
    findings += await _database(built)
    findings += [finding for listener in built.listeners for finding in _listener(listener)]
    if http is not None:
        findings.append(_http(http))
    findings += _addresses(built)
    findings.append(_descriptors(built))
    findings.append(await _media(built))
    return findings


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    how = "compiled" if parser.__file__.endswith(".so") else "interpreted"
    return Finding("python", Verdict.GOOD, f"Python {version}, the SIP core is {how}")


async def _database(built: ServerSettings) -> list[Finding]:
    try:
        database = await Database.open(built.data_dir, built.database_url)
    except StoreFault as fault:
        return [Finding("database", Verdict.BAD, fault.sentence, "Mend the path or URL, or its permissions.")]
    try:
        directory = Directory()
        await DirectoryFeed(database, directory).load()
        async with SqlProvisioningStore(database).reading() as rows:
            users = await rows.users.all()
    finally:
        await database.close()
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    works = Finding("database", Verdict.GOOD, f"{kind} opens and is up to date")
    return [works, _users(users), *_provisioned(directory)]


def _users(users: Sequence[User]) -> Finding:
    enabled = [user.name for user in users if user.enabled]
    if not enabled:
        cure = "trunkline user add admin --role owner --generate"
        return Finding("users", Verdict.DOUBTFUL, "nobody can sign in: there is none", cure)
    return Finding("users", Verdict.GOOD, ", ".join(enabled))


def _http(settings: HttpSettings) -> Finding:
    """Whether passwords can be read on their way."""
    try:
        is_near = ip_address(settings.host).is_loopback
    except ValueError:
        is_near = settings.host == "localhost"
    if is_near or settings.certificate or settings.trusted_proxies:
        return Finding("http", Verdict.GOOD, f"{settings.host}:{settings.port}")
    return Finding(
        "http",
        Verdict.DOUBTFUL,
        f"others reach {settings.host}:{settings.port} without TLS, so passwords can be read on the way",
        "Set web.certificate and web.key, or let http be 127.0.0.1:8080 behind a proxy with TLS.",
    )


def _provisioned(directory: Directory) -> Iterator[Finding]:
    if not directory.realms:
        yield Finding("realms", Verdict.DOUBTFUL, "there is none", "trunkline realm add desk --default")
        return
    yield Finding("realms", Verdict.GOOD, ", ".join(realm.name for realm in directory.realms.values()))
    if not directory.credentials:
        yield Finding(
            "credentials", Verdict.DOUBTFUL, "there is none", "trunkline credential add alice --generate"
        )
    else:
        disabled = sum(not credential.enabled for credential in directory.credentials.values())
        yield Finding(
            "credentials", Verdict.GOOD, f"{len(directory.credentials)}, {disabled} of them switched off"
        )
    if not any(trunk.enabled for trunk in directory.trunks.values()):
        cure = "trunkline trunk add carrier --target sip:ADDRESS"
        yield Finding("trunks", Verdict.DOUBTFUL, "no call can leave: there is none", cure)
    else:
        yield Finding("trunks", Verdict.GOOD, ", ".join(trunk.name for trunk in directory.trunks.values()))


def _listener(listener: ListenerSettings) -> Iterator[Finding]:
    kind = socket.SOCK_DGRAM if listener.transport == UDP else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listener.host, listener.port))
        except OSError as error:
            cure = "Stop whoever has the port (perhaps a running Trunkline), or choose another."
            yield Finding(
                f"listener {listener}", Verdict.DOUBTFUL, f"cannot be had now: {error.strerror}", cure
            )
            return
    yield Finding(f"listener {listener}", Verdict.GOOD, "can be had")


def _addresses(built: ServerSettings) -> Iterator[Finding]:
    """What is told to peers must be reachable for them."""
    for interface in built.media_interfaces:
        shown = interface.advertised or interface.address
        address = ip_address(shown)
        if address.is_loopback:
            yield Finding(
                "media address",
                Verdict.DOUBTFUL,
                f"{shown} is reachable from this machine only",
                "Listen on an outside address, or set --rtp-address and --advertise.",
            )
        elif address.is_private:
            yield Finding(
                "media address",
                Verdict.DOUBTFUL,
                f"{shown} is reachable from the local network only",
                "Behind NAT, set --advertise to the outside address and forward the ports.",
            )
        else:
            yield Finding("media address", Verdict.GOOD, shown)


def _descriptors(built: ServerSettings) -> Finding:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    first, last = built.rtp_ports
    wanted = (last - first + 1) // 4 * _DESCRIPTORS_PER_STREAM + 1024
    if soft < wanted:
        return Finding(
            "open files",
            Verdict.DOUBTFUL,
            f"{soft} may be open, {wanted} are needed for all media ports",
            f"Raise the limit (ulimit -n {wanted}, LimitNOFILE= in systemd), or narrow --rtp-ports.",
        )
    return Finding("open files", Verdict.GOOD, f"{soft} may be open")


async def _media(built: ServerSettings) -> Finding:
    settings = MediaSettings(
        recordings_folder=built.data_dir / "recordings",
        prompts_folder=built.data_dir / "prompts",
        interfaces=built.media_interfaces,
        port_min=built.rtp_ports[0],
        port_max=built.rtp_ports[1],
    )
    engine = EmbeddedMediaEngine(settings, lambda _event: None)
    try:
        await engine.start()
    except MediaEngineStartError as error:
        return Finding(
            "media engine", Verdict.BAD, str(error), "See the line above; rtp_io needs glibc 2.34 or newer."
        )
    await engine.stop()
    return Finding("media engine", Verdict.GOOD, f"starts; room for {settings.stream_capacity // 2} calls")
