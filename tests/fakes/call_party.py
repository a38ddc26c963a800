"""User agents under a test's control: each has an endpoint of its own and does what a phone does by itself.

By itself a party answers a challenge, acknowledges a 2xx, sends PRACK for reliable responses, answers requests
within a call, and says 487 to a cancelled INVITE. What it ``holds`` it leaves to the test; what it is ``deaf`` to it
never answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fakes.sip_bench import Tokens
from trunkline.sdp.description import parse
from trunkline.sdp.direction import Direction, answer_direction, direction_of
from trunkline.sip.dialog import Dialog, dialog_of_uac, dialog_of_uas
from trunkline.sip.digest import MD5, answer_challenge, ha1_of
from trunkline.sip.effects import (
    AckMissing,
    Cancelled,
    Effect,
    FlowLost,
    Malformed,
    PrackMissing,
    RequestReceived,
    ResponseReceived,
    TimedOut,
    TransportFailed,
)
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.errors import ProtocolViolation
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.reliable import ReliableReceiver
from trunkline.sip.transaction.transaction import ClientTransaction, ServerTransaction

if TYPE_CHECKING:
    from fakes.call_world import World

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE"
SDP = ("Content-Type", "application/sdp")
Headers = list[tuple[str, str]]


def sdp(
    host: str,
    port: int = 4000,
    formats: str = "0 8 101",
    direction: str = "sendrecv",
    *,
    version: int = 1,
    protocol: str = "RTP/AVP",
    lines: tuple[str, ...] = (),
) -> bytes:
    """A session description of one audio stream."""
    family = "IP6" if ":" in host else "IP4"
    rows = ["v=0", f"o=- 77 {version} IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0"]
    rows += [f"m=audio {port} {protocol} {formats}"]
    rows += ["a=rtpmap:101 telephone-event/8000"] if "101" in formats.split() else []
    rows += [f"a={direction}", *lines, ""]
    return "\r\n".join(rows).encode()


class Asked:
    """A request that a party sent within a call, and what came back."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.request: Request | None = None
        self.responses: list[Response] = []
        self.failed = ""

    @property
    def status(self) -> int:
        """The final status; 0 while there is none."""
        return next((each.status for each in self.responses if each.status >= 200), 0)

    @property
    def body(self) -> bytes:
        """The body of the final response."""
        return next((each.body for each in self.responses if each.status >= 200), b"")


class PartyCall:
    """A party's side of one call."""

    def __init__(self, party: Party, *, is_uac: bool) -> None:
        self.party = party
        self.is_uac = is_uac
        self.dialog: Dialog | None = None
        self.invite: Request | None = None
        self.client: ClientTransaction | None = None
        self.server: ServerTransaction | None = None
        self.responses: list[Response] = []
        self.received: list[Request] = []
        self.held: dict[str, list[tuple[Request, ServerTransaction]]] = {}
        self.acks: list[Request] = []
        self.offer = b""
        self.description = b""
        self.is_over = False
        self.failed = ""
        self.tries = 0
        self.reliable: dict[str, ReliableReceiver] = {}
        self.early: dict[str, Dialog] = {}
        self.racked: list[tuple[Dialog, str]] = []
        self.stray_answers: list[Response] = []
        self.notified: list[str] = []

    # What is known.

    @property
    def statuses(self) -> list[int]:
        """Every status its INVITE got, repeated 100s left out."""
        return [each.status for each in self.responses if each.status != 100]

    @property
    def final(self) -> Response | None:
        """The final response to its INVITE."""
        return next((each for each in self.responses if each.status >= 200), None)

    @property
    def status(self) -> int:
        """The final status of its INVITE; 0 while there is none."""
        final = self.final
        return final.status if final is not None else 0

    @property
    def methods(self) -> list[str]:
        """The methods of the requests it got within the call."""
        return [each.method for each in self.received]

    @property
    def reasons(self) -> list[str]:
        """The Reason values of the BYE and CANCEL it got."""
        return [each.get("Reason") or "" for each in self.received if each.method in ("BYE", "CANCEL")]

    def last(self, method: str) -> Request:
        """The last request of this method that came within the call."""
        return next(each for each in reversed(self.received) if each.method == method)

    # What it does as a caller.

    def cancel(self, headers: Headers | None = None) -> None:
        """Give the INVITE up."""
        assert self.client is not None
        self.party.endpoint.cancel(self.client, self.party.world.now, headers)
        self.party.world.run()

    # What it does as a callee.

    def respond(
        self,
        status: int,
        body: bytes | None = None,
        headers: Headers | None = None,
        *,
        reliably: bool = False,
        reason: str = "",
        tag: str = "",
    ) -> None:
        """Answer the INVITE; a 2xx has a session description unless ``body`` is empty."""
        assert self.server is not None
        assert self.invite is not None
        party = self.party
        if self.server.has_final:
            return
        if body is None:
            body = party.answer_to(self.invite.body) if 200 <= status < 300 else b""
        own: Headers = [("Allow", party.allow), ("Supported", party.supported)]
        own += [("Contact", party.contact)] if status < 300 else []
        own += [SDP] if body else []
        own += headers or []
        if 100 < status < 300:
            self._begin_dialog(tag)
        response = response_to(self.invite, status, reason, tag or self._local_tag, own, body)
        if body:
            self.description = body
        if reliably:
            party.endpoint.respond_reliably(self.server, response, party.world.now)
        else:
            party.endpoint.respond(self.server, response, party.world.now)
        if 200 <= status < 300 and self.dialog is not None:
            self.dialog.confirm(response)
        if status >= 300:
            self.is_over = True
        party.world.run()

    def ring(self, status: int = 180, body: bytes = b"", **arguments: object) -> None:
        """Give a provisional response."""
        self.respond(status, body, **arguments)  # type: ignore[arg-type]

    def answer(self, body: bytes | None = None, **arguments: object) -> None:
        """Give a 200."""
        self.respond(200, body, **arguments)  # type: ignore[arg-type]

    def _begin_dialog(self, tag: str) -> None:
        assert self.invite is not None
        if self.dialog is None or tag:
            self._local_tag = tag or self._local_tag
            self.dialog = dialog_of_uas(self.invite, self._local_tag, self.party.contact, self.party.flow)

    _local_tag = ""

    # What both do.

    def ask(self, method: str, body: bytes = b"", headers: Headers | None = None) -> Asked:
        """Send a request within the call."""
        assert self.dialog is not None
        asked = Asked(method)
        request = self.dialog.make_request(method, body, headers)
        client = self.party.endpoint.send_request(request, self.party.flow, self.party.world.now)
        asked.request = client.request
        client.user = (self, asked)
        if method == "BYE":
            self.is_over = True
        self.party.world.run()
        return asked

    def bye(self, headers: Headers | None = None) -> Asked:
        """Hang up."""
        return self.ask("BYE", b"", headers)

    def reinvite(self, body: bytes | None = None, headers: Headers | None = None) -> Asked:
        """Offer something else; an empty body asks the other side for its offer."""
        return self.modify("INVITE", body, headers)

    def modify(self, method: str, body: bytes | None = None, headers: Headers | None = None) -> Asked:
        """Send a re-INVITE or an UPDATE."""
        if body is None:
            body = self.party.offer()
        own: Headers = [SDP] if body else []
        own += [("Allow", self.party.allow), ("Supported", self.party.supported)]
        return self.ask(method, body, own + (headers or []))

    def refer(self, target: str, headers: Headers | None = None) -> Asked:
        """Ask for a transfer."""
        return self.ask("REFER", b"", [("Refer-To", f"<{target}>"), *(headers or [])])

    def replaces(self) -> str:
        """This call as a Replaces value names it to the far side of its dialog."""
        assert self.dialog is not None
        return (
            f"{self.dialog.id.call_id};to-tag={self.dialog.id.remote_tag};from-tag={self.dialog.id.local_tag}"
        )

    def reply(self, method: str, status: int, body: bytes = b"", headers: Headers | None = None) -> None:
        """Answer the oldest request of this method that the party holds."""
        request, transaction = self.held[method].pop(0)
        own: Headers = [("Contact", self.party.contact), ("Allow", self.party.allow)] if status < 300 else []
        own += [SDP] if body else []
        response = response_to(request, status, "", "", own + (headers or []), body)
        self.party.endpoint.respond(transaction, response, self.party.world.now)
        self.party.world.run()

    def acknowledge(self, body: bytes = b"") -> None:
        """Acknowledge the 2xx of its own INVITE, where the party holds ACKs."""
        assert self.dialog is not None
        assert self.invite is not None
        ack = self.dialog.make_ack(self.invite.cseq_number, body, [SDP] if body else [])
        self.party.endpoint.send_ack(ack, self.party.flow)
        self.party.world.run()

    def prack(self, body: bytes = b"") -> Asked:
        """Acknowledge the oldest reliable response, where the party holds PRACKs."""
        dialog, rack = self.racked.pop(0)
        asked = Asked("PRACK")
        request = dialog.make_request("PRACK", body, [("RAck", rack), *([SDP] if body else [])])
        client = self.party.endpoint.send_request(request, self.party.flow, self.party.world.now)
        client.user = (self, asked)
        self.party.world.run()
        return asked


class Party:
    """A phone, a trunk, a stranger: ``incoming`` are the calls it got, ``placed`` those it made."""

    def __init__(
        self,
        world: World,
        name: str,
        host: str,
        port: int = 5060,
        *,
        transport: str = "udp",
        username: str = "",
        realm: str = "",
        password: str = "secret",
    ) -> None:
        self.world = world
        self.name = name
        self.host = host
        self.port = port
        self.username = username or name
        self.realm = realm
        self.password = password
        self.listener = Listener(transport, host, port)
        self.connection = 0
        self.endpoint = Endpoint(Tokens(f"tok{name}x"))
        self.allow = ALLOW
        self.supported = "timer, replaces"
        self.holds: set[str] = set()
        self.deaf: set[str] = set()
        self.incoming: list[PartyCall] = []
        self.placed: list[PartyCall] = []
        self.requests: list[Request] = []
        self.malformed: list[str] = []
        self.unanswered: list[str] = []
        self.media_port = 4000
        self.formats = "0 8 101"
        self.call_ids = 0
        self.mangle: Callable[[bytes], bytes] | None = None

    def __repr__(self) -> str:
        return f"<Party {self.name}>"

    @property
    def contact(self) -> str:
        """Its Contact."""
        transport = self.listener.transport
        suffix = "" if transport == "udp" else f";transport={transport}"
        return f"<sip:contact-{self.name}@{self.listener.sent_by}{suffix}>"

    @property
    def flow(self) -> Flow:
        """The way from it to us."""
        return Flow(self.listener, self.world.host, 5060, self.connection)

    @property
    def call(self) -> PartyCall:
        """The last call that came in."""
        return self.incoming[-1]

    @property
    def calls(self) -> list[PartyCall]:
        """All its calls."""
        return self.incoming + self.placed

    @property
    def secrets(self) -> list[str]:
        """What nobody else may see."""
        return [
            self.host,
            f"tok{self.name}x",
            f"id-{self.name}-",
            f"contact-{self.name}",
            f"phone-of-{self.name}",
        ]

    def offer(self, direction: str = "sendrecv", **arguments: object) -> bytes:
        """Its session description."""
        port = arguments.pop("port", self.media_port)
        formats = arguments.pop("formats", self.formats)
        return sdp(self.host, port, formats, direction, **arguments)  # type: ignore[arg-type]

    def answer_to(self, offered: bytes, direction: Direction = Direction.SENDRECV) -> bytes:
        """Its answer to an offer: its own first stream, all other refused; its own offer when there was none."""
        if not offered:
            return self.offer()
        offer = parse(offered)
        flows = [answer_direction(direction_of(media, offer), direction).value for media in offer.media]
        answer = sdp(self.host, self.media_port, self.formats, flows[0] if flows else "sendrecv")
        for media in offer.media[1:]:
            answer += f"m={media.kind} 0 {media.protocol} {' '.join(media.formats)}\r\n".encode()
        return answer

    # What it begins.

    def invite(
        self,
        target: str,
        body: bytes | None = None,
        headers: Headers | None = None,
        *,
        user: str = "",
        from_value: str = "",
        supported: str | None = None,
    ) -> PartyCall:
        """Call somebody."""
        call = PartyCall(self, is_uac=True)
        self.placed.append(call)
        call.offer = self.offer() if body is None else body
        self.call_ids += 1
        caller = from_value or f"<sip:{user or self.username}@{self.realm or self.host}>"
        own: Headers = [
            ("Max-Forwards", "70"),
            ("From", f"{caller};tag={self._token()}"),
            ("To", f"<{target}>"),
            ("Call-ID", f"id-{self.name}-{self.call_ids}"),
            ("CSeq", "1 INVITE"),
            ("Contact", self.contact),
            ("Allow", self.allow),
            ("Supported", self.supported if supported is None else supported),
            ("User-Agent", f"phone-of-{self.name}"),
        ]
        own += [SDP] if call.offer else []
        replaced = {name for name, _ in headers or []} & {"Max-Forwards", "Contact", "Content-Type"}
        own = [pair for pair in own if pair[0] not in replaced]
        call.invite = Request("INVITE", target, own + (headers or []), call.offer)
        self._send_invite(call)
        self.world.run()
        return call

    def _token(self) -> str:
        return self.endpoint._tokens()

    def _send_invite(self, call: PartyCall) -> None:
        assert call.invite is not None
        call.client = self.endpoint.send_request(call.invite, self.flow, self.world.now)
        call.client.user = call
        call.invite = call.client.request

    def ask(
        self, method: str, target: str, body: bytes = b"", headers: Headers | None = None, **extra: str
    ) -> Asked:
        """Send a request outside of any dialog; a challenge is answered."""
        self.call_ids += 1
        own: Headers = [
            ("Max-Forwards", "70"),
            (
                "From",
                f"{extra.get('from_value') or f'<sip:{self.username}@{self.realm or self.host}>'};tag={self._token()}",
            ),
            ("To", f"<{target}>{extra.get('to', '')}"),
            ("Call-ID", f"id-{self.name}-{self.call_ids}"),
            ("CSeq", f"1 {method}"),
        ]
        asked = Asked(method)
        request = Request(method, target, own + (headers or []), body)
        self._ask_again(request, asked)
        self.world.run()
        return asked

    def _ask_again(self, request: Request, asked: Asked) -> None:
        client = self.endpoint.send_request(request, self.flow, self.world.now)
        asked.request = client.request
        client.user = asked

    def send_raw(self, text: str | bytes) -> None:
        """Put bytes on the wire as they are."""
        self.world.carry_raw(self, text if isinstance(text, bytes) else text.encode())
        self.world.run()

    # What happens to it.

    def handle(self, effect: Effect) -> None:
        """Deal with one effect of its endpoint."""
        if isinstance(effect, RequestReceived):
            self._requested(effect)
        elif isinstance(effect, ResponseReceived):
            self._responded(effect.transaction, effect.response)
        elif isinstance(effect, Cancelled):
            self._cancelled(effect)
        elif isinstance(effect, TimedOut | TransportFailed):
            self._failed(effect.transaction, "408" if isinstance(effect, TimedOut) else "503")
        elif isinstance(effect, Malformed):
            self.malformed.append(effect.reason)
        elif isinstance(effect, AckMissing | PrackMissing | FlowLost):
            self.unanswered.append(type(effect).__name__)

    def call_in(self, message: Request | Response) -> PartyCall | None:
        """The call a message belongs to."""
        for call in self.calls:
            invite = call.invite
            if invite is None or invite.call_id != message.call_id:
                continue
            ours = {invite.from_tag} if call.is_uac else {call._local_tag}
            tag = message.to_tag if isinstance(message, Request) else message.from_tag
            if tag in ours:
                return call
        return None

    def _requested(self, effect: RequestReceived) -> None:
        request, transaction = effect.request, effect.transaction
        if request.method in self.deaf:
            return
        if request.method == "ACK":
            call = self.call_in(request)
            if call is not None:
                call.acks.append(request)
            return
        assert transaction is not None
        if request.method == "INVITE" and not request.to_tag:
            call = PartyCall(self, is_uac=False)
            call.invite = request
            call.server = transaction
            call._local_tag = self._token()
            transaction.user = call
            self.incoming.append(call)
            return
        self._requested_in_dialog(request, transaction)

    def _requested_in_dialog(self, request: Request, transaction: ServerTransaction) -> None:
        call = self.call_in(request) if request.to_tag else None
        if call is None:
            self.requests.append(request)
            status = 481 if request.to_tag else 200
            if request.method not in self.holds:
                self._reply(request, transaction, status)
            return
        call.received.append(request)
        if call.dialog is not None:
            try:
                call.dialog.receive_request(request)
            except ProtocolViolation as fault:
                self._reply(request, transaction, fault.status)
                return
        if request.method == "PRACK":
            matched = self.endpoint.match_prack(request)
            if request.method not in self.holds:
                self._reply(request, transaction, 200 if matched is not None else 481)
            return
        if request.method in self.holds:
            call.held.setdefault(request.method, []).append((request, transaction))
            return
        body = b""
        if request.method in ("INVITE", "UPDATE") and (request.body or request.method == "INVITE"):
            body = self.answer_to(request.body)
            call.description = body
        if request.method == "NOTIFY":
            call.notified.append(request.body.decode().split("\r\n")[0])
        if request.method == "BYE":
            call.is_over = True
        self._reply(request, transaction, 200, body)

    def _reply(
        self, request: Request, transaction: ServerTransaction, status: int, body: bytes = b""
    ) -> None:
        own: Headers = [("Contact", self.contact), ("Allow", self.allow), ("Supported", self.supported)]
        expires = request.get("Session-Expires")
        if expires is not None and status == 200 and "timer" in self.supported:
            own.append(("Session-Expires", expires))
        own += [SDP] if body else []
        tag = "" if request.to_tag else self._token()
        self.endpoint.respond(transaction, response_to(request, status, "", tag, own, body), self.world.now)

    def _cancelled(self, effect: Cancelled) -> None:
        call = effect.transaction.user
        if isinstance(call, PartyCall):
            call.received.append(effect.request)
            if "CANCEL" in self.holds:
                return
            call.is_over = True
            tag = call._local_tag
        else:
            tag = ""
        refusal = response_to(effect.transaction.request, 487, "", tag)
        self.endpoint.respond(effect.transaction, refusal, self.world.now)

    def _responded(self, client: ClientTransaction, response: Response) -> None:
        user = client.user
        if isinstance(user, PartyCall):
            self._invite_responded(user, client, response)
        elif isinstance(user, tuple):
            call, asked = user
            self._asked_in_call(call, asked, client, response)
        elif isinstance(user, Asked):
            if response.status in (401, 407):
                again = self._authorised(client.request, response)
                if again is not None:
                    self._ask_again(again, user)
                    return
            user.responses.append(response)

    def _asked_in_call(
        self, call: PartyCall, asked: Asked, client: ClientTransaction, response: Response
    ) -> None:
        asked.responses.append(response)
        if client.request.method == "INVITE" and 200 <= response.status < 300:
            assert call.dialog is not None
            call.dialog.refresh_target(response)
            if "ACK" not in self.holds:
                body = b"" if client.request.body else self.answer_to(response.body)
                ack = call.dialog.make_ack(response.cseq_number, body, [SDP] if body else [])
                self.endpoint.send_ack(ack, self.flow)

    def _invite_responded(self, call: PartyCall, client: ClientTransaction, response: Response) -> None:
        if response.status in (401, 407) and call.tries < 2:
            call.tries += 1
            again = self._authorised(client.request, response)
            if again is not None:
                call.invite = again
                self._send_invite(call)
                return
        if client is not call.client:
            return
        call.responses.append(response)
        if response.status < 200:
            self._provisional(call, client, response)
        elif response.status < 300:
            self._answered(call, client, response)
        else:
            call.is_over = True

    def _provisional(self, call: PartyCall, client: ClientTransaction, response: Response) -> None:
        if not response.to_tag:
            return
        if response.to_tag not in call.early:
            call.early[response.to_tag] = dialog_of_uac(client.request, response, self.flow)
        call.dialog = call.early[response.to_tag]
        rack = call.reliable.setdefault(response.to_tag, ReliableReceiver()).accept(response)
        if rack is None:
            return
        call.racked.append((call.dialog, str(rack)))
        if "PRACK" not in self.holds:
            dialog, text = call.racked.pop(0)
            body = b"" if client.request.body or not response.body else self.answer_to(response.body)
            prack = dialog.make_request("PRACK", body, [("RAck", text), *([SDP] if body else [])])
            self.endpoint.send_request(prack, self.flow, self.world.now).user = (call, Asked("PRACK"))

    def _answered(self, call: PartyCall, client: ClientTransaction, response: Response) -> None:
        confirmed = (
            call.dialog if call.dialog is not None and call.dialog.state.value == "confirmed" else None
        )
        if confirmed is not None and confirmed.id.remote_tag != response.to_tag:
            call.stray_answers.append(response)
            return
        if confirmed is None:
            call.dialog = call.early.get(response.to_tag) or dialog_of_uac(
                client.request, response, self.flow
            )
            call.dialog.confirm(response)
        assert call.dialog is not None
        if response.body:
            call.description = response.body
        if "ACK" in self.holds:
            return
        body = b"" if client.request.body or not response.body else self.answer_to(response.body)
        ack = call.dialog.make_ack(response.cseq_number, body, [SDP] if body else [])
        self.endpoint.send_ack(ack, self.flow)

    def _authorised(self, request: Request, response: Response) -> Request | None:
        if not self.realm:
            return None
        hashes = {MD5: ha1_of(MD5, self.username, self.realm, self.password)}
        answer = answer_challenge(response, request, self.username, self.realm, hashes, "cnonce")
        if answer is None:
            return None
        again = Request(request.method, request.uri_text, list(request.headers), request.body)
        again.remove("Via")
        again.remove(answer[0])
        again.set("CSeq", f"{request.cseq_number + 1} {request.method}")
        again.add(*answer)
        return again

    def _failed(self, client: ClientTransaction, status: str) -> None:
        user = client.user
        if isinstance(user, PartyCall) and client is user.client:
            user.failed = status
            user.is_over = True
        elif isinstance(user, tuple):
            user[1].failed = status
        elif isinstance(user, Asked):
            user.failed = status
