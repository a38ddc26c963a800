"""Accounts."""

import pytest

from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.tokens import RandomTokens


async def test_the_first_account_is_made_by_itself_once(provisioning):
    first = await provisioning.accounts.first()
    assert await provisioning.accounts.first() == first
    assert await provisioning.accounts.all() == [first]
    assert first.country == "US"
    assert first.id == 1_000_001
    assert len(first.label) == 6


async def test_accounts_get_growing_ids_and_labels_of_their_own(provisioning, account):
    other = await provisioning.accounts.add("Biloxi", "de")
    assert other.id == account.id + 1
    assert other.label != account.label
    assert other.country == "DE"


async def test_an_account_is_renamed_and_moved(provisioning, account):
    changed = await provisioning.accounts.change(account.id, name="Atlanta", country="GB")
    assert await provisioning.accounts.get(account.id) == changed
    assert (changed.name, changed.country, changed.label) == ("Atlanta", "GB", account.label)


@pytest.mark.parametrize(
    ("name", "country", "code"),
    [
        ("", "US", FaultCode.INVALID_NAME),
        ("a\n", "XX", FaultCode.INVALID_COUNTRY),
        ("x" * 65, "US", FaultCode.INVALID_NAME),
    ],
)
async def test_wrong_names_and_countries_are_refused(provisioning, name, country, code):
    with pytest.raises(ProvisioningFault) as fault:
        await provisioning.accounts.add(name, country)
    assert fault.value.code is code


async def test_an_unknown_account_is_named(provisioning):
    with pytest.raises(ProvisioningFault, match="There is no account 7"):
        await provisioning.accounts.get(7)


def test_random_tokens_have_their_forms():
    tokens = RandomTokens()
    assert len(tokens.account_label()) == 6
    assert int(tokens.account_label(), 16) >= 0
    assert len(tokens.password()) == 20
    assert len({tokens.password() for _ in range(50)}) == 50


async def test_an_account_may_hide_its_hashes(provisioning, account):
    assert not account.masks_hashes
    assert (await provisioning.accounts.change(account.id, masks_hashes=True)).masks_hashes
    assert (await provisioning.accounts.change(account.id, name="Atlanta")).masks_hashes
    assert not (await provisioning.accounts.change(account.id, masks_hashes=False)).masks_hashes
