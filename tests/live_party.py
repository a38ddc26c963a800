"""Telephones, carriers and strangers on real sockets: the parties of the call tests, in touch with a live server.

``Scene`` is to them what ``World`` is in the tests without sockets. It keeps a ladder of all messages, which stands
in the failure of whatever was waited for in vain, and can lose messages on purpose.
"""

from __future__ import annotations

import asyncio
import random
import re
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from fakes.call_party import Asked, Party, PartyCall
from fakes.waiting import until
from live_ports import own_ports
from live_server import PATIENCE_S, SIP_PORT, LiveServer
from trunkline.app.clock import TokenSource
from trunkline.demo.audio import Talk
from trunkline.sdp.anchoring import streams
from trunkline.sdp.description import parse
from trunkline.sip.dialog import DialogState
from trunkline.sip.effects import Send
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import Flow
from trunkline.sip.framing import StreamFramer
from trunkline.sip.message import Request

FAREWELL_S = 3.0
"""How long the parties of a test wait for answers to their last words; some tests leave nobody who answers."""

HEARING_S = 10.0
"""How long two who talk may take to hear each other."""

IPV6 = 6
"""The number of a party that is on the IPv6 loopback instead of in the server's network."""

Losing = Callable[[str, str, str], bool]
"""Asked with sender, receiver and text of each message: whether it gets lost."""


class LiveParty(Party):
    """A party with sockets. ``talk`` is its sound; ``server`` is where it reaches the server."""

    def __init__(
        self, scene: Scene, name: str, host: str, port: int, server: tuple[str, int], **arguments: Any
    ) -> None:
        super().__init__(scene, name, host, port, **arguments)  # type: ignore[arg-type]
        self.scene = scene
        self.server = server
        self.endpoint = Endpoint(TokenSource())
        self.call_ids = random.randrange(10**9)
        self.hertz = 300 + 70 * len(scene.parties)
        self.talk = Talk(self.hertz)
        self.send: Callable[[bytes], object] = lambda _data: None
        self.leave: Callable[[], object] = lambda: None
        self.register_cseq = 0
        self.descriptions: dict[str, bytes] = {}
        self._framer = StreamFramer()

    @property
    def flow(self) -> Flow:
        """The way from it to the server."""
        return Flow(self.listener, *self.server, self.connection)

    @property
    def aor(self) -> str:
        """Its address-of-record as a URI."""
        return f"sip:{self.username}@{self.realm}"

    def registering(
        self, expires: int = 300, contact: str = "", headers: list[tuple[str, str]] | None = None
    ) -> Asked:
        """Send a REGISTER; a challenge is answered."""
        self.register_cseq += 2
        own = [
            ("Max-Forwards", "70"), ("From", f"<{self.aor}>;tag={self._token()}"), ("To", f"<{self.aor}>"),
            ("Call-ID", f"register-{self.call_ids}"), ("CSeq", f"{self.register_cseq} REGISTER"),
            ("Contact", contact or self.contact), ("Expires", str(expires)),
        ]  # fmt: skip
        asked = Asked("REGISTER")
        self._ask_again(Request("REGISTER", f"sip:{self.realm}", own + (headers or [])), asked)
        self.scene.run()
        return asked

    async def register(self, expires: int = 300, **arguments: Any) -> None:
        """Register, and see that it is granted."""
        asked = self.registering(expires, **arguments)
        await self.scene.until(lambda: asked.status)
        assert asked.status == 200, asked.responses

    async def call_up(self, target: str, **arguments: Any) -> PartyCall:
        """Call a URI and wait for the answer."""
        call = self.invite(target, **arguments)
        await self.scene.until(lambda: call.status)
        assert call.status == 200, call.statuses
        return call

    async def rung(self, count: int = 1) -> PartyCall:
        """Wait for this many calls, and return the last."""
        await self.scene.until(lambda: len(self.incoming) >= count)
        return self.call

    async def hang_up(self, call: PartyCall) -> None:
        """Send a BYE and wait until it is answered."""
        bye = call.bye()
        await self.scene.until(lambda: bye.status)
        assert bye.status == 200

    def speak(self, call: PartyCall) -> None:
        """Talk to where the last session description of a call says, and forget what was heard before."""
        assert call.invite is not None
        stream = streams(parse(self.descriptions[call.invite.call_id]))[0]
        assert stream.address is not None
        self.fall_silent()
        self.talk.heard.clear()
        self.talk.sent = 0
        self.talk.start(stream.address, stream.port)

    def fall_silent(self) -> None:
        """Talk no longer."""
        if self.talk._task is not None:
            self.talk._task.cancel()

    def has_heard_all_of(self, other: LiveParty) -> bool:
        """Whether next to nothing of what the other has said is still on its way."""
        return len(self.talk.heard) >= other.talk.sent - 2

    def heard(self, data: bytes) -> None:
        """Bytes of a stream came in."""
        for message in self._framer.receive(data):
            self.scene.received(self, message)


class Scene:
    """Parties around a server, for one test."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.host = server.host
        self.parties: list[LiveParty] = []
        self.ladder: list[str] = []
        self.loses: Losing = lambda _sender, _receiver, _text: False
        self._began = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._closing: list[Callable[[], object]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: list[_Stream] = []
        self._is_running = False
        self._fault: BaseException | None = None

    @property
    def now(self) -> float:
        """The time."""
        return time.monotonic()

    async def party(
        self,
        name: str,
        number: int,
        transport: str = "udp",
        *,
        port: int = 0,
        trusted: str = "",
        **arguments: Any,
    ) -> LiveParty:
        """Bring in a party, connected; ``number`` is where it is in the server's network, 6 means IPv6.

        ``port`` is where the server listens for this transport, when that is not the usual one. ``trusted`` is the
        file of the certificate that it trusts over TLS.
        """
        is_ipv6 = number == IPV6
        host = "::1" if is_ipv6 else self.server.network.address(number)
        own_port = own_ports().pair() if is_ipv6 else SIP_PORT
        server = ("::1" if is_ipv6 else self.server.host, port or self.server.port)
        party = LiveParty(self, name, host, own_port, server, transport=transport, **arguments)
        known = self.server.passwords.get(f"{party.username}@{party.realm}")
        party.password = arguments.get("password", known or "")
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: party.talk, local_addr=(host, 0))
        party.media_port = party.talk.port
        self._closing.append(party.talk.stop)
        if transport == "udp":
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(party), local_addr=(host, own_port)
            )
            party.send = lambda data: udp.sendto(data, server)
            self._closing.append(udp.close)
        elif transport == "ws":
            party.connection = 1
            await self._open_websocket(party)
        else:
            party.connection = 1
            context = ssl.create_default_context(cafile=trusted) if transport == "tls" else None
            stream, protocol = await loop.create_connection(
                lambda: _Stream(party), *server, ssl=context, local_addr=(host, 0)
            )
            self._streams.append(protocol)
            party.send, party.leave = stream.write, stream.close
            self._closing.append(stream.close)
        self.parties.append(party)
        return party

    async def device(
        self, username: str, realm: str, number: int, transport: str = "udp", **arguments: Any
    ) -> LiveParty:
        """Bring in a device that is registered with a credential of the server."""
        party = await self.party(
            arguments.pop("name", username), number, transport, username=username, realm=realm, **arguments
        )
        await party.register()
        return party

    async def _open_websocket(self, party: LiveParty) -> None:
        connection = await connect(
            f"ws://{party.server[0]}:{party.server[1]}/",
            subprotocols=["sip"],
            compression=None,
            local_addr=(party.host, 0),  # type: ignore[list-item]
        )
        outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        party.send = outgoing.put_nowait
        loop = asyncio.get_running_loop()
        self._tasks += [
            loop.create_task(self._listen(party, connection)),
            loop.create_task(_talk(connection, outgoing)),
        ]

    async def _listen(self, party: LiveParty, connection: ClientConnection) -> None:
        async for message in connection:
            self.received(party, message if isinstance(message, bytes) else message.encode())

    # The wire.

    def received(self, party: LiveParty, data: bytes) -> None:
        """A message reached a party."""
        text = data.decode("utf-8", "replace")
        if self._is_lost("server", party.name, text):
            return
        if "\r\n\r\nv=0" in text:
            call_id = re.search(r"^Call-ID: *(.*?)\r$", text, re.MULTILINE)
            assert call_id is not None
            party.descriptions[call_id[1]] = data.partition(b"\r\n\r\n")[2]
        try:
            party.endpoint.receive(data, party.flow, self.now)
            self.run()
        except Exception as fault:
            self._fault = self._fault or fault
            raise

    def run(self) -> None:
        """Send what the parties want to send, and deal with what happened to them."""
        if self._is_running:
            return
        self._is_running = True
        try:
            while any(party.endpoint.effects for party in self.parties):
                for party in self.parties:
                    self._perform(party)
        finally:
            self._is_running = False
        self._arm()

    def _perform(self, party: LiveParty) -> None:
        effects, party.endpoint.effects = party.endpoint.effects, []
        for effect in effects:
            if not isinstance(effect, Send):
                party.handle(effect)
            elif not self._is_lost(party.name, "server", effect.data.decode("utf-8", "replace")):
                party.send(effect.data)

    def carry_raw(self, party: Party, data: bytes) -> None:
        """Put a party's bytes on the wire."""
        assert isinstance(party, LiveParty)
        party.send(data)

    def _is_lost(self, sender: str, receiver: str, text: str) -> bool:
        is_lost = self.loses(sender, receiver, text)
        mark = " (lost)" if is_lost else ""
        cseq = re.search(r"^CSeq: *(.*?)\r$", text, re.MULTILINE)
        self.ladder.append(
            f"{self.now - self._began:7.3f} {sender} > {receiver}: {text.partition(chr(13))[0]} [{cseq and cseq[1]}]{mark}"
        )
        return is_lost

    def _arm(self) -> None:
        due = min(
            (time for party in self.parties if (time := party.endpoint.next_timer()) is not None),
            default=None,
        )
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, due - self.now), self._due)

    def _due(self) -> None:
        for party in self.parties:
            party.endpoint.handle_timer(self.now)
        self.run()

    # What a test does.

    async def until(self, condition: Callable[[], object], limit_s: float = PATIENCE_S) -> None:
        """Wait until something holds. Fails with the ladder of messages when it does not."""
        try:
            async with asyncio.timeout(limit_s):
                while not condition():
                    self.check()
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"waited {limit_s} s in vain; messages:\n{self.shown()}") from None

    async def conversation(self, first: PartyCall, second: PartyCall, seconds: float = 0.6) -> None:
        """Let two parties talk, and see that each hears the other's tone."""
        speakers = [call.party for call in (first, second)]
        assert isinstance(speakers[0], LiveParty)
        assert isinstance(speakers[1], LiveParty)
        for call, speaker in ((first, speakers[0]), (second, speakers[1])):
            speaker.speak(call)
        await asyncio.sleep(seconds)
        await self._let_hear(*speakers)
        for listener, speaker in (speakers, reversed(speakers)):
            packets, share = len(listener.talk.heard), listener.talk.share(speaker.hertz)
            assert packets > 10, f"{listener.name} heard {packets} packets of {speaker.name}"
            assert share > 0.8, f"{listener.name} heard {share:.2f} of {speaker.hertz} Hz"
        for speaker in speakers:
            speaker.fall_silent()

    async def _let_hear(self, first: LiveParty, second: LiveParty) -> None:
        """Let two go on talking until each heard the other's tone, if it takes the machine longer than it should."""

        def hears(listener: LiveParty, speaker: LiveParty) -> bool:
            return len(listener.talk.heard) > 10 and listener.talk.share(speaker.hertz) > 0.8

        with suppress(TimeoutError):
            await until(lambda: hears(first, second) and hears(second, first), HEARING_S, 0.1)

    def check(self) -> None:
        """Raise what went wrong behind the test's back."""
        if self._fault is not None:
            raise self._fault

    def shown(self) -> str:
        """The messages so far."""
        return "\n".join(self.ladder)

    async def close(self) -> None:
        """Let everybody leave."""
        if self.server.is_running:
            await self._say_goodbye()
        if self._timer is not None:
            self._timer.cancel()
        for close in self._closing:
            close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in self._streams:
            await asyncio.wait_for(stream.lost.wait(), PATIENCE_S)
        await asyncio.sleep(0)
        self.check()

    async def _say_goodbye(self) -> None:
        """Hang up, refuse what still rings, and unregister."""
        self.loses = lambda _sender, _receiver, _text: False
        for call in [call for party in self.parties for call in party.incoming]:
            call.respond(480)  # unless it was answered or refused before
        farewells = [
            call.bye() for party in self.parties for call in party.calls if not call.is_over and _is_up(call)
        ]
        farewells += [party.registering(0, "*") for party in self.parties if party.register_cseq]
        with suppress(TimeoutError):
            await until(lambda: all(asked.status or asked.failed for asked in farewells), FAREWELL_S)


def _is_up(call: PartyCall) -> bool:
    return call.dialog is not None and call.dialog.state is DialogState.CONFIRMED


async def _talk(connection: ClientConnection, outgoing: asyncio.Queue[bytes]) -> None:
    try:
        while True:
            await connection.send((await outgoing.get()).decode())
    finally:
        await connection.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, party: LiveParty) -> None:
        self._party = party

    def datagram_received(self, data: bytes, _address: object) -> None:
        self._party.scene.received(self._party, data)


class _Stream(asyncio.Protocol):
    def __init__(self, party: LiveParty) -> None:
        self._party = party
        self.lost = asyncio.Event()

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        self._party.heard(data)
