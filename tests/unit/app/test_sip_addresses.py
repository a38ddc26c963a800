"""Where the devices of an account reach the server."""

from trunkline.api.bandwidth_dashboard.edge_management import SipAddress
from trunkline.app.sip_addresses import sip_addresses
from trunkline.sip.flow import TCP, UDP, Listener

LISTENERS = (
    Listener(UDP, "192.0.2.1", 5060, "sip.example.net", 5070),
    Listener(TCP, "192.0.2.1", 5060),
    Listener(UDP, "192.0.2.1", 5006, account_id=7),
)


def test_an_account_without_a_port_of_its_own_has_the_shared_one():
    assert sip_addresses(lambda: LISTENERS, 1) == [SipAddress("sip.example.net", 5070)]


def test_an_account_has_its_own_port():
    assert sip_addresses(lambda: LISTENERS, 7) == [SipAddress("192.0.2.1", 5006)]


def test_without_udp_there_is_none():
    assert sip_addresses(lambda: LISTENERS[1:2], 1) == []
