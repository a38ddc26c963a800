"""A dry run tells what a real call then does; a real refusal is told with its cause."""

import pytest

from fakes.waiting import until
from live_server import CHICAGO, DENVER
from scenarios.town import ALICE, ATLANTA, BILOXI, BOB, BOBS_NUMBER, CAROL, DAVE, ERIN, FRANK, GRACE, HEIDI
from trunkline.domain.registration_event import RegistrationEventKind
from trunkline.operations.diagnosis import Cause
from trunkline.operations.dry_run import Outcome

PHONE, DESK, LAPTOP = 10, 11, 12

CASES = [
    (ALICE, CAROL, "to +13125550199 through trunk chicago, then denver"),
    (ALICE, "(312) 555-0199", "to +13125550199 through trunk chicago, then denver"),
    (ALICE, "sip:00442079460000@atlanta.example", "no-trunk"),
    (ALICE, BOB, f"to 1 device of {BOB}"),
    (ALICE, BOBS_NUMBER, f"to 1 device of {BOB}"),
    (ALICE, "dave", "unregistered"),
    (ALICE, DAVE, "unregistered"),
    (ALICE, "nobody", "unknown-destination"),
    (ALICE, "911", "emergency-number"),
    (ALICE, "+1312", "bad-number"),
    (ALICE, "someone@elsewhere.example", "foreign-host"),
    (ERIN, "+19005550199", "destination-forbidden"),
    (ERIN, "+442079460000", "destination-forbidden"),
    (ERIN, CAROL, "to +13125550199 through trunk chicago, then denver"),
    (HEIDI, CAROL, "caller-id-forbidden"),
    (GRACE, CAROL, "to +13125550199 through trunk chicago, then denver"),
]


def uri_of(to):
    if to.startswith("sip:"):
        return to
    user = to.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
    return f"sip:{user}" if "@" in to else f"sip:{user}@{ATLANTA}"


async def test_a_real_call_does_what_the_dry_run_told(opened, enter):
    server = await opened()
    scene, here = enter(server), server.operations
    await scene.device("bob", BILOXI, DESK)
    await scene.party("carol", CHICAGO)
    callers = {}
    for number, (caller, to, expected) in enumerate(CASES, 1):
        told = here.dry_run.of_credential(server.account, caller, to)
        assert (told.rejection.code if told.rejection else told.route) == expected, (caller, to)
        user = caller.partition("@")[0]
        if user not in callers:
            callers[user] = await scene.party(user, PHONE + 10 + len(callers), realm=ATLANTA)
        call = callers[user].invite(uri_of(to))
        await scene.until(lambda call=call: call.status or any(one.status == 100 for one in call.responses))
        if not call.status:
            call.cancel()
        await scene.until(lambda call=call: call.status)
        await until(lambda: not server.server.cdr_writer.waiting and not server.server.exchange.calls)
        await until(lambda number=number: server.server.cdr_writer.written >= number)
        cdr = (await here.cdrs.page(server.account)).cdrs[0]
        assert cdr.rejection == (told.rejection.code if told.rejection else ""), (caller, to)
        if told.rejection is None:
            assert cdr.route == told.route, (caller, to)
        else:
            assert call.status == told.rejection.status, (caller, to)


async def test_limits_that_are_reached_now_are_told_by_dry_run_and_call_alike(opened, enter):
    server = await opened()
    scene, here = enter(server), server.operations
    events = []
    here.events.subscribe(events.append, account_id=server.account, kinds=frozenset({"limit-reached"}))
    await scene.party("carol", CHICAGO)
    for number, (user, code) in enumerate([(ERIN, "too-many-calls"), (FRANK, "too-many-calls-per-second")]):
        caller = await scene.party(user.partition("@")[0], PHONE + number, realm=ATLANTA)
        assert here.dry_run.of_credential(server.account, user, CAROL).outcome is Outcome.TRUNKS
        first = caller.invite(uri_of(CAROL))
        await scene.until(lambda number=number: len(server.server.exchange.calls) > number)
        assert here.dry_run.of_credential(server.account, user, CAROL).rejection.code == code
        second = caller.invite(uri_of(CAROL))
        await scene.until(lambda second=second: second.status)
        assert second.status == 503
        await scene.until(lambda number=number: len(events) == number + 1)
        assert (events[-1].data["code"], events[-1].data["credential"]) == (code, user)
        assert first.status == 0


async def test_a_trunk_that_does_not_answer_is_told_as_resting(opened, enter):
    server = await opened()
    scene, here = enter(server), server.operations
    alice = await scene.party("alice", PHONE, realm=ATLANTA)
    denver = await scene.party("denver", DENVER)
    call = alice.invite(uri_of(CAROL))
    (await denver.rung()).answer()
    await scene.until(lambda: call.status == 200)
    chicago, other = here.dry_run.of_credential(server.account, ALICE, CAROL).trunks
    assert list(chicago.resting) == [f"udp:{server.network.address(CHICAGO)}:5060"]
    assert other.resting == {}
    await alice.hang_up(call)
    await until(lambda: not server.server.exchange.calls)

    def health():
        return {trunk.name: trunk for trunk in here.overview.trunks(server.account)}

    await until(lambda: health()["chicago"].failures == 1)
    health = health()
    assert health["denver"].good_at is not None
    now = await here.overview.now(server.account)
    assert (now.registrations, now.calls) == (0, 0)


@pytest.mark.parametrize(
    ("username", "password", "cause", "form"),
    [
        ("alice", "wrong one", Cause.WRONG_PASSWORD, "another password"),
        ("alice", None, Cause.WRONG_PASSWORD, "with a space behind it"),
        ("nobody", "x", Cause.UNKNOWN_USER, "another password"),
    ],
)
async def test_a_refused_device_is_told_with_cause_and_form(opened, enter, username, password, cause, form):
    server = await opened()
    scene, here = enter(server), server.operations
    right = server.passwords[ALICE]
    party = await scene.party(username, LAPTOP, realm=ATLANTA, password=password or f"{right} ")
    asked = party.registering()
    await scene.until(lambda: asked.status)
    assert asked.status in (401, 403)
    await until(lambda: server.server.event_writer.written)
    entries = await here.registrations.events(server.account, kind=RegistrationEventKind.REFUSED)
    found = await here.diagnosis.of_registration(server.account, entries[-1].id, password=right)
    assert found.cause is cause
    assert form in found.form
    event = here.events.recent(server.account, kinds=frozenset({"refused"}))[0]
    assert (await here.diagnosis.of_event(server.account, event.id, password=right)).cause is cause


async def test_the_overview_goes_on_after_a_restart(opened, enter):
    server = await opened()
    scene = enter(server)
    await scene.device("alice", ATLANTA, PHONE)
    before = (await server.operations.overview.series(server.account))[-1]
    assert before.registered == 1
    await server.shut()
    await server.open()
    again = await server.operations.overview.series(server.account)
    assert sum(one.registered for one in again) == 1
