"""Credentials: names, secrets, privileges, rotation, removal."""

import pytest

from trunkline.domain.credential import CallerIdRule, hash_pair
from trunkline.domain.limits import Limits
from trunkline.domain.media_mode import MediaMode
from trunkline.provisioning.credentials import Privileges
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.secret_input import Generated, Hashes, Password

HASHES = Hashes("fe438bddfc087dda89d29e637f5684ab", "79bb0e55551e14a2f329a282c7cf1456")


async def fault_of(awaitable):
    with pytest.raises(ProvisioningFault) as fault:
        await awaitable
    assert fault.value.sentence.endswith(".")
    return fault.value.code


async def test_a_password_is_hashed_in_every_algorithm_and_kept_nowhere(provisioning, store, account, realm):
    issued = await provisioning.credentials.add(account.id, "alice", Password("s3cret-word"))
    secret = issued.credential.secrets[0]
    assert secret.md5 == hash_pair("md5", "alice", realm.name, "s3cret-word")
    assert secret.sha256 == hash_pair("sha256", "alice", realm.name, "s3cret-word")
    assert secret.sha512_256 == hash_pair("sha512_256", "alice", realm.name, "s3cret-word")
    assert issued.password is None
    assert "s3cret-word" not in repr(store.shelves)


async def test_a_generated_password_is_told_once_and_kept_nowhere(provisioning, store, account, realm):
    issued = await provisioning.credentials.add(account.id, "alice", Generated())
    assert issued.password is not None
    assert issued.credential.secrets[0].md5 == hash_pair("md5", "alice", realm.name, issued.password)
    assert issued.password not in repr(store.shelves)


async def test_given_hashes_are_stored_without_sha_hashes(provisioning, account, realm):
    secret = (await provisioning.credentials.add(account.id, "sipauthtest", HASHES)).credential.secrets[0]
    assert (secret.md5.hash1, secret.md5.hash1b) == (HASHES.hash1, HASHES.hash1b)
    assert secret.sha256 is None
    assert secret.sha512_256 is None


def test_secrets_do_not_show_in_representations():
    assert "s3cret" not in repr(Password("s3cret"))
    assert HASHES.hash1 not in repr(HASHES)


async def test_without_a_realm_the_default_is_meant(provisioning, account, realm):
    await provisioning.realms.add(account.id, label="lab")
    assert (
        await provisioning.credentials.add(account.id, "alice", Generated())
    ).credential.realm_id == realm.id
    lab = await provisioning.credentials.add(account.id, "alice", Generated(), realm="lab")
    assert lab.credential.realm_name.startswith("lab.")


async def test_without_any_realm_the_cure_is_told(provisioning, account):
    assert (
        await fault_of(provisioning.credentials.add(account.id, "alice", Generated()))
        is FaultCode.NO_DEFAULT_REALM
    )


async def test_a_domain_makes_the_composite_name(provisioning, account, realm):
    issued = await provisioning.credentials.add(account.id, "bob", Password("pw"), domain="somewhere.com")
    assert issued.credential.composite == "bob@somewhere.com"
    assert issued.credential.aor == f"bob@somewhere.com@{realm.name}"
    assert issued.credential.secrets[0].md5 == hash_pair("md5", "bob@somewhere.com", realm.name, "pw")


@pytest.mark.parametrize(
    ("username", "domain", "code"),
    [
        ("", "", FaultCode.INVALID_USERNAME),
        ("x" * 33, "", FaultCode.USERNAME_TOO_LONG),
        ("al ice", "", FaultCode.INVALID_USERNAME),
        ("al:ice", "", FaultCode.INVALID_USERNAME),
        ("älice", "", FaultCode.INVALID_USERNAME),
        ("alice\r\n", "", FaultCode.INVALID_USERNAME),
        ("@somewhere.com", "", FaultCode.INVALID_USERNAME),
        ("bob@somewhere.com", "elsewhere.com", FaultCode.INVALID_USERNAME),
        ("bob@a@b", "", FaultCode.INVALID_DOMAIN),
        ("bob", "some where", FaultCode.INVALID_DOMAIN),
        ("bob", "x" * 254, FaultCode.INVALID_DOMAIN),
    ],
)
async def test_names_that_nobody_could_use_are_refused(provisioning, account, realm, username, domain, code):
    add = provisioning.credentials.add(account.id, username, Password("pw"), domain=domain)
    assert await fault_of(add) is code


@pytest.mark.parametrize("username", ["x" * 32, "a.b_c-d!e$f&g*h+i=j~k", "+15550100199", "bob@somewhere.com"])
async def test_names_of_the_documented_characters_are_taken(provisioning, account, realm, username):
    issued = await provisioning.credentials.add(account.id, username, Password("pw"))
    assert issued.credential.username == username


async def test_a_name_is_taken_in_any_case_but_kept_as_it_was_written(provisioning, account, realm):
    issued = await provisioning.credentials.add(account.id, "Alice", Password("pw"))
    assert issued.credential.username == "Alice"
    assert (
        await fault_of(provisioning.credentials.add(account.id, "aLICE", Password("pw")))
        is FaultCode.CREDENTIAL_EXISTS
    )


async def test_a_composite_name_is_taken_however_it_was_split(provisioning, account, realm):
    await provisioning.credentials.add(account.id, "bob", Password("pw"), domain="somewhere.com")
    add = provisioning.credentials.add(account.id, "bob@somewhere.com", Password("pw"))
    assert await fault_of(add) is FaultCode.CREDENTIAL_EXISTS


@pytest.mark.parametrize("password", ["", "x" * 129, "line\nend", "nul\0"])
async def test_passwords_that_no_device_takes_are_refused(provisioning, account, realm, password):
    add = provisioning.credentials.add(account.id, "alice", Password(password))
    assert await fault_of(add) is FaultCode.INVALID_PASSWORD


async def test_a_refused_credential_leaves_nothing_behind(provisioning, account, realm):
    add = provisioning.credentials.add(account.id, "alice", Hashes("12", "34"))
    assert await fault_of(add) is FaultCode.INVALID_HASH
    assert await provisioning.credentials.page(account.id) == []


async def test_a_credential_is_found_by_every_name_it_has(provisioning, account, realm):
    bob = (
        await provisioning.credentials.add(account.id, "bob", Password("pw"), domain="somewhere.com")
    ).credential
    for reference in (
        str(bob.id),
        "bob@somewhere.com",
        "BOB@somewhere.com",
        bob.aor,
        "bob@somewhere.com@desk",
    ):
        assert await provisioning.credentials.find(account.id, reference) == bob
    assert await provisioning.credentials.find(account.id, "bob@somewhere.com", "desk") == bob
    assert await fault_of(provisioning.credentials.find(account.id, "bob")) is FaultCode.UNKNOWN_CREDENTIAL


async def test_a_numeric_user_name_is_found_when_no_id_is_so(provisioning, account, realm):
    added = (await provisioning.credentials.add(account.id, "5006", Password("pw"))).credential
    assert await provisioning.credentials.find(account.id, "5006") == added
    assert await provisioning.credentials.find(account.id, "5006", realm.name) == added


async def test_credentials_of_other_accounts_are_unknown(provisioning, account, realm):
    alice = (await provisioning.credentials.add(account.id, "alice", Password("pw"))).credential
    other = await provisioning.accounts.add("Biloxi")
    for work in (
        provisioning.credentials.find(other.id, str(alice.id)),
        provisioning.credentials.rotate(other.id, alice.id, Generated()),
        provisioning.credentials.remove(other.id, alice.id),
        provisioning.credentials.enable(other.id, alice.id, enabled=False),
    ):
        assert await fault_of(work) is FaultCode.UNKNOWN_CREDENTIAL


async def test_privileges_are_kept_and_changed(provisioning, account, realm):
    application = await provisioning.applications.add(
        account.id, "ivr", call_initiated_url="https://app.example/"
    )
    privileges = Privileges(
        application="IVR", enabled=False, caller_id_rule=CallerIdRule.FIXED, caller_id="(202) 555-0123",
        limits=Limits(concurrent_calls=2, destinations=("+1", "-+1900")), media=MediaMode.DIRECT,
    )  # fmt: skip
    issued = await provisioning.credentials.add(account.id, "alice", Password("pw"), privileges=privileges)
    alice = issued.credential
    assert (alice.application_id, alice.enabled, alice.media) == (application.id, False, MediaMode.DIRECT)
    assert (alice.caller_id_rule, alice.caller_id) == (CallerIdRule.FIXED, "+12025550123")
    assert alice.limits.destinations == ("+1", "-+1900")
    changed = await provisioning.credentials.change(account.id, alice.id, Privileges())
    assert (changed.application_id, changed.enabled, changed.caller_id) == (None, True, "")
    assert changed.secrets == alice.secrets


@pytest.mark.parametrize(
    ("privileges", "code"),
    [
        (Privileges(application="none"), FaultCode.UNKNOWN_APPLICATION),
        (Privileges(caller_id_rule=CallerIdRule.FIXED), FaultCode.INVALID_CALLER_ID),
        (Privileges(caller_id="+15550100199"), FaultCode.INVALID_CALLER_ID),
        (Privileges(caller_id_rule=CallerIdRule.FIXED, caller_id="twelve"), FaultCode.INVALID_NUMBER),
        (Privileges(limits=Limits(concurrent_calls=0)), FaultCode.INVALID_LIMIT),
        (Privileges(limits=Limits(calls_per_second=-1.0)), FaultCode.INVALID_LIMIT),
        (Privileges(limits=Limits(calls_per_second=float("nan"))), FaultCode.INVALID_LIMIT),
        (Privileges(limits=Limits(destinations=("1",))), FaultCode.INVALID_LIMIT),
    ],
)
async def test_privileges_that_make_no_sense_are_refused(provisioning, account, realm, privileges, code):
    add = provisioning.credentials.add(account.id, "alice", Password("pw"), privileges=privileges)
    assert await fault_of(add) is code


async def test_a_rotated_secret_leaves_the_previous_one_for_a_while(provisioning, account, realm, clock):
    old = (await provisioning.credentials.add(account.id, "alice", Password("old"))).credential
    clock.time += 100
    new = (
        await provisioning.credentials.rotate(account.id, old.id, Password("new"), overlap_s=3600)
    ).credential
    assert [secret.md5 for secret in new.secrets] == [
        hash_pair("md5", "alice", realm.name, "new"), hash_pair("md5", "alice", realm.name, "old"),
    ]  # fmt: skip
    assert [secret.valid_until for secret in new.secrets] == [None, clock.time + 3600]
    assert new.secrets[0].created_at == clock.time
    assert new.id == old.id


async def test_only_one_previous_secret_is_kept(provisioning, account, realm):
    old = (await provisioning.credentials.add(account.id, "alice", Password("one"))).credential
    for password in ("two", "three"):
        issued = await provisioning.credentials.rotate(account.id, old.id, Password(password), overlap_s=60)
    assert [secret.md5 for secret in issued.credential.secrets] == [
        hash_pair("md5", "alice", realm.name, "three"), hash_pair("md5", "alice", realm.name, "two"),
    ]  # fmt: skip


async def test_without_overlap_the_previous_secret_is_gone(provisioning, account, realm):
    old = (await provisioning.credentials.add(account.id, "alice", Password("old"))).credential
    issued = await provisioning.credentials.rotate(account.id, old.id, Generated())
    assert len(issued.credential.secrets) == 1
    assert issued.password is not None


@pytest.mark.parametrize("overlap_s", [-1.0, 91 * 86_400.0, float("nan")])
async def test_an_overlap_beyond_reason_is_refused(provisioning, account, realm, overlap_s):
    old = (await provisioning.credentials.add(account.id, "alice", Password("old"))).credential
    rotate = provisioning.credentials.rotate(account.id, old.id, Generated(), overlap_s=overlap_s)
    assert await fault_of(rotate) is FaultCode.INVALID_OVERLAP


async def test_a_credential_is_switched_off_and_on(provisioning, account, realm):
    alice = (await provisioning.credentials.add(account.id, "alice", Password("pw"))).credential
    assert not (await provisioning.credentials.enable(account.id, alice.id, enabled=False)).enabled
    assert (await provisioning.credentials.enable(account.id, alice.id, enabled=True)).enabled


async def test_a_credential_that_a_number_leads_to_goes_only_by_force(provisioning, account, realm):
    alice = (await provisioning.credentials.add(account.id, "alice", Password("pw"))).credential
    await provisioning.numbers.add(account.id, "+15550100199", "sip:alice@desk")
    assert (
        await fault_of(provisioning.credentials.remove(account.id, alice.id)) is FaultCode.CREDENTIAL_IN_USE
    )
    await provisioning.credentials.remove(account.id, alice.id, force=True)
    assert await provisioning.numbers.of(account.id) == []


async def test_pages_go_on_behind_an_id(provisioning, account, realm):
    for name in ("alice", "bob", "carol"):
        await provisioning.credentials.add(account.id, name, Password("pw"))
    first = await provisioning.credentials.page(account.id, limit=2)
    rest = await provisioning.credentials.page(account.id, "desk", after=first[-1].id, limit=2)
    assert [one.username for one in first + rest] == ["alice", "bob", "carol"]


async def test_digits_name_a_user_where_names_are_meant(provisioning, account, realm):
    first = (await provisioning.credentials.add(account.id, "2", Password("s3cret"))).credential
    second = (await provisioning.credentials.add(account.id, "1", Password("s3cret"))).credential
    assert (first.id, second.id) == (1, 2)
    assert await provisioning.credentials.named(account.id, "2") == first
    assert await provisioning.credentials.find(account.id, "2") == second
    assert await provisioning.credentials.named(account.id, f"1@{realm.name}") == second


async def test_a_rotation_may_bind_or_free_the_credential(provisioning, account, realm):
    application = await provisioning.applications.add(account.id, "ivr")
    alice = (await provisioning.credentials.add(account.id, "alice", Password("s3cret"))).credential

    async def rotated(**binding):
        issued = await provisioning.credentials.rotate(account.id, alice.id, Password("s3cret"), **binding)
        return issued.credential.application_id

    assert await rotated(application=application.id) == application.id
    assert await rotated() == application.id
    assert await rotated(application="") is None
    with pytest.raises(ProvisioningFault) as fault:
        await rotated(application="none")
    assert fault.value.code is FaultCode.UNKNOWN_APPLICATION
