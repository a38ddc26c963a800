"""Pings leave on time over real sockets, and flows that nobody answers on are given up."""

from __future__ import annotations

import asyncio

from fakes.waiting import until
from trunkline.edge import Keepalive, KeepaliveWheel
from trunkline.sip.flow import Flow, Listener


def test_registered_flows_are_pinged_by_line_ends(run, edge_of, peers):
    async def scenario():
        async with edge_of("udp:127.0.0.1:0") as running:
            kept, let_go = peers(), peers()
            keepalive = Keepalive(KeepaliveWheel(0.1, 10), running.edge.send, running.recorder.flow_closed)
            keepalive.start()
            flows = [Flow(running.edge.listeners[0], *peer.address) for peer in (kept, let_go)]
            for flow in flows:
                keepalive.add(flow)
            keepalive.remove(flows[1])
            for _ in range(3):
                assert (await kept.receive())[0] == b"\r\n\r\n"
            keepalive.stop()
            await asyncio.sleep(0.15)
            sent = keepalive.pings_sent
            await asyncio.sleep(0.15)
            assert keepalive.pings_sent == sent
            assert not running.recorder.closed

    run(scenario)


def test_unanswered_pings_end_a_flow_and_answers_keep_it(run):
    async def scenario():
        listener = Listener("udp", "127.0.0.1", 5060)
        answering, mute = Flow(listener, "127.0.0.1", 1), Flow(listener, "127.0.0.1", 2)
        closed = []

        def ping(flow):
            if flow == answering:
                keepalive.answered(flow)

        keepalive = Keepalive(
            KeepaliveWheel(0.05, 5, max_unanswered=2),
            lambda flow, data: None,
            lambda flow, reason: closed.append((flow, reason)),
            ping,
        )
        keepalive.start()
        keepalive.add(answering)
        keepalive.add(mute)
        keepalive.add(Flow(Listener("tcp", "127.0.0.1", 5060), "127.0.0.1", 3, 1))
        await until(lambda: closed and keepalive.pings_sent >= 5)
        keepalive.stop()
        assert closed == [(mute, "pings went unanswered")]
        assert keepalive.flows_dead == 1

    run(scenario)
