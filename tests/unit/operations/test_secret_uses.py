"""Which of two secrets is still in use."""

from dataclasses import replace

from fakes.operations import credential
from trunkline.domain.credential import HashPair, Secret
from trunkline.operations.secret_uses import MOST, SecretUses

ALICE = credential(7, "alice", "atlanta.example", 1, 1)
NEW = Secret(HashPair("0" * 32, "1" * 32), created_at=100.0)
ROTATING = replace(ALICE, secrets=(NEW, replace(NEW, created_at=0.0, valid_until=500.0)))


def test_each_secret_has_its_own_last_use():
    uses = SecretUses()
    uses.used(7, 1, 110.0)
    uses.used(7, 1, 120.0)
    uses.used(8, 0, 130.0)
    assert uses.last_used(ROTATING) == (None, 120.0)
    uses.used(7, 0, 140.0)
    assert uses.last_used(ROTATING) == (140.0, 120.0)


def test_uses_before_the_rotation_were_of_other_secrets():
    uses = SecretUses()
    uses.used(7, 0, 99.0)
    assert uses.last_used(ROTATING) == (None, None)


def test_the_oldest_use_is_forgotten_first():
    uses = SecretUses()
    for number in range(MOST + 1):
        uses.used(number, 0, 200.0)
    assert len(uses._last) == MOST
    assert uses.last_used(replace(ROTATING, id=0)) == (None, None)


def test_uses_are_told_to_who_keeps_them_and_taken_in_again():
    kept = []
    before = SecretUses(lambda *use: kept.append(use))
    before.used(7, 1, 110.0)
    before.used(7, 0, 120.0)
    assert kept == [(7, 1, 110.0), (7, 0, 120.0)]
    after = SecretUses(lambda *use: kept.append(use))
    after.load(kept[:])
    assert after.last_used(ROTATING) == (120.0, 110.0)
    assert len(kept) == 2
    after.used(7, 1, 130.0)
    assert after.last_used(ROTATING) == (120.0, 130.0)
    assert kept[-1] == (7, 1, 130.0)
