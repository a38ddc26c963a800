"""A device that registers and calls: makes requests, answers challenges, keeps its CSeq and nonce count.

Its digest is written out here with hashlib, apart from the code under test.
"""

from __future__ import annotations

import hashlib
import itertools
import re

from trunkline.domain.credential import Credential, Secret, secret_of_password
from trunkline.domain.directory import Directory
from trunkline.domain.realm import Realm
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.message import Request, Response
from trunkline.sip.parser import parse_message

ATLANTA = Realm(1, 1, "atlanta.example", "", True, "", 0.0)
BILOXI = Realm(2, 2, "biloxi.example", "", True, "", 0.0)
LISTENER = Listener("udp", "198.51.100.1", 5060)
TCP_LISTENER = Listener("tcp", "198.51.100.1", 5060)
NOW = 1_700_000_000.25

_numbers = itertools.count(1)
_hashes = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def hashed(text: str, algorithm: str = "MD5") -> str:
    if algorithm == "SHA-512-256":
        return hashlib.new("sha512_256", text.encode()).hexdigest()
    return _hashes[algorithm](text.encode()).hexdigest()


def credential_of(
    username: str,
    password: str = "secret",
    *,
    realm: Realm = ATLANTA,
    domain: str = "",
    number: int = 0,
    **more: object,
) -> Credential:
    composite = f"{username}@{domain}" if domain else username
    secrets = more.pop("secrets", None) or (secret_of_password(composite, realm.name, password, 0.0),)
    return Credential(
        number or next(_numbers), realm.account_id, realm.id, realm.name, username, domain, secrets, **more
    )


def md5_secret(secret: Secret) -> Secret:
    return Secret(secret.md5, created_at=secret.created_at, valid_until=secret.valid_until)


def directory_of(*credentials: Credential, realms: tuple[Realm, ...] = (ATLANTA, BILOXI)) -> Directory:
    directory = Directory()
    directory.apply([*realms, *credentials])
    return directory


def flow_of(host: str = "192.0.2.7", port: int = 5060, *, connection: int = 0) -> Flow:
    return Flow(TCP_LISTENER if connection else LISTENER, host, port, connection)


def challenges_of(response: Response) -> list[dict[str, str]]:
    name = "Proxy-Authenticate" if response.status == 407 else "WWW-Authenticate"
    return [challenge_fields(value) for value in response.get_all(name)]


def challenge_fields(value: str) -> dict[str, str]:
    return {
        key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', value)
    }


class Device:
    """Alice's phone unless told otherwise. What a test wants different it passes to the request."""

    def __init__(
        self,
        username: str = "alice",
        password: str = "secret",
        *,
        realm: str = ATLANTA.name,
        host: str = "192.0.2.7",
    ) -> None:
        self.username = username
        self.password = password
        self.realm = realm
        self.host = host
        self.uri = f"sip:{realm}"
        self.aor_uri = f"sip:{username.partition('@')[0]}@{realm}"
        self.contact = f"<sip:{username.partition('@')[0]}@{host}:5060>"
        self.call_id = f"call{next(_numbers)}"
        self.cseq = 0
        self.nonce_counts: dict[str, int] = {}

    def request(
        self,
        method: str = "REGISTER",
        *,
        contacts: list[str] | None = None,
        headers: list[str] | None = None,
        uri: str = "",
        to: str = "",
        cseq: int | None = None,
        call_id: str = "",
        branch: str = "",
        body: str = "",
        sender: str = "",
    ) -> Request:
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        if contacts is None:
            contacts = [self.contact]
        lines = [
            f"{method} {uri or self.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:5060;branch={branch or f'z9hG4bK{next(_numbers)}'};rport",
            f"From: <{sender or self.aor_uri}>;tag=1",
            f"To: <{to or self.aor_uri}>",
            f"Call-ID: {call_id or self.call_id}",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 70",
            *[f"Contact: {contact}" for contact in contacts],
            *(headers or []),
            f"Content-Length: {len(body)}",
        ]
        message = parse_message(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        assert isinstance(message, Request)
        return message

    def digest(
        self,
        challenge: dict[str, str],
        method: str = "REGISTER",
        *,
        uri: str = "",
        password: str = "",
        username: str = "",
        qop: str = "auth",
        nonce_count: int | None = None,
        body: str = "",
        ha1: str = "",
        response: str = "",
    ) -> str:
        algorithm = challenge.get("algorithm", "MD5")
        uri = uri or self.uri
        nonce = challenge["nonce"]
        username = username or self.username
        ha1 = ha1 or hashed(f"{username}:{challenge['realm']}:{password or self.password}", algorithm)
        if qop == "auth-int":
            ha2 = hashed(f"{method}:{uri}:{hashed(body, algorithm)}", algorithm)
        else:
            ha2 = hashed(f"{method}:{uri}", algorithm)
        if nonce_count is None:
            nonce_count = self.nonce_counts.get(nonce, 0) + 1
            self.nonce_counts[nonce] = nonce_count
        text = f"{ha1}:{nonce}:{nonce_count:08x}:c0ffee:{qop}:{ha2}" if qop else f"{ha1}:{nonce}:{ha2}"
        tail = f', qop={qop}, nc={nonce_count:08x}, cnonce="c0ffee"' if qop else ""
        return (
            f'Digest username="{username}", realm="{challenge["realm"]}", nonce="{nonce}", uri="{uri}",'
            f' response="{response or hashed(text, algorithm)}", algorithm={algorithm}{tail}'
        )
