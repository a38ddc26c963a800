"""What is fuzzed. One invariant holds for all: any bytes parse or raise the error that is declared for them.

Whatever parses goes on to be used as the server uses it, where only that error may be raised as well, and what is
printed must read back the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trunkline.sdp.anchoring import rewrite, streams, why_not_relayable
from trunkline.sdp.codecs import Codec, payload_formats, telephone_event
from trunkline.sdp.description import parse as parse_description
from trunkline.sdp.errors import SdpError
from trunkline.sdp.lines import Origin
from trunkline.sdp.negotiation import answer, hold, why_no_answer, why_no_later_offer
from trunkline.sip.digest import (
    STRONGEST_FIRST,
    answer_challenge,
    ha2_of,
    is_response,
    parse_authorization,
    parse_challenge,
)
from trunkline.sip.errors import ParseError, ProtocolViolation
from trunkline.sip.framing import StreamFramer
from trunkline.sip.grammar import printable
from trunkline.sip.gruu import aor_of_gruu, gruu_instance, instance_of
from trunkline.sip.identity import asserted_identities, preferred_identities, privacy_of
from trunkline.sip.message import Message, Request, Response, response_to
from trunkline.sip.multipart import find_part, parse_multipart
from trunkline.sip.parser import Rejected, parse_message
from trunkline.sip.reason import parse_reasons
from trunkline.sip.refer import parse_refer_to, parse_sipfrag, parse_subscription_state
from trunkline.sip.reliable import parse_rack, rseq_of
from trunkline.sip.replaces import parse_replaces, replaces_of
from trunkline.sip.session_timer import min_se_of, parse_session_expires
from trunkline.sip.stun import binding_response, parse_binding_request
from trunkline.sip.uri import SipUri, equivalent
from trunkline.sip.via import parse_via

ORIGIN: Final = Origin.ours("192.0.2.1", 1)
CODECS: Final = (Codec("PCMU", 8000), Codec("PCMA", 8000))

_ADDRESS_LISTS: Final = (
    "Contact",
    "Route",
    "Record-Route",
    "Path",
    "Diversion",
    "History-Info",
    "P-Asserted-Identity",
)
_ADDRESSES: Final = ("From", "To", "Refer-To", "Referred-By", "Reply-To")


def _attempt(*calls: Callable[[], object]) -> None:
    """Call each; what is wrong with a message may be said by the errors declared for it and by no other."""
    for call in calls:
        try:
            call()
        except (ParseError, ProtocolViolation) as error:
            assert str(error).isprintable(), error  # it becomes a reason phrase


def message(data: bytes) -> None:
    """Read a datagram, and touch everything that is read only when asked for."""
    try:
        found = parse_message(data)
    except Rejected as rejection:
        assert not rejection.silent
        answer_to_it = response_to(rejection.request, rejection.status, rejection.reason, "t").to_bytes()
        assert answer_to_it.startswith(b"SIP/2.0 ")
        return
    except ParseError as error:
        assert error.silent
        return
    _reads_back(found)
    _touch_message(found)
    if isinstance(found, Request):
        _touch_request(found)
    else:
        _touch_response(found)


def _reads_back(found: Request | Response) -> None:
    again = parse_message(found.to_bytes())
    assert again.start_line == found.start_line
    assert again.headers == found.headers
    assert again.body == found.body


def _touch_message(found: Message) -> None:
    assert printable(found.call_id).isprintable() or not found.call_id.isprintable()
    assert found.from_tag is not None
    assert found.to_tag is not None
    via = found.top_via
    assert parse_via(str(via)).sent_by == via.sent_by
    assert via.received_from("192.0.2.1", 5060).response_address()[0] == "192.0.2.1"
    assert 0 <= found.cseq_number < 2**31
    for name in _ADDRESSES:
        _attempt(lambda name=name: _touch_address(found, name))
    for name in _ADDRESS_LISTS:
        _attempt(lambda name=name: found.addresses(name))
    _attempt(
        lambda: [parse_via(value) for value in found.values("Via")],
        lambda: find_part(found, "application/sdp"),
        lambda: parse_multipart(found.get("Content-Type") or "", found.body),
        lambda: parse_session_expires(found),
        lambda: min_se_of(found),
        lambda: parse_reasons(found),
        lambda: asserted_identities(found),
        lambda: preferred_identities(found),
        lambda: privacy_of(found),
        lambda: parse_subscription_state(found),
        lambda: parse_sipfrag(found.body),
    )
    for token in ("Supported", "Require", "Allow"):
        found.has_token(token, "100rel")
    for header in found.get_all("Authorization") + found.get_all("Proxy-Authorization"):
        _attempt(lambda header=header: parse_authorization(header))
    found.replace_top_via(via.received_from("192.0.2.1", 5060))
    found.push("Via", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKpushed")
    found.pop_via()
    assert found.top_via.sent_by == via.sent_by
    found.to_bytes()


def _touch_address(found: Message, name: str) -> None:
    address = found.address(name)
    assert str(address.with_tag("x")).endswith(";tag=x")
    assert equivalent(address.uri, address.uri)
    assert address.display_name.isprintable() or "\x00" not in address.display_name
    instance_of(address)


def _touch_request(found: Request) -> None:
    uri = found.uri
    if isinstance(uri, SipUri):
        assert uri.host
        uri.username  # noqa: B018 - it must not raise
        _attempt(lambda: gruu_instance(uri), lambda: aor_of_gruu(uri), lambda: uri.header("subject"))
    _attempt(
        lambda: found.max_forwards,
        lambda: replaces_of(found),
        lambda: parse_refer_to(found),
        lambda: parse_rack(found),
    )
    for status in (100, 180, 200, 486):
        response = response_to(found, status, to_tag="t").to_bytes()
        if found.top_via.branch:  # without one, RFC 2543's clients know their responses otherwise
            parse_message(response)


def _touch_response(found: Response) -> None:
    request = Request("REGISTER", "sip:atlanta.example", [])
    _attempt(
        lambda: rseq_of(found),
        lambda: answer_challenge(found, request, "alice", "atlanta.example", {"MD5": "0" * 32}, "c"),
    )


def stream(data: bytes) -> None:
    """Cut a stream: at once, byte by byte, and in pieces; the result must not depend on it.

    A framed message is read as one by the parser too, to its last octet: the two must never disagree on where a
    message ends, or one could be smuggled behind another.
    """
    whole = StreamFramer()
    messages = whole.receive(data)
    step = 1 + len(data) % 7
    for size in {1, step}:
        framer = StreamFramer()
        pieces: list[bytes] = []
        for start in range(0, len(data), size):
            pieces += framer.receive(data[start : start + size])
        assert pieces == messages
        assert (framer.fault is None) == (whole.fault is None)
        assert framer.pings == whole.pings
    for framed in messages:
        head = framed.find(b"\r\n\r\n") + 4
        try:
            found = parse_message(framed)
        except ParseError:
            continue
        assert len(found.body) == len(framed) - head


def sdp(data: bytes) -> None:
    """Read a session description, judge it, rewrite it, answer it."""
    try:
        description = parse_description(data)
    except SdpError as error:
        assert str(error)
        return
    assert parse_description(description.to_bytes()).to_bytes() == description.to_bytes()
    ports: dict[int, tuple[str, int]] = {}
    for index, each in enumerate(streams(description)):
        why_not_relayable(each)
        why_not_relayable(each, both_speak_dtls=True)
        if index % 2 == 0:
            ports[index] = ("192.0.2.1", 30000 + index)
    for media in description.media:
        payload_formats(media)
        telephone_event(media)
    rewritten = rewrite(description, ports, ORIGIN)
    rewritten = rewrite(description, {}, ORIGIN, rewritten)
    parse_description(rewritten.to_bytes())
    hold(description)
    why_no_later_offer(description, rewritten)
    answered = answer(description, CODECS, ("192.0.2.1", 30000), ORIGIN)
    if answered is not None:
        assert why_no_answer(description, parse_description(answered.to_bytes())) is None


def authorization(data: bytes) -> None:
    """Read digest credentials and challenges, and what else has a grammar of its own and comes from strangers."""
    text = data.decode("utf-8", "surrogateescape")
    _attempt(lambda: _touch_credentials(text), lambda: parse_challenge(text), lambda: parse_replaces(text))
    request = parse_binding_request(data)
    if request is not None:
        binding_response(request, "192.0.2.1", 5060)


def _touch_credentials(text: str) -> None:
    credentials = parse_authorization(text)
    if credentials.algorithm not in STRONGEST_FIRST:
        return
    ha2 = ha2_of(credentials.algorithm, "REGISTER", credentials.uri, credentials.qop, b"")
    assert not is_response(credentials, "0" * 32, ha2)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "message": message,
    "stream": stream,
    "sdp": sdp,
    "authorization": authorization,
}
