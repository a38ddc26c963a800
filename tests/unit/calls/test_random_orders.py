"""Whatever parties do, in whatever order, over whatever wire: nothing is left over and nothing goes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.call_party import Party, PartyCall
from fakes.call_world import (
    ATLANTA,
    BILOXI,
    BOB,
    BOBS_NUMBER,
    CAROL,
    DAVE,
    HOST,
    TO_CAROL,
    Carried,
    Cast,
    World,
    town,
)
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import MediaFailureCause

TARGETS = (BOB, DAVE, TO_CAROL, f"sip:alice@{ATLANTA}", f"sip:nobody@{ATLANTA}", f"sip:{BOBS_NUMBER}@{HOST}")
STATUSES = (302, 401, 404, 408, 422, 480, 486, 488, 491, 500, 503, 600, 603)
METHODS = ("INVITE", "UPDATE", "BYE", "PRACK", "INFO", "NOTIFY", "CANCEL", "ACK")
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class Chaos:
    """The usual cast with a second phone of Bob's, and what can befall them; numbers choose who and what."""

    def __init__(self) -> None:
        self.world = town()
        self.cast = Cast(self.world)
        desk = self.world.party("desk", "192.0.2.12", realm=BILOXI, username="bob")
        self.world.register(desk, f"bob@{BILOXI}", q=500)
        everybody = [
            self.cast.alice,
            self.cast.bob,
            self.cast.dave,
            desk,
            self.cast.chicago,
            self.cast.denver,
        ]
        self.parties = everybody
        for party in everybody:
            # Which phone gets to see which is checked elsewhere; here they are redirected to one another.
            self.world.may_see |= {(other.name, party.name) for other in everybody}
        self.version = 1
        self.is_tame = True

    def party(self, number: int) -> Party:
        return self.parties[number % len(self.parties)]

    def call(self, number: int) -> PartyCall | None:
        """Some call that is not over."""
        live = [call for party in self.parties for call in party.calls if not call.is_over]
        return live[number % len(live)] if live else None

    def talking(self, number: int) -> PartyCall | None:
        """Some call that has a dialog."""
        live = [
            call
            for party in self.parties
            for call in party.calls
            if call.dialog is not None and not call.is_over
        ]
        return live[number % len(live)] if live else None

    def body(self, call: PartyCall, number: int) -> bytes:
        self.version += 1
        return call.party.offer(DIRECTIONS[number % 4], version=self.version, port=4000 + 2 * (number % 3))

    # What can happen.

    def invite(self, who: int, what: int) -> None:
        party = self.party(who)
        required = [("Require", "100rel")] if what % 7 == 0 else []
        body = b"" if what % 5 == 0 else None
        supported = "100rel, timer" if what % 2 else ""
        if party.realm:
            party.invite(TARGETS[what % len(TARGETS)], body, required, supported=supported)
        else:
            party.invite(f"sip:{BOBS_NUMBER}@{HOST}", body, required, user=CAROL, supported=supported)

    def ring(self, who: int, what: int) -> None:
        call = self.call(who)
        if call is not None and call.server is not None:
            body = call.party.answer_to(call.invite.body) if what % 2 else b""
            knows = call.invite.has_token("Supported", "100rel")
            call.ring(183 if what % 2 else 180, body, reliably=knows and what % 3 == 0)

    def answer(self, who: int, what: int) -> None:
        call = self.call(who)
        if call is not None and call.server is not None:
            call.answer(b"" if what % 9 == 0 else None)

    def reject(self, who: int, what: int) -> None:
        call = self.call(who)
        if call is not None and call.server is not None:
            contact = [("Contact", f"<{TARGETS[what % len(TARGETS)]}>")]
            call.respond(
                STATUSES[what % len(STATUSES)], headers=contact if what % len(STATUSES) == 0 else None
            )

    def cancel(self, who: int, _what: int) -> None:
        call = self.call(who)
        if call is not None and call.client is not None:
            call.cancel()

    def bye(self, who: int, _what: int) -> None:
        call = self.talking(who)
        # RFC 3261 §15: a callee does not hang up before it has its ACK.
        if call is not None and (call.is_uac or call.acks):
            call.bye()

    def modify(self, who: int, what: int) -> None:
        call = self.talking(who)
        if call is not None:
            call.modify("INVITE" if what % 2 else "UPDATE", b"" if what % 6 == 0 else self.body(call, what))

    def refer(self, who: int, what: int) -> None:
        call = self.talking(who)
        if call is None:
            return
        other = self.talking(what)
        if what % 2 and other is not None and other.dialog is not None:
            value = other.replaces().replace(";", "%3B").replace("=", "%3D")
            call.refer(f"{DAVE}?Replaces={value}")
        else:
            call.refer(TARGETS[what % len(TARGETS)])

    def pick_up(self, who: int, what: int) -> None:
        other = self.talking(what)
        party = self.party(who)
        if other is not None and other.dialog is not None and party.realm:
            dialog = other.dialog.id
            value = f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}"
            party.invite(BOB, headers=[("Replaces", value)])

    def say(self, who: int, what: int) -> None:
        call = self.talking(who)
        if call is not None:
            call.ask(("INFO", "MESSAGE", "OPTIONS", "NOTIFY", "PRACK")[what % 5])

    def hold_back(self, who: int, what: int) -> None:
        self.is_tame = False
        self.party(who).holds.add(METHODS[what % len(METHODS)])

    def speak_up(self, who: int, what: int) -> None:
        """Answer what was held back, well or badly."""
        party = self.party(who)
        for call in party.calls:
            for method in call.held:
                while call.held[method]:
                    good = what % 3 > 0
                    body = (
                        party.answer_to(call.held[method][0][0].body)
                        if good and method in METHODS[:2]
                        else b""
                    )
                    call.reply(method, 200 if good else STATUSES[what % len(STATUSES)], body)
        party.holds.clear()

    def wait(self, who: int, what: int) -> None:
        self.world.advance((0.01, 0.3, 1.0, 5.0, 40.0, 70.0)[(who + what) % 6])

    def lose(self, who: int, what: int) -> None:
        """From now on the wire loses, repeats and delays; or it works again."""
        self.is_tame = False
        if what % 3 == 0:
            self.world.fault = None
            return
        chance = random.Random(who * 1000 + what)

        def wild(_carried: Carried) -> list[float]:
            if chance.random() < 0.15:
                return []
            return [chance.choice((0.0, 0.0, 0.02, 0.2)) for _ in range(1 + (chance.random() < 0.1))]

        self.world.fault = wild

    def media(self, who: int, what: int) -> None:
        engine = self.world.engine
        if what % 4 == 0:
            self.world.media(engine.die())
        elif what % 4 == 1 and engine.streams:
            names = list(engine.streams)
            self.world.media(engine.fall_silent(names[who % len(names)]))
        elif what % 4 == 2:
            engine.fault = None if engine.fault else MediaFailureCause.EXHAUSTED
        else:
            engine.is_slow = not engine.is_slow

    def trust(self, who: int, what: int) -> None:
        """Somebody cannot be reached any more, or can again."""
        self.is_tame = False
        name = self.party(who).name
        (self.world.unreachable.discard if name in self.world.unreachable else self.world.unreachable.add)(
            name
        )

    def operator(self, who: int, _what: int) -> None:
        calls = list(self.world.exchange.calls)
        if calls:
            self.world.switchboard.end(calls[who % len(calls)], EndCause.OPERATOR)
            self.world.run()

    def end(self) -> None:
        """The call is over for everybody, by our word or by theirs, and time passes: what is left then stays for ever."""
        world = self.world
        world.fault = None
        world.unreachable.clear()
        world.engine.is_slow = False
        world.engine.fault = None
        for party in self.parties:
            party.holds.clear()
        world.run()
        if self.is_tame:
            world.switchboard.end_all(EndCause.OPERATOR)
            world.advance(50)
            left = [
                (party.name, call.invite)
                for party in self.parties
                for call in party.calls
                if not call.is_over
            ]
            assert left == [], "somebody was not told that the call is over"
        else:
            self.everybody_hangs_up()
        world.advance(200)
        assert list(world.exchange.calls) == []
        self.check_records()
        world.check()

    def everybody_hangs_up(self) -> None:
        self.world.advance(40)
        for party in self.parties:
            for call in party.calls:
                if call.is_over:
                    continue
                if call.dialog is not None and (call.status == 200 or not call.is_uac):
                    call.bye()
                elif call.client is not None:
                    call.cancel()

    def check_records(self) -> None:
        """Each call has one record, which says how it ended; an answered one was journalled when it was."""
        journal = self.world.journal
        ids = [cdr.call_id for cdr in journal.ended]
        assert len(ids) == len(set(ids))
        assert {cdr.call_id for cdr in journal.answered} == {
            cdr.call_id for cdr in journal.ended if cdr.answered_at
        }
        for cdr in journal.ended:
            assert cdr.end_cause is not None
            assert cdr.ended_at is not None
            assert cdr.started_at <= (cdr.answered_at or cdr.started_at) <= cdr.ended_at
            assert (cdr.status == 200) == (cdr.answered_at is not None)


HAPPENINGS: tuple[Callable[[Chaos, int, int], None], ...] = (
    Chaos.invite, Chaos.invite, Chaos.invite, Chaos.ring, Chaos.ring, Chaos.answer, Chaos.answer, Chaos.answer,
    Chaos.reject, Chaos.cancel, Chaos.bye, Chaos.modify, Chaos.modify, Chaos.refer, Chaos.refer, Chaos.pick_up, Chaos.say,
    Chaos.hold_back, Chaos.speak_up, Chaos.wait, Chaos.wait, Chaos.lose, Chaos.media, Chaos.trust, Chaos.operator,
)  # fmt: skip

STEP = st.tuples(st.integers(0, len(HAPPENINGS) - 1), st.integers(0, 30), st.integers(0, 60))


Happenings = tuple[Callable[[Chaos, int, int], None], ...]


def live_through(steps: list[tuple[int, int, int]], happenings: Happenings = HAPPENINGS) -> World:
    chaos = Chaos()
    for which, who, what in steps:
        happenings[which % len(happenings)](chaos, who, what)
    chaos.end()
    return chaos.world


TAME: tuple[Callable[[Chaos, int, int], None], ...] = tuple(
    each for each in HAPPENINGS if each not in (Chaos.hold_back, Chaos.lose, Chaos.trust)
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(STEP, min_size=1, max_size=40))
def test_any_order_of_happenings_leaves_nothing_behind(steps: list[tuple[int, int, int]]) -> None:
    live_through(steps)


@pytest.mark.parametrize("happenings", [HAPPENINGS, TAME], ids=["wild", "tame"])
def test_many_long_random_histories_leave_nothing_behind(happenings: Happenings) -> None:
    chance = random.Random(1)
    answered = 0
    for _ in range(40):
        steps = [(chance.randrange(100), chance.randrange(31), chance.randrange(61)) for _ in range(80)]
        answered += len(live_through(steps, happenings).journal.answered)
    assert answered > 20, "the histories are worth something only if calls come about in them"
