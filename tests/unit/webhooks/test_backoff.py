"""When is tried again: the table, its bounds and the jitter."""

import pytest

from trunkline.webhooks.backoff import DELAYS_S, JITTER, RetryPolicy, rest_s

DAY = 86_400.0


@pytest.mark.parametrize(("attempts", "delay"), list(enumerate(DELAYS_S[:7], 1)))
def test_each_failure_waits_longer(attempts, delay):
    assert RetryPolicy().next_at(0.0, attempts, 100.0, 0.0) == 100.0 + delay
    assert RetryPolicy().next_at(0.0, attempts, 100.0, 0.5) == pytest.approx(100.0 + delay * (1 + JITTER / 2))


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_delivery_is_tried_for_a_day_and_given_up_then(chance):
    now, attempts, times = 0.0, 0, []
    while True:
        attempts += 1
        wanted = RetryPolicy().next_at(0.0, attempts, now, chance)
        if wanted is None:
            break
        assert wanted > now
        now = wanted
        times.append(now)
    assert times[-1] <= DAY
    assert times[-1] > DAY * 0.75
    assert 8 <= attempts <= 14
    assert times[0] <= 6
    assert [one for one in times if one < 60]


def test_a_receiver_that_fails_rests_longer_each_time_up_to_a_bound():
    rests = [rest_s(failures, 0.0) for failures in range(1, 12)]
    assert rests == sorted(rests)
    assert rests[0] == 1.0
    assert rests[-1] == 300.0
    assert rest_s(1, 0.999) < 1.2


def test_a_webhook_is_hopeless_after_days_and_many_failures_only():
    policy = RetryPolicy()
    assert policy.is_hopeless(0.0, 20, 3 * DAY)
    assert not policy.is_hopeless(0.0, 19, 3 * DAY)
    assert not policy.is_hopeless(0.0, 999, 3 * DAY - 1)
