"""Operators' listeners are read, and each way to get one wrong has its own sentence."""

from __future__ import annotations

import pytest

from trunkline.edge.listener_text import (
    ListenerSettings,
    ListenerTextError,
    NamedCertificate,
    parse_listener,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("udp:127.0.0.1:5060", ListenerSettings("udp", "127.0.0.1", 5060)),
        ("UDP:127.0.0.1", ListenerSettings("udp", "127.0.0.1", 5060)),
        ("tcp:0.0.0.0:0", ListenerSettings("tcp", "0.0.0.0", 0)),
        ("udp:[::1]:5062", ListenerSettings("udp", "::1", 5062)),
        ("udp:[::]", ListenerSettings("udp", "::", 5060)),
        ("ws:127.0.0.1", ListenerSettings("ws", "127.0.0.1", 80)),
        (
            "udp:0.0.0.0:5060;advertise=203.0.113.5:5080",
            ListenerSettings("udp", "0.0.0.0", 5060, "203.0.113.5", 5080),
        ),
        (
            "udp:0.0.0.0:5060; advertise = sip.example ",
            ListenerSettings("udp", "0.0.0.0", 5060, "sip.example"),
        ),
        (
            "udp:[::]:5060;advertise=[2001:db8::5]:5080",
            ListenerSettings("udp", "::", 5060, "2001:db8::5", 5080),
        ),
        (
            "udp:127.0.0.1:5099;account=5500001",
            ListenerSettings("udp", "127.0.0.1", 5099, account_id=5500001),
        ),
        (
            "tls:[::]:5061;cert=/etc/a.pem;key=/etc/b.pem",
            ListenerSettings("tls", "::", 5061, certificate="/etc/a.pem", key="/etc/b.pem"),
        ),
        (
            "tls:[::1];cert=a.pem;key=a.key;cert=b.pem;name=SIP.B.example.;key=b.key;name=*.b.example;cert=c.pem;name=c",
            ListenerSettings(
                "tls",
                "::1",
                5061,
                certificate="a.pem",
                key="a.key",
                named=(
                    NamedCertificate(("sip.b.example", "*.b.example"), "b.pem", "b.key"),
                    NamedCertificate(("c",), "c.pem", "c.pem"),
                ),
            ),
        ),
        (
            "wss:127.0.0.1;cert=a.pem;ca=r.pem;client-ca=c.pem;verify=no",
            ListenerSettings(
                "wss",
                "127.0.0.1",
                443,
                certificate="a.pem",
                key="a.pem",
                authorities="r.pem",
                client_authorities="c.pem",
                verify=False,
            ),
        ),
    ],
)
def test_a_listener_is_read(text, expected):
    assert parse_listener(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "begin with udp:"),
        ("127.0.0.1:5060", "begin with udp:"),
        ("sctp:127.0.0.1", "begin with udp:"),
        ("udp", "begin with udp:"),
        ("udp:", "no IP address to listen on"),
        ("udp:localhost:5060", "no IP address to listen on"),
        ("udp:5060", "no IP address to listen on"),
        ("udp:::1:5060", "in brackets"),
        ("udp:[::1:5060", "in brackets|\\[address\\]:port"),
        ("udp:[::1]5060", "\\[address\\]:port"),
        ("tls:127.0.0.1;cert=a;cert=b", "for which name b is"),
        ("tls:127.0.0.1;key=a;cert=a", "key belongs behind the cert"),
        ("tls:127.0.0.1;name=a.example;cert=a", "name belongs behind the cert"),
        ("tls:127.0.0.1;cert=a;key=b;key=c", "key is given twice for a"),
        ("tls:127.0.0.1;cert=a;cert=b;name=192.0.2.1", "no host name that a client could ask for"),
        ("tls:127.0.0.1;cert=a;cert=b;name=a.*.example", "no host name that a client could ask for"),
        ("tcp:127.0.0.1;cert=a", "cert has no meaning for tcp"),
        ("udp:127.0.0.1:", "is no port"),
        ("udp:127.0.0.1:65536", "is no port"),
        ("udp:127.0.0.1:-1", "is no port"),
        ("udp:127.0.0.1:x", "is no port"),
        ("udp:127.0.0.1:5060;advertise", "needs a value"),
        ("udp:127.0.0.1:5060;advertise=", "needs a value"),
        ("udp:127.0.0.1:5060;advertise=a b", "neither a host name nor an IP address"),
        ("udp:127.0.0.1:5060;advertise=1.2.3.400", "no IP address to advertise"),
        ("udp:127.0.0.1:5060;advertise=0.0.0.0", "cannot be advertised"),
        ("udp:127.0.0.1:5060;advertise=sip.example:0", "cannot be advertised"),
        ("udp:127.0.0.1:5060;account=desk", "no account number"),
        ("udp:127.0.0.1:5060;account=1;account=2", "given twice"),
        ("udp:127.0.0.1:5060;colour=red", "unknown option 'colour'"),
        ("udp:127.0.0.1:5060;", "unknown option"),
        ("tls:127.0.0.1", "needs a certificate"),
        ("wss:127.0.0.1;key=x", "needs a certificate"),
        ("tcp:127.0.0.1;cert=x", "only for tls and wss"),
        ("tls:127.0.0.1;cert=x;verify=maybe", "verify=yes or verify=no"),
    ],
)
def test_a_fault_is_named_with_its_cure(text, complaint):
    with pytest.raises(ListenerTextError, match=complaint):
        parse_listener(text)


def test_a_listener_is_shown_as_it_is_written():
    assert str(parse_listener("tcp:[::1]:5060;account=7")) == "tcp:[::1]:5060"
