"""Provisioning on dictionaries, with a first account."""

import pytest

from fakes.provisioning_store import FakeProvisioningStore
from fakes.provisioning_tokens import CountedTokens, StandingClock
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def store():
    return FakeProvisioningStore()


@pytest.fixture
def provisioning(store, clock):
    return Provisioning(store, clock, RealmNaming("auth.example.net"), CountedTokens())


@pytest.fixture
async def account(provisioning):
    return await provisioning.accounts.first()


@pytest.fixture
async def realm(provisioning, account):
    return await provisioning.realms.add(account.id, label="desk")
