"""No password, hash or digest is to be found where others can look; and TLS is what it should be."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import urllib.parse
from contextlib import suppress
from pathlib import Path

import pytest

from integration.attacks.conftest import ATLANTA, CARRIER_REALM
from integration.attacks.enemy import PATIENCE_S, Fort, Letter, digest, offer, token
from live_server import CHICAGO, eventually
from trunkline.domain.authentication import AuthenticationPolicy, Authenticator
from trunkline.domain.credential import secret_of_password
from trunkline.domain.directory import Directory
from trunkline.edge.certificates import Certificates
from trunkline.edge.listener_text import parse_listener
from trunkline.sip.message import Request
from trunkline.sip.nonce import NonceTable

pytestmark = pytest.mark.needs("openssl")

CARRIERS_PASSWORD = "the-carrier-knows-it"


def secrets_of(fort: Fort) -> set[str]:
    """Every password, and every hash that is as good as one."""
    found = {CARRIERS_PASSWORD}
    made = [(*aor.split("@"), password) for aor, password in fort.server.passwords.items()]
    made.append(("trunkline", CARRIER_REALM, CARRIERS_PASSWORD))
    for user, realm, password in made:
        secret = secret_of_password(user, realm, password, 0.0)
        found.add(password)
        for pair in (secret.md5, secret.sha256, secret.sha512_256):
            assert pair is not None
            found |= {pair.hash1, pair.hash1b}
    return found


def use_secrets(fort: Fort) -> set[str]:
    """Register, fail to, and call through the carrier; returns the digests that went over the wire."""
    responses: set[str] = set()
    with fort.ear(CHICAGO) as carrier, fort.udp() as wire:
        password = fort.server.passwords[f"alice@{ATLANTA}"]
        aor = f"<sip:alice@{ATLANTA}>"
        for word in (password, "a-wrong-guess"):
            letter = Letter("REGISTER", f"sip:{ATLANTA}", From=f"{aor};tag={token()}", To=aor, Expires="60")
            quoted = digest(wire.ask(letter), "alice", word, method="REGISTER", uri=letter.uri)
            # The same without quotes, which the grammar does not want and the parser takes.
            plain = (quoted[0], re.sub(r'response="(\w+)"', r"response=\1", quoted[1]))
            for header in (quoted, plain):
                responses.update(re.findall(r'response="?(\w+)', header[1]))
                wire.ask(letter.again(header))
        uri = f"sip:+13125550199@{ATLANTA}"
        letter = Letter(
            "INVITE", uri, (), offer(wire.host), From=f"<sip:alice:{password}@{ATLANTA}>;tag={token()}", Content_Type="application/sdp"
        )  # fmt: skip
        header = digest(wire.ask(letter), "alice", password, method="INVITE", uri=uri)
        second = letter.again(header)
        wire.send(second)
        challenge = [("Proxy-Authenticate", f'Digest realm="{CARRIER_REALM}", nonce="{token()}", qop="auth"')]
        carrier.respond(carrier.called(), 407, challenge)
        answered = carrier.seek(
            lambda each: isinstance(each, Request) and each.get("Proxy-Authorization") is not None
        )
        assert isinstance(answered, Request)
        responses.update(
            re.findall(r'response="?(\w+)', header[1] + (answered.get("Proxy-Authorization") or ""))
        )
        carrier.busy(answered)
        wire.acknowledge(second, wire.answer_to(second))
    assert len(responses) >= 4
    return responses


def arguments_of_all() -> str:
    """What ``ps`` shows of every process, the short-lived ones of this very moment too."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(path.read_text(errors="replace").replace("\0", " "))
    return "\n".join(lines)


def what_others_see(fort: Fort) -> dict[str, str]:
    """Whatever can be read of the server by people who may not read its data folder."""
    places = {"log": fort.server.log(), "ps": arguments_of_all()}
    for pid in (fort.server.pid, *fort.server.media_pids()):
        places[f"arguments of {pid}"] = Path(f"/proc/{pid}/cmdline").read_text()
        places[f"environment of {pid}"] = Path(f"/proc/{pid}/environ").read_text()
    for command in (
        ["credential", "list"], ["credential", "show", "alice"], ["trunk", "list"], ["trunk", "show", "chicago"], ["registrations", "--events"],
        ["cdrs"],
    ):  # fmt: skip
        places[" ".join(command)] = fort.server.cli(*command, "--json")
    for page in (
        "/metrics",
        "/health",
        "/",
        "/nothing-here",
        "/health/../data/trunkline.db",
        "/metrics?name=%s%n%00",
    ):
        places[page] = fort.server.get(page)[1]
    for broken in (
        b"GET\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n",
        b"GET /\xff HTTP/9\r\n\r\n",
    ):
        places[repr(broken)] = said_over_http(fort, broken)
    return places


def said_over_http(fort: Fort, data: bytes) -> str:
    """What the HTTP server answers to bytes that are no good request."""
    address = urllib.parse.urlsplit(fort.server.http_url)
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as link, suppress(OSError):
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        link.settimeout(PATIENCE_S)
        return link.recv(65_536).decode("latin-1")
    return ""


def revealed(hidden: set[str], places: dict[str, str]) -> list[tuple[str, str]]:
    """Which secrets are where they must not be; hashes are written in small letters or capitals."""
    return [
        (name, secret)
        for name, text in places.items()
        for secret in hidden
        if secret in text or secret.upper() in text
    ]


def test_no_secret_is_in_the_log_the_arguments_the_environment_the_pages_or_what_commands_print(fort):
    hidden = secrets_of(fort) | use_secrets(fort)
    # Events are written a moment after they happened.
    assert eventually(lambda: "alice" in fort.server.cli("registrations", "--events"))
    places = what_others_see(fort)
    assert "Authorization: Digest" in places["log"], "the trace shows messages, and stars out what is secret"
    assert 'response="***"' in places["log"]
    assert revealed(hidden, places) == []
    # These are the places where the secrets' owners stand, and what answers has answered.
    for name in ("log", "credential list", "credential show alice", "registrations --events"):
        assert "alice" in places[name], name
    assert str(fort.server.folder) in places["ps"]
    assert [name for name, text in places.items() if not text] == []


def test_what_holds_the_nonce_key_does_not_show_it():
    key = b"the key of every nonce there is."
    nonces = NonceTable(key, started_at=0.0)
    authenticator = Authenticator(Directory(), nonces, AuthenticationPolicy())
    nonce = nonces.issue("atlanta.example", 0.0)
    for text in (repr(nonces), str(vars(authenticator)), nonce):
        assert key.decode() not in text
        assert key.hex() not in text


def test_no_file_that_others_can_read_holds_anything(fort):
    folder = fort.server.folder
    use_secrets(fort)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_password_is_kept_anywhere_on_disk(fort):
    hidden = {*fort.server.passwords.values(), CARRIERS_PASSWORD} | use_secrets(fort)
    for path in fort.server.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert [secret for secret in hidden if secret.encode() in data] == [], path


def test_no_command_takes_a_password_as_an_argument(fort):
    for command in (
        ["credential", "add"],
        ["credential", "rotate"],
        ["trunk", "add"],
        ["trunk", "change"],
        ["hash"],
    ):
        shown = fort.server.cli(*command, "--help")
        assert "--password-stdin" in shown
        assert re.findall(r"--[\w-]*password(?!-stdin)[\w-]*", shown) == []


# TLS.


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(fort, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(fort.certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection((fort.server.host, fort.tls_port)) as link,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(link, server_hostname=fort.server.host)


@pytest.mark.parametrize(
    "ciphers", ["NULL:@SECLEVEL=0", "aNULL:@SECLEVEL=0", "RC4:3DES:@SECLEVEL=0", "EXPORT:LOW:@SECLEVEL=0"]
)
def test_weak_ciphers_are_not_spoken(fort, ciphers):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(fort.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.set_ciphers(ciphers)
    except ssl.SSLError:
        return  # OpenSSL here has none of them, nor has the server
    with (
        socket.create_connection((fort.server.host, fort.tls_port)) as link,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(link, server_hostname=fort.server.host)


def test_the_certificate_of_a_trunk_is_verified_unless_the_operator_says_otherwise(certificate):
    pem = certificate("127.0.0.1")
    clock = iter(range(100)).__next__
    usual = Certificates(parse_listener(f"tls:127.0.0.1:5061;cert={pem}"), clock).for_connecting
    assert usual.verify_mode is ssl.CERT_REQUIRED
    assert usual.check_hostname
    assert usual.minimum_version is ssl.TLSVersion.TLSv1_2
    lax = Certificates(parse_listener(f"tls:127.0.0.1:5061;cert={pem};verify=no"), clock).for_connecting
    assert lax.verify_mode is ssl.CERT_NONE
