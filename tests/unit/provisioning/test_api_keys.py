"""Keys of programs."""

import hashlib

import pytest

from trunkline.domain.role import Role
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.tokens import RandomTokens


@pytest.fixture
async def issued(provisioning, account):
    return await provisioning.api_keys.add(account.id, " billing ", Role.OPERATOR)


async def test_the_secret_is_told_once_and_only_its_hash_is_kept(issued, store, provisioning, account):
    assert issued.key.name == "billing"
    assert issued.bearer == f"{issued.key.id}.{issued.secret}"
    assert issued.secret not in repr(issued)
    assert issued.secret not in repr(store.shelves)
    digest = hashlib.sha256(issued.secret.encode()).hexdigest()
    assert store.shelves.secret_digests == {issued.key.id: digest}
    assert await provisioning.api_keys.of(account.id) == [issued.key]


async def test_a_revoked_key_stays_in_the_list_and_its_name_is_free(issued, provisioning, account):
    revoked = await provisioning.api_keys.revoke(account.id, "billing")
    assert revoked.revoked
    again = await provisioning.api_keys.add(account.id, "billing", Role.VIEWER)
    assert (await provisioning.api_keys.find(account.id, "billing")).id == again.key.id
    assert await provisioning.api_keys.find(account.id, revoked.id) == revoked
    assert len(await provisioning.api_keys.of(account.id)) == 2


async def test_keys_of_other_accounts_are_unknown(issued, provisioning):
    biloxi = await provisioning.accounts.add("Biloxi")
    with pytest.raises(ProvisioningFault) as fault:
        await provisioning.api_keys.revoke(biloxi.id, issued.key.id)
    assert fault.value.code is FaultCode.UNKNOWN_KEY


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\tb"])
async def test_names_that_are_none_are_refused(provisioning, account, name):
    with pytest.raises(ProvisioningFault) as fault:
        await provisioning.api_keys.add(account.id, name, Role.VIEWER)
    assert fault.value.code is FaultCode.INVALID_NAME


async def test_a_key_that_would_have_expired_is_refused(provisioning, account, clock):
    with pytest.raises(ProvisioningFault) as fault:
        await provisioning.api_keys.add(account.id, "late", Role.VIEWER, expires_at=clock.now())
    assert fault.value.code is FaultCode.INVALID_EXPIRY


def test_ids_and_secrets_are_random_and_fit_into_header_fields():
    tokens = RandomTokens()
    assert len({tokens.key_id() for _ in range(100)}) == 100
    assert len(tokens.key_secret()) == 43
    assert "." not in tokens.key_id() + tokens.key_secret()
