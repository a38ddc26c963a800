"""A receiver that records, peers that speak bytes, and both event loops."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess

import pytest
import uvloop

from live_server import PATIENCE_S
from trunkline.edge import Edge, EdgeLimits, parse_listener

MESSAGE = b"OPTIONS sip:biloxi.example SIP/2.0\r\nCall-ID: %s\r\nContent-Length: %d\r\n\r\n%s"


class Recorder:
    """A receiver that keeps what it hears, and answers when given an answer."""

    def __init__(self):
        self.messages = []
        self.malformations = []
        self.closed = []
        self.failures = []
        self.answer = None

    def received(self, data, flow):
        self.messages.append((data, flow))
        if self.answer is not None:
            self.answer(data, flow)

    def malformed(self, flow, reason, head):
        self.malformations.append((flow, reason, head))
        if self.answer is not None:
            self.answer(head, flow)

    def flow_closed(self, flow, reason):
        self.closed.append((flow, reason))

    def send_failed(self, flow, data, reason):
        self.failures.append((flow, data, reason))


class RunningEdge:
    """An edge with a recorder above it."""

    def __init__(self, texts, limits):
        self.recorder = Recorder()
        self.edge = Edge([parse_listener(text) for text in texts], self.recorder, limits)

    async def __aenter__(self):
        await self.edge.start()
        return self

    async def __aexit__(self, *_exception):
        await self.edge.stop()

    def address(self, index=0):
        listener = self.edge.listeners[index]
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listener.host, listener.host), listener.port

    def echo(self):
        """Answer every message and every malformed head with itself."""
        self.recorder.answer = lambda data, flow: self.edge.send(flow, data)

    async def until(self, condition, within_s=PATIENCE_S):
        """Wait for something to become true of the recorder."""
        give_up_at = asyncio.get_running_loop().time() + within_s
        while not condition(self.recorder):
            assert asyncio.get_running_loop().time() < give_up_at, vars(self.recorder)
            await asyncio.sleep(0.005)


class DatagramPeer:
    """A UDP socket of somebody else's."""

    def __init__(self, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.address = self.socket.getsockname()[:2]

    def send(self, data, address):
        self.socket.sendto(data, address)

    async def receive(self, within_s=PATIENCE_S):
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + within_s
        while True:
            try:
                return self.socket.recvfrom(65_535)
            except BlockingIOError:
                assert loop.time() < give_up_at, "nothing came"
                await asyncio.sleep(0.002)

    def close(self):
        self.socket.close()


class StreamPeer:
    """One end of a TCP connection that is somebody else's."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.setblocking(False)

    @property
    def address(self):
        return self.socket.getsockname()[:2]

    async def send(self, data):
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def receive(self, size):
        """Read exactly so many bytes."""
        data = bytearray()
        async with asyncio.timeout(PATIENCE_S):
            while len(data) < size:
                chunk = await asyncio.get_running_loop().sock_recv(self.socket, size - len(data))
                assert chunk, f"closed after {bytes(data)!r}"
                data += chunk
        return bytes(data)

    async def receive_all(self):
        """Read until the other side closes or resets."""
        data = bytearray()
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionError):
                while chunk := await asyncio.get_running_loop().sock_recv(self.socket, 65_536):
                    data += chunk
        return bytes(data)

    def close(self):
        self.socket.close()


class StreamServer:
    """A TCP server that is somebody else's."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.address = self.socket.getsockname()
        self.accepted = []

    async def accept(self):
        async with asyncio.timeout(PATIENCE_S):
            accepted, _address = await asyncio.get_running_loop().sock_accept(self.socket)
        self.accepted.append(StreamPeer(accepted))
        return self.accepted[-1]

    def close(self):
        for peer in self.accepted:
            peer.close()
        self.socket.close()


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Run a coroutine function on either event loop, in bounded time; what the loop complains of fails the test."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else None

    def run(function, *arguments, timeout=3 * PATIENCE_S):
        complaints = []

        async def bounded():
            asyncio.get_running_loop().set_exception_handler(
                lambda _loop, context: complaints.append(context)
            )
            return await asyncio.wait_for(function(*arguments), timeout)

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(bounded())
        assert not complaints

    return run


@pytest.fixture
def edge_of():
    """Make an edge of listener texts, with limits by name."""

    def edge_of(*texts, **limits):
        return RunningEdge(texts, EdgeLimits(**limits))

    return edge_of


@pytest.fixture
def peers():
    """Make UDP peers that are closed at the end."""
    made = []

    def make(host="127.0.0.1"):
        made.append(DatagramPeer(host))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


@pytest.fixture
def connect():
    """Connect to a running edge; the connections are closed at the end."""
    made = []

    async def connect(running, index=0):
        address = running.address(index)
        made.append(StreamPeer(socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)))
        await asyncio.get_running_loop().sock_connect(made[-1].socket, address)
        return made[-1]

    connect.adopt = StreamPeer
    yield connect
    for peer in made:
        peer.close()


@pytest.fixture
def server():
    """Serve TCP as somebody else."""
    made = StreamServer()
    yield made
    made.close()


@pytest.fixture
def message():
    """Make a SIP message with a body."""

    def message(call_id=b"1", body=b""):
        return MESSAGE % (call_id, len(body), body)

    return message


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Make throw-away certificates by name; return the PEM file with key and certificate."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name, alternative="DNS:localhost,IP:127.0.0.1,IP:::1"):
        target = folder / f"{name}.pem"
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-keyout",
                folder / "key",
                "-out",
                folder / "certificate",
                "-days",
                "2",
                "-subj",
                f"/CN={name}",
                "-addext",
                f"subjectAltName={alternative}",
            ],
            check=True,
            capture_output=True,
        )
        target.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
        return target

    return make
