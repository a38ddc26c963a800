"""Lists of credentials by counted places."""

import pytest

from trunkline.domain.credential_search import CredentialSearch
from trunkline.provisioning.credential_batch import NewCredential
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.secret_input import Hashes

HASHES = Hashes("fe438bddfc087dda89d29e637f5684ab")


@pytest.fixture
async def listed(provisioning, account, realm):
    lab = await provisioning.realms.add(account.id, label="lab")
    wanted = [NewCredential(f"user{number}", HASHES, realm=realm.name) for number in range(1, 6)]
    wanted.append(NewCredential("bob", HASHES, "corp.example", lab.name))
    await provisioning.credential_batch.add(account.id, wanted)

    async def listed(realm="", **place):
        part = await provisioning.credential_listing.part(account.id, realm, **place)
        return [one.composite for one in part.credentials], part.start, part.total

    return listed


async def test_a_part_begins_at_a_place(listed):
    assert await listed(size=2) == (["user1", "user2"], 1, 6)
    assert await listed(start=5, size=3) == (["user5", "bob@corp.example"], 5, 6)
    assert await listed(start=7) == ([], 7, 6)
    assert await listed("lab") == (["bob@corp.example"], 1, 1)


async def test_a_part_begins_at_a_name(listed):
    assert await listed(start="USER4", size=1) == (["user4"], 4, 6)
    assert await listed(start="bob@corp.example") == (["bob@corp.example"], 6, 6)
    with pytest.raises(ProvisioningFault) as fault:
        await listed("desk", start="bob@corp.example")
    assert fault.value.code is FaultCode.UNKNOWN_CREDENTIAL


async def test_places_count_within_what_is_looked_for(listed):
    search = CredentialSearch(username="bob")
    assert await listed(search=search) == (["bob@corp.example"], 1, 1)
    assert await listed(search=search, start="bob@corp.example") == (["bob@corp.example"], 1, 1)


async def test_accounts_and_realms_must_be_there(provisioning, account, listed):
    with pytest.raises(ProvisioningFault, match="no account 5"):
        await provisioning.credential_listing.part(5)
    with pytest.raises(ProvisioningFault, match="no realm 'attic'"):
        await listed("attic")
