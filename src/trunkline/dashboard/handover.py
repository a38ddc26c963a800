"""The handover of a credential: all that a person needs to put it into a device, a softphone or another provider."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from trunkline.domain.credential import Credential
from trunkline.sip.flow import TCP, TLS, UDP, Listener

PLACEHOLDER: Final = "PASSWORD"
"""Stands where the password would, when it is not known here any more."""

EXAMPLE_NUMBER: Final = "+17778889999"
EXAMPLE_CALLER: Final = "+15553334444"

_USER_SAFE: Final = "-_.!~*'()&=+$,;?/"
"""What the user part of a SIP URI holds as it is (RFC 3261 §25.1)."""

_PREFERRED: Final = (TLS, TCP, UDP)


@dataclass(frozen=True, slots=True)
class Server:
    """A listener as a device enters it."""

    transport: str
    host: str
    port: int

    @property
    def address(self) -> str:
        """``host:port``, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """The SIP URI that a device sends everything to."""
        return f"sip:{self.address};transport={self.transport}"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines to paste: where they go, and what they are."""

    title: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Handover:
    """See the module. ``password`` is empty where it is not known; ``server`` None where nothing listens."""

    credential: Credential
    servers: tuple[Server, ...]
    password: str = ""

    @property
    def server(self) -> Server | None:
        """The listener to recommend: UDP, which every device speaks, else the first there is."""
        usable = [one for one in self.servers if one.transport in _PREFERRED]
        return next((one for one in usable if one.transport == UDP), usable[0] if usable else None)

    @property
    def user(self) -> str:
        """The user part of the address-of-record, as it stands in a URI."""
        return quote(self.credential.composite, safe=_USER_SAFE)

    @property
    def address(self) -> str:
        """The SIP address that others call."""
        return f"sip:{self.user}@{self.credential.realm_name}"

    @property
    def secret(self) -> str:
        """The password, or what stands for it."""
        return self.password or PLACEHOLDER

    @property
    def to(self) -> str:
        """What another provider dials: the number, at the realm, with the port."""
        port = self.server.port if self.server is not None else 5060
        return f"sip:{EXAMPLE_NUMBER}@{self.credential.realm_name}:{port}"

    @property
    def curl(self) -> str:
        """A call by Twilio's REST API over this credential."""
        fields = (
            f"To={self.to}",
            f"From={EXAMPLE_CALLER}",
            "Url=https://app.example/answer",
            f"SipAuthUsername={self.credential.composite}",
            f"SipAuthPassword={self.secret}",
        )
        lines = [f"  --data-urlencode {_quoted(text)} \\" for text in fields]
        start = "curl -X POST 'https://api.twilio.com/2010-04-01/Accounts/{AccountSid}/Calls.json' \\"
        return "\n".join((start, *lines, "  -u '{AccountSid}:{AuthToken}'"))

    @property
    def python(self) -> str:
        """The same call with Twilio's library."""
        arguments = (
            ("to", self.to),
            ("from_", EXAMPLE_CALLER),
            ("url", "https://app.example/answer"),
            ("sip_auth_username", self.credential.composite),
            ("sip_auth_password", self.secret),
        )
        lines = "".join(f"    {name}={_literal(value)},\n" for name, value in arguments)
        return f"call = client.calls.create(\n{lines})"

    @property
    def baresip(self) -> str:
        """A line of baresip's ``accounts``."""
        outbound = f';outbound="{self.server.uri}"' if self.server else ""
        name, domain = self.credential.composite, self.credential.realm_name
        secret = self.secret if self.secret.isalnum() else f'"{self.secret}"'
        transport = f";transport={self.server.transport}" if self.server else ""
        return (
            f"<sip:{self.user}@{domain}{transport}>;auth_user={name};auth_pass={secret}{outbound};regint=600"
        )

    @property
    def twinkle(self) -> str:
        """Lines of a Twinkle profile."""
        pairs = (
            ("user_name", self.user),
            ("user_domain", self.credential.realm_name),
            ("auth_realm", self.credential.realm_name),
            ("auth_name", self.credential.composite),
            ("auth_pass", self.secret),
            ("outbound_proxy", self.server.address if self.server else ""),
            ("register_at_startup", "yes"),
        )
        return "\n".join(f"{name}={value}" for name, value in pairs)


def handover(credential: Credential, listeners: tuple[Listener, ...], password: str = "") -> Handover:
    """The handover of a credential at the listeners that serve its account."""
    servers = [Server(one.transport, one.advertised_host, one.advertised_port) for one in listeners]
    return Handover(credential, tuple(dict.fromkeys(servers)), password)


def _quoted(text: str) -> str:
    quoted = shlex.quote(text)
    return quoted if quoted.startswith("'") else f"'{quoted}'"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
