"""SIP over WebSocket (RFC 7118) with a client nobody here wrote, on both event loops."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import websockets
from websockets.asyncio.client import connect as open_websocket

from trunkline.sip.flow import Flow


def url(running, scheme="ws"):
    host, port = running.address()
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_text_and_binary_messages_are_answered_in_kind(run, edge_of, message, host):
    async def scenario():
        async with edge_of(f"ws:{host}:0") as running:
            running.echo()
            async with open_websocket(url(running), subprotocols=["sip"]) as client:
                assert client.subprotocol == "sip"
                await client.send(message().decode())
                assert await client.recv() == message().decode()
                await client.send(message(body=b"\xff\xfe"))
                assert await client.recv() == message(body=b"\xff\xfe")
                await client.send(message().decode()[part : part + 7] for part in range(0, len(message()), 7))
                assert await client.recv() == message().decode()
                await (await client.ping())
                await client.send("\r\n\r\n")
                assert await client.recv() == "\r\n"
                flow = running.recorder.messages[0][1]
                assert flow.transport == "ws"
                assert running.edge.counters.received["ws"] == 3
            await running.until(lambda recorder: recorder.closed)
            assert running.recorder.closed == [(flow, "ended by the peer")]

    run(scenario)


def test_a_message_without_content_length_is_whole_by_its_frame(run, edge_of):
    async def scenario():
        async with (
            edge_of("ws:127.0.0.1:0") as running,
            open_websocket(url(running), subprotocols=["sip"]) as client,
        ):
            await client.send("OPTIONS sip:biloxi.example SIP/2.0\r\nCall-ID: 1\r\n\r\n")
            await running.until(lambda recorder: recorder.messages)

    run(scenario)


def test_websocket_over_tls(run, edge_of, certificate, message):
    pem = certificate("edge")

    async def scenario():
        async with edge_of(f"wss:127.0.0.1:0;cert={pem}") as running:
            running.echo()
            context = ssl.create_default_context(cafile=pem)
            async with open_websocket(url(running, "wss"), subprotocols=["sip"], ssl=context) as client:
                await client.send(message().decode())
                assert await client.recv() == message().decode()
                assert running.recorder.messages[0][1].transport == "wss"

    run(scenario)


@pytest.mark.parametrize("subprotocols", [None, ["soap"]])
def test_a_client_that_does_not_offer_sip_is_refused(run, edge_of, subprotocols):
    async def scenario():
        async with edge_of("ws:127.0.0.1:0", linger_s=0.2) as running:
            with pytest.raises(websockets.InvalidStatus) as refusal:
                await open_websocket(url(running), subprotocols=subprotocols)
            assert refusal.value.response.status_code == 400
            await running.until(lambda _recorder: running.edge.counters.connections == 0)

    run(scenario)


def test_a_handshake_that_drips_is_cut_off(run, edge_of, connect):
    async def scenario():
        async with edge_of("ws:127.0.0.1:0", message_s=0.3) as running:
            peer = await connect(running)

            async def drip():
                for byte in b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100:
                    await peer.send(bytes([byte]))
                    await asyncio.sleep(0.02)

            dripping = asyncio.create_task(drip())
            assert await peer.receive_all() == b""
            assert running.edge.counters.closed == {"a message took too long": 1}
            with pytest.raises(ConnectionError):
                await dripping

    run(scenario)


def test_a_message_over_the_limit_closes_the_connection_with_1009(run, edge_of):
    async def scenario():
        async with edge_of("ws:127.0.0.1:0", max_head=1_000, max_body=1_000) as running:
            async with open_websocket(url(running), subprotocols=["sip"]) as client:
                await client.send("x" * 5_000)
                with pytest.raises(websockets.ConnectionClosed):
                    await client.recv()
                assert client.close_code == 1009
            assert not running.recorder.messages

    run(scenario)


def test_requests_reach_a_client_over_the_flow_it_opened_and_no_other_way(run, edge_of, message):
    async def scenario():
        async with edge_of("ws:127.0.0.1:0") as running:
            async with open_websocket(url(running), subprotocols=["sip"]) as client:
                await client.send(message().decode())
                await running.until(lambda recorder: recorder.messages)
                flow = running.recorder.messages[0][1]
                running.edge.send(flow, message(b"invite"))
                assert await client.recv() == message(b"invite").decode()
            await running.until(lambda recorder: recorder.closed)
            running.edge.send(flow, message())
            running.edge.send(Flow(flow.listener, "127.0.0.1", 9), message())
            await running.until(lambda recorder: len(recorder.failures) == 2)
            assert [reason for *_rest, reason in running.recorder.failures] == [
                "connection closed",
                "no WebSocket connection",
            ]

    run(scenario)


def test_stopping_says_good_bye(run, edge_of, message):
    async def scenario():
        running = edge_of("ws:127.0.0.1:0")
        await running.edge.start()
        client = await open_websocket(url(running), subprotocols=["sip"])
        await client.send(message().decode())
        await running.until(lambda recorder: recorder.messages)
        await running.edge.stop()
        with pytest.raises(websockets.ConnectionClosed):
            await client.recv()
        assert client.close_code == 1001
        await client.close()

    run(scenario)
