"""Realms: names, defaults, removal."""

import pytest

from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.provisioning.secret_input import Password


async def fault_of(awaitable):
    with pytest.raises(ProvisioningFault) as fault:
        await awaitable
    assert fault.value.sentence.endswith(".")
    return fault.value.code


async def test_a_label_becomes_a_name_below_the_base_domain(provisioning, account):
    realm = await provisioning.realms.add(account.id, label="Desk")
    assert realm.name == f"desk.{account.label}.auth.example.net"
    assert realm.label == "desk"


async def test_the_form_of_the_name_is_settable(store, clock):
    naming = RealmNaming("auth.example.net", "{name}-{account}.{base}")
    provisioning = Provisioning(store, clock, naming)
    account = await provisioning.accounts.first()
    realm = await provisioning.realms.add(account.id, label="desk")
    assert realm.name == f"desk-{account.label}.auth.example.net"


async def test_a_whole_name_is_taken_in_lower_case(provisioning, account):
    realm = await provisioning.realms.add(account.id, fqdn="CustXX.auth.example.com.")
    assert (realm.name, realm.label) == ("custxx.auth.example.com", "")


async def test_the_first_realm_is_the_default_and_only_one_is(provisioning, account):
    first = await provisioning.realms.add(account.id, label="first")
    second = await provisioning.realms.add(account.id, label="second")
    assert (first.is_default, second.is_default) == (True, False)
    third = await provisioning.realms.add(account.id, label="third", default=True)
    await provisioning.realms.change(account.id, str(second.id), default=True)
    defaults = [realm.name for realm, _ in await provisioning.realms.of(account.id) if realm.is_default]
    assert defaults == [second.name]
    assert third.is_default


@pytest.mark.parametrize(
    ("label", "fqdn", "code"),
    [
        ("", "", FaultCode.INVALID_REALM_NAME),
        ("desk", "desk.example.com", FaultCode.INVALID_REALM_NAME),
        ("x" * 31, "", FaultCode.REALM_NAME_TOO_LONG),
        ("-desk", "", FaultCode.INVALID_REALM_NAME),
        ("de.sk", "", FaultCode.INVALID_REALM_NAME),
        ("de sk", "", FaultCode.INVALID_REALM_NAME),
        ("", "nodot", FaultCode.INVALID_REALM_NAME),
        ("", "a..b", FaultCode.INVALID_REALM_NAME),
    ],
)
async def test_names_that_cannot_be_a_realm_are_refused(provisioning, account, label, fqdn, code):
    assert await fault_of(provisioning.realms.add(account.id, label=label, fqdn=fqdn)) is code


async def test_a_taken_name_is_refused_even_from_another_account(provisioning, account, realm):
    other = await provisioning.accounts.add("Biloxi")
    assert await fault_of(provisioning.realms.add(account.id, label="DESK")) is FaultCode.REALM_EXISTS
    assert await fault_of(provisioning.realms.add(other.id, fqdn=realm.name)) is FaultCode.REALM_EXISTS


async def test_a_realm_is_found_by_name_label_and_id(provisioning, account, realm):
    for reference in (realm.name.upper(), "desk", str(realm.id)):
        assert await provisioning.realms.find(account.id, reference) == realm
    assert await fault_of(provisioning.realms.find(account.id, "")) is FaultCode.UNKNOWN_REALM


async def test_a_realm_of_another_account_is_unknown(provisioning, realm):
    other = await provisioning.accounts.add("Biloxi")
    assert await fault_of(provisioning.realms.find(other.id, realm.name)) is FaultCode.UNKNOWN_REALM


async def test_a_name_cannot_be_changed_but_repeated(provisioning, account, realm):
    same = await provisioning.realms.change(account.id, "desk", name="DESK", description="front")
    assert (same.name, same.description) == (realm.name, "front")
    change = provisioning.realms.change(account.id, "desk", name="other")
    assert await fault_of(change) is FaultCode.REALM_NAME_FIXED


async def test_the_default_goes_only_as_the_last(provisioning, account, realm):
    other = await provisioning.realms.add(account.id, label="lab")
    assert await fault_of(provisioning.realms.remove(account.id, realm.name)) is FaultCode.DEFAULT_REALM
    await provisioning.realms.remove(account.id, other.name)
    await provisioning.realms.remove(account.id, realm.name)
    assert await provisioning.realms.of(account.id) == []


async def test_a_realm_with_credentials_goes_only_by_force_and_takes_their_numbers(
    provisioning, account, realm
):
    await provisioning.credentials.add(account.id, "alice", Password("secret"))
    await provisioning.numbers.add(account.id, "+15550100199", f"sip:alice@{realm.name}")
    assert await fault_of(provisioning.realms.remove(account.id, "desk")) is FaultCode.REALM_IN_USE
    assert await provisioning.realms.remove(account.id, "desk", force=True) == 1
    assert await provisioning.credentials.page(account.id) == []
    assert await provisioning.numbers.of(account.id) == []


async def test_credentials_of_a_realm_are_counted(provisioning, account, realm):
    await provisioning.credentials.add(account.id, "alice", Password("secret"))
    assert await provisioning.realms.of(account.id) == [(realm, 1)]


async def test_a_long_description_is_refused(provisioning, account):
    add = provisioning.realms.add(account.id, label="desk", description="x" * 256)
    assert await fault_of(add) is FaultCode.DESCRIPTION_TOO_LONG


async def test_a_default_realm_can_be_held_fast_even_as_the_last(provisioning, account, realm):
    with pytest.raises(ProvisioningFault) as fault:
        await provisioning.realms.remove(account.id, "desk", keep_default=True)
    assert fault.value.code is FaultCode.DEFAULT_REALM
    assert await provisioning.realms.remove(account.id, "desk") == 0


async def test_a_realm_is_shown_with_the_number_of_its_credentials(provisioning, account, realm):
    await provisioning.credentials.add(account.id, "alice", Password("s3cret"))
    assert await provisioning.realms.counted(account.id, "DESK") == (realm, 1)


async def test_an_id_is_not_taken_for_a_short_name_of_digits(provisioning, account, realm):
    digits = await provisioning.realms.add(account.id, label="1")
    assert await provisioning.realms.find(account.id, "1") == realm
    assert await provisioning.realms.find(account.id, digits.name) == digits
