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


async def test_everything_about_callbacks_can_be_given_changed_and_taken_away(provisioning, account):
    added = await provisioning.applications.add(
        account.id, "ivr", call_initiated_url="https://app.example/", call_initiated_method="get",
        fallback_url="https://second.example/", callback_username="hooks", callback_password="s3cret-word",
        callback_timeout_s=2.5,
    )  # fmt: skip
    assert (added.call_initiated_method, added.call_status_method, added.fallback_method) == (
        "GET",
        "POST",
        "POST",
    )
    assert (added.callback_password, added.callback_timeout_s) == ("s3cret-word", 2.5)
    assert "s3cret-word" not in repr(added)
    changed = await provisioning.applications.change(
        account.id, "ivr", fallback_url="", callback_timeout_s=0, call_initiated_method="", name=None
    )
    assert (changed.fallback_url, changed.callback_timeout_s, changed.call_initiated_method) == (
        "",
        None,
        "POST",
    )
    assert changed.callback_password == "s3cret-word"


async def test_a_password_does_not_pass_to_another_user(provisioning, account):
    await provisioning.applications.add(
        account.id, "ivr", callback_username="hooks", callback_password="a", fallback_username="spare", fallback_password="b"
    )  # fmt: skip
    changed = await provisioning.applications.change(
        account.id, "ivr", callback_username="other", fallback_username="spare"
    )
    assert (changed.callback_password, changed.fallback_password) == ("", "b")
    changed = await provisioning.applications.change(account.id, "ivr", callback_username="", fallback_username="x",
                                                     fallback_password="c")  # fmt: skip
    assert (changed.callback_password, changed.fallback_password) == ("", "c")


@pytest.mark.parametrize(
    ("callbacks", "code"),
    [
        ({"fallback_method": "PUT"}, FaultCode.INVALID_METHOD),
        ({"fallback_url": "ftp://app.example"}, FaultCode.INVALID_URL),
        ({"callback_username": "a:b"}, FaultCode.INVALID_CALLBACK_LOGIN),
        ({"callback_password": "line\nend"}, FaultCode.INVALID_CALLBACK_LOGIN),
        ({"callback_timeout_s": 61}, FaultCode.INVALID_TIMEOUT),
        ({"callback_timeout_s": -1}, FaultCode.INVALID_TIMEOUT),
        ({"callback_timeout_s": float("nan")}, FaultCode.INVALID_TIMEOUT),
    ],
)
async def test_what_makes_no_sense_about_callbacks_is_refused(provisioning, account, callbacks, code):
    assert await fault_of(provisioning.applications.add(account.id, "ivr", **callbacks)) is code
