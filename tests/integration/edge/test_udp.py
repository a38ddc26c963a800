"""UDP on real sockets and both event loops: messages, keepalives, noise, and the network's errors."""

from __future__ import annotations

import asyncio
import socket

import pytest

from trunkline.edge import Edge, ListenError, parse_listener
from trunkline.sip.flow import Flow


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "0.0.0.0", "[::]"])
def test_an_answer_goes_where_the_message_came_from(run, edge_of, peers, message, host):
    async def scenario():
        async with edge_of(f"udp:{host}:0") as running:
            running.echo()
            peer = peers("::1" if ":" in host else "127.0.0.1")
            peer.send(message(), running.address())
            answer, source = await peer.receive()
            assert answer == message()
            assert source[:2] == running.address()
            [(data, flow)] = running.recorder.messages
            assert data == message()
            assert (flow.host, flow.port, flow.connection, flow.transport) == (*peer.address, 0, "udp")
            shown = "[::1]" if ":" in host else "127.0.0.1"
            assert flow.listener.sent_by == f"{shown}:{running.address()[1]}"
            assert running.edge.counters.received["udp"] == running.edge.counters.sent["udp"] == 1

    run(scenario)


def test_messages_of_one_address_come_over_one_flow_object(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:0.0.0.0:0") as running:
            peer = peers()
            for number in range(3):
                peer.send(message(b"%d" % number), running.address())
            await running.until(lambda recorder: len(recorder.messages) == 3)
            assert len({id(flow) for _data, flow in running.recorder.messages}) == 1

    run(scenario)


def test_remembered_flows_are_bounded_and_equal_when_made_anew(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0", max_flows_remembered=4) as running:
            made = [peers() for _ in range(9)]
            for peer in [*made, made[0]]:
                peer.send(message(), running.address())
                await asyncio.sleep(0.01)
            await running.until(lambda recorder: len(recorder.messages) == 10)
            flows = [flow for _data, flow in running.recorder.messages]
            assert flows[0] == flows[9]
            [datagram_socket] = running.edge._datagram_sockets.values()
            assert len(datagram_socket._flows) + len(datagram_socket._old_flows) <= 4

    run(scenario)


def test_each_message_of_a_burst_is_answered_in_turn_whatever_becomes_of_the_others(
    run, edge_of, peers, message
):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:
            peer = peers()

            def answer(data, flow):
                running.edge.send(flow, data)
                if data == message(b"7"):
                    raise ValueError("a fault above the edge")

            running.recorder.answer = answer
            for number in range(50):
                peer.send(message(b"%d" % number), running.address())
            answers = [(await peer.receive())[0] for _ in range(50)]
            assert answers == [message(b"%d" % number) for number in range(50)]
            assert running.edge.counters.receiver_faults == 1
            peer.send(message(b"alone"), running.address())
            assert (await peer.receive())[0] == message(b"alone")
            assert running.edge.counters.sent["udp"] == 51

    run(scenario)


def test_a_burst_is_drained_over_several_wakeups(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:
            peer = peers()
            for number in range(300):
                peer.send(message(b"%d" % number), running.address())
            await running.until(lambda recorder: len(recorder.messages) == 300)
            assert [data for data, _flow in running.recorder.messages] == [
                message(b"%d" % n) for n in range(300)
            ]

    run(scenario)


def test_keepalives_are_swallowed_and_line_ends_before_a_message_skipped(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:
            peer = peers()
            for datagram in (
                b"",
                b"\r\n\r\n",
                b"\r\n",
                b"\x00",
                b" ",
                b"\x00\x00\x00\x00",
                b"\r\n" + message(),
            ):
                peer.send(datagram, running.address())
            await running.until(lambda recorder: recorder.messages)
            assert [data for data, _flow in running.recorder.messages] == [message()]
            assert running.edge.counters.keepalives == 6

    run(scenario)


@pytest.mark.parametrize(
    ("noise", "reason"),
    [
        (b"\x80\x00\x12\x34" + bytes(160), "RTP"),
        (b"\x16\x03\x01\x02\x00\x01", "TLS"),
        (b"\x01\x01\x00\x00", "not SIP"),
        (b"\x00\x01\x00\x00", "not SIP"),
        (b"\xff\xff", "not SIP"),
        (b"<xml/>", "not SIP"),
        (b" OPTIONS", "not SIP"),
    ],
)
def test_noise_is_dropped_and_counted(run, edge_of, peers, message, noise, reason):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:
            peer = peers()
            peer.send(noise, running.address())
            peer.send(message(), running.address())
            await running.until(lambda recorder: recorder.messages)
            assert len(running.recorder.messages) == 1
            assert running.edge.counters.dropped == {reason: 1}

    run(scenario)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_stun_binding_request_is_answered(run, edge_of, peers, host):
    async def scenario():
        async with edge_of(f"udp:{host}:0") as running:
            peer = peers(host.strip("[]"))
            peer.send(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"t" * 12, running.address())
            answer, _source = await peer.receive()
            assert answer[:2] == b"\x01\x01"
            assert answer[8:20] == b"t" * 12
            assert int.from_bytes(answer[26:28], "big") ^ 0x2112 == peer.address[1]
            assert not running.recorder.messages

    run(scenario)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_refused_datagram_is_reported_whole_and_the_listener_goes_on(run, edge_of, peers, message, host):
    async def scenario():
        bare = host.strip("[]")
        async with edge_of(f"udp:{host}:0") as running:
            running.echo()
            gone = peers(bare)
            gone.close()
            flow = Flow(running.edge.listeners[0], bare, gone.address[1])
            large = message(b"refused", b"x" * 1_200)
            for _ in range(3):
                running.edge.send(flow, large)
                await asyncio.sleep(0.03)
            await running.until(lambda recorder: len(recorder.failures) == 3)
            assert running.recorder.failures[0] == (flow, large, "Connection refused")
            peer = peers(bare)
            for number in range(20):
                running.edge.send(flow, large)
                peer.send(message(b"%d" % number), running.address())
                assert (await peer.receive())[0] == message(b"%d" % number)
            await running.until(lambda recorder: len(recorder.failures) == 23)

    run(scenario)


def test_sending_right_after_a_refusal_reaches_the_innocent(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:
            gone, peer = peers(), peers()
            gone.close()
            listener = running.edge.listeners[0]
            for number in range(50):
                running.edge.send(Flow(listener, *gone.address), message())
                running.edge.send(Flow(listener, *peer.address), message(b"%d" % number))
            for number in range(50):
                assert (await peer.receive())[0] == message(b"%d" % number)
            await running.until(lambda recorder: recorder.failures)
            assert {flow.port for flow, _data, _reason in running.recorder.failures} == {gone.address[1]}

    run(scenario)


@pytest.mark.parametrize(
    ("host", "port", "size"),
    [
        ("phone.biloxi.example", 5060, 100),
        ("::1", 5060, 100),
        ("127.0.0.1", 70_000, 100),
        ("127.0.0.1", 0, 100),
        ("127.0.0.1", 5060, 70_000),
    ],
)
def test_what_can_never_be_sent_fails_at_once_without_a_name_lookup(run, edge_of, host, port, size):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:
            flow = Flow(running.edge.listeners[0], host, port)
            running.edge.send(flow, b"x" * size)
            assert not running.recorder.failures, "told within send"
            await running.until(lambda recorder: recorder.failures)
            assert running.recorder.failures[0][:2] == (flow, b"x" * size)
            assert running.edge.counters.send_failures == 1

    run(scenario)


def test_a_fault_above_does_not_stop_the_reading(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:

            def fail(data, flow):
                raise ZeroDivisionError

            running.recorder.answer = fail
            peer = peers()
            for _ in range(5):
                peer.send(message(), running.address())
            await running.until(lambda recorder: len(recorder.messages) == 5)
            assert running.edge.counters.receiver_faults == 5

    run(scenario)


class FullSocket(socket.socket):
    """A UDP socket whose send buffer can be declared full."""

    is_full = False

    def sendto(self, *arguments):
        if self.is_full:
            raise BlockingIOError(11, "full")
        return super().sendto(*arguments)


def test_datagrams_wait_in_order_while_the_socket_has_no_room(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0", max_datagrams_waiting=5) as running:
            peer = peers()
            flow = Flow(running.edge.listeners[0], *peer.address)
            [datagrams] = running.edge._datagram_sockets.values()
            full_socket = FullSocket(socket.AF_INET, socket.SOCK_DGRAM, 0, datagrams._socket.detach())
            datagrams._socket = full_socket
            full_socket.is_full = True
            for number in range(7):
                running.edge.send(flow, message(b"%d" % number))
            await running.until(lambda recorder: len(recorder.failures) == 2)
            assert running.recorder.failures[0][2] == "send queue full"
            full_socket.is_full = False
            for number in range(5):
                assert (await peer.receive())[0] == message(b"%d" % number)
            running.edge.send(flow, message(b"after"))
            assert (await peer.receive())[0] == message(b"after")

    run(scenario)


def test_several_listeners_answer_each_from_its_own_port(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0", "udp:127.0.0.1:0;account=5500001", "udp:[::1]:0") as running:
            running.echo()
            for index, host in enumerate(("127.0.0.1", "127.0.0.1", "::1")):
                peer = peers(host)
                peer.send(message(), running.address(index))
                assert (await peer.receive())[1][:2] == running.address(index)
            accounts = [flow.listener.account_id for _data, flow in running.recorder.messages]
            assert accounts == [None, 5500001, None]

    run(scenario)


def test_a_flow_made_for_a_target_can_be_sent_on(run, edge_of, peers, message):
    async def scenario():
        async with edge_of("udp:0.0.0.0:0") as running:
            peer = peers()
            listener = running.edge.listener_for("udp", "127.0.0.1")
            assert listener.sent_by == f"127.0.0.1:{running.address()[1]}"
            running.edge.send(Flow(listener, *peer.address), message())
            assert (await peer.receive())[0] == message()
            assert running.edge.listener_at("udp", running.address()[1], "127.0.0.1") is listener
            assert running.edge.is_own_address("127.0.0.1", running.address()[1])
            assert not running.edge.is_own_address("192.0.2.1", running.address()[1])
            assert running.edge.local_address_towards("127.0.0.1") == "127.0.0.1"

    run(scenario)


def test_a_port_in_use_is_named_and_nothing_is_kept(run, edge_of, peers):
    async def scenario():
        taken = peers()
        edge = Edge(
            [parse_listener("tcp:127.0.0.1:0"), parse_listener(f"udp:127.0.0.1:{taken.address[1]}")],
            edge_of().recorder,
        )
        with pytest.raises(ListenError, match=f"udp:127.0.0.1:{taken.address[1]}: Address already in use"):
            await edge.start()
        with pytest.raises(RuntimeError):
            _ = edge.listeners

    run(scenario)
