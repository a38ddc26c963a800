"""Flows are the same when they lead over the same socket and connection to the same remote address."""

from __future__ import annotations

import pytest

from trunkline.sip.flow import Flow, Listener

LISTENER = Listener("tcp", "192.0.2.1", 5060)
FLOW = Flow(LISTENER, "198.51.100.7", 40_000, 3)


def test_what_a_listener_advertises_makes_no_other_flow():
    face = Listener("tcp", "192.0.2.1", 5060, "203.0.113.5", 5080)
    assert Flow(face, "198.51.100.7", 40_000, 3) == FLOW
    assert hash(Flow(face, "198.51.100.7", 40_000, 3)) == hash(FLOW)


def test_the_name_wanted_over_there_makes_no_other_flow():
    assert Flow(LISTENER, "198.51.100.7", 40_000, 3, "biloxi.example") == FLOW


@pytest.mark.parametrize(
    "other",
    [
        Flow(Listener("tls", "192.0.2.1", 5060), "198.51.100.7", 40_000, 3),
        Flow(Listener("tcp", "192.0.2.2", 5060), "198.51.100.7", 40_000, 3),
        Flow(Listener("tcp", "192.0.2.1", 5061), "198.51.100.7", 40_000, 3),
        Flow(LISTENER, "198.51.100.8", 40_000, 3),
        Flow(LISTENER, "198.51.100.7", 40_001, 3),
        Flow(LISTENER, "198.51.100.7", 40_000, 4),
        "tcp:198.51.100.7:40000#3",
    ],
)
def test_another_part_makes_another_flow(other):
    assert other != FLOW
