"""TCP on real sockets and both event loops: framing, slow and silent peers, limits, and connections we open."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import struct

import pytest

from live_server import PATIENCE_S
from trunkline.sip.flow import Flow


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "0.0.0.0", "[::]"])
def test_an_answer_goes_over_the_connection_it_came_by(run, edge_of, connect, message, host):
    async def scenario():
        async with edge_of(f"tcp:{host}:0") as running:
            running.echo()
            peer = await connect(running)
            await peer.send(message(body=b"hello"))
            assert await peer.receive(len(message(body=b"hello"))) == message(body=b"hello")
            [(_data, flow)] = running.recorder.messages
            assert flow.connection > 0
            assert (flow.host, flow.port) == peer.address
            shown = "[::1]" if ":" in host else "127.0.0.1"
            assert flow.listener.sent_by == f"{shown}:{running.address()[1]}"
            assert running.edge.is_alive(flow)
            assert running.edge.counters.connections == running.edge.counters.accepted == 1
            peer.close()
            await running.until(lambda recorder: recorder.closed)
            assert running.recorder.closed[0][0] == flow
            assert not running.edge.is_alive(flow)
            assert running.edge.counters.connections == 0

    run(scenario)


def test_one_byte_at_a_time_and_many_at_once_arrive_whole(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            peer = await connect(running)
            peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in message(b"dripped", b"\r\n\r\n"):
                await peer.send(bytes([byte]))
                await asyncio.sleep(0)
            await peer.send(b"".join(message(b"%d" % number, b"x" * number) for number in range(200)))
            await running.until(lambda recorder: len(recorder.messages) == 201)
            assert running.recorder.messages[0][0] == message(b"dripped", b"\r\n\r\n")
            assert [data for data, _flow in running.recorder.messages[1:]] == [
                message(b"%d" % number, b"x" * number) for number in range(200)
            ]
            assert len({flow for _data, flow in running.recorder.messages}) == 1

    run(scenario)


def test_a_ping_gets_a_pong_and_stays_below(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            peer = await connect(running)
            await peer.send(b"\r\n\r\n" + message() + b"\r\n\r\n\r\n\r\n")
            assert await peer.receive(len(b"\r\n\r\n\r\n")) == b"\r\n\r\n\r\n"
            assert len(running.recorder.messages) == 1

    run(scenario)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\n\r\n", "Missing Content-Length"),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\nab", "Conflicting Content-Lengths"),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 10000\r\n\r\n" + b"x" * 9_000, "Body too large"),
        (b"OPTIONS sip:x SIP/2.0\r\nX: " + b"y" * 100_000, "Head too large"),
    ],
)
def test_a_malformed_message_can_be_answered_before_the_connection_closes(
    run, edge_of, connect, message, stream, reason
):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", max_head=2_000, max_body=1_000, linger_s=0.3) as running:
            running.recorder.answer = lambda data, flow: running.edge.send(flow, b"SIP/2.0 400 Bad\r\n\r\n")
            peer = await connect(running)
            await peer.send(stream)
            assert await peer.receive_all() == b"SIP/2.0 400 Bad\r\n\r\n"
            await peer.send(message())
            await running.until(lambda recorder: recorder.closed)
            [(flow, told, head)] = running.recorder.malformations
            assert told == reason
            assert stream.startswith(head)
            assert running.recorder.closed == [(flow, "malformed")]
            assert not running.recorder.messages

    run(scenario)


def test_what_is_not_sip_is_closed(run, edge_of, connect):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", linger_s=0.1) as running:
            peer = await connect(running)
            await peer.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            assert await peer.receive_all() == b""
            assert running.recorder.malformations[0][1] == "Not SIP"

    run(scenario)


def test_a_message_that_drips_is_cut_off_and_one_in_time_is_not(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", message_s=1.5) as running:
            loop = asyncio.get_running_loop()
            running.echo()
            peer, healthy = await connect(running), await connect(running)
            began_at = loop.time()

            async def drip():
                with contextlib.suppress(ConnectionError):
                    for byte in message(body=b"x" * 400):
                        await peer.send(bytes([byte]))
                        await asyncio.sleep(0.02)

            dripping = asyncio.create_task(drip())
            for number in range(6):
                whole = message(b"%d" % number)
                await healthy.send(whole[:20])
                await asyncio.sleep(0.1)
                await healthy.send(whole[20:] + message()[:5])
                assert await healthy.receive(len(whole)) == whole
                await healthy.send(message()[5:])
                assert await healthy.receive(len(message())) == message()
            assert await peer.receive_all() == b""
            assert loop.time() - began_at > 1.4
            assert running.edge.counters.closed == {"a message took too long": 1}
            dripping.cancel()

    run(scenario)


def test_a_connection_that_brings_no_message_is_closed_though_it_pings(run, edge_of, connect):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", silent_s=2.0) as running:
            peer = await connect(running)
            for _ in range(3):
                await peer.send(b"\r\n\r\n")
                await asyncio.sleep(0.1)
            assert await peer.receive_all() == b"\r\n" * 3
            assert running.edge.counters.closed == {"no message came": 1}
            assert running.recorder.closed == [], "nobody above knew of it"

    run(scenario)


def test_an_idle_connection_is_closed_later_when_a_registration_holds_it(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", idle_s=0.4) as running:
            loop = asyncio.get_running_loop()
            began_at = loop.time()
            idle, registered = await connect(running), await connect(running)
            for peer in (idle, registered):
                await peer.send(message())
            await running.until(lambda recorder: len(recorder.messages) == 2)
            of_port = {flow.port: flow for _data, flow in running.recorder.messages}
            running.edge.hold_open(of_port[registered.address[1]], 4.0)
            assert await idle.receive_all() == b""
            assert loop.time() - began_at > 0.3
            await running.until(lambda recorder: recorder.closed)
            assert running.recorder.closed == [(of_port[idle.address[1]], "idle")]
            assert await registered.receive_all() == b""
            assert loop.time() - began_at > 3.9
            assert [reason for _flow, reason in running.recorder.closed] == ["idle", "idle"]

    run(scenario)


def test_a_half_closed_connection_is_closed(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            running.echo()
            peer = await connect(running)
            await peer.send(message())
            peer.socket.shutdown(socket.SHUT_WR)
            assert await peer.receive_all() == message()
            await running.until(lambda recorder: recorder.closed)
            assert running.recorder.closed[0][1] == "ended by the peer"

    run(scenario)


def test_a_peer_that_does_not_read_is_closed(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", max_unsent=100_000) as running:
            peer = await connect(running)
            await peer.send(message())
            await running.until(lambda recorder: recorder.messages)
            flow = running.recorder.messages[0][1]
            sent = 0
            while not running.recorder.closed:
                running.edge.send(flow, b"x" * 50_000)
                sent += 1
                assert sent < 1_000
                await asyncio.sleep(0)
            assert running.recorder.closed == [(flow, "the peer does not read")]
            running.edge.send(flow, message())
            await running.until(lambda recorder: len(recorder.failures) == 2)
            assert [reason for _flow, _data, reason in running.recorder.failures] == [
                "the peer does not read",
                "connection closed",
            ]

    run(scenario)


def test_a_connection_reset_before_it_is_taken_leaves_nothing(run, edge_of, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            for _ in range(20):
                with socket.create_connection(running.address()) as client:
                    client.send(message())
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            counters = running.edge.counters
            await running.until(lambda _recorder: counters.accepted + sum(counters.refused.values()) == 20)
            await running.until(lambda _recorder: counters.connections == 0)

    run(scenario)


def test_connections_of_one_address_are_bounded(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", max_connections_per_address=3) as running:
            running.echo()
            served = [await connect(running) for _ in range(3)]
            for peer in served:
                await peer.send(message())
                assert await peer.receive(len(message())) == message()
            with contextlib.suppress(ConnectionResetError):
                refused = await connect(running)
                assert await refused.receive_all() == b""
            assert running.edge.counters.refused == {"too many connections of this address": 1}
            served[0].close()
            await running.until(lambda recorder: recorder.closed)
            peer = await connect(running)
            await peer.send(message())
            assert await peer.receive(len(message())) == message()

    run(scenario)


def test_two_thousand_idle_connections_are_bounded_and_others_served(run, edge_of, connect, peers, message):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 6_000:
        pytest.skip("the system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 6_000), hard))

    async def scenario():
        limits = {"max_connections": 2_000, "max_connections_per_address": 5_000, "silent_s": 600}
        async with edge_of("tcp:127.0.0.1:0", "udp:127.0.0.1:0", **limits) as running:
            running.echo()
            idle = [socket.socket() for _ in range(2_200)]
            for one in idle:
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    one.connect(running.address())
                if one.fileno() % 64 == 0:
                    await asyncio.sleep(0)
            counters = running.edge.counters
            await running.until(lambda _recorder: counters.closed.get("made room for another", 0) == 200)
            assert counters.connections == 2_000
            peer = peers()
            peer.send(message(), running.address(1))
            assert (await peer.receive())[0] == message()
            for one in idle:
                one.close()
            await running.until(lambda _recorder: counters.connections == 0)
            peer = await connect(running)
            await peer.send(message())
            assert await peer.receive(len(message())) == message()

    try:
        run(scenario)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_strangers_make_room_and_those_who_proved_who_they_are_stay(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", max_connections=3) as running:
            running.echo()
            known = [await connect(running) for _ in range(2)]
            for number, peer in enumerate(known):
                await peer.send(message())
                await peer.receive(len(message()))
                running.edge.vouch(running.recorder.messages[number][1])
            for _ in range(5):
                stranger = await connect(running)
                await stranger.send(message())
                assert await stranger.receive(len(message())) == message()
            for peer in known:
                await peer.send(message())
                assert await peer.receive(len(message())) == message()
            running.edge.vouch(running.recorder.messages[6][1])
            counters = running.edge.counters
            with contextlib.suppress(OSError):
                await connect(running)
            await running.until(lambda _recorder: counters.refused.get("too many connections", 0) == 1)

    run(scenario)


def test_a_connection_over_which_nobody_proves_anything_ends_however_busy_it_is(
    run, edge_of, connect, message
):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", stranger_s=2.0) as running:
            running.echo()
            known, stranger = await connect(running), await connect(running)
            await known.send(message())
            await known.receive(len(message()))
            running.edge.vouch(running.recorder.messages[0][1])
            while not running.edge.counters.closed:
                with contextlib.suppress(OSError):
                    await stranger.send(b"\r\n\r\n")
                await asyncio.sleep(0.1)
            assert running.edge.counters.closed == {"nobody proved who it is": 1}
            await known.send(message())
            assert await known.receive(len(message())) == message()

    run(scenario)


def test_accepting_pauses_and_resumes_when_files_run_out(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            running.echo()
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            client = socket.socket()
            client.setblocking(False)
            probe = socket.socket()
            used = probe.fileno()
            probe.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
            try:
                with contextlib.suppress(BlockingIOError):
                    client.connect(running.address())
                await running.until(lambda _recorder: running.edge.counters.refused)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert running.edge.counters.refused == {"Too many open files": 1}
            peer = connect.adopt(client)
            await peer.send(message())
            assert await peer.receive(len(message())) == message()
            client.close()

    run(scenario)


def test_a_flow_without_connection_opens_one_and_reuses_it(run, edge_of, server, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            flow = Flow(running.edge.listeners[0], *server.address)
            waiting = b"".join(message(b"%d" % number) for number in range(20))
            for number in range(20):
                running.edge.send(flow, message(b"%d" % number))
            peer = await server.accept()
            assert await peer.receive(len(waiting)) == waiting
            running.edge.send(flow, message(b"later"))
            assert await peer.receive(len(message(b"later"))) == message(b"later")
            await peer.send(message(b"back"))
            await running.until(lambda recorder: recorder.messages)
            numbered = running.recorder.messages[0][1]
            assert numbered.connection > 0
            assert (numbered.host, numbered.port) == server.address
            assert numbered.listener is running.edge.listeners[0]
            running.edge.send(numbered, message(b"numbered"))
            assert await peer.receive(len(message(b"numbered"))) == message(b"numbered")
            assert running.edge.counters.opened == running.edge.counters.connections == 1

    run(scenario)


def test_a_connection_that_ended_is_opened_anew(run, edge_of, server, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            flow = Flow(running.edge.listeners[0], *server.address)
            for number in range(3):
                running.edge.send(flow, message(b"%d" % number))
                peer = await server.accept()
                assert await peer.receive(len(message(b"%d" % number))) == message(b"%d" % number)
                peer.close()
                await running.until(lambda recorder, number=number: len(recorder.closed) == number + 1)
            assert not running.recorder.failures

    run(scenario)


def test_a_connection_the_peer_opened_is_reused_for_its_address(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            peer = await connect(running)
            await peer.send(message())
            await running.until(lambda recorder: recorder.messages)
            flow = Flow(running.edge.listeners[0], *peer.address)
            running.edge.send(flow, message(b"back"))
            assert await peer.receive(len(message(b"back"))) == message(b"back")

    run(scenario)


def test_a_refused_connection_fails_everything_that_waited_for_it(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                flow = Flow(running.edge.listeners[0], *unused.getsockname())
                for number in range(3):
                    running.edge.send(flow, message(b"%d" % number))
                assert not running.recorder.failures
                await running.until(lambda recorder: len(recorder.failures) == 3)
            assert running.recorder.failures == [
                (flow, message(b"%d" % n), "Connection refused") for n in range(3)
            ]
            assert running.edge.counters.connections == 0
            assert not running.recorder.closed

    run(scenario)


def test_a_connection_that_nobody_takes_times_out(run, edge_of, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0", connect_s=0.3, max_waiting=len(message()) * 2) as running:
            with socket.socket() as deaf:
                deaf.bind(("127.0.0.1", 0))
                deaf.listen(0)
                fillers = []
                for _ in range(4):
                    filler = socket.socket()
                    filler.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        filler.connect(deaf.getsockname())
                    fillers.append(filler)
                await asyncio.sleep(0.05)
                flow = Flow(running.edge.listeners[0], *deaf.getsockname())
                for _ in range(3):
                    running.edge.send(flow, message())
                await running.until(lambda recorder: len(recorder.failures) == 3)
                reasons = [reason for _flow, _data, reason in running.recorder.failures]
                assert reasons == ["too much waits for a connection", "timed out", "timed out"]
                for filler in fillers:
                    filler.close()

    run(scenario)


@pytest.mark.parametrize("host", ["biloxi.example", "::1"])
def test_a_remote_that_is_no_address_of_the_family_fails(run, edge_of, message, host):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            running.edge.send(Flow(running.edge.listeners[0], host, 5060), message())
            await running.until(lambda recorder: recorder.failures)

    run(scenario)


def test_a_closed_flow_fails_and_closing_is_told(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            peer = await connect(running)
            await peer.send(message())
            await running.until(lambda recorder: recorder.messages)
            flow = running.recorder.messages[0][1]
            running.edge.send(flow, message(b"last"))
            running.edge.close_flow(flow)
            running.edge.send(flow, message(b"too late"))
            assert await peer.receive_all() == message(b"last")
            await running.until(lambda recorder: recorder.closed and recorder.failures)
            assert running.recorder.closed == [(flow, "closed here")]
            assert running.recorder.failures == [(flow, message(b"too late"), "connection closed")]

    run(scenario)


def test_a_flow_of_before_a_restart_reaches_nobody_else(run, edge_of, connect, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as running:
            peer = await connect(running)
            await peer.send(message())
            await running.until(lambda recorder: recorder.messages)
            flow = running.recorder.messages[0][1]
            remembered = Flow(flow.listener, flow.host, flow.port ^ 1, flow.connection)
            running.edge.send(remembered, message(b"for another"))
            await running.until(lambda recorder: recorder.failures)
            assert not running.edge.is_alive(remembered)

    run(scenario)


def test_stopping_writes_what_waits_and_closes_quietly(run, edge_of, connect, message):
    async def scenario():
        running = edge_of("tcp:127.0.0.1:0")
        await running.edge.start()
        address = running.address()
        peer = await connect(running)
        await peer.send(message())
        await running.until(lambda recorder: recorder.messages)
        large = message(body=b"x" * 900_000)
        running.edge.send(running.recorder.messages[0][1], large)
        reading = asyncio.create_task(peer.receive_all())
        await running.edge.stop()
        assert await reading == large
        assert not running.recorder.closed
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(*address)
        peer.close()

    run(scenario)


def test_stopping_does_not_wait_for_a_peer_that_does_not_read(run, edge_of, connect, message):
    async def scenario():
        running = edge_of("tcp:127.0.0.1:0", stop_s=0.3, max_unsent=50_000_000)
        await running.edge.start()
        peer = await connect(running)
        await peer.send(message())
        await running.until(lambda recorder: recorder.messages)
        running.edge.send(running.recorder.messages[0][1], b"x" * 30_000_000)
        began_at = asyncio.get_running_loop().time()
        await running.edge.stop()
        assert asyncio.get_running_loop().time() - began_at < PATIENCE_S
        peer.close()

    run(scenario)


def test_a_connection_that_we_opened_is_opened_again_after_the_peer_closed_it(run, edge_of, message):
    async def scenario():
        async with edge_of("tcp:127.0.0.1:0") as carrier, edge_of("tcp:127.0.0.1:0") as running:
            carrier.echo()
            running.edge.send(Flow(running.edge.listeners[0], *carrier.address()), message(b"invite"))
            await running.until(lambda recorder: recorder.messages)
            opened = running.recorder.messages[0][1]
            assert opened.connection
            carrier.edge.close_flow(carrier.recorder.messages[0][1])
            await running.until(lambda recorder: recorder.closed)
            running.edge.send(opened, message(b"bye"))
            running.edge.send(opened, message(b"bye again"))
            await running.until(lambda recorder: len(recorder.messages) == 3)
            anew = running.recorder.messages[1][1]
            assert (anew.host, anew.port) == (opened.host, opened.port)
            assert anew.connection != opened.connection
            assert running.edge.counters.opened == 2
            assert not running.recorder.failures

    run(scenario)
