"""How far an address means the same host."""

from __future__ import annotations

import pytest

from trunkline.domain.reach import Reach, reach_of


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        ("192.0.2.1", Reach.WORLD), ("2001:db8::1", Reach.WORLD), ("::ffff:192.0.2.1", Reach.WORLD),
        ("10.1.2.3", Reach.NETWORK), ("100.64.0.1", Reach.NETWORK), ("172.31.0.1", Reach.NETWORK), ("172.32.0.1", Reach.WORLD),
        ("192.168.1.1", Reach.NETWORK), ("fd00::1", Reach.NETWORK), ("::ffff:10.0.0.1", Reach.NETWORK),
        ("169.254.169.254", Reach.LINK), ("::ffff:169.254.169.254", Reach.LINK), ("fe80::1%eth0", Reach.LINK),
        ("127.0.0.1", Reach.MACHINE), ("127.255.255.254", Reach.MACHINE), ("::1", Reach.MACHINE), ("::ffff:127.0.0.1", Reach.MACHINE),
        ("0.0.0.0", Reach.NOWHERE), ("0.1.2.3", Reach.NOWHERE), ("::", Reach.NOWHERE), ("224.0.1.75", Reach.NOWHERE), ("ff02::1", Reach.NOWHERE),
        ("255.255.255.255", Reach.NOWHERE), ("::ffff:255.255.255.255", Reach.NOWHERE), ("biloxi.example", Reach.NOWHERE), ("", Reach.NOWHERE),
    ],
)  # fmt: skip
def test_reach_of_an_address(host: str, reach: Reach) -> None:
    assert reach_of(host) is reach
