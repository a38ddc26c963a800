"""A party of the demonstration: a small user agent over UDP that registers, calls, answers and talks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from trunkline.app.clock import SystemClock, TokenSource
from trunkline.demo.audio import Talk
from trunkline.demo.ladder import Ladder
from trunkline.domain.credential import hash_pair
from trunkline.sdp.anchoring import streams
from trunkline.sdp.description import parse
from trunkline.sip.dialog import Dialog, dialog_of_uac, dialog_of_uas
from trunkline.sip.digest import MD5, answer_challenge
from trunkline.sip.effects import RequestReceived, ResponseReceived, Send, TimedOut, TransportFailed
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import UDP, Flow, Listener
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.transaction.transaction import ServerTransaction

HOST: Final = "127.0.0.1"
PATIENCE_S: Final = 8.0

Answering = Callable[[Request], None]


class DemoFailedError(Exception):
    """Something did not go as it should; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a party authenticates with."""

    username: str
    realm: str
    password: str = field(repr=False)


class Party(asyncio.DatagramProtocol):
    """One user agent. ``hertz`` is the tone it speaks in."""

    def __init__(self, name: str, hertz: int, ladder: Ladder, server: Flow) -> None:
        self.name: Final = name
        self.hertz: Final = hertz
        self._ladder = ladder
        self._server_host, self._server_port = server.host, server.port
        self._clock = SystemClock()
        self._tokens = TokenSource()
        self._endpoint = Endpoint(self._tokens)
        self._transport: asyncio.DatagramTransport | None = None
        self._listener = Listener(UDP, HOST, 0)
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[str, asyncio.Future[Response]] = {}
        self._dialog: Dialog | None = None
        self.talk = Talk(hertz)
        self.hung_up = asyncio.Event()
        self.answered = asyncio.Event()

    async def open(self) -> None:
        """Open the sockets for SIP and RTP."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
        await self.open_talk()

    async def open_talk(self) -> None:
        """Open a socket for the RTP of the next call."""
        self.talk = Talk(self.hertz)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self.talk, local_addr=(HOST, 0))

    def close(self) -> None:
        """Close the sockets."""
        self.talk.stop()
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    @property
    def port(self) -> int:
        """The local SIP port."""
        return self._listener.port

    # What it does.

    async def register(self, login: Login) -> None:
        """Register its contact (RFC 3261 §10.2). Raises DemoFailedError."""
        aor = f"<sip:{login.username}@{login.realm}>"
        headers = [
            ("Max-Forwards", "70"),
            ("From", f"{aor};tag={self._tokens()}"),
            ("To", aor),
            ("Call-ID", self._tokens()),
            ("CSeq", "1 REGISTER"),
            ("Contact", self._contact(login.username)),
            ("Expires", "300"),
        ]
        response, _ = await self._ask(Request("REGISTER", f"sip:{login.realm}", headers), login)
        if response.status != 200:
            raise DemoFailedError(f"{self.name} could not register: {response.status} {response.reason}")

    async def call(self, target: str, caller: str, login: Login) -> None:
        """Call a URI and begin to talk. Raises DemoFailedError."""
        self._dialog = None
        headers = [
            ("Max-Forwards", "70"),
            ("From", f"<{caller}>;tag={self._tokens()}"),
            ("To", f"<{target}>"),
            ("Call-ID", self._tokens()),
            ("CSeq", "1 INVITE"),
            ("Contact", self._contact("provider")),
            ("Content-Type", "application/sdp"),
        ]
        response, sent = await self._ask(Request("INVITE", target, headers, self._description()), login)
        if response.status != 200:
            raise DemoFailedError(f"the call to {target} failed: {response.status} {response.reason}")
        self._dialog = dialog_of_uac(sent, response, self._flow())
        self._dialog.confirm(response)
        self._endpoint.send_ack(self._dialog.make_ack(response.cseq_number), self._flow())
        self._settle()
        self._talk_to(response.body)

    async def hang_up(self) -> None:
        """End the call with a BYE."""
        if self._dialog is not None:
            await self._send(self._dialog.make_request("BYE"))
            self.hung_up.set()

    async def _ask(self, request: Request, login: Login) -> tuple[Response, Request]:
        """Send a request, answering one challenge; gives the final response and the request it belongs to."""
        response, sent = await self._send(request)
        if response.status not in (401, 407):
            return response, sent
        ha1 = hash_pair("md5", login.username, login.realm, login.password).hash1
        answer = answer_challenge(response, sent, login.username, login.realm, {MD5: ha1}, self._tokens())
        if answer is None:
            return response, sent
        again = Request(request.method, request.uri_text, [*request.headers, answer], request.body)
        again.set("CSeq", f"2 {request.method}")
        return await self._send(again)

    async def _send(self, request: Request) -> tuple[Response, Request]:
        transaction = self._endpoint.send_request(request, self._flow(), self._clock.now())
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[transaction.key] = future
        self._settle()
        try:
            return await asyncio.wait_for(future, PATIENCE_S), transaction.request
        except TimeoutError:
            raise DemoFailedError(f"{self.name} got no answer to its {request.method}") from None

    def _flow(self) -> Flow:
        return Flow(self._listener, self._server_host, self._server_port)

    def _contact(self, user: str) -> str:
        return f"<sip:{user}@{self._listener.sent_by}>"

    def _description(self) -> bytes:
        lines = [
            "v=0",
            f"o=- 1 1 IN IP4 {HOST}",
            "s=-",
            f"c=IN IP4 {HOST}",
            "t=0 0",
            f"m=audio {self.talk.port} RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=sendrecv",
            "",
        ]
        return "\r\n".join(lines).encode()

    def _talk_to(self, body: bytes) -> None:
        stream = streams(parse(body))[0]
        if stream.address is not None:
            self.talk.start(stream.address, stream.port)

    # What it hears.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The SIP socket is open."""
        self._transport = transport  # type: ignore[assignment]  # asyncio and uvloop disagree about base classes
        self._listener = Listener(UDP, HOST, int(transport.get_extra_info("sockname")[1]))

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """A message came."""
        self._ladder.note("trunkline", self.name, data, self._clock.now())
        self._endpoint.receive(data, Flow(self._listener, address[0], address[1]), self._clock.now())
        self._settle()

    def _settle(self) -> None:
        while self._endpoint.effects:
            effects, self._endpoint.effects = self._endpoint.effects, []
            for effect in effects:
                if isinstance(effect, Send):
                    self._put(effect)
                elif isinstance(effect, RequestReceived):
                    self._serve(effect.request, effect.transaction)
                elif isinstance(effect, ResponseReceived) and effect.response.status >= 200:
                    self._resolve(effect.transaction.key, effect.response)
                elif isinstance(effect, TimedOut | TransportFailed):
                    self._resolve(effect.transaction.key, response_to(effect.transaction.request, 408))
        due = self._endpoint.next_timer()
        if self._timer is not None:
            self._timer.cancel()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, due - self._clock.now()), self._due)

    def _put(self, effect: Send) -> None:
        self._ladder.note(self.name, "trunkline", effect.data, self._clock.now())
        if self._transport is not None:
            self._transport.sendto(effect.data, (effect.flow.host, effect.flow.port))

    def _resolve(self, key: str, response: Response) -> None:
        future = self._waiting.pop(key, None)
        if future is not None and not future.done():
            future.set_result(response)

    def _due(self) -> None:
        self._timer = None
        self._endpoint.handle_timer(self._clock.now())
        self._settle()

    def _serve(self, request: Request, transaction: ServerTransaction | None) -> None:
        """Answer every call at once, confirm every BYE."""
        if transaction is None:
            return
        now = self._clock.now()
        if request.method == "INVITE" and not request.to_tag:
            tag = self._tokens()
            contact = ("Contact", self._contact(self.name))
            self._endpoint.respond(transaction, response_to(request, 180, "", tag, [contact]), now)
            self._dialog = dialog_of_uas(request, tag, contact[1], self._flow())
            headers = [contact, ("Content-Type", "application/sdp")]
            self._endpoint.respond(
                transaction, response_to(request, 200, "", tag, headers, self._description()), now
            )
            self._talk_to(request.body)
            self.answered.set()
        else:
            self._endpoint.respond(transaction, response_to(request, 200, "", self._tokens()), now)
            if request.method == "BYE":
                self.hung_up.set()
