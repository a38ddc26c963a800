"""Nonces: genuine, in time, and each count of them used at most once."""

from __future__ import annotations

from hashlib import blake2s

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.nonce import FORGED, FRESH, REPLAY, RETRANSMISSION, STALE, WITHOUT_COUNT, NonceTable

NOW = 1_700_000_000.25
REALM = "atlanta.example"


def table(
    *, secret: bytes = b"secret", started_at: float = NOW, slots: int = 64, node: int = 0
) -> NonceTable:
    return NonceTable(secret, started_at=started_at, slots=slots, node=node)


def test_every_nonce_is_another():
    nonces = table()
    assert len({nonces.issue(REALM, NOW) for _ in range(1000)}) == 1000


def test_the_mac_is_keyed_blake2s_of_number_and_realm():
    for secret, key in ((b"secret", b"secret"), (b"long" * 40, blake2s(b"long" * 40).digest())):
        nonce = table(secret=secret).issue(REALM, NOW)
        mac = blake2s((nonce[:16] + REALM).encode(), key=key, digest_size=12)
        assert nonce[16:] == mac.hexdigest()
        assert table(secret=secret).verify(nonce, REALM) != FORGED


def test_any_node_with_the_secret_verifies():
    nonce = table(node=1).issue(REALM, NOW)
    other = table(node=2)
    number = other.verify(nonce, REALM)
    assert number != FORGED
    assert not other.is_expired(number, NOW)
    assert other.use(number, 1, 1) == FRESH
    assert other.use(number, 1, 2) == REPLAY


@pytest.mark.parametrize("nonce", ["", "0" * 40, "0" * 32, "é" * 40, "0" * 41])
def test_an_invented_nonce_is_forged(nonce):
    assert table().verify(nonce, REALM) == FORGED


def test_a_nonce_changed_in_any_place_is_forged():
    nonces = table()
    nonce = nonces.issue(REALM, NOW)
    for index, character in enumerate(nonce):
        changed = nonce[:index] + ("1" if character != "1" else "2") + nonce[index + 1 :]
        assert nonces.verify(changed, REALM) == FORGED
    assert nonces.verify(nonce.upper(), REALM) == FORGED or nonce.upper() == nonce


def test_a_nonce_is_bound_to_its_realm_and_secret():
    nonce = table().issue(REALM, NOW)
    assert table().verify(nonce, "biloxi.example") == FORGED
    assert table(secret=b"other").verify(nonce, REALM) == FORGED


def test_a_nonce_expires():
    nonces = table()
    number = nonces.verify(nonces.issue(REALM, NOW), REALM)
    assert not nonces.is_expired(number, NOW + 299)
    assert nonces.is_expired(number, NOW + 301)


def test_a_nonce_from_before_the_restart_is_expired():
    number = table().verify(table().issue(REALM, NOW), REALM)
    assert table(started_at=NOW + 1).is_expired(number, NOW + 2)
    assert not table(started_at=NOW + 1, node=1).is_expired(number, NOW + 2)


def test_a_restart_within_the_second_repeats_no_nonce():
    before = table(started_at=NOW)
    issued = {before.issue(REALM, NOW) for _ in range(100)}
    after = table(started_at=NOW + 0.01)
    assert issued.isdisjoint({after.issue(REALM, NOW + 0.01) for _ in range(100)})


def test_the_same_request_again_is_a_retransmission():
    nonces = table()
    number = nonces.verify(nonces.issue(REALM, NOW), REALM)
    assert nonces.use(number, 1, 77) == FRESH
    assert nonces.use(number, 1, 77) == RETRANSMISSION
    assert nonces.use(number, 1, 78) == REPLAY
    assert nonces.use(number, 2, 79) == FRESH
    assert nonces.use(number, 1, 77) == REPLAY


def test_without_a_count_a_nonce_serves_once():
    nonces = table()
    number = nonces.verify(nonces.issue(REALM, NOW), REALM)
    assert nonces.use(number, WITHOUT_COUNT, 1) == FRESH
    assert nonces.use(number, WITHOUT_COUNT, 1) == RETRANSMISSION
    assert nonces.use(number, WITHOUT_COUNT, 2) == REPLAY
    assert nonces.use(number, 1, 3) == REPLAY


def test_a_younger_nonce_displaces_an_older_one_for_good():
    nonces = table(slots=1)
    older = nonces.verify(nonces.issue(REALM, NOW), REALM)
    younger = nonces.verify(nonces.issue(REALM, NOW), REALM)
    assert nonces.use(older, 1, 1) == FRESH
    assert nonces.use(younger, 1, 1) == FRESH
    assert nonces.use(older, 2, 2) == STALE
    assert nonces.use(younger, 2, 2) == FRESH


def test_making_nonces_displaces_nothing():
    nonces = table(slots=4)
    number = nonces.verify(nonces.issue(REALM, NOW), REALM)
    assert nonces.use(number, 1, 1) == FRESH
    for _ in range(1000):
        nonces.issue(REALM, NOW)
    assert nonces.use(number, 2, 2) == FRESH


@given(st.lists(st.integers(1, 0xFFFFFFFF) | st.integers(1, 80), max_size=120))
def test_each_count_is_accepted_at_most_once_in_any_order(counts):
    nonces = table()
    number = nonces.verify(nonces.issue(REALM, NOW), REALM)
    accepted: set[int] = set()
    for index, count in enumerate(counts):
        outcome = nonces.use(number, count, index)
        if outcome == FRESH:
            assert count not in accepted
            accepted.add(count)
        elif outcome == REPLAY:
            assert count in accepted or count <= max(accepted) - 32
        else:
            pytest.fail("neither fresh nor a replay")


@given(st.data())
def test_each_use_is_accepted_at_most_once_when_nonces_share_slots(data):
    nonces = table(slots=2)
    numbers = [nonces.verify(nonces.issue(REALM, NOW + index // 3), REALM) for index in range(6)]
    accepted: set[tuple[int, int]] = set()
    for index, use in enumerate(
        data.draw(st.lists(st.tuples(st.sampled_from(numbers), st.integers(0, 4)), max_size=60))
    ):
        if nonces.use(*use, index) == FRESH:
            assert use not in accepted
            accepted.add(use)


@pytest.mark.parametrize("slots", [0, 3, 2**21])
def test_a_ring_is_a_power_of_two(slots):
    with pytest.raises(ValueError, match="power of two"):
        table(slots=slots)


def test_a_node_is_one_byte():
    with pytest.raises(ValueError, match="255"):
        table(node=256)
