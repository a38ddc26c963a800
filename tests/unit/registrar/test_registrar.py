"""RFC 3261 §10.3, rule by rule."""

from __future__ import annotations

import pytest

from fakes.device import Device, challenges_of, flow_of
from trunkline.registrar.admission import AdmissionBucket

ALICE = "alice@atlanta.example"
ONE = "<sip:alice@192.0.2.7:5060>"
TWO = "<sip:alice@192.0.2.8:5060>"


def contacts(response) -> list[str]:
    assert response.status == 200, response
    return response.get_all("Contact")


def shown(response) -> tuple[int, str]:
    return response.status, response.reason


# The device proves who it is.


def test_a_new_device_is_challenged_then_registered(place):
    device = Device()
    first = place.registrar.register(device.request(), place.flow, place.now)
    assert first.status == 401
    assert first.to_tag
    assert challenges_of(first)[0]["realm"] == "atlanta.example"
    response = place.register(device)
    assert contacts(response) == [f"{ONE};expires=3600"]
    assert response.to_tag
    assert [response.get(name) for name in ("Call-ID", "From")] == [
        device.call_id,
        "<sip:alice@atlanta.example>;tag=1",
    ]


def test_retransmissions_get_the_same_to_tag(place):
    requests = [Device().request(branch="z9hG4bKsame") for _ in range(2)]
    tags = {place.registrar.register(request, place.flow, place.now).to_tag for request in requests}
    assert len(tags) == 1


def test_a_wrong_password_is_challenged_then_refused_and_binds_nothing(place):
    device = Device(password="wrong")
    assert place.register(device).status == 401
    assert shown(place.register(device)) == (403, "Forbidden")
    assert place.uris() == []


def test_a_malformed_authorization_is_answered_400(place):
    response = place.registrar.register(
        Device().request(headers=["Authorization: Digest x"]), place.flow, place.now
    )
    assert response.status == 400


def test_an_unknown_domain_is_answered_404(place):
    assert place.register(Device(realm="elsewhere.example")).status == 404


# What is required.


def test_an_unknown_extension_is_answered_420_and_named(place):
    response = place.register(Device(), None, "Require: path, no-such-thing, Other")
    assert shown(response) == (420, "Bad Extension")
    assert response.get("Unsupported") == "no-such-thing, other"


def test_known_extensions_may_be_required(place):
    assert place.register(Device(), None, "Require: path, gruu, outbound").status == 200


def test_a_preloaded_route_does_not_matter(place):
    assert place.register(Device(), None, "Route: <sip:198.51.100.1;lr>").status == 200


# The address-of-record is the credential's own.


def test_one_user_cannot_bind_anothers_address(place):
    response = place.register(Device(), to="sip:bob@atlanta.example")
    assert shown(response) == (403, "Forbidden")
    assert len(place.table) == 0


@pytest.mark.parametrize(
    "to",
    [
        "sip:alice@atlanta.example",
        "sips:alice@atlanta.example",
        "sip:%61lice@ATLANTA.example:5060;x=y",
        "sip:alice@198.51.100.1",
    ],
)
def test_every_spelling_of_the_own_address_is_one_address(place, to):
    place.register(Device(), to=to)
    assert place.uris() == ["sip:alice@192.0.2.7:5060"]


@pytest.mark.parametrize(
    "to", ["sip:alice@biloxi.example", "sip:Alice@atlanta.example", "sip:atlanta.example", "tel:+15550100"]
)
def test_what_is_not_the_own_address_is_refused(place, to):
    assert place.register(Device(), to=to).status == 403


@pytest.mark.parametrize(
    "to",
    [
        "sip:dora@somewhere.example",
        "sip:dora@atlanta.example",
        "sip:dora%40somewhere.example@atlanta.example",
    ],
)
def test_a_user_with_a_domain_registers_under_either_host(place, to):
    device = Device("dora@somewhere.example")
    assert place.register(device, to=to).status == 200
    assert place.uris("dora@somewhere.example@atlanta.example") == ["sip:dora@192.0.2.7:5060"]


# Contact: *.


def test_a_star_with_expires_zero_removes_all(place):
    device = Device()
    place.register(device, [ONE, TWO])
    assert contacts(place.register(device, ["*"], "Expires: 0")) == []
    assert place.uris() == []


@pytest.mark.parametrize(
    ("values", "headers"),
    [
        (["*"], []),
        (["*"], ["Expires: 60"]),
        (["*", ONE], ["Expires: 0"]),
        ([f"*, {ONE}"], ["Expires: 0"]),
        (["*", "*"], ["Expires: 0"]),
    ],
)
def test_a_star_with_others_or_without_expires_zero_is_answered_400(place, values, headers):
    device = Device()
    place.register(device)
    assert place.register(device, values, *headers).status == 400
    assert place.uris() == ["sip:alice@192.0.2.7:5060"]


def test_a_star_out_of_order_removes_nothing(place):
    device = Device()
    place.register(device, cseq=10)
    assert place.register(device, ["*"], "Expires: 0", cseq=5).status == 500
    assert len(place.table) == 1


# Intervals.


def test_the_contacts_own_expires_goes_before_the_header_field(place):
    assert contacts(place.register(Device(), [f"{ONE};expires=120"], "Expires: 600")) == [
        f"{ONE};expires=120"
    ]
    assert contacts(place.register(Device(), [ONE], "Expires: 600")) == [f"{ONE};expires=600"]


def test_a_malformed_interval_counts_as_the_default(place):
    assert contacts(place.register(Device(), [f"{ONE};expires=soon"])) == [f"{ONE};expires=3600"]
    assert contacts(place.register(Device(), [ONE], "Expires: soon")) == [f"{ONE};expires=3600"]


def test_a_too_short_interval_is_answered_423_with_min_expires(place):
    device = Device()
    response = place.register(device, [ONE], "Expires: 59")
    assert (response.status, response.get("Min-Expires")) == (423, "60")
    assert contacts(place.register(device, [ONE], "Expires: 60")) == [f"{ONE};expires=60"]


def test_a_long_interval_is_cut(place):
    assert contacts(place.register(Device(), [ONE], "Expires: 99999999999")) == [f"{ONE};expires=7200"]


@pytest.mark.parametrize(("random", "granted"), [(0.0, 1000), (0.5, 950), (0.999, 900)])
def test_jitter_shortens_what_is_granted(make_place, random, granted):
    place = make_place(expires_jitter=0.1, random=lambda: random)
    response = place.register(Device(), [ONE], "Expires: 1000")
    assert contacts(response) == [f"{ONE};expires={granted}"]


def test_jitter_never_goes_below_the_shortest_interval(make_place):
    place = make_place(expires_jitter=0.5, random=lambda: 0.999)
    assert contacts(place.register(Device(), [ONE], "Expires: 60")) == [f"{ONE};expires=60"]


def test_each_contact_is_listed_with_its_own_seconds_left(place):
    device = Device()
    place.register(device, [f"{ONE};expires=600"])
    place.now += 100
    assert contacts(place.register(device, [f"{TWO};expires=300"])) == [
        f"{ONE};expires=500",
        f"{TWO};expires=300",
    ]


# Adding, refreshing, removing, fetching.


def test_without_contact_the_bindings_are_fetched(place):
    device = Device()
    assert contacts(place.register(device, [])) == []
    place.register(device, [f'{ONE};+sip.instance="<urn:uuid:1>";q=0.5;x=y'])
    place.now += 10
    assert contacts(place.register(device, [])) == [
        f'{ONE};+sip.instance="<urn:uuid:1>";x=y;expires=3590;q=0.5'
    ]


def test_bindings_that_are_over_are_not_listed(place):
    device = Device()
    place.register(device, [f"{ONE};expires=60"])
    place.now += 60
    assert contacts(place.register(device, [])) == []


def test_a_refresh_prolongs_the_binding(place):
    device = Device()
    place.register(device)
    place.now += 1000
    assert contacts(place.register(device)) == [f"{ONE};expires=3600"]
    assert len(place.table) == 1


@pytest.mark.parametrize(
    "spelling",
    [
        "<sip:alice@192.0.2.7:5060;Transport=UDP>",
        "<sip:%61lice@192.0.2.7:5060;transport=udp>",
        "sip:alice@192.0.2.7:5060",
    ],
)
def test_an_equivalent_uri_refreshes_the_same_binding(place, spelling):
    device = Device()
    first = "<sip:alice@192.0.2.7:5060;transport=udp>" if "ransport" in spelling else ONE
    place.register(device, [first])
    place.register(device, [spelling])
    assert len(place.table) == 1


def test_different_uris_are_different_bindings(place):
    device = Device()
    place.register(device, [ONE])
    place.register(device, ["<sip:alice@192.0.2.7:5062>"])
    place.register(device, ["<sip:Alice@192.0.2.7:5060>"])
    assert len(place.table) == 3


def test_changed_parameters_take_effect(place):
    device = Device()
    place.register(device, [f"{ONE};q=0.5;methods=INVITE"])
    assert contacts(place.register(device, [f"{ONE};q=0.7"])) == [f"{ONE};expires=3600;q=0.7"]
    assert contacts(place.register(device, [ONE])) == [f"{ONE};expires=3600"]
    assert len(place.table) == 1


def test_the_contact_uri_is_kept_exactly_as_written(place):
    written = "<sip:user-0x55%2B@random.invalid;transport=ws;ob;X=%7e>"
    assert contacts(place.register(Device(), [written])) == [f"{written};expires=3600"]


def test_expires_zero_removes_one_binding_and_its_removal_again_is_no_error(place):
    device = Device()
    place.register(device, [ONE, TWO])
    assert contacts(place.register(device, [f"{ONE};expires=0"])) == [f"{TWO};expires=3600"]
    assert contacts(place.register(device, [ONE], "Expires: 0")) == [f"{TWO};expires=3600"]


def test_adding_and_removing_in_one_request(place):
    device = Device()
    place.register(device, [ONE])
    assert contacts(place.register(device, [f"{ONE};expires=0", TWO])) == [f"{TWO};expires=3600"]


@pytest.mark.parametrize("bad", ["<tel:+15550100>", "<sip:>", "<sip:alice@192.0.2.9", "<mailto:a@b.example>"])
def test_a_bad_contact_fails_the_whole_request(place, bad):
    device = Device()
    place.register(device, [ONE])
    assert place.register(device, [f"{ONE};expires=0", TWO, bad]).status == 400
    assert place.uris() == ["sip:alice@192.0.2.7:5060"]


def test_a_too_short_interval_of_one_contact_fails_the_whole_request(place):
    device = Device()
    assert place.register(device, [ONE, f"{TWO};expires=5"]).status == 423
    assert place.uris() == []


@pytest.mark.parametrize("twice", [[ONE, ONE], [ONE, f"{ONE};expires=0"], [TWO, TWO]])
def test_a_contact_given_twice_is_answered_400(place, twice):
    device = Device()
    place.register(device, [ONE])
    assert place.register(device, twice).status == 400
    assert place.uris() == ["sip:alice@192.0.2.7:5060"]


# CSeq and Call-ID.


def authorized(place, device, **request):
    """A request with its own fresh digest, not sent yet."""
    first = place.registrar.register(device.request(), place.flow, place.now)
    return device.request(headers=["Authorization: " + device.digest(challenges_of(first)[0])], **request)


@pytest.mark.parametrize("cseq", [10, 9, 1])
def test_refresh_with_a_cseq_that_is_not_higher_is_rejected(place, cseq):
    device = Device()
    place.registrar.register(authorized(place, device, cseq=10), place.flow, place.now)
    response = place.registrar.register(authorized(place, device, cseq=cseq), place.flow, place.now)
    assert response.status == 500
    response = place.registrar.register(authorized(place, device, cseq=11), place.flow, place.now)
    assert response.status == 200


def test_another_call_id_begins_its_own_order(place):
    device = Device()
    place.registrar.register(authorized(place, device, cseq=10), place.flow, place.now)
    response = place.registrar.register(
        authorized(place, device, cseq=1, call_id="rebooted"), place.flow, place.now
    )
    assert response.status == 200
    assert len(place.table) == 1


def test_one_contact_out_of_order_fails_the_whole_request(place):
    device = Device()
    place.registrar.register(authorized(place, device, cseq=10, contacts=[ONE]), place.flow, place.now)
    response = place.registrar.register(
        authorized(place, device, cseq=10, contacts=[TWO, ONE]), place.flow, place.now
    )
    assert response.status == 500
    assert place.uris() == ["sip:alice@192.0.2.7:5060"]


def test_an_exact_retransmission_is_answered_as_before_and_changes_nothing(place):
    device = Device()
    first = authorized(place, device, branch="z9hG4bKsame", cseq=20)
    answer = place.registrar.register(first, place.flow, place.now)
    events = list(place.events)
    place.now += 0.4
    again = place.registrar.register(first, place.flow, place.now)
    assert again.to_bytes() == answer.to_bytes()
    assert place.events == events
    assert place.table.bindings_of(ALICE)[0].expires_at == place.now - 0.4 + 3600


def test_the_retransmission_of_a_removal_is_answered_as_before(place):
    device = Device()
    place.register(device)
    request = authorized(place, device, contacts=[f"{ONE};expires=0"])
    answers = [place.registrar.register(request, place.flow, place.now).to_bytes() for _ in range(2)]
    assert answers[0] == answers[1]
    request = authorized(place, device, contacts=["*"])
    request.add("Expires", "0")
    answers = [place.registrar.register(request, place.flow, place.now).to_bytes() for _ in range(2)]
    assert answers[0] == answers[1]


def test_a_register_that_is_played_back_does_not_bring_back_what_was_removed(place):
    device = Device()
    first = authorized(place, device, branch="z9hG4bKsame", cseq=20)
    place.registrar.register(first, place.flow, place.now)
    place.registrar.unregister(ALICE)
    assert place.registrar.register(first, place.flow, place.now).status == 200
    assert place.uris() == []


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Contact: " + ",".join(f"<sip:a@192.0.2.{number}>" for number in range(65)), "Too Many Contacts"),
        (f"Path: <sip:proxy.example;lr;x={'y' * 5000}>", "Path Too Long"),
        (f"Contact: <sip:a@192.0.2.1>;x={'y' * 5000}", "Contact Too Long"),
    ],
)
def test_what_would_be_kept_has_its_bounds(place, header, reason):
    request = authorized(place, Device())
    name, _, value = header.partition(": ")
    request.remove(name)
    request.add(name, value)
    response = place.registrar.register(request, place.flow, place.now)
    assert (response.status, response.reason) == (400, reason)
    assert place.uris() == []


def test_the_retransmission_of_a_refused_request_is_refused_again(place):
    request = authorized(place, Device(), contacts=[f"{ONE};expires=5"])
    assert [place.registrar.register(request, place.flow, place.now).status for _ in range(2)] == [423, 423]


def test_a_replayed_register_binds_nothing(place):
    device = Device()
    request = authorized(place, device, contacts=["<sip:mallory@203.0.113.66>"])
    stolen = request.get("Authorization")
    place.registrar.register(request, place.flow, place.now)
    replay = device.request(contacts=["<sip:mallory@203.0.113.67>"], headers=[f"Authorization: {stolen}"])
    assert place.registrar.register(replay, flow_of("203.0.113.67"), place.now).status == 401
    assert place.uris() == ["sip:mallory@203.0.113.66"]


# How many.


def test_too_many_bindings_are_refused_with_the_reason(make_place):
    place = make_place(most_bindings=2)
    device = Device()
    place.register(device, [ONE, TWO])
    response = place.register(device, ["<sip:alice@192.0.2.9>"])
    assert shown(response) == (403, "Too Many Bindings")
    assert place.register(device, [ONE, TWO]).status == 200
    assert place.register(device, [f"{ONE};expires=0", "<sip:alice@192.0.2.9>"]).status == 200
    assert len(place.table) == 2


def test_the_default_is_ten_bindings(place):
    device = Device()
    statuses = [
        place.register(device, [f"<sip:alice@192.0.2.7:{port}>"]).status for port in range(6000, 6011)
    ]
    assert statuses == [200] * 10 + [403]


def test_the_credentials_own_limit_goes_before_the_default(place):
    device = Device("limited")
    assert place.register(device, [f"<sip:l@192.0.2.7:{port}>" for port in range(6000, 6003)]).status == 403
    assert place.uris("limited@atlanta.example") == []
    assert place.register(device, [f"<sip:l@192.0.2.7:{port}>" for port in range(6000, 6002)]).status == 200


def test_bindings_that_are_over_leave_room(make_place):
    place = make_place(most_bindings=1)
    device = Device()
    place.register(device, [f"{ONE};expires=60"])
    place.now += 60
    assert place.register(device, [TWO]).status == 200


# Path, GRUU, Date.


def test_path_is_stored_and_echoed(place):
    response = place.register(
        Device(), [ONE], "Path: <sip:near@192.0.2.1;lr>, <sip:far@192.0.2.2;lr>", "Supported: path"
    )
    assert response.get_all("Path") == ["<sip:near@192.0.2.1;lr>", "<sip:far@192.0.2.2;lr>"]
    assert place.table.bindings_of(ALICE)[0].path == ("<sip:near@192.0.2.1;lr>", "<sip:far@192.0.2.2;lr>")


def test_each_refresh_brings_its_own_path(place):
    device = Device()
    place.register(device, [ONE], "Path: <sip:192.0.2.1;lr>")
    place.register(device, [ONE])
    assert place.table.bindings_of(ALICE)[0].path == ()


def test_a_bad_path_is_answered_400(place):
    assert place.register(Device(), [ONE], "Path: <nonsense>").status == 400
    assert place.register(Device(), [ONE], "Path: <tel:+15550100>").status == 400


def test_path_support_is_insisted_on_only_where_asked_for(make_place):
    place = make_place(requires_path_support=True)
    response = place.register(Device(), [ONE], "Path: <sip:192.0.2.1;lr>")
    assert (response.status, response.get("Require")) == (421, "path")
    assert place.register(Device(), [ONE], "Path: <sip:192.0.2.1;lr>", "Supported: foo, Path").status == 200
    assert place.register(Device(), [ONE]).status == 200


def test_a_public_gruu_is_given_to_who_supports_it(place):
    device = Device()
    contact = f'{ONE};+sip.instance="<urn:uuid:f81d>"'
    response = place.register(device, [contact], "Supported: path, gruu")
    assert contacts(response) == [
        f'{contact};expires=3600;pub-gruu="sip:alice@atlanta.example;gr=urn:uuid:f81d"'
    ]
    assert "gruu" not in contacts(place.register(device, [contact]))[0]
    assert "gruu" not in contacts(place.register(device, [TWO], "Supported: gruu"))[1]


def test_a_date_is_sent_where_asked_for(make_place):
    assert make_place(sends_date=True).register(Device()).get("Date") == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert make_place().register(Device()).get("Date") is None


# Storms.


def test_a_storm_is_shed_with_503_and_a_jittered_retry_after(make_place):
    numbers = iter([0.0, 0.99])
    place = make_place(admission=AdmissionBucket(1, 2), random=lambda: next(numbers))
    device = Device()
    assert place.registrar.register(device.request(), place.flow, place.now).status == 401
    shed = [place.registrar.register(device.request(), place.flow, place.now) for _ in range(2)]
    assert [(response.status, response.get("Retry-After")) for response in shed] == [(503, "5"), (503, "10")]


def test_in_a_storm_who_was_challenged_is_served_before_who_was_not(make_place):
    place = make_place(admission=AdmissionBucket(0.001, 10))
    device = Device()
    first = place.registrar.register(device.request(), place.flow, place.now)
    while place.registrar.register(Device().request(), place.flow, place.now).status == 401:
        pass
    answer = device.request(headers=["Authorization: " + device.digest(challenges_of(first)[0])])
    assert place.registrar.register(answer, place.flow, place.now).status == 200
