"""The ring of messages: what it keeps, and what it gives up."""

import pytest

from fakes.clock import FakeClock
from fakes.operations import TCP, UDP
from trunkline.operations.capture import MOST_REGISTERS, OVERHEAD, Capture, call_id_of
from trunkline.sip.flow import Flow

FLOW = Flow(UDP, "192.0.2.10", 5060)
OTHER = Flow(TCP, "192.0.2.11", 5060, 3)


def message(call_id="one", method="INVITE", first="", body=b""):
    first = first or f"{method} sip:bob@biloxi.example SIP/2.0"
    return f"{first}\r\nVia: x\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\r\n".encode() + body


async def test_the_messages_of_a_call_are_found_in_the_order_they_came():
    clock = FakeClock()
    here = Capture(clock, 1, 60)
    here.received(FLOW, message())
    clock.advance(1)
    here.sent(OTHER, message("two"))
    clock.advance(1)
    here.sent(FLOW, message(first="SIP/2.0 200 OK"))
    found = await here.of_call_ids({"one"})
    assert [(at - clock.time, is_sent, flow) for at, is_sent, flow, _ in found] == [
        (-2, False, FLOW),
        (0, True, FLOW),
    ]
    assert len(await here.of_call_ids({"two", "one"})) == 3
    assert await here.of_call_ids({"three"}) == []


@pytest.mark.parametrize("method", ["REGISTER", "OPTIONS"])
@pytest.mark.parametrize("first", ["", "SIP/2.0 401 Unauthorized"])
async def test_a_storm_of_registers_pushes_no_call_out(method, first):
    here = Capture(FakeClock(), 1, 60)
    here.received(FLOW, message("call"))
    for n in range(30_000):
        here.received(FLOW, message(f"r{n}", method, first))
        here.allow_registers()
    assert len(await here.of_call_ids({"call"})) == 1
    assert here.octets <= 250_000 + 1_000


async def test_the_oldest_give_way_when_the_room_is_used_up():
    here = Capture(FakeClock(), 1, 60)
    for n in range(3_000):
        here.received(FLOW, message(f"call-{n}", body=b"x" * 500))
    await here.catch_up()
    assert here.octets <= 1_000_000
    assert await here.of_call_ids({"call-0"}) == []
    assert len(await here.of_call_ids({"call-2999"})) == 1
    assert 1_000_000 // (len(message("call-2999")) + 500 + OVERHEAD) - 5 <= len(here)


async def test_what_is_too_old_is_dropped():
    clock = FakeClock()
    here = Capture(clock, 1, 60)
    here.received(FLOW, message("old"))
    here.received(FLOW, message("old-register", "REGISTER"))
    await here.catch_up()
    clock.advance(61)
    here.received(FLOW, message("new"))
    await here.catch_up()
    here.drop_old()
    assert len(here) == 1
    assert await here.of_call_ids({"old"}) == []


async def test_of_a_storm_of_registers_samples_are_kept_with_their_answers():
    here = Capture(FakeClock(), 1, 60)
    for n in range(10 * MOST_REGISTERS):
        here.received(FLOW, message(f"r{n}", "REGISTER"))
        here.sent(FLOW, message(f"r{n}", "REGISTER", "SIP/2.0 401 Unauthorized"))
    here.received(FLOW, message("call"))
    here.sent(FLOW, message("call", first="SIP/2.0 100 Trying"))
    assert len(here) == 2 * MOST_REGISTERS + 2
    here.allow_registers()
    here.received(OTHER, message("later", "REGISTER"))
    assert len(await here.registers_with("192.0.2.11")) == 1


async def test_a_loop_without_a_pause_does_not_let_messages_heap_up():
    here = Capture(FakeClock(), 1, 60, most_unsorted=100)
    for n in range(20_000):
        here.sent(FLOW, message(f"call-{n}", body=b"x" * 500))
    assert here.octets <= 1_000_000
    assert len(here) < 2_000


async def test_registers_are_found_by_the_address_of_the_device():
    here = Capture(FakeClock(), 1, 60)
    here.received(FLOW, message("a", "REGISTER"))
    here.received(OTHER, message("b", "REGISTER"))
    here.sent(FLOW, message("a", "REGISTER", "SIP/2.0 401 Unauthorized"))
    assert [is_sent for _, is_sent, _, _ in await here.registers_with("192.0.2.10")] == [True, False]


@pytest.mark.parametrize(
    ("head", "call_id"),
    [
        (b"X\r\nCall-ID: a@b\r\n\r\n", b"a@b"),
        (b"X\r\ncall-id:a@b \r\n\r\n", b"a@b"),
        (b"X\r\ni : a@b\r\n\r\n", b"a@b"),
        (b"X\r\nVia: y\r\n\r\n", b""),
        (b"X\r\nCall-ID: cut", b"cut"),
        (b"", b""),
    ],
)
def test_the_call_id_is_read_in_every_spelling(head, call_id):
    assert call_id_of(head) == call_id


async def test_options_within_a_call_are_of_the_call():
    here = Capture(FakeClock(), 1, 60)
    for method in ("INVITE", "OPTIONS"):
        here.received(FLOW, message("one", method))
        here.sent(FLOW, message("one", method, "SIP/2.0 200 OK"))
    assert len(await here.of_call_ids({"one"})) == 4
