"""Addresses that failed are left alone for a while, each trunk for itself."""

from __future__ import annotations

from trunkline.routing.address_rests import AddressRestTable
from trunkline.sip.flow import Flow, Listener

UDP = Listener("udp", "192.0.2.1", 5060)
CHICAGO = Flow(UDP, "198.51.100.10", 5060)


def test_an_address_rests_until_its_time_is_over_and_is_ended() -> None:
    table = AddressRestTable()
    assert table.resting_s(1, CHICAGO, 100.0) is None
    assert table.rest(1, CHICAGO, 160.0)
    assert table.resting_s(1, CHICAGO, 100.0) == 60.0
    assert (table.count(159.0), table.count(160.0)) == (1, 0)
    assert table.resting_s(1, CHICAGO, 161.0) == 0.0
    assert table.end(1, CHICAGO)
    assert not table.end(1, CHICAGO)
    assert table.resting_s(1, CHICAGO, 100.0) is None


def test_a_second_failure_lengthens_a_rest_and_never_shortens_it() -> None:
    table = AddressRestTable()
    table.rest(1, CHICAGO, 160.0)
    assert not table.rest(1, CHICAGO, 170.0)
    assert not table.rest(1, CHICAGO, 120.0)
    assert table.resting_s(1, CHICAGO, 100.0) == 70.0


def test_another_trunk_and_another_port_are_other_addresses() -> None:
    table = AddressRestTable()
    table.rest(1, CHICAGO, 160.0)
    assert table.resting_s(2, CHICAGO, 100.0) is None
    assert table.resting_s(1, Flow(UDP, "198.51.100.10", 5070), 100.0) is None


def test_what_is_remembered_is_bounded_and_the_shortest_rest_makes_room() -> None:
    table = AddressRestTable()
    for number in range(5_000):
        table.rest(1, Flow(UDP, "198.51.100.10", number), 100.0 + number)
    assert len(table) == 4_096
    assert table.resting_s(1, Flow(UDP, "198.51.100.10", 0), 50.0) is None
    assert table.resting_s(1, Flow(UDP, "198.51.100.10", 4_999), 50.0) is not None
