"""Dialogs: the relationship of two user agents that requests are sent in (RFC 3261 §12)."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from trunkline.sip.errors import ParseError, ProtocolViolation, UsageError
from trunkline.sip.flow import Flow
from trunkline.sip.message import Message, Request, Response
from trunkline.sip.name_address import parse_name_address, tag_of
from trunkline.sip.uri import SipUri, Uri, parse_uri

TARGET_REFRESHING: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""Methods whose requests carry a Contact and may move the remote target (RFC 3261 §12.2, 3311, 6665, 3515)."""

_UNNUMBERED: Final = frozenset({"ACK", "CANCEL"})
"""Methods that carry the CSeq number of the INVITE they belong to."""


class DialogState(Enum):
    """Early: a provisional response with a To tag was sent or received. Confirmed: a 2xx was."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class DialogId(NamedTuple):
    """What tells dialogs apart. A peer of RFC 2543 may have an empty tag."""

    call_id: str
    local_tag: str
    remote_tag: str


def dialog_id_of_request(request: Request) -> DialogId:
    """The dialog a request of theirs is in: our tag is in To. Only meaningful when there is one."""
    return DialogId(request.call_id, request.to_tag, request.from_tag)


def dialog_id_of_response(response: Response) -> DialogId:
    """The dialog a response of theirs is in: our tag is in From."""
    return DialogId(response.call_id, response.from_tag, response.to_tag)


class Dialog:
    """One side's view of a dialog.

    ``local_address`` and ``remote_address`` are raw From and To values with their tags, as they go into our requests
    as From and To. ``remote_target`` is the URI text requests are for, ``route_set`` the raw Route values in their
    order, ``local_contact`` the raw Contact value told to the peer. ``local_cseq`` is the number of our last request,
    0 before the first; ``remote_cseq`` that of their last, -1 before the first. ``flow`` is what the peer was last
    reached over; whoever sends may replace it.
    """

    def __init__(
        self,
        dialog_id: DialogId,
        *,
        state: DialogState,
        local_address: str,
        remote_address: str,
        remote_target: str,
        route_set: list[str],
        local_contact: str,
        flow: Flow,
        local_cseq: int,
        remote_cseq: int,
        is_uac: bool,
    ) -> None:
        self.id: Final = dialog_id
        self.state = state
        self.local_address: Final = local_address
        self.remote_address: Final = remote_address
        self.remote_target = remote_target
        self.route_set = route_set
        self.local_contact = local_contact
        self.flow = flow
        self.local_cseq = local_cseq
        self.remote_cseq = remote_cseq
        self.is_uac: Final = is_uac

    @property
    def next_hop_uri(self) -> Uri:
        """Whom the next request is sent to: the topmost route, or the remote target (RFC 3261 §8.1.2)."""
        if self.route_set:
            return parse_name_address(self.route_set[0]).uri
        return parse_uri(self.remote_target)

    def make_request(
        self, method: str, body: bytes = b"", headers: list[tuple[str, str]] | None = None
    ) -> Request:
        """Make the next request in the dialog (§12.2.1.1).

        It has the next CSeq, Max-Forwards 70, the route set, and a Contact where the method may move the
        target; ``headers`` are put behind. Not for ACK and CANCEL.
        """
        if method in _UNNUMBERED:
            raise UsageError(f"{method} has no number of its own")
        self.local_cseq += 1
        return self._make(method, self.local_cseq, body, headers)

    def make_ack(self, cseq: int, body: bytes = b"", headers: list[tuple[str, str]] | None = None) -> Request:
        """Make the ACK to a 2xx (§13.2.2.4).

        ``cseq`` is the number of its INVITE; credentials of the INVITE are to be passed in ``headers``.
        """
        return self._make("ACK", cseq, body, headers)

    def _make(self, method: str, cseq: int, body: bytes, headers: list[tuple[str, str]] | None) -> Request:
        """Put a request together (§12.2.1.1).

        With a loose router first, the Request-URI is the remote target and Route the whole route set; with a
        strict router first, the Request-URI is its URI, and the remote target becomes the last Route value.
        """
        uri = self.remote_target
        routes = self.route_set
        if routes:
            first = parse_name_address(routes[0]).uri
            if isinstance(first, SipUri) and not first.is_loose_router:
                uri = _as_request_uri(first)
                routes = [*routes[1:], f"<{self.remote_target}>"]
        made = [("Route", value) for value in routes]
        made.append(("Max-Forwards", "70"))
        made.append(("From", self.local_address))
        made.append(("To", self.remote_address))
        made.append(("Call-ID", self.id.call_id))
        made.append(("CSeq", f"{cseq} {method}"))
        if method in TARGET_REFRESHING and self.local_contact:
            made.append(("Contact", self.local_contact))
        if headers:
            made.extend(headers)
        return Request(method, uri, made, body)

    def receive_request(self, request: Request) -> None:
        """Take note of a request in the dialog (§12.2.2).

        Raises ProtocolViolation: 500 when its CSeq is not above the last one's (for an INVITE that crossed another
        of theirs, the answer wants a Retry-After of a random 0 to 10 seconds, §14.2), 481 when the dialog is over.
        """
        if self.state is DialogState.TERMINATED:
            raise ProtocolViolation("Dialog Terminated", 481)
        if request.method in _UNNUMBERED:
            return
        if request.cseq_number <= self.remote_cseq:
            raise ProtocolViolation("CSeq Out of Order", 500)
        self.remote_cseq = request.cseq_number

    def refresh_target(self, message: Message) -> None:
        """Move the remote target (§12.2.1.2, §12.2.2).

        ``message`` is a target refresh request or a 2xx to one; without Contact it changes nothing. Raises
        ParseError.
        """
        target = _contact_of(message)
        if target:
            self.remote_target = target

    def confirm(self, response: Response) -> None:
        """A 2xx to the INVITE that began the dialog was received or sent.

        For the caller the route set is taken from the 2xx, since proxies may have added themselves only there
        (§13.2.2.4), and the remote target too. Raises ParseError.
        """
        if self.state is DialogState.TERMINATED:
            return
        if self.is_uac:
            self.route_set = _record_route(response)
            self.route_set.reverse()
            self.refresh_target(response)
        self.state = DialogState.CONFIRMED

    def terminate(self) -> None:
        """End the dialog."""
        self.state = DialogState.TERMINATED

    def __repr__(self) -> str:
        return f"<Dialog {self.id.call_id} {self.id.local_tag} {self.id.remote_tag} {self.state.value}>"


def dialog_of_uas(request: Request, local_tag: str, local_contact: str, flow: Flow) -> Dialog:
    """The dialog that answering this request with ``local_tag`` begins, early at first (§12.1.1).

    Raises ParseError for a request without a usable Contact or with a bad Record-Route.
    """
    target = _contact_of(request)
    if not target:
        raise ParseError("Missing Contact Header")
    local_address = request.get("To") or ""
    if not tag_of(local_address):
        local_address = f"{local_address};tag={local_tag}"
    return Dialog(
        DialogId(request.call_id, local_tag, request.from_tag),
        state=DialogState.EARLY,
        local_address=local_address,
        remote_address=request.get("From") or "",
        remote_target=target,
        route_set=_record_route(request),
        local_contact=local_contact,
        flow=flow,
        local_cseq=0,
        remote_cseq=request.cseq_number,
        is_uac=False,
    )


def dialog_of_uac(request: Request, response: Response, flow: Flow) -> Dialog:
    """The dialog that a response with a To tag begins: early by a provisional one, confirmed by a 2xx (§12.1.2).

    Each To tag makes a dialog of its own. A response without Contact, which provisional ones of lax peers are, leaves
    the Request-URI as the remote target. Raises ParseError.
    """
    route_set = _record_route(response)
    route_set.reverse()
    return Dialog(
        DialogId(response.call_id, request.from_tag, response.to_tag),
        state=DialogState.CONFIRMED if response.is_final else DialogState.EARLY,
        local_address=request.get("From") or "",
        remote_address=response.get("To") or "",
        remote_target=_contact_of(response) or request.uri_text,
        route_set=route_set,
        local_contact=request.get("Contact") or "",
        flow=flow,
        local_cseq=request.cseq_number,
        remote_cseq=-1,
        is_uac=True,
    )


def _contact_of(message: Message) -> str:
    """The URI of the first Contact, "" when there is none. Raises ParseError for one that is no SIP URI."""
    values = message.values("Contact")
    if not values:
        return ""
    uri = parse_name_address(values[0]).uri
    if not isinstance(uri, SipUri):
        raise ParseError("Bad Contact")
    return uri.without_headers().text


def _record_route(message: Message) -> list[str]:
    """The Record-Route values in their order, each of them readable. Raises ParseError."""
    values = message.values("Record-Route")
    for value in values:
        parse_name_address(value)
    return values


def _as_request_uri(uri: SipUri) -> str:
    """A route's URI without what may not stand in a Request-URI: headers and the method parameter (§19.1.1)."""
    parameters = tuple(pair for pair in uri.parameters if pair[0].lower() != "method")
    return uri.without_headers().with_parameters(parameters).text
