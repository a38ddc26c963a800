"""Numbers: E.164 forms and destinations."""

import pytest

from trunkline.domain.number import DestinationKind
from trunkline.domain.trunk import TrunkTarget
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.secret_input import Password
from trunkline.provisioning.trunks import TrunkPlan


async def fault_of(awaitable):
    with pytest.raises(ProvisioningFault) as fault:
        await awaitable
    assert fault.value.sentence.endswith(".")
    return fault.value.code


@pytest.fixture
async def alice(provisioning, account, realm):
    return (await provisioning.credentials.add(account.id, "alice", Password("pw"))).credential


@pytest.mark.parametrize("text", ["+15550100199", "(555) 010-0199", "1-555-010-0199", "+1 555 010 0199"])
async def test_numbers_are_kept_in_e164_form(provisioning, account, alice, text):
    number = await provisioning.numbers.add(account.id, text, f"sip:{alice.aor}")
    assert number.e164 == "+15550100199"
    assert await provisioning.numbers.find(account.id, "555 010 0199") == number


async def test_national_numbers_are_read_as_in_the_accounts_country(provisioning, account, alice):
    await provisioning.accounts.change(account.id, country="DE")
    assert (
        await provisioning.numbers.add(account.id, "030 1234567", "sip:alice@desk")
    ).e164 == "+49301234567"


@pytest.mark.parametrize(
    "text", ["", "alice", "123", "+1555", "+999123456789", "+15550100199999", "+15550100199 ext. 5"]
)
async def test_what_is_no_number_is_refused(provisioning, account, alice, text):
    assert (
        await fault_of(provisioning.numbers.add(account.id, text, "sip:alice@desk"))
        is FaultCode.INVALID_NUMBER
    )


@pytest.mark.parametrize(
    "to", ["sip:alice@{realm}", "SIP:ALICE@{realm}", "alice@{realm}", "alice", "sip:alice@desk"]
)
async def test_a_device_is_named_in_every_way(provisioning, account, realm, alice, to):
    number = await provisioning.numbers.add(account.id, "+15550100199", to.format(realm=realm.name))
    assert number.destination.kind is DestinationKind.DEVICE
    assert number.destination.value == alice.aor


async def test_an_escaped_composite_name_is_understood(provisioning, account, realm):
    await provisioning.credentials.add(account.id, "bob", Password("pw"), domain="somewhere.com")
    number = await provisioning.numbers.add(
        account.id, "+15550100199", f"sip:bob%40somewhere.com@{realm.name}"
    )
    assert number.destination.value == f"bob@somewhere.com@{realm.name}"


async def test_a_number_leads_to_applications_and_trunks(provisioning, account, alice):
    application = await provisioning.applications.add(account.id, "ivr")
    trunk = await provisioning.trunks.add(account.id, "pbx", TrunkPlan((TrunkTarget("sip:192.0.2.1"),)))
    number = await provisioning.numbers.add(account.id, "+15550100199", "app:IVR")
    assert (number.destination.kind, number.destination.value) == (
        DestinationKind.APPLICATION,
        application.id,
    )
    number = await provisioning.numbers.point(account.id, "+15550100199", "trunk:pbx")
    assert (number.destination.kind, number.destination.value) == (DestinationKind.TRUNK, str(trunk.id))
    assert await provisioning.numbers.of(account.id) == [number]


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("sip:mallory@desk", FaultCode.UNKNOWN_CREDENTIAL),
        ("app:none", FaultCode.UNKNOWN_APPLICATION),
        ("trunk:none", FaultCode.UNKNOWN_TRUNK),
        ("", FaultCode.INVALID_DESTINATION),
        ("tel:+15550100198", FaultCode.INVALID_DESTINATION),
        ("sip:alice@desk:5060", FaultCode.INVALID_DESTINATION),
        ("sip:alice@desk;transport=tcp", FaultCode.INVALID_DESTINATION),
    ],
)
async def test_destinations_that_do_not_exist_are_refused(provisioning, account, alice, to, code):
    assert await fault_of(provisioning.numbers.add(account.id, "+15550100199", to)) is code


async def test_a_number_is_owned_once(provisioning, account, alice):
    other = await provisioning.accounts.add("Biloxi")
    await provisioning.applications.add(other.id, "ivr")
    await provisioning.numbers.add(account.id, "+15550100199", "sip:alice@desk")
    for owner, to in ((account, "sip:alice@desk"), (other, "app:ivr")):
        assert (
            await fault_of(provisioning.numbers.add(owner.id, "+15550100199", to)) is FaultCode.NUMBER_EXISTS
        )
    assert await fault_of(provisioning.numbers.remove(other.id, "+15550100199")) is FaultCode.UNKNOWN_NUMBER


async def test_a_number_is_given_up(provisioning, account, alice):
    await provisioning.numbers.add(account.id, "+15550100199", "sip:alice@desk")
    await provisioning.numbers.remove(account.id, "+15550100199")
    assert await fault_of(provisioning.numbers.find(account.id, "+15550100199")) is FaultCode.UNKNOWN_NUMBER
