"""Session descriptions are read, looked into and printed back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trunkline.sdp.description import MAX_BYTES, MAX_LINE, MAX_LINES, MAX_MEDIA, SessionDescription, parse
from trunkline.sdp.errors import SdpError
from trunkline.sdp.lines import Attribute, Connection, Line, Origin


def body(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


OFFER = body(
    "v=0",
    "o=alice 2890844526 2890844527 IN IP4 192.0.2.10",
    "s=A call to Bob",
    "i=with a title",
    "e=alice@atlanta.example (Alice)",
    "p=+1 555 0100",
    "c=IN IP4 192.0.2.10",
    "b=AS:128",
    "t=0 0",
    "r=7d 1h 0 25h",
    "a=tool:something",
    "a=recvonly",
    "m=audio 49170 RTP/AVP 0 8 101",
    "i=the voice",
    "b=TIAS:64000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=X-vendor;odd=1: two  spaces ",
    "Q=a letter nobody knows",
    "m=video 51372/2 RTP/AVP 31 34",
    "c=IN IP4 224.2.1.1/127/3",
    "a=",
)


def test_every_line_is_printed_back_as_it_came():
    assert parse(OFFER).to_bytes() == OFFER


def test_the_parts_are_understood():
    description = parse(OFFER)
    assert description.origin == Origin("alice", "2890844526", "2890844527", "IN", "IP4", "192.0.2.10")
    assert description.connection == Connection("IN", "IP4", "192.0.2.10")
    assert description.attribute("tool") == "something"
    assert description.attribute("recvonly") == ""
    assert description.attribute("absent") is None
    audio, video = description.media
    assert (audio.kind, audio.port, audio.protocol, audio.formats) == (
        "audio",
        49170,
        "RTP/AVP",
        ("0", "8", "101"),
    )
    assert audio.connection is None
    assert audio.attributes("rtpmap") == ["101 telephone-event/8000"]
    assert Line("Q", "a letter nobody knows") in audio.lines
    assert (video.port, video.port_count) == (51372, 2)
    assert video.connection == Connection("IN", "IP4", "224.2.1.1", 127, 3)


def test_text_and_bytes_are_read_alike():
    assert parse(OFFER.decode()) == parse(OFFER)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_bare_line_feeds_and_a_missing_last_ending_are_accepted(ending):
    text = OFFER.decode().replace("\r\n", ending)
    assert parse(text) == parse(OFFER)
    assert parse(text.rstrip("\r\n")) == parse(OFFER)
    assert parse(text + ending * 2) == parse(OFFER)


def test_bytes_that_are_no_utf8_survive():
    latin = OFFER.replace(b"A call to Bob", b"Anruf f\xfcr Bob")
    assert parse(latin).to_bytes() == latin


def test_missing_name_and_time_are_tolerated_and_not_invented():
    terse = body("v=0", "o=- 1 1 IN IP4 192.0.2.1", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0")
    assert parse(terse).to_bytes() == terse


def test_lines_out_of_order_keep_their_order():
    muddled = body(
        "v=0", "s=x", "a=sendrecv", "t=0 0", "o=- 1 1 IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "b=AS:1"
    )
    assert parse(muddled).to_bytes() == muddled


def test_a_refused_stream_without_formats_is_read():
    (media,) = parse(body("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0", "m=audio 0 RTP/AVP")).media
    assert media.formats == ()
    assert media.port == 0


@pytest.mark.parametrize(
    ("line", "user", "session_id", "version", "address"),
    [
        ("o=- 0 0 IN IP4 0.0.0.0", "-", "0", "0", "0.0.0.0"),
        ("o=Front Desk 12 34 IN IP4 192.0.2.7", "Front Desk", "12", "34", "192.0.2.7"),
        ("o= 12 34 IN IP4 192.0.2.7", "", "12", "34", "192.0.2.7"),
        (
            "o=phone 123456789012345678901234567890 -1 IN IP4 192.0.2.7",
            "phone",
            "123456789012345678901234567890",
            "-1",
            "192.0.2.7",
        ),
        (
            "o=phone 1234.56 1234.57 IN IP4 desk.atlanta.example",
            "phone",
            "1234.56",
            "1234.57",
            "desk.atlanta.example",
        ),
        ("o=phone 1 2 IN IP4 ", "phone", "1", "2", ""),
        ("o=- 3 4 IN IP6 2001:db8::1", "-", "3", "4", "2001:db8::1"),
    ],
)
def test_odd_origins_of_real_phones_are_read_and_printed_back(line, user, session_id, version, address):
    text = body("v=0", line, "s=-", "t=0 0")
    description = parse(text)
    origin = description.origin
    assert origin is not None
    assert (origin.user, origin.session_id, origin.version, origin.address) == (
        user,
        session_id,
        version,
        address,
    )
    assert description.to_bytes() == text


def test_an_origin_without_its_address_is_read():
    description = parse(body("v=0", "o=phone 1 2 IN IP4", "s=-", "t=0 0"))
    assert description.origin == Origin("phone", "1", "2", "IN", "IP4", "")


@pytest.mark.parametrize(
    ("line", "connection"),
    [
        ("c=IN IP4 192.0.2.1", Connection("IN", "IP4", "192.0.2.1")),
        ("c=IN IP4 desk.atlanta.example", Connection("IN", "IP4", "desk.atlanta.example")),
        ("c=IN IP4 224.2.36.42/127", Connection("IN", "IP4", "224.2.36.42", 127)),
        ("c=IN IP4 224.2.1.1/127/3", Connection("IN", "IP4", "224.2.1.1", 127, 3)),
        ("c=IN IP6 2001:db8::9:1", Connection("IN", "IP6", "2001:db8::9:1")),
        ("c=IN IP6 ::ffff:192.0.2.2", Connection("IN", "IP6", "::ffff:192.0.2.2")),
        ("c=IN IP6 ff15::101", Connection("IN", "IP6", "ff15::101")),
        ("c=IN IP6 ff15::101/3", Connection("IN", "IP6", "ff15::101", None, 3)),
        (
            "c=ATM NSAP 47.0091.8100.0000.0060.3e64.fd01",
            Connection("ATM", "NSAP", "47.0091.8100.0000.0060.3e64.fd01"),
        ),
    ],
)
def test_connection_forms_are_read_and_printed_back(line, connection):
    text = body("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", line, "t=0 0")
    assert parse(text).connection == connection
    assert parse(text).to_bytes() == text


def good(*tail: str) -> tuple[str, ...]:
    return ("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0", *tail)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ((), "begins with ''"),
        (("o=- 1 1 IN IP4 192.0.2.1",), "instead of 'v=0'"),
        (("v=1", *good()[1:]), "instead of 'v=0'"),
        (("v=0", "s=-", "t=0 0"), "no o= line"),
        (("v=0", "o=- 1 IN IP4"), "six fields"),
        ((*good(), "o=- 2 2 IN IP4 192.0.2.2"), "two o= lines"),
        ((*good(), "s=again"), "two s= lines"),
        ((*good(), "v=0"), "two v= lines"),
        (good("c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.2"), "two c= lines"),
        (good("m=audio 4000 RTP/AVP 0", "v=0"), "second description"),
        (good("m=audio 4000 RTP/AVP 0", "o=- 1 1 IN IP4 192.0.2.1"), "second description"),
        (good("", "a=x"), "not of the form"),
        (good("nonsense"), "not of the form"),
        (good("a =x"), "not of the form"),
        (good("c=IN IP4"), "three fields"),
        (good("c=IN IP4 192.0.2.1 4000"), "three fields"),
        (good("c=IN IP4 192.0.2.1;rm"), "no usable address"),
        (good("c=IN IP4 192.0.2.1&&"), "no usable address"),
        (good("c=IN IP4 224.2.1.1/256"), "multicast"),
        (good("c=IN IP4 224.2.1.1/1/2/3"), "multicast"),
        (good("c=IN IP4 224.2.1.1/"), "multicast"),
        (good("c=IN IP6 ff15::101/127/3"), "multicast"),
        (good("m=audio"), "lacks kind, port or protocol"),
        (good("m=audio RTP/AVP 0"), "no port between"),
        (good("m=audio 65536 RTP/AVP 0"), "no port between"),
        (good("m=audio -1 RTP/AVP 0"), "no port between"),
        (good("m=audio ² RTP/AVP 0"), "no port between"),
        (good("m=audio 4000/0 RTP/AVP 0"), "no port between"),
        (good("m=audio 4000/ RTP/AVP 0"), "no port between"),
        (good("a=one\rtwo"), "carriage return"),
        (good("s\0=x"), "NUL"),
        (good("a=" + "x" * MAX_LINE), "characters"),
        (good(*["a=x"] * MAX_LINES), "lines"),
        (good(*["m=audio 0 RTP/AVP 0"] * (MAX_MEDIA + 1)), "media lines"),
        (good("a=" + "x" * MAX_BYTES), "bytes"),
    ],
)
def test_what_is_no_description_is_refused_with_a_sentence(lines, sentence):
    with pytest.raises(SdpError, match=sentence):
        parse(body(*lines))


def test_text_with_lone_surrogates_is_refused():
    with pytest.raises(SdpError, match="no bytes"):
        parse("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\ud800\r\n")


def test_a_body_at_the_limits_is_read():
    text = body(*good(*["m=audio 0 RTP/AVP 0"] * MAX_MEDIA))
    assert len(parse(text).media) == MAX_MEDIA


@given(st.binary(max_size=300))
@example(b"v=0\n=\n")
@example(b"v=0\r\no=")
def test_any_bytes_parse_or_raise_sdp_error(data):
    try:
        description = parse(data)
    except SdpError:
        return
    assert parse(description.to_bytes()) == description


@given(
    st.lists(st.sampled_from([*OFFER.decode().split("\r\n"), "", "m=", "c=", "o=", "=", "v", "m=audio 1 x"]))
)
def test_shuffled_lines_parse_or_raise_sdp_error(lines):
    try:
        description = parse("\n".join(["v=0", *lines]))
    except SdpError:
        return
    assert parse(description.to_bytes()) == description


VALUE = st.text(st.characters(blacklist_characters="\0\r\n", blacklist_categories=["Cs"]), max_size=30)
TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFXYZ0123456789-._+", min_size=1, max_size=12)
ADDRESS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
ATTRIBUTE = st.one_of(
    TOKEN.map(lambda n: f"a={n}"), st.tuples(TOKEN, VALUE).map(lambda p: f"a={p[0]}:{p[1]}")
)
UNKNOWN = st.tuples(st.sampled_from("ibkupezXY"), VALUE).map(lambda p: f"{p[0]}={p[1]}")
CONNECTION = ADDRESS.map(lambda a: f"c=IN IP{a.version} {a}")


@st.composite
def well_formed(draw: st.DrawFn) -> bytes:
    lines = ["v=0", f"o={draw(TOKEN)} {draw(st.integers(0, 2**63))} 1 IN IP4 192.0.2.1", f"s={draw(VALUE)}"]
    lines += draw(st.lists(CONNECTION, max_size=1)) + draw(st.lists(UNKNOWN, max_size=3)) + ["t=0 0"]
    lines += draw(st.lists(ATTRIBUTE, max_size=4))
    for _ in range(draw(st.integers(0, 3))):
        formats = " ".join(map(str, draw(st.lists(st.integers(0, 127), min_size=1, max_size=5))))
        lines.append(f"m={draw(TOKEN)} {draw(st.integers(0, 65535))} {draw(TOKEN)}/{draw(TOKEN)} {formats}")
        lines += draw(st.lists(st.one_of(CONNECTION, UNKNOWN, ATTRIBUTE), max_size=6))
    return body(*lines)


@given(well_formed())
def test_a_well_formed_body_comes_out_identical(data):
    description = parse(data)
    assert description.to_bytes() == data
    assert parse(str(description)) == description


def test_descriptions_are_values():
    one, two = parse(OFFER), parse(OFFER)
    assert one == two
    assert hash(one) == hash(two)
    assert one != parse(OFFER.replace(b"0 8", b"8 0", 1))
    assert one.lines[0] != one.lines[1]


def test_a_description_made_by_hand_prints_itself():
    made = SessionDescription((Origin.ours("2001:db8::5", 7), Line("s", "-"), Attribute("sendrecv")))
    assert made.to_bytes() == body("v=0", "o=trunkline 7 1 IN IP6 2001:db8::5", "s=-", "a=sendrecv")
    assert SessionDescription(()).origin is None
