"""URIs: what is read of them, that they come back as they were, and when two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import escape_user
from trunkline.sip.uri import SipUri, TelUri, Uri, equivalent, parse_sip_uri, parse_uri


def test_every_part_of_a_sip_uri_is_read():
    uri = parse_sip_uri(
        "SIPS:alice:secret@Atlanta.example:5061;transport=TCP;lr;Odd=%41?Subject=Hi%20there&priority=urgent"
    )
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port) == (
        "sips",
        "alice",
        "secret",
        "atlanta.example",
        5061,
    )
    assert uri.parameters == (("transport", "TCP"), ("lr", None), ("Odd", "%41"))
    assert uri.is_secure
    assert uri.is_loose_router
    assert uri.transport == "tcp"
    assert uri.parameter("odd") == "%41"
    assert uri.header("subject") == "Hi there"
    assert uri.header("from") is None


def test_a_uri_may_have_no_user_no_port_no_parameters():
    uri = parse_sip_uri("sip:atlanta.example")
    assert (uri.user, uri.password, uri.port, uri.parameters, uri.headers, uri.transport) == (
        "",
        None,
        None,
        (),
        "",
        None,
    )
    assert not uri.is_loose_router


def test_the_user_is_kept_escaped_and_told_unescaped():
    uri = parse_sip_uri("sip:%61lice%40home@atlanta.example")
    assert uri.user == "%61lice%40home"
    assert uri.username == "alice@home"


def test_a_user_may_hold_semicolons_and_question_marks():
    assert parse_sip_uri("sip:user;par=u%40x@atlanta.example").user == "user;par=u%40x"
    assert parse_sip_uri("sip:what?x=1;y@atlanta.example;lr").user == "what?x=1;y"


def test_an_unescaped_at_sign_belongs_to_the_user():
    uri = parse_sip_uri("sip:bob@biloxi.example@atlanta.example;transport=udp")
    assert (uri.user, uri.host) == ("bob@biloxi.example", "atlanta.example")


@pytest.mark.parametrize(
    "rest", ["?Replaces=1234@192.0.2.1%3Bto-tag%3D1", ";x-call=1@192.0.2.1", ";a=b@c?d=e@f"]
)
def test_an_at_sign_in_parameters_or_headers_does_not_move_the_host(rest):
    uri = parse_sip_uri(f"sip:bob@biloxi.example{rest}")
    assert (uri.user, uri.host) == ("bob", "biloxi.example")


def test_ipv6_hosts_have_brackets_outside_only():
    uri = parse_sip_uri("sip:alice@[2001:DB8::1]:5070")
    assert (uri.host, uri.port) == ("2001:db8::1", 5070)
    assert str(SipUri("sip", "alice", "2001:db8::1", 5070)) == "sip:alice@[2001:db8::1]:5070"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@atlanta.example",
        ":alice",
        "alice@atlanta.example",
        "sip:alice@",
        "sip:alice@atlanta.example:port",
        "sip:alice@atlanta.example; lr",
        "<sip:alice@atlanta.example>",
        "sip:al ice@atlanta.example",
        "sip:a\x00@atlanta.example",
        "sip:a\r\n@atlanta.example",
        'sip:"a"@atlanta.example',
        "sip:a%4@atlanta.example",
        "sip:a:%zz@atlanta.example",
        "sip:2001:db8::10",
        "sip:atlanta.example;=x",
        "1sip:alice",
        "tel:",
        "tel:+",
        "tel:abc def",
        "tel:+1555xyz",
        "sip:a@b@",
    ],
)
def test_what_is_no_uri_is_refused(text):
    with pytest.raises(ParseError):
        parse_uri(text)


def test_telephone_numbers_lose_their_visual_separators():
    uri = parse_uri("tel:+1-(555).0100;phone-context=Example.com;isub=1")
    assert isinstance(uri, TelUri)
    assert uri.number == "+15550100"
    assert uri.parameter("phone-context") == "Example.com"
    assert str(uri) == "tel:+1-(555).0100;phone-context=Example.com;isub=1"


def test_other_schemes_are_kept_as_they_are():
    uri = parse_uri("URN:service:sos")
    assert (type(uri), uri.scheme, uri.text) == (Uri, "urn", "URN:service:sos")


def test_only_sip_uris_are_sip_uris():
    with pytest.raises(ParseError) as caught:
        parse_sip_uri("mailto:alice@atlanta.example")
    assert caught.value.status == 416


def test_a_uri_can_be_had_with_other_parameters_and_without_headers():
    uri = parse_sip_uri("sip:alice@atlanta.example;lr?Subject=x")
    assert (
        str(uri.with_parameters((("transport", "tcp"),)))
        == "sip:alice@atlanta.example;transport=tcp?Subject=x"
    )
    assert str(uri.without_headers()) == "sip:alice@atlanta.example;lr"
    bare = parse_sip_uri("sip:alice@atlanta.example")
    assert bare.without_headers() is bare


# RFC 3261 §19.1.4 names most of these pairs.
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("sip:%61lice@atlanta.example;transport=TCP", "sip:alice@AtLanTa.ExAmPlE;Transport=tcp"),
        ("sip:carol@chicago.example", "sip:carol@chicago.example;newparam=5"),
        ("sip:carol@chicago.example", "sip:carol@chicago.example;security=on"),
        (
            "sip:biloxi.example;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.example",
            "sip:biloxi.example;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.example",
        ),
        (
            "sip:alice@atlanta.example?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.example?priority=urgent&Subject=project%20x",
        ),
        ("tel:+1-555-0100", "tel:+15550100"),
        ("tel:123;phone-context=Biloxi.example", "tel:1-2-3;PHONE-CONTEXT=biloxi.example"),
    ],
)
def test_equivalent_uris(left, right):
    assert equivalent(parse_uri(left), parse_uri(right))
    assert equivalent(parse_uri(right), parse_uri(left))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("SIP:ALICE@AtLanTa.Example;Transport=udp", "sip:alice@AtLanTa.Example;Transport=UDP"),
        ("sip:bob@biloxi.example", "sip:bob@biloxi.example:5060"),
        ("sip:bob@biloxi.example", "sip:bob@biloxi.example;transport=udp"),
        ("sip:bob@biloxi.example", "sip:bob@biloxi.example:6000;transport=tcp"),
        ("sip:carol@chicago.example", "sip:carol@chicago.example?Subject=next%20meeting"),
        ("sip:carol@chicago.example;security=on", "sip:carol@chicago.example;security=off"),
        ("sip:bob@phone21.example", "sip:bob@192.0.2.4"),
        ("sips:bob@biloxi.example", "sip:bob@biloxi.example"),
        ("sip:bob:x@biloxi.example", "sip:bob@biloxi.example"),
        ("tel:+15550100", "sip:+15550100@biloxi.example"),
        ("tel:123", "tel:123;phone-context=biloxi.example"),
        ("urn:service:sos", "urn:service:sos.fire"),
    ],
)
def test_uris_that_differ(left, right):
    assert not equivalent(parse_uri(left), parse_uri(right))
    assert not equivalent(parse_uri(right), parse_uri(left))


def test_uris_are_equal_when_their_text_is():
    assert parse_uri("sip:a@atlanta.example") == SipUri("sip", "a", "atlanta.example")
    assert hash(parse_uri("tel:+1")) == hash(parse_uri("tel:+1"))
    assert parse_uri("tel:+1") != "tel:+1"
    assert repr(parse_uri("tel:+1")) == "<tel:+1>"


LABEL = st.text(st.sampled_from("abcxyz0189"), min_size=1, max_size=8)
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join) | st.ip_addresses().map(str)
TOKEN = st.text(st.sampled_from("abcXYZ019-.!~*_+"), min_size=1, max_size=8)
USER = (
    st.text(min_size=1, max_size=12)
    .filter(lambda text: "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text))
    .map(escape_user)
)


@given(
    scheme=st.sampled_from(["sip", "sips"]),
    user=st.just("") | USER,
    password=st.none() | TOKEN,
    host=HOST,
    port=st.none() | st.integers(0, 65535),
    parameters=st.lists(st.tuples(TOKEN, st.none() | TOKEN), max_size=4).map(tuple),
    headers=st.just("") | st.tuples(TOKEN, TOKEN).map("=".join),
)
def test_a_printed_sip_uri_reads_back_the_same(scheme, user, password, host, port, parameters, headers):
    made = SipUri(scheme, user, host, port, parameters, headers, password if user else None)
    read = parse_sip_uri(str(made))
    assert (read.scheme, read.user, read.password, read.host, read.port) == (
        scheme,
        user,
        made.password,
        host,
        port,
    )
    assert (read.parameters, read.headers) == (parameters, headers)
    assert str(read) == str(made)


@given(st.text(max_size=60) | st.text(st.sampled_from("sip:@;?=&%[]<>.a1 "), max_size=40).map("sip:".__add__))
def test_any_text_is_a_uri_or_a_parse_error(text):
    try:
        uri = parse_uri(text)
    except ParseError:
        return
    assert str(uri) == text
