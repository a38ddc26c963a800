"""Devices that come back over another flow, and RFC 5626."""

from __future__ import annotations

import pytest

from fakes.device import Device, flow_of
from trunkline.registrar.events import Moved, Registered

ALICE = "alice@atlanta.example"
INSTANCE = '+sip.instance="<urn:uuid:f81d>"'
OB = "Supported: path, outbound"


def contact(port: int = 5060, reg_id: int | None = 1, instance: str = INSTANCE, more: str = "") -> str:
    registration = f";reg-id={reg_id}" if reg_id is not None else ""
    return f"<sip:alice@192.0.2.7:{port};ob>;{instance}{registration}{more}"


def test_a_registration_over_a_new_flow_replaces_the_old_by_instance_and_reg_id(place):
    device = Device()
    old, new = flow_of(connection=1), flow_of(port=7777, connection=2)
    place.register(device, [contact(5060)], OB, flow=old)
    place.register(device, [contact(7777)], OB, flow=new)
    assert place.uris() == ["sip:alice@192.0.2.7:7777;ob"]
    assert place.table.bindings_of(ALICE)[0].flow == new
    assert place.table.over_flow(old) == []


def test_two_reg_ids_of_one_device_are_two_flows_even_with_one_uri(place):
    device = Device()
    place.register(device, [contact(reg_id=1)], OB, flow=flow_of(connection=1))
    response = place.register(device, [contact(reg_id=2)], OB, flow=flow_of(connection=2))
    assert [binding.reg_id for binding in place.table.bindings_of(ALICE)] == [1, 2]
    assert len(response.get_all("Contact")) == 2


def test_outbound_is_confirmed_and_the_flow_timer_told_over_connections(place):
    response = place.register(Device(), [contact()], OB, flow=flow_of(connection=1))
    assert (response.get("Require"), response.get("Flow-Timer")) == ("outbound", "120")
    response = place.register(Device(), [contact()], OB)
    assert (response.get("Require"), response.get("Flow-Timer")) == ("outbound", None)


def test_outbound_is_confirmed_on_every_refresh(place):
    device = Device()
    for _ in range(2):
        assert place.register(device, [contact()], OB).get("Require") == "outbound"
    assert len(place.table) == 1


def test_without_support_the_reg_id_is_not_applied_but_kept_in_the_contact(place):
    response = place.register(Device(), [contact()])
    assert response.get("Require") is None
    assert place.table.bindings_of(ALICE)[0].reg_id == 0
    assert "reg-id=1" in response.get("Contact")


def test_a_reg_id_without_instance_is_ignored(place):
    response = place.register(Device(), ["<sip:alice@192.0.2.7>;reg-id=1"], OB)
    assert (response.status, response.get("Require")) == (200, None)


def behind_proxy(place, device, *headers):
    return place.register(device, [contact()], "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKua", *headers)


def test_a_first_hop_without_outbound_is_answered_439(place):
    assert behind_proxy(place, Device(), OB).status == 439
    assert behind_proxy(place, Device(), OB, "Path: <sip:192.0.2.99;lr>").status == 439
    assert place.uris() == []


def test_a_first_hop_that_keeps_flows_is_accepted(place):
    response = behind_proxy(place, Device(), OB, "Path: <sip:192.0.2.98;lr>, <sip:192.0.2.99;lr;ob>")
    assert (response.status, response.get("Require")) == (200, "outbound")


def test_behind_a_proxy_the_reg_id_of_a_device_without_outbound_is_ignored(place):
    assert behind_proxy(place, Device()).status == 200
    assert place.table.bindings_of(ALICE)[0].reg_id == 0


def test_a_flow_is_registered_with_one_contact_only(place):
    device = Device()
    assert place.register(device, [contact(), "<sip:alice@192.0.2.8>"], OB).status == 400
    assert place.register(device, [contact(), "<sip:alice@192.0.2.8>;expires=0"], OB).status == 200


def test_a_flow_is_removed_by_instance_and_reg_id(place):
    device = Device()
    place.register(device, [contact()], OB)
    place.register(device, [contact(port=9999, more=";expires=0")], OB)
    assert place.uris() == []


def test_a_device_that_returns_with_another_address_takes_its_old_place(place):
    device = Device()
    place.register(device, [contact(5060, reg_id=None)])
    place.register(device, [contact(6060, reg_id=None)], call_id="rebooted", flow=flow_of(port=6060))
    assert place.uris() == ["sip:alice@192.0.2.7:6060;ob"]
    assert isinstance(place.events[-1], Moved)


def test_two_contacts_of_one_device_in_one_request_are_two_bindings(place):
    device = Device()
    both = [contact(5060, reg_id=None), contact(6060, reg_id=None)]
    place.register(device, both)
    place.register(device, both)
    assert len(place.table) == 2


def test_another_device_of_the_same_address_is_another_binding(place):
    device = Device()
    place.register(device, [contact(5060, reg_id=None)])
    place.register(device, [contact(6060, reg_id=None, instance='+sip.instance="<urn:uuid:other>"')])
    assert len(place.table) == 2


def test_a_device_that_turns_outbound_on_keeps_one_binding(place):
    device = Device()
    place.register(device, [contact(reg_id=None)])
    place.register(device, [contact(reg_id=1)], OB)
    assert [binding.reg_id for binding in place.table.bindings_of(ALICE)] == [1]
    place.register(device, [contact(reg_id=None)])
    assert [binding.reg_id for binding in place.table.bindings_of(ALICE)] == [0]


@pytest.mark.parametrize("value", [f"<sip:alice@192.0.2.7>;{INSTANCE}", "<sip:alice@192.0.2.7>"])
def test_a_refresh_over_a_new_flow_moves_the_binding(place, value):
    device = Device()
    old, new = flow_of(port=5060), flow_of(port=40404)
    place.register(device, [value], flow=old)
    place.register(device, [value], flow=new)
    [binding] = place.table.bindings_of(ALICE)
    assert binding.flow == new
    registered, moved = place.events
    assert isinstance(registered, Registered)
    assert isinstance(moved, Moved)
    assert (moved.old_flow, moved.flow) == (old, new)
