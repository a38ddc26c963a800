"""What the registrar tells: who came, stayed, moved, went, or was refused and why."""

from __future__ import annotations

from fakes.device import Device, flow_of
from trunkline.registrar.events import (
    Departure,
    Expired,
    Refreshed,
    Registered,
    RegistrationRefused,
    Unregistered,
)

ALICE = "alice@atlanta.example"
URI = "sip:alice@192.0.2.7:5060"


def test_a_new_binding_is_told_with_what_is_known_of_it(place):
    place.register(Device(), None, "User-Agent: Fancy/1.0")
    assert place.events == [Registered(ALICE, URI, place.flow, "Fancy/1.0", place.now + 3600)]


def test_refreshes_are_told_only_where_asked_for(make_place):
    for place, told in ((make_place(), []), (make_place(tells_refreshes=True), [Refreshed])):
        device = Device()
        place.register(device)
        place.register(device)
        assert [type(event) for event in place.events] == [Registered, *told]


def test_changed_parameters_are_a_refresh(make_place):
    place = make_place(tells_refreshes=True)
    device = Device()
    place.register(device)
    place.register(device, [device.contact + ";q=0.5"])
    assert [type(event) for event in place.events] == [Registered, Refreshed]


def test_a_removal_by_the_device_and_by_the_operator_are_told_apart(place):
    device = Device()
    place.register(device)
    place.register(device, ["*"], "Expires: 0")
    place.register(device)
    assert [binding.uri for binding in place.registrar.unregister(ALICE)] == [URI]
    assert place.uris() == []
    gone = [event for event in place.events if isinstance(event, Unregistered)]
    assert [event.departure for event in gone] == [Departure.DEVICE, Departure.OPERATOR]


def test_an_expired_binding_is_told(place):
    place.register(Device(), None, "Expires: 60", "User-Agent: Fancy")
    assert place.registrar.expire(place.now + 30) == []
    place.registrar.expire(place.now + 62)
    assert place.events[1:] == [Expired(ALICE, URI, place.flow, "Fancy")]


def test_a_broken_flow_is_told_for_each_of_its_bindings(place):
    flow = flow_of(connection=5)
    place.register(Device(), flow=flow)
    place.register(Device("bob"), flow=flow)
    assert len(place.registrar.flow_closed(flow)) == 2
    assert [(event.aor, event.flow_closed) for event in place.events[2:]] == [
        (ALICE, True),
        ("bob@atlanta.example", True),
    ]


def refusals(place) -> list[tuple[str, str]]:
    return [
        (event.rejection.code, event.aor) for event in place.events if isinstance(event, RegistrationRefused)
    ]


def test_a_challenge_is_no_refusal(place):
    place.registrar.register(Device().request(), place.flow, place.now)
    assert place.events == []


def test_every_refusal_is_told_with_its_diagnosis(place):
    place.register(Device(password="wrong"))
    place.register(Device("nobody"))
    place.register(Device(realm="elsewhere.example"))
    place.register(Device(), to="sip:bob@atlanta.example")
    place.register(Device(), None, "Expires: 1")
    place.register(Device(), ["*"])
    place.register(Device(), ["<tel:+15550100>"])
    place.register(Device(), None, "Require: moon")
    assert refusals(place) == [
        ("wrong-password", ALICE),
        ("unknown-user", "nobody@atlanta.example"),
        ("unknown-realm", ""),
        ("not-your-address", ALICE),
        ("interval-too-brief", ALICE),
        ("malformed-register", ALICE),
        ("malformed-register", ALICE),
        ("bad-extension", ""),
    ]


def test_a_stale_nonce_is_everyday_and_not_told(place):
    device = Device()
    first = place.registrar.register(device.request(), place.flow, place.now)
    challenge = {"realm": "atlanta.example", "nonce": "0" * 40}
    request = device.request(headers=["Authorization: " + device.digest(challenge)])
    assert place.registrar.register(request, place.flow, place.now).status == first.status == 401
    assert place.events == []


def test_user_agents_are_kept_once(place):
    for name in ("alice", "bob"):
        place.register(Device(name), None, "User-Agent: Fancy/1.0 build " + "7" * 300)
    agents = [place.table.bindings_of(f"{name}@atlanta.example")[0].user_agent for name in ("alice", "bob")]
    assert agents[0] is agents[1]
    assert len(agents[0]) == 200
