"""SIP messages go through WebSocket frames and bare streams unchanged, and what is neither is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from trunkline.edge.limits import EdgeLimits
from trunkline.edge.wires import StreamWire, WebSocketWire

MESSAGE = b"OPTIONS sip:biloxi.example SIP/2.0\r\nCall-ID: 1\r\n\r\n"
LIMITS = EdgeLimits(max_head=1_000, max_body=1_000)


def open_pair(subprotocols=("sip",)):
    client = ClientProtocol(parse_uri("ws://edge.example/any/path"), subprotocols=list(subprotocols) or None)
    client.send_request(client.connect())
    wire = WebSocketWire(LIMITS)
    assert wire.receive(b"".join(client.data_to_send())) == []
    client.receive_data(wire.replies())
    client.events_received()
    return client, wire


def sent(client) -> bytes:
    return b"".join(client.data_to_send())


def test_a_handshake_chooses_the_subprotocol_sip():
    client, wire = open_pair(("soap", "sip"))
    assert client.subprotocol == "sip"
    assert wire.fault is None
    assert not wire.is_partial


@pytest.mark.parametrize("subprotocols", [(), ("soap",)])
def test_a_handshake_without_the_subprotocol_sip_is_refused_with_400(subprotocols):
    client, wire = open_pair(subprotocols)
    assert "400" in str(client.handshake_exc)
    assert wire.fault is not None


def test_a_plain_http_request_is_refused():
    wire = WebSocketWire(LIMITS)
    wire.receive(b"GET / HTTP/1.1\r\nHost: edge.example\r\n\r\n")
    assert wire.replies().startswith(b"HTTP/1.1 426 ")
    assert wire.fault is not None


@pytest.mark.parametrize("noise", [MESSAGE, b"\x16\x03\x01\x00\x05hello\r\n\r\n", b"GET " + b"x" * 20_000])
def test_what_is_no_handshake_is_a_fault(noise):
    wire = WebSocketWire(LIMITS)
    assert wire.receive(noise) == []
    assert wire.fault is not None


def test_an_unfinished_handshake_is_partial():
    wire = WebSocketWire(LIMITS)
    wire.receive(b"GET / HTTP/1.1\r\nHost:")
    assert wire.is_partial
    assert wire.encode(MESSAGE) == b""


def test_text_and_binary_frames_carry_messages():
    client, wire = open_pair()
    client.send_text(MESSAGE)
    client.send_binary(MESSAGE + b"\xff\x00")
    assert wire.receive(sent(client)) == [MESSAGE, MESSAGE + b"\xff\x00"]


@given(cuts=st.lists(st.integers(min_value=1, max_value=20), max_size=30))
def test_frames_in_any_chunks_and_fragments_give_the_same_message(cuts):
    client, wire = open_pair()
    client.send_text(MESSAGE[:9], fin=False)
    client.send_ping(b"are you there")
    client.send_continuation(MESSAGE[9:20], fin=False)
    client.send_continuation(b"", fin=False)
    client.send_continuation(MESSAGE[20:], fin=True)
    client.send_binary(MESSAGE)
    stream, received = sent(client), []
    for size in cuts:
        received += wire.receive(stream[:size])
        stream = stream[size:]
        assert wire.fault is None
    received += wire.receive(stream)
    assert received == [MESSAGE, MESSAGE]
    client.receive_data(wire.replies())
    assert [frame.opcode for frame in client.events_received()] == [Opcode.PONG]


def test_a_fragmented_message_is_partial_until_it_is_whole():
    client, wire = open_pair()
    client.send_text(MESSAGE[:9], fin=False)
    wire.receive(sent(client))
    assert wire.is_partial
    client.send_continuation(MESSAGE[9:], fin=True)
    wire.receive(sent(client))
    assert not wire.is_partial


def test_a_frame_that_has_begun_is_partial():
    client, wire = open_pair()
    client.send_text(MESSAGE)
    wire.receive(sent(client)[:-1])
    assert wire.is_partial


@pytest.mark.parametrize(("message", "opcode"), [(MESSAGE, Opcode.TEXT), (MESSAGE + b"\xff", Opcode.BINARY)])
def test_what_is_utf8_is_sent_as_text_and_the_rest_as_binary(message, opcode):
    client, wire = open_pair()
    client.receive_data(wire.encode(message))
    [frame] = client.events_received()
    assert (frame.opcode, bytes(frame.data)) == (opcode, message)


def test_a_keepalive_in_a_frame_is_answered_and_no_message():
    client, wire = open_pair()
    client.send_text(b"\r\n\r\n")
    client.send_text(b"\r\n")
    assert wire.receive(sent(client)) == []
    client.receive_data(wire.replies())
    assert [bytes(frame.data) for frame in client.events_received()] == [b"\r\n"]


def test_a_message_over_the_limit_is_a_fault():
    client, wire = open_pair()
    client.send_text(b"x" * 2_001)
    assert wire.receive(sent(client)) == []
    assert wire.fault is not None
    client.receive_data(wire.replies() + wire.ending())
    assert client.close_rcvd.code == 1009


def test_an_unmasked_frame_is_a_fault():
    _client, wire = open_pair()
    wire.receive(Frame(Opcode.TEXT, MESSAGE).serialize(mask=False))
    assert wire.fault is not None


def test_a_closing_handshake_ends_the_wire_after_the_last_message():
    client, wire = open_pair()
    client.send_text(MESSAGE)
    client.send_text(b"\r\n\r\n")
    client.send_close(1000)
    assert wire.receive(sent(client)) == [MESSAGE]
    assert wire.is_ended
    assert wire.fault is None
    client.receive_data(wire.replies())
    assert client.close_rcvd.code == 1000
    assert wire.encode(MESSAGE) == b""


def test_we_say_that_we_are_going_away():
    client, wire = open_pair()
    client.receive_data(wire.ending())
    assert client.close_rcvd.code == 1001


def test_a_stream_answers_each_ping_once():
    wire = StreamWire(LIMITS)
    wire.receive(b"\r\n\r\n\r\n\r\n")
    assert wire.replies() == b"\r\n\r\n"
    assert wire.replies() == b""
    assert wire.encode(MESSAGE) == MESSAGE
    assert wire.ending() == b""
    assert not wire.is_ended
