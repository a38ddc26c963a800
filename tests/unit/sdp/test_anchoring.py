"""What a relay reads from a description and what it shows to the other party."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sdp.anchoring import Security, rewrite, streams, succeeding, why_not_relayable
from trunkline.sdp.description import SessionDescription, parse
from trunkline.sdp.direction import Direction
from trunkline.sdp.lines import Origin

OURS = Origin.ours("198.51.100.1", 42)
RELAY = ("198.51.100.1", 30000)


def sdp(*lines: str, session: tuple[str, ...] = ("c=IN IP4 192.0.2.10",)) -> SessionDescription:
    return parse("\r\n".join(["v=0", "o=alice 1 1 IN IP4 192.0.2.10", "s=-", *session, "t=0 0", *lines, ""]))


def media_lines(description: SessionDescription, index: int = 0) -> list[str]:
    media = description.media[index]
    return [media.heading(), *map(str, media.lines)]


PLAIN = sdp(
    "m=audio 49170 RTP/AVP 0 8 101",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=ptime:30",
    "a=sendrecv",
)


def test_a_plain_stream_is_read():
    (stream,) = streams(PLAIN)
    assert (stream.address, stream.port) == ("192.0.2.10", 49170)
    assert (stream.rtcp_address, stream.rtcp_port, stream.rtcp_mux) == ("192.0.2.10", 49171, False)
    assert stream.direction is Direction.SENDRECV
    assert stream.payload_types == (0, 8, 101)
    assert stream.telephone_event == 101
    assert stream.ptime_ms == 30
    assert stream.security is Security.PLAIN
    assert stream.readable
    assert not stream.rejected
    assert why_not_relayable(stream) is None


def test_the_streams_own_connection_counts_more_than_the_sessions():
    first, second = streams(sdp("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1", "m=audio 4002 RTP/AVP 0"))
    assert first.address == "2001:db8::1"
    assert second.address == "192.0.2.10"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("c=IN IP6 ::ffff:192.0.2.2", "192.0.2.2"),
        ("c=IN IP6 [2001:DB8:0::1]", "2001:db8::1"),
        ("c=IN IP4 2001:db8::1", "2001:db8::1"),
    ],
)
def test_addresses_are_put_in_their_usual_spelling(line, address):
    assert streams(sdp("m=audio 4000 RTP/AVP 0", line))[0].address == address


@pytest.mark.parametrize(
    ("attributes", "address", "port"),
    [
        (("a=rtcp:53020",), "192.0.2.10", 53020),
        (("a=rtcp:53020 IN IP4 192.0.2.99",), "192.0.2.99", 53020),
        (("a=rtcp:53020 IN IP6 2001:db8::7",), "2001:db8::7", 53020),
        (("a=rtcp:53020 IN IP4 nonsense",), "192.0.2.10", 53020),
        (("a=rtcp:",), "192.0.2.10", 4001),
        (("a=rtcp:x",), "192.0.2.10", 4001),
        (("a=rtcp:53020", "a=rtcp-mux"), "192.0.2.10", 4000),
    ],
)
def test_the_place_of_rtcp_is_read(attributes, address, port):
    (stream,) = streams(sdp("m=audio 4000 RTP/AVP 0", *attributes))
    assert (stream.rtcp_address, stream.rtcp_port) == (address, port)


@pytest.mark.parametrize("address", ["IP4 0.0.0.0", "IP6 ::", "IP6 hold.invalid"])
@pytest.mark.parametrize(
    ("attribute", "direction"),
    [("sendrecv", Direction.SENDONLY), ("recvonly", Direction.INACTIVE), ("sendonly", Direction.SENDONLY)],
)
def test_hold_by_address_counts_as_a_direction(address, attribute, direction):
    held = sdp("m=audio 4000 RTP/AVP 0", f"a={attribute}", session=(f"c=IN {address}",))
    (stream,) = streams(held)
    assert stream.blackholed
    assert stream.address is None
    assert stream.direction is direction
    assert why_not_relayable(stream) is None
    assert direction.value in str(rewrite(held, {0: RELAY}, OURS))


@pytest.mark.parametrize("value", ["x", "", "0", "9999", "²"])
def test_an_unreadable_ptime_is_none(value):
    assert streams(sdp("m=audio 4000 RTP/AVP 0", f"a=ptime:{value}"))[0].ptime_ms is None


SDES = (
    "m=audio 4000 RTP/SAVP 0",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
)
BROWSER = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
    "a=rtcp-mux",
    "a=ice-ufrag:x",
    "a=ice-pwd:y",
    "a=fingerprint:sha-256 AB:CD",
    "a=setup:actpass",
    "a=candidate:1 1 UDP 2130706431 192.0.2.10 4000 typ host",
)
DTLS_PHONE = (
    "m=audio 4000 UDP/TLS/RTP/SAVP 0",
    "a=fingerprint:sha-256 AB:CD",
    "a=setup:actpass",
    "a=rtcp-mux",
)


@pytest.mark.parametrize(
    ("lines", "security"),
    [
        (SDES, Security.DESCRIBED_KEYS),
        (("m=audio 4000 RTP/SAVP 0", "a=key-mgmt:mikey AQA="), Security.DESCRIBED_KEYS),
        (("m=audio 4000 RTP/SAVP 0",), Security.KEYLESS),
        (BROWSER, Security.DTLS),
        (DTLS_PHONE, Security.DTLS),
        (("m=audio 4000 RTP/SAVPF 0", "a=fingerprint:sha-256 AB:CD"), Security.DTLS),
        (("m=audio 4000 RTP/AVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc"), Security.PLAIN),
    ],
)
def test_how_a_stream_is_protected_is_read(lines, security):
    assert streams(sdp(*lines))[0].security is security


def test_keys_and_fingerprint_of_the_session_count():
    lines = ("m=audio 4000 RTP/SAVP 0",)
    connection = "c=IN IP4 192.0.2.10"
    assert streams(sdp(*lines, session=(connection, "a=fingerprint:sha-1 A")))[0].security is Security.DTLS
    assert (
        streams(sdp(*lines, session=(connection, "a=key-mgmt:mikey A")))[0].security
        is Security.DESCRIBED_KEYS
    )
    assert streams(sdp(*lines, session=(connection, "a=ice-ufrag:x")))[0].ice


def fault(*lines: str, both_speak_dtls: bool = False) -> str | None:
    return why_not_relayable(streams(sdp(*lines))[0], both_speak_dtls=both_speak_dtls)


def test_srtp_with_keys_in_the_description_is_relayed_unread():
    assert fault(*SDES) is None
    (stream,) = streams(sdp(*SDES))
    assert not stream.readable
    assert SDES[1] in media_lines(rewrite(sdp(*SDES), {0: RELAY}, OURS))


def test_fax_is_relayed_and_not_readable():
    assert fault("m=image 4000 udptl t38") is None
    assert not streams(sdp("m=image 4000 udptl t38"))[0].readable


def test_dtls_between_two_that_speak_it_is_relayed_without_ice():
    assert fault(*DTLS_PHONE, both_speak_dtls=True) is None
    assert "a=rtcp-mux" in media_lines(rewrite(sdp(*DTLS_PHONE), {0: RELAY}, OURS))


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (BROWSER, "media gateway that ends the encryption"),
        (DTLS_PHONE, "media gateway that ends the encryption"),
        (("m=audio 4000 RTP/SAVP 0",), "gives no keys"),
        (("m=message 4000 TCP/MSRP *",), "TCP/MSRP"),
        (("m=application 4000 UDP/DTLS/SCTP webrtc-datachannel",), "UDP/DTLS/SCTP"),
        (("m=audio 4000/2 RTP/AVP 0",), "2 consecutive ports"),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 desk.atlanta.example"), "no IP address"),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP6 fe80::1%eth0"), "no IP address"),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.300"), "no IP address"),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"), "no single party"),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP4 255.255.255.255"), "no single party"),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP6 ff15::101"), "no single party"),
    ],
)
def test_what_cannot_be_relayed_is_said_in_a_sentence(lines, sentence):
    assert sentence in (fault(*lines) or "")


def test_a_browser_needs_the_gateway_even_towards_another_browser():
    assert "ICE" in (fault(*BROWSER, both_speak_dtls=True) or "")


def test_a_stream_without_any_connection_is_said():
    (stream,) = streams(sdp("m=audio 4000 RTP/AVP 0", session=()))
    assert "no connection address" in (why_not_relayable(stream) or "")


def test_a_refused_stream_is_no_obstacle():
    (stream,) = streams(sdp("m=message 0 TCP/MSRP *"))
    assert stream.rejected
    assert stream.rtcp_port == 0
    assert why_not_relayable(stream) is None


def test_rewriting_puts_our_address_and_keeps_all_else():
    assert str(rewrite(PLAIN, {0: RELAY}, OURS)).split("\r\n") == [
        "v=0",
        "o=trunkline 42 1 IN IP4 198.51.100.1",
        "s=-",
        "c=IN IP4 198.51.100.1",
        "t=0 0",
        "m=audio 30000 RTP/AVP 0 8 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:30",
        "a=sendrecv",
        "",
    ]


def test_nothing_of_the_original_addresses_is_left():
    offer = sdp(
        "a=ice-lite",
        "a=group:BUNDLE 0 1",
        "a=group:LS 0 1",
        "a=ice-options:trickle",
        "m=audio 4000/1 RTP/AVPF 0",
        "i=voice",
        "c=IN IP4 192.0.2.10",
        "c=IN IP4 192.0.2.11",
        "a=mid:0",
        "a=rtcp:4005 IN IP4 192.0.2.10",
        "a=rtcp-mux",
        "a=ice-ufrag:x",
        "a=ice-pwd:y",
        "a=candidate:1 1 UDP 2130706431 192.0.2.10 4000 typ host",
        "a=remote-candidates:1 192.0.2.10 1",
        "a=source-filter: incl IN IP4 * 192.0.2.10",
        "a=alt:1 1 : x y 192.0.2.10 4000",
        "a=rtcp-fb:* nack",
        "a=X-own:1",
        "m=video 5000 RTP/AVP 31",
        "c=IN IP4 192.0.2.10",
        "a=mid:1",
        "m=audio 0 RTP/AVP 8",
        "c=IN IP4 192.0.2.10",
        "a=candidate:1 1 UDP 1 192.0.2.10 1 typ host",
        session=("c=IN IP4 192.0.2.10",),
    )
    shown = rewrite(offer, {0: RELAY}, OURS)
    assert "192.0.2." not in str(shown)
    assert [str(line) for line in shown.lines][3:] == ["t=0 0", "a=group:LS 0 1"]
    assert media_lines(shown, 0) == [
        "m=audio 30000 RTP/AVPF 0",
        "i=voice",
        "a=mid:0",
        "a=rtcp:30001",
        "a=rtcp-fb:* nack",
        "a=X-own:1",
    ]
    assert media_lines(shown, 1) == ["m=video 0 RTP/AVP 31", "a=mid:1"]
    assert media_lines(shown, 2) == ["m=audio 0 RTP/AVP 8"]


def test_without_a_session_connection_every_stream_gets_its_own():
    offer = sdp(
        "m=audio 4000 RTP/AVP 0",
        "c=IN IP4 192.0.2.1",
        "m=video 6024 RTP/AVP 107",
        "i=face",
        "c=IN IP6 2001:db8::1",
        "m=image 0 udptl t38",
        session=(),
    )
    shown = rewrite(offer, {0: RELAY, 1: ("2001:db8:ffff::1", 30002)}, OURS)
    assert media_lines(shown, 0) == ["m=audio 30000 RTP/AVP 0", "c=IN IP4 198.51.100.1"]
    assert media_lines(shown, 1) == ["m=video 30002 RTP/AVP 107", "i=face", "c=IN IP6 2001:db8:ffff::1"]
    assert media_lines(shown, 2) == ["m=image 0 udptl t38", "c=IN IP4 198.51.100.1"]


def test_a_stream_relayed_elsewhere_than_the_session_says_gets_its_own_connection():
    offer = sdp("m=audio 4000 RTP/AVP 0", "m=video 6024 RTP/AVP 107", "i=face", "a=x")
    shown = rewrite(offer, {0: RELAY, 1: ("198.51.100.2", 30002)}, OURS)
    assert media_lines(shown, 1) == ["m=video 30002 RTP/AVP 107", "i=face", "c=IN IP4 198.51.100.2", "a=x"]


def test_the_lines_a_peer_forgot_are_put_where_they_belong():
    terse = parse("v=0\no=- 1 1 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\nb=AS:64\na=x\nm=audio 4000 RTP/AVP 0\n")
    assert [str(line) for line in rewrite(terse, {0: RELAY}, OURS).lines] == [
        "o=trunkline 42 1 IN IP4 198.51.100.1",
        "s=-",
        "c=IN IP4 198.51.100.1",
        "b=AS:64",
        "t=0 0",
        "a=x",
    ]


def test_with_no_stream_relayed_the_origins_address_is_shown():
    assert str(rewrite(PLAIN, {}, OURS).connection) == "c=IN IP4 198.51.100.1"
    assert rewrite(PLAIN, {}, OURS).media[0].port == 0


def test_a_refused_stream_without_formats_gets_one():
    assert media_lines(rewrite(sdp("m=audio 0 RTP/AVP"), {}, OURS)) == ["m=audio 0 RTP/AVP 0"]


def test_the_version_grows_by_one_exactly_when_the_body_changed():
    first = rewrite(PLAIN, {0: RELAY}, OURS)
    again = rewrite(PLAIN, {0: RELAY}, Origin.ours("198.51.100.1", 99), previous=first)
    assert again == first
    moved = rewrite(PLAIN, {0: ("198.51.100.1", 30002)}, OURS, previous=again)
    assert moved.origin == OURS.successor()
    assert rewrite(PLAIN, {0: ("198.51.100.1", 30002)}, OURS, previous=moved) == moved
    assert succeeding(first, None) is first


# RFC 5118 §4.7-4.10: IPv6 session lines, both families in one description, IPv4-mapped addresses.
def test_a_description_of_ipv6_is_anchored():
    offer = parse(
        "v=0\r\no=bob 8861 3 IN IP6 2001:db8::20\r\ns=Tuesday's standup\r\nc=IN IP6 2001:db8::20\r\n"
        "t=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000\r\n"
        "m=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n"
    )
    assert [(each.address, each.port) for each in streams(offer)] == [
        ("2001:db8::20", 6000),
        ("2001:db8::20", 6024),
    ]
    shown = rewrite(offer, {0: RELAY, 1: ("2001:db8::99", 30002)}, OURS)
    assert "c=IN IP6 2001:db8::99" in media_lines(shown, 1)
    assert "t=3338481189 3370017201" in map(str, shown.lines)


def test_streams_of_both_families_keep_apart():
    offer = parse(
        "v=0\r\no=carol 3 4 IN IP4 host.chicago.example\r\ns=\r\nt=0 0\r\nm=audio 22334 RTP/AVP 0\r\n"
        "c=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n"
    )
    assert [each.address for each in streams(offer)] == ["192.0.2.1", "2001:db8::1"]


PORTS = st.dictionaries(
    st.integers(0, 3),
    st.tuples(
        st.sampled_from(["198.51.100.1", "198.51.100.2", "2001:db8:ffff::1"]), st.integers(1024, 65534)
    ),
)
PIECES = st.sampled_from(
    [
        "m=audio 4000 RTP/AVP 0",
        "m=video 0 RTP/AVP 31",
        "m=audio 4002/2 RTP/SAVP 0 8",
        "c=IN IP4 192.0.2.10",
        "i=title",
        "c=IN IP4 0.0.0.0",
        "a=sendonly",
        "a=inactive",
        "a=rtcp:9 IN IP4 192.0.2.10",
        "a=rtcp-mux",
        "a=ptime:20",
        "b=AS:1",
        "a=candidate:1 1 UDP 1 192.0.2.10 9 typ host",
        "a=crypto:1 A inline:x",
        "a=mid:1",
        "a=group:BUNDLE 1",
        "a=rtpmap:101 telephone-event/8000",
        "X=unknown",
    ]
)


@given(st.lists(PIECES, max_size=14), st.booleans(), PORTS)
def test_any_rewritten_description_is_sound_and_shows_only_our_addresses(
    pieces, has_session_connection, ports
):
    try:
        offer = sdp(*pieces, session=("c=IN IP4 192.0.2.10",) if has_session_connection else ())
    except ValueError:
        return
    shown = rewrite(offer, ports, OURS)
    assert "192.0.2." not in str(shown)
    assert parse(shown.to_bytes()) == shown
    assert len(shown.media) == len(offer.media)
    for before, after, written in zip(streams(offer), streams(shown), shown.media, strict=True):
        place = ports.get(before.index)
        if before.rejected or place is None:
            assert after.rejected
        else:
            assert (after.address, after.port) == place
            assert after.rtcp_port in (place[1], place[1] + 1)
            assert after.direction is before.direction
            assert after.payload_types == before.payload_types
        assert len([line for line in written.lines if str(line).startswith("c=")]) <= 1
    assert rewrite(offer, ports, OURS, previous=shown) == shown
