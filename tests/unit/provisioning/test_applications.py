"""Applications: names, URLs, use."""

import pytest

from trunkline.provisioning.credentials import Privileges
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.secret_input import Password


async def fault_of(awaitable):
    with pytest.raises(ProvisioningFault) as fault:
        await awaitable
    assert fault.value.sentence.endswith(".")
    return fault.value.code


async def test_an_application_is_added_found_and_changed(provisioning, account):
    added = await provisioning.applications.add(
        account.id,
        " ivr ",
        call_initiated_url="https://app.example:8443/calls?x=1",
        callback_username="hooks",
    )
    assert added.name == "ivr"
    for reference in ("IVR", added.id.upper()):
        assert await provisioning.applications.find(account.id, reference) == added
    changed = await provisioning.applications.change(
        account.id, "ivr", name="menu", call_initiated_url="", call_status_url="http://[2001:db8::1]/ended"
    )
    assert (changed.name, changed.call_initiated_url, changed.callback_username) == ("menu", "", "hooks")
    assert await provisioning.applications.of(account.id) == [changed]


@pytest.mark.parametrize(
    "url",
    [
        "app.example",
        "ftp://app.example/",
        "http://",
        "https://u:pw@app.example/",
        "http://a b/",
        "http://x:y/",
        "http://a:0/",
    ],
)
async def test_urls_that_no_webhook_could_have_are_refused(provisioning, account, url):
    assert (
        await fault_of(provisioning.applications.add(account.id, "ivr", call_initiated_url=url))
        is FaultCode.INVALID_URL
    )
    assert (
        await fault_of(provisioning.applications.add(account.id, "ivr", call_status_url=url))
        is FaultCode.INVALID_URL
    )


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb"])
async def test_names_have_printable_characters(provisioning, account, name):
    assert await fault_of(provisioning.applications.add(account.id, name)) is FaultCode.INVALID_NAME


async def test_names_are_unique_in_any_case(provisioning, account):
    await provisioning.applications.add(account.id, "ivr")
    await provisioning.applications.add(account.id, "menu")
    assert await fault_of(provisioning.applications.add(account.id, "IVR")) is FaultCode.APPLICATION_EXISTS
    assert (
        await fault_of(provisioning.applications.change(account.id, "menu", name="Ivr"))
        is FaultCode.APPLICATION_EXISTS
    )
    assert (await provisioning.applications.change(account.id, "ivr", name="IVR")).name == "IVR"


async def test_an_application_in_use_is_not_removed(provisioning, account, realm):
    await provisioning.applications.add(account.id, "ivr")
    alice = await provisioning.credentials.add(
        account.id, "alice", Password("pw"), privileges=Privileges(application="ivr")
    )
    await provisioning.numbers.add(account.id, "+15550100199", "app:ivr")
    with pytest.raises(ProvisioningFault, match=rf"{alice.credential.aor} and 1 more") as fault:
        await provisioning.applications.remove(account.id, "ivr")
    assert fault.value.code is FaultCode.APPLICATION_IN_USE
    await provisioning.credentials.change(account.id, alice.credential.id, Privileges())
    await provisioning.numbers.remove(account.id, "+15550100199")
    await provisioning.applications.remove(account.id, "ivr")
    assert await fault_of(provisioning.applications.find(account.id, "ivr")) is FaultCode.UNKNOWN_APPLICATION
