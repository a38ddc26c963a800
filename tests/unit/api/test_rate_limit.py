"""How fast somebody may ask."""

import pytest

from fakes.clock import FakeClock
from trunkline.api.rate_limit import Rate, RateLimits, TokenBuckets, TooManyRequests
from trunkline.domain.principal import Principal, PrincipalKind

ALICE = Principal(PrincipalKind.USER, "1", "alice")
BOB = Principal(PrincipalKind.USER, "2", "bob")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def limits(clock):
    return RateLimits(Rate(2.0, 3.0), Rate(0.0, 0.0), clock.now)


def test_a_burst_passes_and_then_one_is_told_when_to_come_back(limits):
    for _ in range(3):
        limits.check_principal(ALICE)
    with pytest.raises(TooManyRequests) as refused:
        limits.check_principal(ALICE)
    assert refused.value.retry_after_s == 1
    limits.check_principal(BOB)


def test_tokens_come_back_at_the_rate_and_no_further_than_the_burst(clock):
    buckets = TokenBuckets(Rate(2.0, 3.0), clock.now)
    assert [buckets.wait_s("a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.advance(0.5)
    assert [buckets.wait_s("a") for _ in range(2)] == [0, 0.5]
    clock.advance(1000)
    assert [buckets.wait_s("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_refused_request_does_not_cost_more_waiting(clock):
    buckets = TokenBuckets(Rate(1.0, 1.0), clock.now)
    buckets.wait_s("a")
    assert [buckets.wait_s("a") for _ in range(5)] == [1.0] * 5


def test_a_rate_of_zero_is_no_limit(limits):
    for _ in range(10_000):
        limits.check_source("192.0.2.1")


def test_a_long_wait_is_rounded_up(clock):
    limits = RateLimits(Rate(0.1, 1.0), Rate(0.1, 1.0), clock.now)
    limits.check_source("192.0.2.1")
    with pytest.raises(TooManyRequests, match="go on in 10 s"):
        limits.check_source("192.0.2.1")


def test_only_so_many_strangers_are_remembered(clock):
    buckets = TokenBuckets(Rate(1.0, 1.0), clock.now)
    for number in range(20_005):
        buckets.wait_s(str(number))
    assert len(buckets._buckets) == 20_000
    assert buckets.wait_s("20004") > 0
    assert buckets.wait_s("0") == 0


def test_the_addresses_of_one_ipv6_network_share_a_bucket(clock):
    limits = RateLimits(Rate(1.0, 1.0), Rate(1.0, 1.0), clock.now)
    limits.check_source("2001:db8:0:1::1")
    with pytest.raises(TooManyRequests):
        limits.check_source("2001:db8:0:1::2")
    limits.check_source("2001:db8:0:2::1")
