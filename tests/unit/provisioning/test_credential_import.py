"""Bulk import: every line is judged by itself."""

import pytest

from trunkline.domain.credential import hash_pair
from trunkline.provisioning import credential_import
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

HASH1, HASH1B = "fe438bddfc087dda89d29e637f5684ab", "79bb0e55551e14a2f329a282c7cf1456"


@pytest.fixture
def run(provisioning, account, realm):
    async def run(*lines, dry=False):
        report = []
        written = await provisioning.credential_import.run(
            account.id, [f"{line}\n" for line in lines], report.append, dry=dry
        )
        return written, [(line.number, line.username, line.fault and line.fault.code) for line in report]

    return run


async def usernames(provisioning, account):
    return [one.composite for one in await provisioning.credentials.page(account.id)]


async def test_passwords_and_hashes_are_imported(run, provisioning, account, realm):
    written, report = await run(
        "alice,desk,s3cret",
        f"sipauthtest,{realm.name},{HASH1},{HASH1B}",
        f"bob,desk,{HASH1},{HASH1B},somewhere.com",
    )
    assert written == 3
    assert report == [(1, "alice", None), (2, "sipauthtest", None), (3, "bob", None)]
    assert await usernames(provisioning, account) == ["alice", "sipauthtest", "bob@somewhere.com"]
    alice = await provisioning.credentials.find(account.id, "alice")
    assert alice.secrets[0].md5 == hash_pair("md5", "alice", realm.name, "s3cret")


async def test_wrong_lines_are_reported_and_the_others_written(run, provisioning, account):
    written, report = await run(
        "alice,desk,s3cret", "bob,nowhere,s3cret", "carol", "al ice,desk,pw", f"dave,desk,{HASH1[:-1]},{HASH1B}",
        "ALICE,desk,again", "erin,desk,pw",
    )  # fmt: skip
    assert written == 2
    assert report == [
        (1, "alice", None),
        (2, "bob", FaultCode.UNKNOWN_REALM),
        (3, "", FaultCode.INVALID_IMPORT),
        (4, "al ice", FaultCode.INVALID_USERNAME),
        (5, "dave", FaultCode.INVALID_HASH),
        (6, "ALICE", FaultCode.CREDENTIAL_EXISTS),
        (7, "erin", None),
    ]
    assert await usernames(provisioning, account) == ["alice", "erin"]


async def test_an_import_can_be_repeated(run):
    await run("alice,desk,s3cret")
    assert await run("alice,desk,s3cret", "bob,desk,s3cret") == (
        1, [(1, "alice", FaultCode.CREDENTIAL_EXISTS), (2, "bob", None)],
    )  # fmt: skip


async def test_a_first_line_may_name_the_columns_in_any_order(run, provisioning, account):
    written, report = await run(
        "\ufeffusername,domain,realm,password,hash1,hash1b",
        "alice,,desk,s3cret,,",
        f"bob,somewhere.com,desk,,{HASH1},{HASH1B}",
        f"carol,,desk,s3cret,{HASH1},{HASH1B}",
        "dave,,desk,,,",
        "erin,desk",
    )
    assert written == 2
    assert [code for _, _, code in report] == [None, None, *[FaultCode.INVALID_IMPORT] * 3]
    assert [number for number, _, _ in report] == [2, 3, 4, 5, 6]
    assert await usernames(provisioning, account) == ["alice", "bob@somewhere.com"]


async def test_an_unknown_column_is_refused_at_once(run):
    with pytest.raises(ProvisioningFault, match="unknown column 'pasword'"):
        await run("username,realm,pasword", "alice,desk,x")


async def test_hash1b_may_be_left_out(run, provisioning, account, realm):
    pair = hash_pair("md5", "alice", realm.name, "s3cret")
    assert (await run(f"alice,desk,{pair.hash1},"))[0] == 1
    assert (await run("username,realm,hash1", f"bob,desk,{pair.hash1}"))[0] == 1
    assert (await run("username,realm,hash1,hash1b", f"carol,desk,,{pair.hash1b}"))[0] == 0
    for name in ("alice", "bob"):
        credential = await provisioning.credentials.find(account.id, name)
        assert (credential.secrets[0].md5.hash1, credential.secrets[0].md5.hash1b) == (pair.hash1, None)


async def test_a_lone_hash_is_not_taken_for_a_password(run):
    written, report = await run(f"alice,desk,{HASH1}")
    assert (written, report) == (0, [(1, "", FaultCode.INVALID_IMPORT)])


async def test_spaces_belong_to_a_password_only(run, provisioning, account, realm):
    await run(" alice , desk , pass word ")
    alice = await provisioning.credentials.find(account.id, "alice")
    assert alice.secrets[0].md5 == hash_pair("md5", "alice", realm.name, " pass word ")


async def test_empty_lines_and_comments_are_passed_over(run):
    assert await run("", "# old phones", "alice,desk,pw") == (1, [(3, "alice", None)])


async def test_a_quoted_field_may_hold_commas(run, provisioning, account, realm):
    await run('alice,desk,"a,b"')
    alice = await provisioning.credentials.find(account.id, "alice")
    assert alice.secrets[0].md5 == hash_pair("md5", "alice", realm.name, "a,b")


async def test_a_quote_that_never_ends_is_one_refused_line(run):
    written, report = await run("alice,desk,pw", 'bob,desk,"pw', "carol,desk,pw")
    assert written == 1
    assert [code for _, _, code in report] == [None, FaultCode.INVALID_IMPORT]


async def test_a_dry_run_writes_nothing(run, provisioning, account):
    assert await run("alice,desk,pw", "alice,desk,pw", dry=True) == (
        1, [(1, "alice", None), (2, "alice", FaultCode.CREDENTIAL_EXISTS)],
    )  # fmt: skip
    assert await usernames(provisioning, account) == []


async def test_names_are_unique_across_the_chunks_of_a_long_import(run, monkeypatch):
    monkeypatch.setattr(credential_import, "CHUNK", 2)
    written, report = await run(*(f"user{number % 4},desk,pw" for number in range(5)))
    assert written == 4
    assert report[-1] == (5, "user0", FaultCode.CREDENTIAL_EXISTS)
