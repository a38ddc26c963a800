"""Many credentials in one transaction: each is judged by itself."""

import asyncio

from trunkline.domain.credential import Credential
from trunkline.provisioning import credential_batch
from trunkline.provisioning.credential_batch import NewCredential
from trunkline.provisioning.faults import FaultCode
from trunkline.provisioning.secret_input import Hashes

HASHES = Hashes("fe438bddfc087dda89d29e637f5684ab", "79bb0e55551e14a2f329a282c7cf1456")


def codes(outcomes):
    return ["ok" if isinstance(one, Credential) else one.code for one in outcomes]


async def test_each_is_written_or_refused_in_its_place(provisioning, account, realm):
    application = await provisioning.applications.add(account.id, "ivr")
    outcomes = await provisioning.credential_batch.add(
        account.id,
        [
            NewCredential("alice", HASHES),
            NewCredential("Alice", HASHES),
            NewCredential("bob", HASHES, "somewhere.com", "DESK", application.id),
            NewCredential("carol", Hashes("31")),
            NewCredential("dave", HASHES, realm="nowhere"),
            NewCredential("erin", HASHES, application="none"),
            NewCredential("fr ank", HASHES),
            NewCredential("grace", Hashes(HASHES.hash1), realm=str(realm.id)),
        ],
    )
    assert codes(outcomes) == [
        "ok", FaultCode.CREDENTIAL_EXISTS, "ok", FaultCode.INVALID_HASH, FaultCode.UNKNOWN_REALM,
        FaultCode.UNKNOWN_APPLICATION, FaultCode.INVALID_USERNAME, "ok",
    ]  # fmt: skip
    stored = await provisioning.credentials.page(account.id)
    assert stored == [one for one in outcomes if isinstance(one, Credential)]
    assert [one.composite for one in stored] == ["alice", "bob@somewhere.com", "grace"]
    assert [one.application_id for one in stored] == [None, application.id, None]
    assert [one.secrets[0].md5.hash1b for one in stored] == [HASHES.hash1b, HASHES.hash1b, None]


async def test_names_are_compared_across_pieces_and_with_what_is_there(provisioning, account, realm):
    await provisioning.credential_batch.add(account.id, [NewCredential("user3", HASHES)])
    size = credential_batch.PIECE + 2
    wanted = [NewCredential(f"user{number}", HASHES) for number in range(size)] + [
        NewCredential("USER0", HASHES)
    ]
    outcomes = await provisioning.credential_batch.add(account.id, wanted)
    refused = [place for place, code in enumerate(codes(outcomes)) if code is FaultCode.CREDENTIAL_EXISTS]
    assert refused == [3, size]


async def test_others_get_their_turn_between_pieces(provisioning, account, realm):
    turns = 0

    async def another():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(another())
    wanted = [NewCredential(f"user{number}", HASHES) for number in range(10 * credential_batch.PIECE)]
    await provisioning.credential_batch.add(account.id, wanted)
    task.cancel()
    assert turns >= 10


async def test_without_a_default_realm_there_is_nowhere_to_put_them(provisioning, account):
    (outcome,) = await provisioning.credential_batch.add(account.id, [NewCredential("alice", HASHES)])
    assert outcome.code is FaultCode.NO_DEFAULT_REALM
