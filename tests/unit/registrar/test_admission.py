"""A storm of REGISTERs is let in at a steady rate."""

from __future__ import annotations

from trunkline.registrar.admission import AdmissionBucket


def admitted(bucket: AdmissionBucket, number: int, now: float, *, has_credentials: bool = True) -> int:
    return sum(bucket.admit(now, has_credentials=has_credentials) for _ in range(number))


def test_a_burst_is_admitted_and_no_more():
    assert admitted(AdmissionBucket(10, 50), 100, 1000.0) == 50


def test_tokens_come_back_at_the_rate_up_to_the_burst():
    bucket = AdmissionBucket(10, 50)
    admitted(bucket, 100, 1000.0)
    assert admitted(bucket, 100, 1002.0) == 20
    assert admitted(bucket, 100, 9000.0) == 50


def test_the_reserve_is_for_requests_with_credentials():
    bucket = AdmissionBucket(10, 50, reserve=0.2)
    assert admitted(bucket, 100, 1000.0, has_credentials=False) == 40
    assert admitted(bucket, 100, 1000.0, has_credentials=True) == 10


def test_a_clock_that_stands_still_gives_nothing():
    bucket = AdmissionBucket(10, 5)
    admitted(bucket, 5, 1000.0)
    assert admitted(bucket, 5, 1000.0) == 0
    assert admitted(bucket, 5, 999.0) == 0
