"""Mallory: raw sockets, hand-made messages, and what the server says to them."""

from __future__ import annotations

import hashlib
import itertools
import re
import secrets
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from websockets.sync.client import ClientConnection, connect

from live_server import SIP_PORT, LiveServer
from trunkline.sip.errors import ParseError
from trunkline.sip.framing import StreamFramer
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.parser import parse_message

Headers = Iterable[tuple[str, str]]

PATIENCE_S = 20.0
QUIET_S = 0.15
"""How long to listen for what must not come."""

_numbers = itertools.count(1)

SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def offer(host: str, port: int = 40_000, **replaced: str) -> str:
    """A session description of one audio stream; ``replaced`` text stands in for other text of it."""
    text = SDP.format(host=host, port=port)
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text


def token() -> str:
    """Something that was not said before."""
    return f"{next(_numbers)}{secrets.token_hex(5)}"


class Letter:
    """A request as Mallory writes it: header fields may be replaced, left out (None), added, or written raw."""

    def __init__(
        self, method: str, uri: str, headers: Headers = (), body: str | bytes = "", *, transport: str = "UDP",
        raw: str = "", **fields: str | None,
    ) -> None:  # fmt: skip
        self.method = method
        self.uri = uri
        self.body = body.encode() if isinstance(body, str) else body
        self.raw = raw
        self.branch = f"z9hG4bK{token()}"
        self.fields: dict[str, str | None] = {
            "Via": f"SIP/2.0/{transport} mallory.invalid;branch={self.branch};rport",
            "Max-Forwards": "70",
            "From": f"<sip:mallory@evil.example>;tag={token()}",
            "To": f"<{uri}>",
            "Call-ID": token(),
            "CSeq": f"{next(_numbers)} {method}",
            "Contact": "<sip:mallory@evil.example>",
        }
        self.fields.update({name.replace("_", "-"): value for name, value in fields.items()})
        self.headers = list(headers)

    def again(self, *headers: tuple[str, str], **fields: str | None) -> Letter:
        """The next request of the same Call-ID, with these header fields besides."""
        number = int((self.fields["CSeq"] or "1").split()[0]) + 1
        made = Letter(self.method, self.uri, [*self.headers, *headers], self.body, raw=self.raw)
        branch = (self.fields["Via"] or "").replace(self.branch, made.branch)
        made.fields = {**self.fields, "Via": branch, "CSeq": f"{number} {self.method}"}
        made.fields.update({name.replace("_", "-"): value for name, value in fields.items()})
        return made

    def to_bytes(self) -> bytes:
        """The message."""
        lines = [f"{self.method} {self.uri} SIP/2.0"]
        lines += [f"{name}: {value}" for name, value in self.fields.items() if value is not None]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if "Content-Length" not in self.fields:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(lines) + "\r\n" + self.raw + "\r\n"
        return head.encode("utf-8", "surrogateescape") + self.body


def digest(
    challenge: Response, username: str, password: str, *, method: str, uri: str, nonce: str | None = None,
    realm: str | None = None,
    nc: int = 1, qop: str | None = "auth", algorithm: str = "MD5", cnonce: str = "c0ffee", body: bytes = b"",
    response: str = "", extra: str = "",
) -> tuple[str, str]:  # fmt: skip
    """The header field that answers a challenge, with whatever Mallory wants to be different about it."""
    is_proxy = challenge.status == 407
    offered = challenge.get("Proxy-Authenticate" if is_proxy else "WWW-Authenticate") or ""
    nonce = parameter(offered, "nonce") if nonce is None else nonce
    realm = parameter(offered, "realm") if realm is None else realm
    count = f"{nc:08x}"

    def hashed(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    ha1 = hashed(f"{username}:{realm}:{password}")
    if algorithm.lower().endswith("-sess"):
        ha1 = hashed(f"{ha1}:{nonce}:{cnonce}")
    ha2 = f"{method}:{uri}" if qop != "auth-int" else f"{method}:{uri}:{hashlib.md5(body).hexdigest()}"
    middle = f"{nonce}:{count}:{cnonce}:{qop}" if qop else nonce
    answer = response or hashed(f"{ha1}:{middle}:{hashed(ha2)}")
    value = (
        f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{answer}"'
    )
    value += f", algorithm={algorithm}" if algorithm else ""
    value += f', cnonce="{cnonce}", nc={count}, qop={qop}' if qop else ""
    return ("Proxy-Authorization" if is_proxy else "Authorization"), value + extra


def parameter(value: str, name: str) -> str:
    """A parameter of a challenge; empty when it is not there."""
    found = re.search(rf'\b{name}="?([^",]*)', value)
    return found[1] if found else ""


class Wire:
    """One way to the server. ``messages`` is everything that came back, readable or not."""

    transport = "UDP"

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.messages: list[Request | Response] = []
        self.octets = 0
        self.is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes | Letter) -> None:
        """Say something."""
        raise NotImplementedError

    def receive(self, limit_s: float) -> list[Request | Response]:
        """Whatever comes first within so long, if only a part of a message; nothing when nothing comes."""
        raise NotImplementedError

    def close(self) -> None:
        """Go away."""
        self.link.close()

    def listen(self, for_s: float = QUIET_S) -> list[Request | Response]:
        """Everything that comes within so long."""
        heard: list[Request | Response] = []
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0 and not self.is_over:
            heard += self.receive(left)
        return heard

    def ask(self, letter: Letter, limit_s: float = PATIENCE_S) -> Response:
        """Send a request and return its final response; 100 and the answers to others are passed over."""
        self.send(letter)
        return self.answer_to(letter, limit_s)

    def answer_to(self, letter: Letter, limit_s: float = PATIENCE_S) -> Response:
        """The final response to a request that was sent."""
        found = self.seek(lambda message: _answers(message, letter), limit_s)
        assert isinstance(found, Response), f"no answer to {letter.to_bytes()[:300]!r}; heard {self.messages}"
        return found

    def seek(
        self, wanted: Callable[[Request | Response], bool], limit_s: float = PATIENCE_S
    ) -> Request | Response | None:
        """The first message of a kind within so long."""
        until = time.monotonic() + limit_s
        while (left := until - time.monotonic()) > 0 and not self.is_over:
            for message in self.receive(left):
                if wanted(message):
                    return message
        return None

    def acknowledge(self, letter: Letter, response: Response) -> None:
        """The ACK to a refusal."""
        fields = {"Via": letter.fields["Via"], "To": response.get("To"), "From": letter.fields["From"]}
        fields |= {
            "Call-ID": letter.fields["Call-ID"],
            "CSeq": f"{response.cseq_number} ACK",
            "Contact": None,
        }
        self.send(Letter("ACK", letter.uri, **fields))

    def log_in(
        self,
        letter: Letter,
        username: str,
        password: str,
        limit_s: float = PATIENCE_S,
        **lies: str | int | bytes | None,
    ) -> Response:
        """Send a request, answer its challenge, return what came of it."""
        challenge = self.ask(letter)
        assert challenge.status in (401, 407), challenge
        if letter.method == "INVITE":
            self.acknowledge(letter, challenge)
        facts = {"method": letter.method, "uri": letter.uri, **lies}
        second = letter.again(digest(challenge, username, password, **facts))  # type: ignore[arg-type]
        return self.ask(second, limit_s)

    def _took(self, data: bytes) -> list[Request | Response]:
        self.octets += len(data)
        try:
            message = parse_message(data)
        except ParseError as error:
            raise AssertionError(f"the server sent what cannot be read ({error.reason}): {data!r}") from error
        self.messages.append(message)
        return [message]


def _answers(message: Request | Response, letter: Letter) -> bool:
    return (
        isinstance(message, Response)
        and message.status >= 200
        and message.call_id == letter.fields["Call-ID"]
        and message.get("CSeq") == letter.fields["CSeq"]
    )


class Datagrams(Wire):
    """UDP from an address of this machine."""

    def __init__(self, server: tuple[str, int], host: str, port: int = 0) -> None:
        super().__init__(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        self.link.bind((host, port))
        self.host, self.port = self.link.getsockname()
        self._server = server

    def send(self, data: bytes | Letter) -> None:
        """See the class above."""
        self.link.sendto(data if isinstance(data, bytes) else data.to_bytes(), self._server)

    def receive(self, limit_s: float) -> list[Request | Response]:
        """See the class above."""
        if not select.select([self.link], [], [], limit_s)[0]:
            return []
        with suppress(ConnectionRefusedError):
            return self._took(self.link.recv(65_535))
        return []


class Stream(Wire):
    """TCP, or TLS."""

    transport = "TCP"

    def __init__(
        self,
        server: tuple[str, int],
        host: str,
        secured: ssl.SSLContext | None = None,
        limit_s: float = PATIENCE_S,
    ) -> None:
        link = socket.create_connection(server, limit_s, source_address=(host, 0))
        if secured is not None:
            self.transport = "TLS"
            link = secured.wrap_socket(link, server_hostname=server[0])
        super().__init__(link)
        self.host, self.port = self.link.getsockname()
        self._framer = StreamFramer()

    def send(self, data: bytes | Letter) -> None:
        """See the class above."""
        self.link.sendall(data if isinstance(data, bytes) else data.to_bytes())

    def receive(self, limit_s: float) -> list[Request | Response]:
        """See the class above."""
        self.link.settimeout(max(limit_s, 0.001))
        try:
            data = self.link.recv(65_536)
        except TimeoutError:
            return []
        except OSError:
            data = b""
        self.is_over = not data
        return [message for whole in self._framer.receive(data) for message in self._took(whole)]


class WebSocket(Wire):
    """SIP in WebSocket frames."""

    transport = "WS"

    def __init__(self, server: tuple[str, int], host: str) -> None:
        link = socket.create_connection(server, PATIENCE_S, source_address=(host, 0))
        super().__init__(link)
        self._stack = ExitStack()
        self.connection: ClientConnection = self._stack.enter_context(
            connect(f"ws://{server[0]}:{server[1]}/", sock=link, subprotocols=["sip"], compression=None)  # type: ignore[list-item]
        )
        self.host, self.port = host, link.getsockname()[1]

    def send(self, data: bytes | Letter) -> None:
        """See the class above."""
        self.connection.send(data if isinstance(data, bytes) else data.to_bytes())

    def receive(self, limit_s: float) -> list[Request | Response]:
        """See the class above."""
        try:
            data = self.connection.recv(limit_s)
        except TimeoutError:
            return []
        return self._took(data if isinstance(data, bytes) else data.encode())

    def close(self) -> None:
        """See the class above."""
        self._stack.close()


def _transaction(request: Request) -> tuple[str, str | None]:
    """What two requests have in common when one repeats the other; the ACK to a refusal has a method of its own."""
    return request.method, request.get("Via")


class Ear(Datagrams):
    """A device or carrier: it listens, tells what it heard, and answers when a test wants it to."""

    raw = b""
    """The last datagram, as it came."""

    def __init__(self, server: tuple[str, int], host: str, port: int = 0) -> None:
        super().__init__(server, host, port)
        self._told: set[tuple[str, str | None]] = set()
        self._answers: dict[tuple[str, str | None], bytes] = {}

    def _took(self, data: bytes) -> list[Request | Response]:
        """What is repeated because the answer was lost, as in a flood, is answered again as by any device."""
        self.raw = data
        messages = super()._took(data)
        for message in messages:
            if isinstance(message, Request) and (answer := self._answers.get(_transaction(message))):
                self.send(answer)
        return messages

    def overheard(self, for_s: float = QUIET_S) -> list[str]:
        """The messages that came, in short."""
        return [repr(message) for message in self.listen(for_s)]

    def called(self, method: str = "INVITE", limit_s: float = PATIENCE_S) -> Request:
        """The next request of a method; what is repeated because the answer was slow is none."""
        found = self.seek(
            lambda message: (
                isinstance(message, Request)
                and message.method == method
                and _transaction(message) not in self._told
            ),
            limit_s,
        )
        assert isinstance(found, Request), f"no {method} came"
        self._told.add(_transaction(found))
        return found

    def respond(
        self, request: Request, status: int, headers: Headers = (), body: str | bytes = "", reason: str = "", contact: str = ""
    ) -> None:  # fmt: skip
        """Answer a request; with a session description its type is told."""
        data = body.encode() if isinstance(body, str) else body
        own = [("Contact", contact or f"<sip:{self.host}:{self.port}>")] if status < 300 else []
        own += [("Content-Type", "application/sdp")] if data else []
        answer = response_to(request, status, reason, f"ear{self.port}", [*own, *headers], data).to_bytes()
        self._answers[_transaction(request)] = answer
        self.send(answer)

    def busy(self, request: Request) -> None:
        """Refuse a call, and wait for the ACK."""
        self.respond(request, 486)
        self.called("ACK")


class Fort:
    """A server under siege. ``tls_port`` and ``ws_port`` are its other listeners; each enemy has an address of its own."""

    tls_port = 5061
    ws_port = 8080

    def __init__(self, server: LiveServer, certificate: Path | None = None) -> None:
        self.server = server
        self.certificate = certificate
        self._next = 60

    def address(self) -> str:
        """An address that nobody had before."""
        self._next += 1
        assert self._next < 254, "no address is left in the network"
        return self.server.network.address(self._next)

    def udp(self, host: str = "", port: int = 0) -> Datagrams:
        """Come by UDP, from a new address unless one is given."""
        return Datagrams((self.server.host, SIP_PORT), host or self.address(), port)

    def tcp(self, host: str = "") -> Stream:
        """Come by TCP."""
        return Stream((self.server.host, SIP_PORT), host or self.address())

    def tls(self, host: str = "") -> Stream:
        """Come by TLS."""
        secured = ssl.create_default_context(cafile=self.certificate)
        return Stream((self.server.host, self.tls_port), host or self.address(), secured)

    def ws(self, host: str = "") -> WebSocket:
        """Come by WebSocket."""
        return WebSocket((self.server.host, self.ws_port), host or self.address())

    def ear(self, number: int, port: int = SIP_PORT) -> Ear:
        """Listen where something of the server's might go."""
        return Ear((self.server.host, SIP_PORT), self.server.network.address(number), port)

    def register(
        self, wire: Wire, username: str, realm: str, contact: str = "", **fields: str | None
    ) -> Response:
        """Register a device over a wire."""
        uri = f"sip:{realm}"
        aor = f"<sip:{username}@{realm}>"
        own: dict[str, str | None] = {"From": f"{aor};tag={token()}", "To": aor, "Expires": "300", **fields}
        own["Contact"] = (
            contact or f"<sip:{username}@{wire.link.getsockname()[0]}:{wire.link.getsockname()[1]}>"
        )
        letter = Letter("REGISTER", uri, transport=wire.transport, **own)
        return wire.log_in(letter, username, self.server.passwords[f"{username}@{realm}"])

    def resident_kib(self) -> int:
        """The memory of the server process."""
        text = Path(f"/proc/{self.server.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", text)
        assert found is not None
        return int(found[1])

    def descriptors(self) -> int:
        """How many files and sockets the server process has open."""
        return len(list(Path(f"/proc/{self.server.pid}/fd").iterdir()))
