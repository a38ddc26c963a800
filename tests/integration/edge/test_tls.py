"""TLS on real sockets and both event loops: versions, handshakes, certificates of either side, and their change."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl

import pytest

from live_server import PATIENCE_S
from trunkline.edge import Edge, ListenError, parse_listener
from trunkline.sip.flow import Flow


def trusting(certificate, **settings):
    context = ssl.create_default_context(cafile=certificate)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


class TlsPeer:
    """Somebody else's TLS client."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, running, context, index=0):
        return cls(
            *await asyncio.open_connection(*running.address(index), ssl=context, server_hostname="localhost")
        )

    async def exchange(self, data):
        self.writer.write(data)
        return await asyncio.wait_for(self.reader.readexactly(len(data)), PATIENCE_S)

    def subject(self):
        [[(_kind, name)]] = self.writer.get_extra_info("peercert")["subject"]
        return name

    async def close(self):
        self.writer.close()
        with contextlib.suppress(OSError):
            await asyncio.wait_for(self.writer.wait_closed(), PATIENCE_S)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_messages_go_both_ways_over_tls(run, edge_of, certificate, message, host, version):
    pem = certificate("edge")

    async def scenario():
        async with edge_of(f"tls:{host}:0;cert={pem}") as running:
            running.echo()
            peer = await TlsPeer.connect(running, trusting(pem, maximum_version=version))
            for number in range(5):
                whole = message(b"%d" % number, b"x" * 20_000)
                assert await peer.exchange(whole) == whole
            flow = running.recorder.messages[0][1]
            assert flow.transport == "tls"
            await peer.close()
            await running.until(lambda recorder: recorder.closed)

    run(scenario)


def test_tls_older_than_1_2_is_refused(run, edge_of, certificate, recwarn):
    pem = certificate("edge")

    async def scenario():
        async with edge_of(f"tls:127.0.0.1:0;cert={pem}") as running:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await TlsPeer.connect(running, context)
            await running.until(lambda _recorder: running.edge.counters.refused == {"TLS handshake": 1})
            assert running.edge.counters.connections == 0

    run(scenario)


def test_plain_text_to_a_tls_port_is_refused(run, edge_of, certificate, connect, message):
    pem = certificate("edge")

    async def scenario():
        async with edge_of(f"tls:127.0.0.1:0;cert={pem}") as running:
            peer = await connect(running)
            await peer.send(message())
            await peer.receive_all()
            await running.until(lambda _recorder: running.edge.counters.refused == {"TLS handshake": 1})
            assert not running.recorder.messages

    run(scenario)


def test_handshakes_that_take_too_long_are_cut_off_and_count_against_the_limits(
    run, edge_of, certificate, connect
):
    pem = certificate("edge")

    async def scenario():
        async with edge_of(f"tls:127.0.0.1:0;cert={pem}", handshake_s=2.0, max_connections=2) as running:
            silent = [await connect(running) for _ in range(2)]
            await running.until(lambda _recorder: running.edge.counters.connections == 2)
            with contextlib.suppress(ConnectionResetError):
                refused = await connect(running)
                assert await refused.receive_all() == b""
            assert running.edge.counters.refused == {"too many connections": 1}
            for peer in silent:
                assert await peer.receive_all() == b""
            await running.until(lambda _recorder: running.edge.counters.connections == 0)
            assert running.edge.counters.refused["TLS handshake"] == 2

    run(scenario)


def test_a_changed_certificate_is_used_without_restart(run, edge_of, certificate, message, tmp_path):
    first, second = certificate("first"), certificate("second")
    used = tmp_path / "used.pem"
    used.write_bytes(first.read_bytes())

    async def scenario():
        async with edge_of(f"tls:127.0.0.1:0;cert={used}") as running:
            running.echo()
            old = await TlsPeer.connect(running, trusting(first))
            assert old.subject() == "first"
            [certificates] = running.edge._certificates.values()

            used.write_bytes(b"half written")
            certificates._stamps._checked_at = 0.0
            still = await TlsPeer.connect(running, trusting(first))
            assert await still.exchange(message()) == message()

            used.write_bytes(second.read_bytes())
            certificates._stamps._checked_at = 0.0
            new = await TlsPeer.connect(running, trusting(second))
            assert new.subject() == "second"
            assert await old.exchange(message()) == message()
            assert await new.exchange(message()) == message()
            for peer in (old, still, new):
                await peer.close()

    run(scenario)


def test_clients_without_the_demanded_certificate_are_refused(run, edge_of, certificate, message):
    pem, client = certificate("edge"), certificate("client")

    async def scenario():
        async with edge_of(f"tls:127.0.0.1:0;cert={pem};client-ca={client}") as running:
            running.echo()
            stranger = trusting(pem, maximum_version=ssl.TLSVersion.TLSv1_2)
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await TlsPeer.connect(running, stranger)
            known = trusting(pem)
            known.load_cert_chain(client)
            peer = await TlsPeer.connect(running, known)
            assert await peer.exchange(message()) == message()
            await peer.close()

    run(scenario)


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_certificate_that_cannot_be_used_is_named_at_the_start(run, edge_of, tmp_path, content):
    pem = tmp_path / "missing.pem"
    if content is not None:
        pem.write_bytes(content)

    async def scenario():
        edge = Edge([parse_listener(f"tls:127.0.0.1:0;cert={pem}")], edge_of().recorder)
        with pytest.raises(ListenError, match=r"cannot use the certificate of tls:127\.0\.0\.1:0"):
            await edge.start()

    run(scenario)


def test_an_encrypted_key_is_refused_without_asking_for_its_passphrase(run, edge_of, certificate, tmp_path):
    pem = certificate("edge")
    sealed = tmp_path / "sealed.pem"
    os.system(f"openssl pkey -in {pem} -aes128 -passout pass:secret -out {sealed} 2>/dev/null")
    assert b"ENCRYPTED" in sealed.read_bytes()

    async def scenario():
        edge = Edge([parse_listener(f"tls:127.0.0.1:0;cert={pem};key={sealed}")], edge_of().recorder)
        with pytest.raises(ListenError, match="certificate"):
            await edge.start()

    run(scenario)


@pytest.mark.parametrize(
    ("options", "server_name", "failure"),
    [
        (";ca={server}", "localhost", ""),
        (";ca={server}", "", ""),
        (";ca={server}", "biloxi.example", "certificate not accepted: Hostname mismatch"),
        (";ca={other}", "localhost", "certificate not accepted: self"),
        ("", "localhost", "certificate not accepted: self"),
        (";verify=no", "biloxi.example", ""),
    ],
)
def test_the_server_we_connect_to_must_bear_the_name_unless_told_otherwise(
    run,
    edge_of,
    certificate,
    message,
    options,
    server_name,
    failure,
):
    server, other = certificate("server"), certificate("other")
    chosen = options.format(server=server, other=other)

    async def scenario():
        async with (
            edge_of(f"tls:127.0.0.1:0;cert={server}") as remote,
            edge_of(f"tls:127.0.0.1:0;cert={other}{chosen}") as running,
        ):
            remote.echo()
            flow = Flow(running.edge.listeners[0], *remote.address(), server_name=server_name)
            running.edge.send(flow, message())
            running.edge.send(flow, message())
            if failure:
                await running.until(lambda recorder: len(recorder.failures) == 2)
                assert running.recorder.failures[0][2].startswith(failure)
                assert not remote.recorder.messages
            else:
                await running.until(lambda recorder: len(recorder.messages) == 2)
                assert running.edge.counters.opened == 1
                numbered = running.recorder.messages[0][1]
                assert (numbered.host, numbered.port) == remote.address()

    run(scenario)


def test_a_connection_checked_for_one_name_does_not_serve_another(run, edge_of, certificate, message):
    server = certificate("server", "DNS:atlanta.example,DNS:biloxi.example")

    async def scenario():
        async with (
            edge_of(f"tls:127.0.0.1:0;cert={server}") as remote,
            edge_of(f"tls:127.0.0.1:0;cert={server};ca={server}") as running,
        ):
            for name in ("atlanta.example", "biloxi.example", "atlanta.example", "chicago.example"):
                running.edge.send(
                    Flow(running.edge.listeners[0], *remote.address(), server_name=name),
                    message(name.encode()),
                )
            await remote.until(lambda recorder: len(recorder.messages) == 3)
            await running.until(lambda recorder: recorder.failures)
            assert len({flow for _data, flow in remote.recorder.messages}) == 2

    run(scenario)


@pytest.mark.parametrize(
    ("wanted", "subject"),
    [
        ("atlanta.example", "atlanta"),
        ("elsewhere.example", "atlanta"),
        ("sip.biloxi.example", "biloxi"),
        ("SIP.Biloxi.Example", "biloxi"),
        ("a.chicago.example", "chicago"),
        ("a.b.chicago.example", "atlanta"),
        (None, "atlanta"),
    ],
)
@pytest.mark.parametrize("transport", ["tls", "wss"])
def test_the_certificate_is_that_of_the_name_the_client_asks_for(
    run, edge_of, certificate, transport, wanted, subject
):
    own, biloxi, chicago = certificate("atlanta"), certificate("biloxi"), certificate("chicago")
    text = (
        f"{transport}:127.0.0.1:0;cert={own};cert={biloxi};key={biloxi};name=sip.biloxi.example"
        f";cert={chicago};name=*.chicago.example"
    )

    async def scenario():
        async with edge_of(text) as running:
            pem = {"atlanta": own, "biloxi": biloxi, "chicago": chicago}[subject]
            context = trusting(pem, check_hostname=False)
            # An empty name asks for none.
            _, writer = await asyncio.open_connection(
                *running.address(), ssl=context, server_hostname=wanted or ""
            )
            [[(_kind, name)]] = writer.get_extra_info("peercert")["subject"]
            assert name == subject
            writer.close()

    run(scenario)


def test_a_changed_certificate_of_a_name_is_used_without_restart(run, edge_of, certificate, tmp_path):
    own, first, second = certificate("own"), certificate("first"), certificate("second")
    used = tmp_path / "used.pem"
    used.write_bytes(first.read_bytes())

    async def scenario():
        async with edge_of(f"tls:127.0.0.1:0;cert={own};cert={used};name=localhost") as running:
            old = await TlsPeer.connect(running, trusting(first))
            [certificates] = running.edge._certificates.values()
            used.write_bytes(second.read_bytes())
            certificates._stamps._checked_at = 0.0
            new = await TlsPeer.connect(running, trusting(second))
            assert (old.subject(), new.subject()) == ("first", "second")
            for peer in (old, new):
                await peer.close()

    run(scenario)


def test_a_certificate_of_a_name_that_cannot_be_used_is_named_at_the_start(
    run, edge_of, certificate, tmp_path
):
    text = f"tls:127.0.0.1:0;cert={certificate('own')};cert={tmp_path / 'missing.pem'};name=biloxi.example"

    async def scenario():
        edge = Edge([parse_listener(text)], edge_of().recorder)
        with pytest.raises(ListenError, match=r"cannot use the certificate of tls:127\.0\.0\.1:0"):
            await edge.start()

    run(scenario)
