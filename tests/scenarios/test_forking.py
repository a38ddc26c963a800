"""A user with several devices: they ring together, the first answer wins."""

from __future__ import annotations

from live_party import Scene
from live_server import Records
from scenarios.town import ATLANTA, BILOXI, BOB
from trunkline.domain.cdr import EndCause


async def test_first_device_to_answer_wins_and_the_other_is_cancelled(scene: Scene, records: Records) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    desk, mobile = (
        await scene.device("bob", BILOXI, 11, name="desk"),
        await scene.device("bob", BILOXI, 12, name="mobile"),
    )
    call = alice.invite(f"sip:{BOB}")
    (await desk.rung()).ring()
    (await mobile.rung()).ring()
    mobile.call.answer()
    await scene.until(lambda: call.status and desk.call.is_over)
    assert call.status == 200
    assert desk.call.methods == ["CANCEL"]
    assert "Call completed elsewhere" in desk.call.reasons[0]
    await alice.hang_up(call)
    await scene.until(lambda: mobile.call.is_over)
    assert records.only().end_cause is EndCause.CALLER_HUNG_UP


async def test_two_answers_at_once_leave_one_call(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    desk, mobile = (
        await scene.device("bob", BILOXI, 11, name="desk"),
        await scene.device("bob", BILOXI, 12, name="mobile"),
    )
    call = alice.invite(f"sip:{BOB}")
    await desk.rung()
    await mobile.rung()
    desk.holds = mobile.holds = {"CANCEL"}
    desk.call.answer()
    mobile.call.answer()
    await scene.until(lambda: call.status and (desk.call.is_over or mobile.call.is_over))
    assert desk.call.is_over != mobile.call.is_over
    await alice.hang_up(call)
    await scene.until(lambda: desk.call.is_over and mobile.call.is_over)


async def test_busy_device_does_not_keep_the_other_from_ringing(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    desk, mobile = (
        await scene.device("bob", BILOXI, 11, name="desk"),
        await scene.device("bob", BILOXI, 12, name="mobile"),
    )
    call = alice.invite(f"sip:{BOB}")
    (await desk.rung()).respond(486)
    (await mobile.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    mobile.call.answer()
    await scene.until(lambda: call.status)
    assert call.status == 200


async def test_device_that_declines_for_all_ends_the_call(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    desk, mobile = (
        await scene.device("bob", BILOXI, 11, name="desk"),
        await scene.device("bob", BILOXI, 12, name="mobile"),
    )
    call = alice.invite(f"sip:{BOB}")
    (await mobile.rung()).ring()
    (await desk.rung()).respond(603)
    await scene.until(lambda: call.status and mobile.call.is_over)
    assert (call.status, mobile.call.methods) == (603, ["CANCEL"])


async def test_cancel_of_the_caller_reaches_every_device(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    desk, mobile = (
        await scene.device("bob", BILOXI, 11, name="desk"),
        await scene.device("bob", BILOXI, 12, name="mobile"),
    )
    call = alice.invite(f"sip:{BOB}")
    (await desk.rung()).ring()
    (await mobile.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    call.cancel()
    await scene.until(lambda: call.status and desk.call.is_over and mobile.call.is_over)
    assert (call.status, desk.call.methods, mobile.call.methods) == (487, ["CANCEL"], ["CANCEL"])
