"""Ended calls are freed by themselves: nothing of them waits for the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from fakes.call_world import BOB, BOBS_NUMBER, CAROL, DAVE, HOST, TO_CAROL, Cast, World
from trunkline.calls.anchor import Anchor
from trunkline.calls.bridge import Bridge
from trunkline.calls.call import Call
from trunkline.calls.dialing import Dialing
from trunkline.calls.leg import Leg
from trunkline.domain.trunk import TrunkTarget
from trunkline.sip.transaction.transaction import Transaction


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def answered(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(183, cast.bob.offer())
    cast.bob.call.answer()
    call.bye()


def refused(cast: Cast) -> None:
    cast.alice.invite(BOB)
    cast.bob.call.respond(486)


def unknown(cast: Cast) -> None:
    cast.alice.invite("sip:nobody@atlanta.example")


def cancelled(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    call.cancel()


def through_a_trunk(cast: Cast) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    cast.denver.call.answer()
    cast.denver.call.bye()
    assert call.methods == ["BYE"]


def at_the_next_address(cast: Cast) -> None:
    cast.world.change_trunk(1, targets=(TrunkTarget("sip:carrier.example"),))
    cast.world.hops.names["carrier.example"] = [("198.51.100.10", 5060), ("198.51.100.20", 5060)]
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    cast.denver.call.answer()
    call.bye()


def from_a_trunk(cast: Cast) -> None:
    call = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    cast.bob.call.answer()
    call.bye()


def changed(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    call.reinvite(cast.alice.offer("sendonly", version=2))
    cast.bob.call.modify("UPDATE", cast.bob.offer("sendonly", version=2))
    call.reinvite(b"")
    call.bye()


def reliable(cast: Cast) -> None:
    cast.bob.supported = "100rel"
    call = cast.alice.invite(BOB, supported="100rel")
    cast.bob.call.ring(183, cast.bob.offer(), reliably=True)
    cast.bob.call.answer()
    call.bye()


def transferred(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    call.refer(DAVE)
    cast.dave.call.answer()
    cast.dave.call.bye()


def joined(cast: Cast) -> None:
    first = cast.alice.invite(BOB)
    cast.bob.call.answer()
    second = cast.alice.invite(DAVE)
    cast.dave.call.answer()
    value = second.replaces().replace(";", "%3B").replace("=", "%3D")
    first.refer(f"{DAVE}?Replaces={value}")
    cast.dave.call.bye()


def left_alone(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    cast.world.media(cast.world.engine.die())
    assert call.methods == ["BYE"]


@pytest.mark.parametrize(
    "live",
    [
        answered, refused, unknown, cancelled, through_a_trunk, from_a_trunk, changed, reliable, transferred, joined,
        left_alone, at_the_next_address,
    ],
)  # fmt: skip
def test_nothing_of_an_ended_call_is_left(cast: Cast, world: World, live: Callable[[Cast], None]) -> None:
    live(cast)
    world.advance(200)
    for party in world.parties.values():
        party.placed.clear()
        party.incoming.clear()
    world.log.clear()
    kinds = (Leg, Call, Bridge, Dialing, Anchor, Transaction)
    # Transactions of the parties, which are of the same class, are over by then as well.
    assert [each for each in gc.get_objects() if isinstance(each, kinds) and not _is_a_partys(each)] == []


def _is_a_partys(found: object) -> bool:
    user = getattr(found, "user", None)
    return isinstance(found, Transaction) and (
        isinstance(user, tuple) or type(user).__module__.startswith("fakes")
    )
