"""The shared pieces of grammar: lists, parameters, quotes, escapes, hosts and ports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip import grammar
from trunkline.sip.errors import ParseError

TOKEN = st.text(st.sampled_from("abcXYZ019-.!%*_+`'~"), min_size=1, max_size=12)
QUOTED = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=20)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("a", ["a"]),
        (" a , b ", ["a", "b"]),
        ("a,,b,", ["a", "b"]),
        (",", []),
        ('"Doe, Jane" <sip:jane@atlanta.example>, x', ['"Doe, Jane" <sip:jane@atlanta.example>', "x"]),
        (
            "<sip:a,b@atlanta.example>,<sip:c@atlanta.example>",
            ["<sip:a,b@atlanta.example>", "<sip:c@atlanta.example>"],
        ),
        ('"a\\",b",c', ['"a\\",b"', "c"]),
    ],
)
def test_commas_within_quotes_and_brackets_do_not_split(value, parts):
    assert grammar.split_commas(value) == parts


def test_quotes_that_do_not_close_are_an_error():
    with pytest.raises(ParseError, match="Unbalanced Quotes"):
        grammar.split_commas('a,"b')
    with pytest.raises(ParseError, match="Unbalanced Quotes"):
        grammar.split_semicolons('a;"b;c')


def test_semicolons_within_quotes_do_not_split():
    assert grammar.split_semicolons('a;b="x;y";c') == ["a", 'b="x;y"', "c"]


def test_parameters_keep_their_order_case_and_quotes():
    assert grammar.parse_parameters('B=1; a ; C = "x;y"') == (("B", "1"), ("a", None), ("C", '"x;y"'))


def test_empty_parameters_are_passed_over():
    assert grammar.parse_parameters(";;a;;") == (("a", None),)


def test_a_value_without_a_name_is_an_error():
    with pytest.raises(ParseError, match="Parameter Without Name"):
        grammar.parse_parameters("a=1;=2")


def test_a_parameter_is_found_whatever_its_case():
    parameters = (("Branch", "x"), ("lr", None))
    assert grammar.parameter(parameters, "branch") == "x"
    assert grammar.parameter(parameters, "lr") == ""
    assert grammar.parameter(parameters, "maddr") is None
    assert grammar.without_parameter(parameters, "branch") == (("lr", None),)


@given(st.lists(st.tuples(TOKEN, st.none() | TOKEN | QUOTED.map(grammar.quote)), max_size=5).map(tuple))
def test_parameters_survive_print_and_parse(parameters):
    assert grammar.parse_parameters(grammar.print_parameters(parameters)[1:]) == parameters


@given(QUOTED)
def test_quoted_text_survives(text):
    assert grammar.unquote(grammar.quote(text)) == text


def test_text_without_quotes_is_left_alone():
    assert grammar.unquote('a"b') == 'a"b'
    assert grammar.unquote('"') == '"'


@given(st.text(st.characters(codec="utf-8", min_codepoint=1), max_size=20))
def test_an_escaped_user_comes_back(text):
    escaped = grammar.escape_user(text)
    assert escaped.isascii()
    assert not set(escaped) & set(' @:<>"#[]')
    assert grammar.unescape(escaped) == text


def test_escapes_that_are_none_stay():
    assert grammar.unescape("100%-%4") == "100%-%4"
    assert grammar.unescape("%41%zz%C3%A9") == "A%zzé"


def test_octets_that_are_no_utf8_survive_the_escape():
    assert grammar.escape_user(grammar.unescape("%FF%FE")) == "%FF%FE"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("atlanta.example", "atlanta.example", None),
        ("Atlanta.EXAMPLE:5070", "atlanta.example", 5070),
        ("192.0.2.1 : 5060", "192.0.2.1", 5060),
        ("atlanta.example.", "atlanta.example.", None),
        ("sip_proxy.local", "sip_proxy.local", None),
        ("[2001:DB8::10]", "2001:db8::10", None),
        ("[2001:db8::10] :5060", "2001:db8::10", 5060),
        ("[::ffff:192.0.2.10]:1", "::ffff:192.0.2.10", 1),
        ("a:0", "a", 0),
    ],
)
def test_hosts_and_ports(text, host, port):
    assert grammar.split_host_port(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":5060",
        "a b",
        "-a",
        "a-",
        "a..b",
        ".a",
        "a:",
        "a:x",
        "a:-1",
        "a:65536",
        "a:99999",
        "a:123456",
        "a:١",
        "ä.example",
        "2001:db8::10",
        "[2001:db8::10",
        "[2001:db8:::10]",
        "[g::1]",
        "[]",
        "[1.2.3.4]",
        "[::1]x",
        "[::1]:",
        "[1:2:3:4:5:6:7:8:9]",
        "[::1.2.3.256]",
        "[" + "1:" * 200 + "]",
        "a" * 256,
    ],
)
def test_what_is_no_host_is_refused(text):
    with pytest.raises(ParseError):
        grammar.split_host_port(text)


def test_hosts_are_forgotten_when_there_are_too_many():
    for number in range(10_000):
        assert grammar.split_host_port(f"HOST{number}.example:1") == (f"host{number}.example", 1)
    assert grammar.split_host_port("HOST0.example") == ("host0.example", None)


@pytest.mark.parametrize("text", ["1.2.3.4", "255.255.255.255", "0.0.0.0"])
def test_ipv4_addresses(text):
    assert grammar.is_ipv4(text)
    assert grammar.is_ip_address(text)


@pytest.mark.parametrize("text", ["256.1.1.1", "1.2.3", "1.2.3.4.5", "a.b.c.d", "1.2.3.4 "])
def test_what_is_no_ipv4_address(text):
    assert not grammar.is_ip_address(text)


@pytest.mark.parametrize(
    "text", ["::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"]
)
def test_ipv6_addresses(text):
    assert grammar.is_ip_address(text)


@pytest.mark.parametrize(
    "text", [":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "1:2:3:4:5:6:7::8"]
)
def test_what_is_no_ipv6_address(text):
    assert not grammar.is_ipv6(text)


def test_an_ipv6_host_is_printed_in_brackets():
    assert grammar.print_host("2001:db8::1") == "[2001:db8::1]"
    assert grammar.print_host("atlanta.example") == "atlanta.example"


def test_decimals_have_a_range_and_a_name():
    assert grammar.decimal(" 0068 ", "Max-Forwards", 255) == 68
    for text in ("-1", "1.5", "", "many", "٣", "1 2"):
        with pytest.raises(ParseError, match="Bad Expires"):
            grammar.decimal(text, "Expires", 100)
    for text in ("101", "99999999999999999999"):
        with pytest.raises(ParseError, match="Expires Too Large"):
            grammar.decimal(text, "Expires", 100)


@pytest.mark.parametrize("text", ["INVITE", "a-b.c!%*_+`'~", "0"])
def test_tokens(text):
    assert grammar.is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a:b", "é", "²", "a/b", "a\r"])
def test_what_is_no_token(text):
    assert not grammar.is_token(text)


def test_printable_text_hides_what_could_hurt_a_log_or_a_database():
    assert grammar.printable("Zoë \x1b[31m\x00\udcff\u2028") == "Zoë �[31m���"
