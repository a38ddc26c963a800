"""The story of the demonstration, told in steps that each either work or say why they do not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from trunkline.app.configuration import server_settings
from trunkline.app.server import Server
from trunkline.demo.ladder import Ladder
from trunkline.demo.party import HOST, DemoFailedError, Login, Party
from trunkline.domain.cdr import Cdr
from trunkline.domain.cdr_search import CdrFilter
from trunkline.domain.trunk import TrunkTarget
from trunkline.edge.listener_text import parse_listener
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.provisioning.secret_input import Password
from trunkline.provisioning.trunks import TrunkPlan
from trunkline.settings import read_settings
from trunkline.sip.flow import Flow
from trunkline.store.cdr_listing import list_cdrs
from trunkline.store.provisioning_store import SqlProvisioningStore

REALM: Final = "custxx.auth.bandwidth.com"
NUMBER: Final = "+17778889999"
PROVIDER: Final = Login("sipauthtest", REALM, "password")
TELEPHONE: Final = Login("alice", REALM, "correct horse battery")
CALLER: Final = "sip:+15553334444@pstn.provider.example"
TALK_S: Final = 2.0
CLEAR_TONE: Final = 0.8
"""How much of the power that is heard must be the other's tone."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one party of a call heard of the other."""

    listener: str
    hertz: int
    share: float
    received: int
    sent: int

    @property
    def is_clear(self) -> bool:
        """Whether the tone came through."""
        return self.share >= CLEAR_TONE


@dataclass(frozen=True, slots=True)
class Scene:
    """The server of the demonstration and those around it."""

    server: Server
    ladder: Ladder
    provider: Party
    carrier: Party
    telephone: Party

    @property
    def sip_port(self) -> int:
        """Where the server speaks SIP."""
        return self.server.listeners[0].port


async def tell(folder: Path, console: Console) -> Scene:
    """Play the whole story in an empty data folder. Raises DemoFailedError; otherwise the scene is still set."""
    scene = await _set_the_scene(folder, console)
    try:
        await _play(scene, console)
    except BaseException:
        await clear_away(scene)
        raise
    return scene


async def clear_away(scene: Scene) -> None:
    """Stop everything."""
    for party in (scene.provider, scene.carrier, scene.telephone):
        party.close()
    await scene.server.drain(0.0)
    await scene.server.stop()


async def _set_the_scene(folder: Path, console: Console) -> Scene:
    settings = server_settings(read_settings(folder))
    first_port = _free_media_ports()
    server = await Server.start(
        replace(
            settings,
            listeners=(parse_listener(f"udp:{HOST}:0"), parse_listener(f"tcp:{HOST}:0")),
            media_interfaces=(
                replace(settings.media_interfaces[0], name="ip4", address=HOST, advertised=None),
            ),
            rtp_ports=(first_port, first_port + 99),
        )
    )
    listener = server.listeners[0]
    ladder = Ladder(("provider", "trunkline", "telephone", "carrier"), server.clock.now())
    flow = Flow(listener, HOST, listener.port)
    provider = Party("provider", 440, ladder, flow)
    carrier = Party("carrier", 1000, ladder, flow)
    telephone = Party("telephone", 620, ladder, flow)
    for party in (provider, carrier, telephone):
        await party.open()
    console.print(f"Server at {listener!r}, carrier at udp:{HOST}:{carrier.port}, data in {folder}")
    return Scene(server, ladder, provider, carrier, telephone)


def _free_media_ports() -> int:
    """A hundred ports in a row of which at least the first is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return min(max(int(probe.getsockname()[1]) & ~1, 10_000), 65_000)


async def _play(scene: Scene, console: Console) -> None:
    await _provision(scene, console)
    await scene.telephone.register(TELEPHONE)
    console.print(f"The telephone is registered as {TELEPHONE.username}@{REALM}.")
    scene.ladder.show(console, "Registration")
    target = f"sip:{NUMBER}@{REALM}:{scene.sip_port}"
    title = "The provider calls a number, which leaves through the carrier"
    heard = await _call(scene, console, title, target, scene.carrier)
    target = f"sip:{TELEPHONE.username}@{REALM}:{scene.sip_port}"
    heard += await _call(
        scene, console, "The provider calls the registered telephone", target, scene.telephone
    )
    _show_media(console, heard)
    _show_cdrs(console, await _cdrs(scene))
    unclear = [each for each in heard if not each.is_clear]
    if unclear:
        raise DemoFailedError(f"{unclear[0].listener} did not hear the tone of {unclear[0].hertz} Hz")


async def _provision(scene: Scene, console: Console) -> None:
    """Realm, two credentials and a trunk, by the use cases that the command line calls."""
    server = scene.server
    naming = RealmNaming("auth.trunkline.internal", "{name}.{account}.{base}")
    provisioning = Provisioning(SqlProvisioningStore(server.database), server.clock, naming)
    account = await provisioning.accounts.first()
    await provisioning.realms.add(account.id, fqdn=REALM, default=True)
    for login in (PROVIDER, TELEPHONE):
        await provisioning.credentials.add(account.id, login.username, Password(login.password), realm=REALM)
    target = TrunkTarget(f"sip:{HOST}:{scene.carrier.port}")
    await provisioning.trunks.add(account.id, "carrier", TrunkPlan((target,)))
    await _until(lambda: len(server.directory.credentials) == 2 and bool(server.directory.trunks))
    console.print(
        f"Realm {REALM}, credentials {PROVIDER.username} and {TELEPHONE.username}, trunk carrier: created."
    )


async def _until(condition: Callable[[], bool]) -> None:
    """Wait for what the running server is to learn within a second."""
    for _ in range(100):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise DemoFailedError("the running server did not learn of the new credentials within two seconds")


async def _call(scene: Scene, console: Console, title: str, target: str, callee: Party) -> list[Heard]:
    since = len(scene.ladder.steps)
    provider = scene.provider
    await provider.open_talk()
    await provider.call(target, CALLER, PROVIDER)
    await asyncio.sleep(TALK_S)
    await provider.hang_up()
    try:
        await asyncio.wait_for(callee.hung_up.wait(), 3.0)
    except TimeoutError:
        raise DemoFailedError(f"{callee.name} was not told that the call ended") from None
    heard = [_heard(provider, callee), _heard(callee, provider)]
    provider.talk.stop()
    callee.talk.stop()
    scene.ladder.show(console, title, since)
    return heard


def _heard(listener: Party, speaker: Party) -> Heard:
    return Heard(
        listener.name,
        speaker.hertz,
        listener.talk.share(speaker.hertz),
        len(listener.talk.heard),
        speaker.talk.sent,
    )


async def _cdrs(scene: Scene) -> tuple[Cdr, ...]:
    """The records of both calls, once they are on disk."""
    for _ in range(50):
        page = await list_cdrs(scene.server.database, CdrFilter(answered=True))
        if len([cdr for cdr in page.cdrs if cdr.ended_at is not None]) == 2:
            return tuple(reversed(page.cdrs))
        await asyncio.sleep(0.05)
    raise DemoFailedError("the call detail records were not written")


def _show_media(console: Console, heard: list[Heard]) -> None:
    table = Table(title="Media", title_justify="left", box=None, padding=(0, 1, 0, 0))
    for column in ("who", "heard", "of its power", "packets received", "of those sent"):
        table.add_column(column)
    for each in heard:
        mark = "[green]clear[/green]" if each.is_clear else "[red]not clear[/red]"
        table.add_row(
            each.listener, f"{each.hertz} Hz {mark}", f"{each.share:.0%}", str(each.received), str(each.sent)
        )
    console.print()
    console.print(table)


def _show_cdrs(console: Console, cdrs: tuple[Cdr, ...]) -> None:
    table = Table(title="Call detail records", title_justify="left", box=None, padding=(0, 1, 0, 0))
    for column in ("caller", "callee", "status", "cause", "seconds", "relayed", "lost", "jitter"):
        table.add_column(column)
    for cdr in cdrs:
        media = cdr.media
        table.add_row(
            cdr.caller,
            cdr.callee,
            str(cdr.status),
            cdr.end_cause.value if cdr.end_cause else "",
            f"{cdr.duration_s:.1f}",
            str(media.relayed) if media else "-",
            str(media.caller.lost + media.callee.lost) if media else "-",
            f"{max(media.caller.jitter_ms, media.callee.jitter_ms):.1f} ms" if media else "-",
        )
    console.print()
    console.print(table)
