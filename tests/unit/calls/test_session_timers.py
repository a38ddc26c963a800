"""Session timers on each leg by itself (RFC 4028)."""

from __future__ import annotations

import pytest

from fakes.call_world import BOB, Cast, World
from trunkline.domain.cdr import EndCause


def bridge(cast: Cast, answer: str = "", offered: str = "", *, callee_knows: bool = False):
    """Alice's call to Bob: what she asks for, and what he answers, in Session-Expires; both empty for none."""
    cast.alice.supported = "timer" if offered else ""
    headers = [("Session-Expires", offered)] if offered else []
    call = cast.alice.invite(BOB, headers=headers)
    cast.bob.supported = "timer" if callee_knows else ""
    cast.bob.call.answer(headers=[("Session-Expires", answer)] if answer else [])
    return call, cast.bob.call


def test_party_that_knows_no_timers_is_left_in_peace(cast: Cast, world: World) -> None:
    call, callee = bridge(cast)
    assert callee.invite.get("Session-Expires") == "1800"
    assert call.final.get("Session-Expires") is None
    world.advance(7200)
    assert (call.methods, callee.methods) == ([], [])
    call.bye()


def test_caller_that_asks_is_told_to_refresh(cast: Cast, world: World) -> None:
    call, _ = bridge(cast, offered="600")
    assert call.final.get("Session-Expires") == "600;refresher=uac"
    assert call.final.has_token("Require", "timer")
    world.advance(300)
    assert call.modify("UPDATE", b"", [("Session-Expires", "600;refresher=uac")]).status == 200
    world.advance(500)
    assert call.methods == []
    call.bye()


def test_caller_that_does_not_refresh_is_lost(cast: Cast, world: World) -> None:
    call, callee = bridge(cast, offered="600")
    world.advance(600)
    assert call.methods == ["BYE"]
    assert callee.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST
    assert world.cdr.ended_at - world.cdr.answered_at == 600 - 32


@pytest.mark.parametrize("allow", ["INVITE, ACK, BYE, CANCEL, UPDATE", "INVITE, ACK, BYE, CANCEL"])
def test_we_refresh_the_caller_by_update_or_by_reinvite(cast: Cast, world: World, allow: str) -> None:
    cast.alice.allow = allow
    call, callee = bridge(cast, offered="600;refresher=uas")
    world.advance(301)
    method = "UPDATE" if "UPDATE" in allow else "INVITE"
    assert call.methods == [method]
    assert call.last(method).get("Session-Expires") == "600;refresher=uac"
    if method == "INVITE":
        assert call.last("INVITE").body == call.final.body
        assert len(call.acks) == 1
    world.advance(600)
    assert call.methods == [method] * 3
    assert callee.methods == []
    call.bye()


def test_we_refresh_the_callee(cast: Cast, world: World) -> None:
    call, callee = bridge(cast, answer="900;refresher=uac", callee_knows=True)
    world.advance(451)
    assert callee.methods == ["UPDATE"]
    assert call.methods == []
    call.bye()


def test_callee_that_refreshes_is_watched(cast: Cast, world: World) -> None:
    _, callee = bridge(cast, answer="900;refresher=uas", callee_knows=True)
    world.advance(450)
    assert callee.modify("UPDATE", b"", [("Session-Expires", "900;refresher=uac")]).status == 200
    world.advance(800)
    assert callee.methods == []
    world.advance(100)
    assert callee.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


@pytest.mark.parametrize("status", [481, 408])
def test_refresh_that_finds_the_dialog_gone_ends_the_call(cast: Cast, world: World, status: int) -> None:
    call, callee = bridge(cast, answer="900;refresher=uac", callee_knows=True)
    cast.bob.holds.add("UPDATE")
    world.advance(451)
    callee.reply("UPDATE", status)
    assert call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


def test_refresh_without_any_answer_ends_the_call(cast: Cast, world: World) -> None:
    call, _ = bridge(cast, answer="900;refresher=uac", callee_knows=True)
    world.fault = lambda carried: [] if carried.receiver == "bob" else [0.0]
    world.advance(451 + 33)
    assert call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


def test_refresh_that_meets_a_change_is_tried_again(cast: Cast, world: World) -> None:
    call, callee = bridge(cast, answer="900;refresher=uac", callee_knows=True)
    cast.bob.holds.add("UPDATE")
    world.advance(451)
    callee.reply("UPDATE", 491)
    cast.bob.holds.clear()
    world.advance(4)
    assert callee.methods == ["UPDATE", "UPDATE"]
    world.advance(800)
    assert call.methods == []
    call.bye()


def test_refresh_waits_for_a_change_that_is_under_way(cast: Cast, world: World) -> None:
    call, callee = bridge(cast, answer="900;refresher=uac", callee_knows=True)
    cast.bob.holds.add("INVITE")
    world.advance(449)
    call.reinvite(cast.alice.offer("sendonly", version=2))
    world.advance(10)
    assert callee.methods == ["INVITE"]
    callee.reply("INVITE", 200, cast.bob.offer("recvonly"), [("Session-Expires", "900;refresher=uac")])
    world.advance(451)
    assert callee.methods == ["INVITE", "UPDATE"]
    call.bye()


def test_refresh_refused_with_422_is_made_with_a_longer_interval(cast: Cast, world: World) -> None:
    call, callee = bridge(cast, answer="900;refresher=uac", callee_knows=True)
    cast.bob.holds.add("UPDATE")
    world.advance(451)
    callee.reply("UPDATE", 422, headers=[("Min-SE", "2000")])
    cast.bob.holds.clear()
    world.advance(4)
    refresh = callee.last("UPDATE")
    assert (refresh.get("Session-Expires"), refresh.get("Min-SE")) == ("2000;refresher=uac", "2000")
    call.bye()


def test_change_that_is_passed_on_keeps_the_timer_of_the_other_leg(cast: Cast, world: World) -> None:
    call, callee = bridge(cast, answer="900;refresher=uac", callee_knows=True)
    call.reinvite(cast.alice.offer("sendonly", version=2))
    assert callee.last("INVITE").get("Session-Expires") == "900;refresher=uac"
    world.advance(451)
    assert callee.methods == ["INVITE", "UPDATE"]
    call.bye()


def test_answer_without_timer_ends_the_watch(cast: Cast, world: World) -> None:
    call, callee = bridge(cast, answer="900;refresher=uas", callee_knows=True)
    cast.bob.supported = ""
    call.reinvite(cast.alice.offer("sendonly", version=2))
    world.advance(7200)
    assert callee.methods == ["INVITE"]
    call.bye()


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_interval_that_is_too_short_is_422(cast: Cast, method: str) -> None:
    cast.alice.supported = "timer"
    call = cast.alice.invite(BOB, headers=[("Session-Expires", "30")])
    assert (call.statuses, call.final.get("Min-SE")) == ([422], "90")
    call, _ = bridge(cast, offered="600")
    asked = call.modify(method, None if method == "INVITE" else b"", [("Session-Expires", "30")])
    assert (asked.status, asked.responses[-1].get("Min-SE")) == (422, "90")
    call.bye()


def test_callee_that_wants_longer_intervals_is_invited_with_them(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(422, headers=[("Min-SE", "3600")])
    assert cast.bob.call.invite.get("Session-Expires") == "3600"
    assert cast.bob.call.invite.get("Min-SE") == "3600"
    cast.bob.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_callee_whose_422_makes_no_sense_is_given_up(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(422)
    assert call.statuses == [422]


def test_bad_session_expires_is_400(cast: Cast) -> None:
    cast.alice.supported = "timer"
    assert cast.alice.invite(BOB, headers=[("Session-Expires", "soon")]).statuses == [400]


def test_session_expires_that_cannot_be_read_in_an_answer_is_passed_over(cast: Cast, world: World) -> None:
    call, _ = bridge(cast, answer="soon", callee_knows=True)
    world.advance(4000)
    assert call.methods == []
    call.bye()


def test_min_se_that_cannot_be_read_ends_the_attempt(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(422, headers=[("Min-SE", "long")])
    assert call.statuses == [422]


def test_change_of_the_refresher_counts_as_a_refresh(cast: Cast, world: World) -> None:
    call, _ = bridge(cast, offered="600")
    world.advance(500)
    changed = call.reinvite(
        cast.alice.offer("sendonly", version=2), [("Session-Expires", "600;refresher=uac")]
    )
    assert changed.responses[-1].get("Session-Expires") == "600;refresher=uac"
    world.advance(500)
    assert call.methods == []
    call.bye()
