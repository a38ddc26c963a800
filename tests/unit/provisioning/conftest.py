"""Provisioning on dictionaries, with a first account."""

import pytest

from fakes.provisioning_store import FakeProvisioningStore
from fakes.provisioning_tokens import CountedTokens, StandingClock
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def store():
    return FakeProvisioningStore()


@pytest.fixture
def tokens():
    return CountedTokens()


@pytest.fixture
def hashes():
    """Fast ones."""
    return PasswordHashes(passes=1, memory_kib=8)


@pytest.fixture
def provisioning(store, clock, tokens, hashes):
    return Provisioning(store, clock, RealmNaming("auth.example.net"), tokens, hashes=hashes)


@pytest.fixture
async def account(provisioning):
    return await provisioning.accounts.first()


@pytest.fixture
async def realm(provisioning, account):
    return await provisioning.realms.add(account.id, label="desk")
