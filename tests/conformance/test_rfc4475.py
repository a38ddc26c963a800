"""The 49 torture messages of RFC 4475, each with what is to become of it.

The parser decides what is malformed. What is well formed but cannot be served (an unknown extension, a media type, no
hops left) is a request here, and refused further up.
"""

import pytest

from conformance.reading import TORTURE, outcome, read
from trunkline.sip.message import Request
from trunkline.sip.multipart import find_part, parse_multipart
from trunkline.sip.uri import SipUri

FOLDER = TORTURE / "rfc4475"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the RFC's messages are not there: {FOLDER}")

EXPECTED = {
    # §3.1.1 valid messages
    "wsinv": "request INVITE",
    "intmeth": "request !interesting-Method0123456789_*+`.%indeed'~",
    "esc01": "request INVITE",
    "escnull": "request REGISTER",
    "esc02": "request RE%47IST%45R",
    "lwsdisp": "request OPTIONS",
    "longreq": "request INVITE",
    "dblreq": "request REGISTER",
    "semiuri": "request OPTIONS",
    "transports": "request OPTIONS",
    "mpart01": "request MESSAGE",
    "unreason": "response 200",
    "noreason": "response 100",
    # §3.1.2 invalid messages
    "badinv01": "400 Bad Via",
    "clerr": "400 Content-Length Too Large",
    "ncl": "400 Bad Content-Length",
    "scalar02": "400 CSeq Too Large",
    "scalarlg": "dropped: CSeq Too Large",
    "quotbal": "400 Unbalanced Quotes",
    "ltgtruri": "400 Bad URI",
    "lwsruri": "400 Bad URI",
    "lwsstart": "400 Bad URI",
    "trws": "400 Bad Request Line",
    "escruri": "400 Headers in Request-URI",
    "baddate": "request INVITE",  # the RFC lets a server pass over a Date that it does not use
    "regbadct": "400 URI Needs Angle Brackets",
    "badaspec": "request OPTIONS",  # spaces within the brackets do no harm
    "baddn": "request OPTIONS",  # nor does a comma in a name where only one address may stand
    "badvers": "505 Version Not Supported",
    "mismatch01": "400 CSeq Method Mismatch",
    "mismatch02": "400 CSeq Method Mismatch",
    "bigcode": "dropped: Bad Status Line",
    # §3.2 transaction layer
    "badbranch": "400 Bad Branch",
    # §3.3 application layer
    "insuf": "400 Missing From Header",
    "unkscm": "416 Unsupported URI Scheme",
    "novelsc": "416 Unsupported URI Scheme",
    "unksm2": "request REGISTER",
    "bext01": "request OPTIONS",
    "invut": "request INVITE",
    "regaut01": "request REGISTER",
    "multi01": "400 Duplicate CSeq Header",
    "mcl01": "400 Conflicting Content-Length",
    "bcast": "response 200",
    "zeromf": "request OPTIONS",
    "cparam01": "request REGISTER",
    "cparam02": "request REGISTER",
    "regescrt": "request REGISTER",
    "sdp01": "request INVITE",
    # §3.4 backward compatibility
    "inv2543": "request INVITE",
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_message_meets_its_expectation(name, expected):
    assert outcome((FOLDER / f"{name}.dat").read_bytes()) == expected


def test_every_message_has_an_expectation():
    assert {path.stem for path in FOLDER.glob("*.dat")} == set(EXPECTED)
    assert len(EXPECTED) == 49


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if expected.startswith("re")])
def test_well_formed_message_survives_being_printed(name):
    read(FOLDER / f"{name}.dat")


def request(name: str) -> Request:
    message = read(FOLDER / f"{name}.dat")
    assert isinstance(message, Request)
    return message


def test_wsinv_folds_and_white_space_are_seen_through():
    message = request("wsinv")
    assert message.to_tag == "1918181833n"
    assert message.from_tag == "98asjd8"
    assert message.address("From").display_name == 'J Rosenberg \\"'
    assert (message.cseq_number, message.max_forwards) == (9, 68)
    assert [via.split(";")[0].split()[-1] for via in message.values("Via")] == [
        "192.0.2.2",
        "spindle.example.com",
        "192.168.255.111",
    ]
    assert (message.top_via.host, message.top_via.branch) == ("192.0.2.2", "390skdjuw")
    assert message.get("Subject") == ""
    assert message.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert message.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert [str(route.uri) for route in message.addresses("Route")] == [
        "sip:services.example.com;lr;unknownwith=value;unknown-no-value"
    ]
    assert message.address("Contact").display_name == 'Quoted string ""'
    assert [name for name, _ in message.address("Contact").parameters] == ["newparam", "secondparam", "q"]
    assert len(message.body) == 150


def test_intmeth_every_allowed_character_is_kept():
    message = request("intmeth")
    assert isinstance(message.uri, SipUri)
    assert message.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert message.address("To").display_name == "BEL: NUL: DEL:"
    assert message.from_tag == "_token~1'+`*%!-."
    assert message.address("From").parameter("fromparam''~+*_!.-%") == '"работающий"'
    assert message.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert message.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_esc01_escapes_in_uris_are_undone_where_they_are_read():
    message = request("esc01")
    assert isinstance(message.uri, SipUri)
    assert message.uri.username == "sips:user@example.com"
    assert message.uri.host == "example.net"


def test_escnull_escaped_nuls_stay_escaped():
    assert [str(contact.uri) for contact in request("escnull").addresses("Contact")] == [
        "sip:%00@host5.example.com",
        "sip:%00%00@host5.example.com",
    ]


def test_esc02_percent_signs_in_tokens_are_no_escapes():
    message = request("esc02")
    assert message.address("To").display_name == "%Z%45"
    assert len(message.values("Contact")) == 2
    assert message.get("C%6Fntact") == "<sip:alias2@host2.example.com>"


def test_lwsdisp_a_name_may_touch_its_bracket():
    assert request("lwsdisp").address("From").display_name == "caller"


def test_dblreq_octets_behind_the_body_are_passed_over():
    assert request("dblreq").body == b""


def test_semiuri_the_user_keeps_its_semicolon():
    uri = request("semiuri").uri
    assert isinstance(uri, SipUri)
    assert (uri.username, uri.host, uri.parameters) == ("user;par=u@example.net", "example.com", ())


def test_transports_unknown_ones_are_read():
    assert [via.split()[0].rpartition("/")[2] for via in request("transports").values("Via")] == [
        "UDP",
        "SCTP",
        "TLS",
        "UNKNOWN",
        "TCP",
    ]


def test_mpart01_its_parts_are_cut():
    message = request("mpart01")
    parts = parse_multipart(message.get("Content-Type") or "", message.body)
    assert [part.media_type for part in parts] == ["text/plain", "application/octet-stream"]
    assert parts[0].body == b"Hello"
    assert parts[1].body.startswith(b"\x30\x82")
    assert find_part(message, "application/octet-stream") == parts[1].body


def test_inv2543_no_branch_no_tags_no_length():
    message = request("inv2543")
    assert (message.top_via.branch, message.from_tag, message.max_forwards) == ("", "", 70)
    assert message.body.endswith(b"RTP/AVP 0\r\n")


def test_cparam_the_brackets_say_whose_the_parameter_is():
    outside = request("cparam01").address("Contact")
    inside = request("cparam02").address("Contact")
    assert (outside.parameters, str(outside.uri)) == (
        (("unknownparam", None),),
        "sip:+19725552222@gw1.example.net",
    )
    assert (inside.parameters, str(inside.uri)) == ((), "sip:+19725552222@gw1.example.net;unknownparam")


def test_regescrt_headers_in_a_contact_belong_to_its_uri():
    uri = request("regescrt").address("Contact").uri
    assert isinstance(uri, SipUri)
    assert uri.header("route") == "<sip:sip.example.com>"
