"""The parser: what it lets through, what it answers, what it drops, and that nothing gets lost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request, Response
from trunkline.sip.names import FIELDS, SINGLETONS
from trunkline.sip.parser import MAX_HEADER_LINE, MAX_HEADERS, MAX_VIAS, Rejected, parse_message

REGISTER = (
    "REGISTER sip:atlanta.example SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:alice@atlanta.example>;tag=a1\r\n"
    "To: <sip:alice@atlanta.example>\r\n"
    "Call-ID: 1@192.0.2.1\r\n"
    "CSeq: 1 REGISTER\r\n"
    "Contact: <sip:alice@192.0.2.1>;expires=60\r\n"
    "X-Odd: kept\r\n"
    "Content-Length: 0\r\n"
    "\r\n"
)
OK = REGISTER.replace("REGISTER sip:atlanta.example SIP/2.0", "SIP/2.0 200 OK", 1)


def changed(old: str, new: str, message: str = REGISTER) -> bytes:
    assert old in message
    return message.replace(old, new, 1).encode("utf-8", "surrogateescape")


def accepted(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def rejected(data: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        parse_message(data)
    assert not caught.value.silent
    return caught.value


def dropped(data: bytes) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse_message(data)
    assert caught.value.silent
    assert not isinstance(caught.value, Rejected)
    return caught.value


def test_a_request_is_read():
    message = accepted(REGISTER.encode())
    assert (message.method, message.uri_text, message.body) == ("REGISTER", "sip:atlanta.example", b"")
    assert message.headers == [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"),
        ("Max-Forwards", "70"),
        ("From", "<sip:alice@atlanta.example>;tag=a1"),
        ("To", "<sip:alice@atlanta.example>"),
        ("Call-ID", "1@192.0.2.1"),
        ("CSeq", "1 REGISTER"),
        ("Contact", "<sip:alice@192.0.2.1>;expires=60"),
        ("X-Odd", "kept"),
    ]


def test_a_response_is_read():
    message = parse_message(OK.encode())
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.cseq_method) == (200, "OK", "REGISTER")


@pytest.mark.parametrize("line", ["SIP/2.0 200", "SIP/2.0 200 ", "SIP/2.0 200 Über = 2"])
def test_a_reason_phrase_may_be_anything_or_nothing(line):
    message = parse_message(changed("SIP/2.0 200 OK", line, OK))
    assert message.start_line.rstrip() == line.rstrip()


def test_compact_forms_are_the_long_ones():
    data = REGISTER
    for long, compact in (
        ("Via", "v"),
        ("From", "F"),
        ("To", "t"),
        ("Call-ID", "i"),
        ("Contact", "M"),
        ("Content-Length", "l"),
    ):
        data = data.replace(f"{long}:", f"{compact}:")
    assert accepted(data.encode()).headers == accepted(REGISTER.encode()).headers


@pytest.mark.parametrize(
    "spelling",
    ["CALL-ID: 1@192.0.2.1", "call-id:1@192.0.2.1", "cAlL-iD :1@192.0.2.1", "Call-ID\t : \t1@192.0.2.1 \t"],
)
def test_names_have_no_case_and_white_space_around_the_colon_does_not_matter(spelling):
    assert accepted(changed("Call-ID: 1@192.0.2.1", spelling)).headers[4] == ("Call-ID", "1@192.0.2.1")


def test_unknown_names_are_kept_as_written():
    message = accepted(changed("X-Odd: kept", "x-ODD:kept\r\nx%41~: \r\nX-Empty:"))
    assert message.headers[-3:] == [("x-ODD", "kept"), ("x%41~", ""), ("X-Empty", "")]


def test_continuation_lines_are_joined():
    message = accepted(
        changed("Contact: <sip:", "Contact:\r\n  \t<sip:").replace(b"tag=a1", b"tag\r\n\t=\r\n a1")
    )
    assert message.get("Contact") == "<sip:alice@192.0.2.1>;expires=60"
    assert message.from_tag == "a1"
    assert len(message.headers) == 8


def test_a_continuation_of_white_space_is_nothing():
    assert accepted(changed("X-Odd: kept", "X-Odd: kept\r\n \t ")).get("X-Odd") == "kept"


def test_a_thousand_continuations_are_one_header_field():
    assert accepted(changed("X-Odd: kept", "X-Odd: a" + "\r\n b" * 1000)).get("X-Odd") == "a" + " b" * 1000


def test_the_start_line_cannot_be_continued():
    dropped(changed("SIP/2.0\r\n", "SIP/2.0\r\n Subject: x\r\n"))


def test_methods_that_nobody_knows_are_read():
    message = accepted(REGISTER.replace("REGISTER", "!odd-%Method~'").encode())
    assert message.method == "!odd-%Method~'"


def test_octets_that_are_no_utf8_survive():
    assert accepted(changed("kept", "\udcff\udcfe")).to_bytes() == changed("kept", "\udcff\udcfe")


def test_max_forwards_and_tags_may_be_missing_as_in_rfc_2543():
    message = accepted(
        changed("Max-Forwards: 70\r\n", "").replace(b";branch=z9hG4bK1", b"").replace(b";tag=a1", b"")
    )
    assert (message.max_forwards, message.from_tag, message.top_via.branch) == (70, "", "")


# --- bodies ----------------------------------------------------------------------------------------------------


def test_the_body_is_what_content_length_counts():
    assert (
        accepted(changed("Content-Length: 0\r\n\r\n", "Content-Length: 3\r\n\r\na\x00bREGISTER sip:x")).body
        == b"a\x00b"
    )


def test_without_content_length_the_body_is_the_rest():
    assert accepted(changed("Content-Length: 0\r\n\r\n", "\r\nrest")).body == b"rest"


def test_content_length_may_stand_twice_when_it_says_the_same():
    assert accepted(changed("Content-Length: 0", "Content-Length: 0\r\nl: 00")).body == b""


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Content-Length: 0\r\nContent-Length: 5", "Conflicting Content-Length"),
        ("Content-Length: 0\r\nl: 5", "Conflicting Content-Length"),
        ("Content-Length: 0\r\ncontent-LENGTH : 5", "Conflicting Content-Length"),
        ("Content-Length: -1", "Bad Content-Length"),
        ("Content-Length: +1", "Bad Content-Length"),
        ("Content-Length: 0x0", "Bad Content-Length"),
        ("Content-Length: 0, 0", "Bad Content-Length"),
        ("Content-Length: zero", "Bad Content-Length"),
        ("Content-Length: ٠", "Bad Content-Length"),
        ("Content-Length:", "Bad Content-Length"),
        ("Content-Length: 99999999999999999999", "Bad Content-Length"),
        ("Content-Length: 1", "Content-Length Too Large"),
    ],
)
def test_a_content_length_that_could_be_read_in_two_ways_is_refused(header, reason):
    fault = rejected(changed("Content-Length: 0", header))
    assert (fault.status, fault.reason) == (400, reason)


COMMON_LINES = st.sampled_from(
    [
        "Max-Forwards: 70", "Max-Forwards:70", "max-forwards: 256", "Expires: 60", "Expires: 60 ", "Supported: path",
        "k: gruu", "Allow: INVITE\x01", "User-Agent: a\rb", "User-Agent: a\nb", "User-Agent: a\r\n b", "Server: \xe9",
        "Content-Length: 0", "l: 7", "Content-Length: x", "Require: \x00", " Allow: BYE",
    ]
)  # fmt: skip


@given(st.lists(COMMON_LINES, max_size=5))
def test_a_message_that_comes_again_is_read_the_same(lines):
    """Lines that many messages share are kept when they were read once."""
    data = changed("X-Odd: kept\r\n", "".join([line + "\r\n" for line in lines]))

    def outcome():
        try:
            message = parse_message(data)
        except ParseError as fault:
            return fault.reason, fault.status, fault.silent
        return message.headers, message.body

    first = outcome()
    assert outcome() == first
    if any("\n" in line.replace("\r\n ", "") or "\r" in line.replace("\r\n ", "") for line in lines):
        assert first == ("Bare Line End in Header", 400, True)


@pytest.mark.parametrize("line", ["Supported: a", "Expires: 60", "Max-Forwards: 70", "Content-Length: 3"])
def test_a_common_line_is_judged_each_time_it_comes(line):
    data = changed("X-Odd: kept\r\nContent-Length: 0", line, REGISTER.replace("Max-Forwards: 70\r\n", ""))
    twice = data.replace(line.encode(), f"{line}\r\n{line}".encode())
    for _ in range(2):
        if line.startswith("Content"):
            assert rejected(data).reason == "Content-Length Too Large"
            continue
        name, _, value = line.partition(": ")
        assert accepted(data).headers[-1] == (name, value)
        if name in SINGLETONS:
            assert rejected(twice).reason == f"Duplicate {name} Header"
        else:
            assert accepted(twice).get_all(name) == [value, value]


def test_a_bare_line_end_in_the_start_line_is_dropped():
    for bare in ("\r", "\n"):
        dropped(changed("REGISTER sip", f"REGISTER{bare} sip"))


# --- what is answered -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SINGLETONS - {"Content-Length"}))
def test_singletons_stand_once(name):
    present = f"{name}: " in REGISTER
    twice = f"{name}: 1\r\n" * (1 if present else 2)
    assert rejected(changed("X-Odd: kept\r\n", twice)).reason == f"Duplicate {name} Header"


def test_a_singleton_in_two_spellings_is_a_duplicate():
    assert rejected(changed("X-Odd: kept", "t: <sip:mallory@biloxi.example>")).reason == "Duplicate To Header"
    assert (
        rejected(changed("X-Odd: kept", "fRoM : <sip:mallory@biloxi.example>")).reason
        == "Duplicate From Header"
    )


@pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq"])
def test_a_missing_mandatory_header_field_is_named(name):
    data = re.sub(rf"{name}: [^\r]*\r\n", "", REGISTER).encode()
    fault = rejected(data)
    assert (fault.status, fault.reason) == (400, f"Missing {name} Header")


@pytest.mark.parametrize(
    ("old", "new", "status", "reason"),
    [
        ("SIP/2.0\r\n", "SIP/3.0\r\n", 505, "Version Not Supported"),
        ("SIP/2.0\r\n", "HTTP/1.1\r\n", 400, "Bad Request Line"),
        ("SIP/2.0\r\n", "SIP/2.0  \r\n", 400, "Bad Request Line"),
        (" SIP/2.0\r\n", "\r\n", 400, "Bad Request Line"),
        ("REGISTER sip", "REGISTER  sip", 400, "Bad URI"),
        ("sip:atlanta.example SIP", "sip:atlanta.example; lr SIP", 400, "Bad URI"),
        ("sip:atlanta.example SIP", "<sip:atlanta.example> SIP", 400, "Bad URI"),
        (
            "sip:atlanta.example SIP",
            "sip:atlanta.example?Route=%3Csip:x%3E SIP",
            400,
            "Headers in Request-URI",
        ),
        ("sip:atlanta.example SIP", "mailto:alice@atlanta.example SIP", 416, "Unsupported URI Scheme"),
        (
            "sip:atlanta.example SIP",
            "sip:" + "a" * 2045 + "@atlanta.example SIP",
            414,
            "Request-URI Too Long",
        ),
        ("1 REGISTER", "1 INVITE", 400, "CSeq Method Mismatch"),
        ("1 REGISTER", "1 register", 400, "CSeq Method Mismatch"),
        ("1 REGISTER", "1", 400, "Bad CSeq"),
        ("1 REGISTER", "-1 REGISTER", 400, "Bad CSeq"),
        ("1 REGISTER", "4294967296 REGISTER", 400, "CSeq Too Large"),
        ("Max-Forwards: 70", "Max-Forwards: many", 400, "Bad Max-Forwards"),
        ("Max-Forwards: 70", "Max-Forwards: 256", 400, "Max-Forwards Too Large"),
        ("Call-ID: 1@192.0.2.1", "Call-ID:", 400, "Bad Call-ID"),
        ("Call-ID: 1@192.0.2.1", "Call-ID: 1 2", 400, "Bad Call-ID"),
        ("branch=z9hG4bK1", "branch=z9hG4bK", 400, "Bad Branch"),
        ("rport\r\n", "rport, SIP/2.0/UDP\r\n", 400, "Bad Via"),
        ("X-Odd: kept", "no colon", 400, "Bad Header Line"),
        ("X-Odd: kept", ": kept", 400, "Bad Header Line"),
        ("X-Odd: kept", "X Odd: kept", 400, "Bad Header Line"),
        ("X-Odd: kept", "X\x7fOdd: kept", 400, "Bad Header Line"),
        ("X-Odd: kept", "X-Odd: \x1b[31m", 400, "Control Character in Header"),
        ("To: <", 'To: "Alice <', 400, "Unbalanced Quotes"),
        (
            "To: <sip:alice@atlanta.example>",
            "To: <sip:alice@atlanta.example",
            400,
            "Unbalanced Angle Brackets",
        ),
        ("<sip:alice@192.0.2.1>;expires=60", "sip:alice@192.0.2.1?x=y", 400, "URI Needs Angle Brackets"),
        ("kept", "k" * MAX_HEADER_LINE, 513, "Header Too Long"),
        ("X-Odd: kept\r\n", "X-Odd: kept\r\n" * MAX_HEADERS, 513, "Too Many Headers"),
        (
            "X-Odd: kept\r\n",
            "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK9\r\n" * MAX_VIAS,
            483,
            "Too Many Via Headers",
        ),
    ],
)
def test_a_request_that_is_wrong_is_answered_precisely(old, new, status, reason):
    fault = rejected(changed(old, new))
    assert (fault.status, fault.reason) == (status, reason)
    assert fault.request.method == "REGISTER"
    assert fault.request.top_via.sent_by == "192.0.2.1:5060"


def test_the_first_fault_is_the_one_that_is_named():
    fault = rejected(changed("X-Odd: kept", "no colon\r\nTo: x").replace(b"1 REGISTER", b"x"))
    assert fault.reason == "Bad Header Line"


def test_as_many_header_fields_as_are_allowed():
    message = accepted(changed("X-Odd: kept\r\n", "X-Odd: kept\r\n" * (MAX_HEADERS - 7)))
    assert len(message.headers) == MAX_HEADERS


def test_a_urn_and_a_telephone_number_may_be_requested():
    for uri in ("urn:service:sos", "tel:+15550100", "SIPS:atlanta.example"):
        assert accepted(changed("sip:atlanta.example SIP", f"{uri} SIP")).uri_text == uri


def test_a_version_in_small_letters_is_the_version():
    assert (
        accepted(changed("SIP/2.0\r\n", "sip/2.0\r\n")).start_line == "REGISTER sip:atlanta.example SIP/2.0"
    )


# --- what is dropped --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"\0" * 1000,
        b"A" * 60000,
        b"SIP/2.0",
        REGISTER[:120].encode(),
        REGISTER.replace("\r\n", "\n").encode(),
        REGISTER.replace("\r\n", "\r").encode(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"REGISTER\r\n\r\n",
        b"REGISTER sip:atlanta.example SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n",
        b" \r\n\r\n",
        b"\n\r\n\r\n",
        b":\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 200,
        b"\x80\0" + b"\x55" * 170,
    ],
)
def test_what_is_no_sip_is_dropped(data):
    dropped(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n", ""),
        ("192.0.2.1:5060;branch", "192.0.2.1:99999;branch"),
        ("SIP/2.0/UDP", "HTTP/2.0/UDP"),
        ("X-Odd: kept", "X-Odd: a\nContact: <sip:mallory@biloxi.example>"),
        ("X-Odd: kept", "X-Odd: a\rContact: <sip:mallory@biloxi.example>"),
        ("X-Odd: kept", "X-Odd: a\r\r\nX: b"),
        ("X-Odd: kept", "X-Odd: a\x00b"),
        ("X-Odd: kept", "X-Odd: a\x00b\nX: c"),
        ("X-Odd: kept", "X-Odd: a\n b"),
        ("X-Odd: kept", "X-Odd: \\\x00"),
        ("X-Odd: kept", 'X-Odd: "\\\x00'),
        ("X-Odd: kept", "no colon\r\nX-Odd: a\x00b"),
        ("X-Odd: kept", "To: x\r\nX-Odd: a\nb"),
        ("SIP/2.0\r\n", "SIP/3.0\r\nX-Odd: a\rb\r\n"),
        ("REGISTER sip", "REG\x00ISTER sip"),
        ("sip:atlanta.example SIP", "sip:atlanta\n.example SIP"),
    ],
)
def test_a_request_that_cannot_be_answered_safely_is_dropped(old, new):
    dropped(changed(old, new))


@pytest.mark.parametrize(
    "code", ["99", "099", "700", "999", "20", "2000", "4294967301", "2x0", "٢00", "-20", "+20"]
)
def test_a_status_that_is_none_is_dropped(code):
    dropped(changed("SIP/2.0 200", f"SIP/2.0 {code}", OK))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CSeq: 1 ", "CSeq: 9292394834772304023312 "),
        (";branch=z9hG4bK1", ""),
        ("To: <", 'To: "<'),
        ("kept\r\n", "kept\r\nTo: x\r\n"),
        ("X-Odd: kept", "no colon"),
        ("Content-Length: 0", "Content-Length: 5"),
    ],
)
def test_a_response_that_is_wrong_is_never_answered(old, new):
    dropped(changed(old, new, OK))


def test_an_ack_that_is_wrong_is_never_answered():
    dropped(REGISTER.replace("REGISTER", "ACK").replace("1 ACK", "1 INVITE").encode())


def test_a_head_over_the_limit_is_dropped():
    assert dropped(changed("X-Odd: kept\r\n", "X-Odd: kept\r\n" * 6000)).status == 513


def test_a_control_character_may_be_escaped_within_quotes():
    message = accepted(changed("To: <", 'To: "\\\x07\\\x00\\\x7f" <'))
    assert message.get("To") == '"\\\x07\\\x00\\\x7f" <sip:alice@atlanta.example>'
    assert message.address("To").display_name == ""


def test_long_runs_of_white_space_and_quotes_cost_no_more_than_their_length():
    blank = " " * 60000
    dropped(f"REGISTER sip:a SIP/2.0\r\nX:{blank}\r\n y\r\n\r\n".encode())
    quotes = '"\\' * 30000
    dropped(f"REGISTER sip:a SIP/2.0\r\nX: {quotes}\x01\r\n\r\n".encode())


# --- round trips ------------------------------------------------------------------------------------------------

NAME = st.sampled_from(sorted({field.name for field in FIELDS.values() if field.bit == 0})) | st.text(
    st.sampled_from("abcXYZ019-.!%*_+`'~"), min_size=2, max_size=12
).filter(lambda name: name not in FIELDS and name.lower() not in FIELDS)
VALUE = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=30).map(
    lambda text: text.strip(" \t")
)
HEADERS = st.lists(st.tuples(NAME, VALUE), max_size=12)
FIXED = [
    ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
    ("From", "<sip:alice@atlanta.example>;tag=1"),
    ("To", "<sip:bob@biloxi.example>"),
    ("Call-ID", "1"),
    ("CSeq", "1 MESSAGE"),
]


@given(
    headers=st.permutations(FIXED).flatmap(lambda fixed: HEADERS.map(lambda more: fixed + more)),
    body=st.binary(max_size=60),
)
def test_a_printed_request_reads_back_the_same(headers, body):
    made = Request("MESSAGE", "sip:bob@biloxi.example", headers, body)
    read = accepted(made.to_bytes())
    assert (read.method, read.uri_text, read.headers, read.body) == (
        made.method,
        made.uri_text,
        made.headers,
        made.body,
    )
    assert read.to_bytes() == made.to_bytes()


@given(status=st.integers(100, 699), reason=VALUE, more=HEADERS)
def test_a_printed_response_reads_back_the_same(status, reason, more):
    made = Response(status, reason, FIXED + more)
    read = parse_message(made.to_bytes())
    assert isinstance(read, Response)
    assert (read.status, read.reason, read.headers) == (status, reason, made.headers)


EDITS = st.lists(
    st.tuples(
        st.integers(0, len(REGISTER)),
        st.integers(0, 3),
        st.binary(max_size=6) | st.sampled_from([b"\r\n ", b"\x00", b"\n", b'"', b"<", b",", b";"]),
    ),
    min_size=1,
    max_size=6,
)


@given(EDITS)
@settings(max_examples=500)
def test_a_broken_message_is_read_or_a_parse_error_and_never_changed_silently(edits):
    data = bytearray(REGISTER.encode())
    for position, removed, inserted in edits:
        data[position : position + removed] = inserted
    try:
        message = parse_message(bytes(data))
    except Rejected as rejection:
        assert rejection.request.top_via
        return
    except ParseError as error:
        assert error.silent
        return
    again = parse_message(message.to_bytes())
    assert (again.start_line, again.headers, again.body) == (
        message.start_line,
        message.headers,
        message.body,
    )
