"""Realms, applications, trunks and numbers on their pages."""

import pytest

from trunkline.domain.number import Destination, DestinationKind
from trunkline.domain.trunk import TrunkTarget
from trunkline.provisioning.secret_input import Generated
from trunkline.provisioning.trunks import DigestLogin, TrunkPlan

from .conftest import Html


def trunk_form(**fields):
    return {
        "name": "chicago",
        "target": ["sip:192.0.2.9", "sip:192.0.2.10;transport=tcp", ""],
        "target_priority": ["1", "2", "1"],
        "target_weight": ["3", "1", "1"],
        "prefixes": "+1\n+49",
        "allowed_ips": "192.0.2.0/24",
        "priority": "2",
        "weight": "5",
        "ring_timeout_s": "30",
        "failover_codes": "408 503",
        "media": "direct",
        **fields,
    }


async def wrong(answer, name):
    html = Html(answer.text)
    assert answer.status_code == 422
    return [one for _, one in html.tags if one.get("name") == name and one.get("aria-invalid")], html.text


async def test_a_realm_is_made_of_a_short_name_or_a_whole_one(operator, provisioning, account):
    await operator.send(f"/{account.id}/realms", {"name": "desk"})
    await operator.send(f"/{account.id}/realms", {"name": "SIP.example.com", "default": "yes"})
    realms = [realm for realm, _ in await provisioning.realms.of(account.id)]
    assert [realm.name for realm in realms] == [f"desk.{account.label}.auth.example.net", "sip.example.com"]
    assert [realm.is_default for realm in realms] == [False, True]


@pytest.mark.parametrize("name", ["", "-", "x" * 31, "desk"])
async def test_a_realm_name_that_cannot_be_is_told_beside_it(operator, account, realm, name):
    fields, _ = await wrong(await operator.send(f"/{account.id}/realms", {"name": name}), "name")
    assert fields


async def test_a_realm_with_credentials_wants_its_name_typed(operator, provisioning, account, realm):
    await provisioning.credentials.add(account.id, "alice", Generated())
    path = f"/{account.id}/realms/{realm.id}/remove"
    assert (await operator.send(path, {"confirmed": "other"})).status_code == 422
    assert (await operator.send(path, {"confirmed": "DESK "})).status_code == 303
    assert await provisioning.realms.of(account.id) == []


async def test_a_trunk_is_written_as_the_form_says(operator, provisioning, account):
    answer = await operator.send(
        f"/{account.id}/trunks",
        trunk_form(digest_username="us", digest_realm="carrier", digest_password="pw", concurrent_calls="7"),
    )
    assert answer.status_code == 303
    (trunk,) = await provisioning.trunks.of(account.id)
    assert trunk.targets == (
        TrunkTarget("sip:192.0.2.9", 1, 3),
        TrunkTarget("sip:192.0.2.10;transport=tcp", 2, 1),
    )
    assert (trunk.prefixes, trunk.allowed_ips) == (("+1", "+49"), ("192.0.2.0/24",))
    assert (trunk.priority, trunk.weight, trunk.ring_timeout_s, trunk.plus) == (2, 5, 30, False)
    assert trunk.failover_codes == {408, 503}
    assert trunk.limits.concurrent_calls == 7
    assert trunk.digest.username == "us"


@pytest.mark.parametrize(
    ("fields", "name", "said"),
    [
        ({"name": "a b"}, "name", "is no trunk name"),
        ({"target": [""]}, "target", "needs a target"),
        ({"target": ["http://x"]}, "target", "is no target"),
        ({"target_priority": ["x", "1", "1"]}, "target", "whole numbers"),
        ({"allowed_ips": "0.0.0.0/0"}, "allowed_ips", "whole world"),
        ({"prefixes": "abc"}, "prefixes", "is no prefix"),
        ({"digest_username": "us"}, "digest_username", "one is missing"),
        ({"failover_codes": "486"}, "failover_codes", "answer of the called person"),
        ({"failover_codes": "busy"}, "failover_codes", "SIP status codes"),
        ({"ring_timeout_s": "0"}, "ring_timeout_s", "1 to 600 seconds"),
        ({"ring_timeout_s": "soon"}, "ring_timeout_s", "is no number"),
        ({"concurrent_calls": "0"}, "concurrent_calls", "above 0"),
    ],
)
async def test_what_is_wrong_with_a_trunk_stands_beside_its_field(
    operator, provisioning, account, fields, name, said
):
    found, text = await wrong(await operator.send(f"/{account.id}/trunks", trunk_form(**fields)), name)
    assert found
    assert said in text
    assert await provisioning.trunks.of(account.id) == []


async def test_saving_a_trunk_keeps_its_password_unless_another_is_given(operator, provisioning, account):
    login = DigestLogin("us", "carrier", "first")
    made = await provisioning.trunks.add(
        account.id, "chicago", TrunkPlan((TrunkTarget("sip:192.0.2.9"),), login=login)
    )
    path = f"/{account.id}/trunks/{made.id}"

    async def digest():
        return (await provisioning.trunks.find(account.id, "chicago")).digest

    await operator.send(path, trunk_form(digest_username="us", digest_realm="carrier"))
    assert await digest() == made.digest
    await operator.send(
        path, trunk_form(digest_username="us", digest_realm="carrier", digest_password="second")
    )
    assert (await digest()).md5 != made.digest.md5
    await operator.send(path, trunk_form())
    assert await digest() is None


async def test_a_trunk_stays_off_when_it_is_saved(operator, provisioning, account):
    made = await provisioning.trunks.add(account.id, "chicago", TrunkPlan((TrunkTarget("sip:192.0.2.9"),)))
    await operator.send(f"/{account.id}/trunks/{made.id}/enabled", {"enabled": ""})
    await operator.send(f"/{account.id}/trunks/{made.id}", trunk_form())
    assert not (await provisioning.trunks.find(account.id, "chicago")).enabled


async def test_numbers_lead_to_devices_applications_and_trunks(operator, provisioning, account, realm):
    await provisioning.credentials.add(account.id, "alice", Generated())
    application = await provisioning.applications.add(account.id, "ivr")
    trunk = await provisioning.trunks.add(account.id, "chicago", TrunkPlan((TrunkTarget("sip:192.0.2.9"),)))
    path = f"/{account.id}/numbers"
    await operator.send(path, {"number": "(202) 555-0100", "kind": "device", "device": f"alice@{realm.name}"})
    await operator.send(
        path, {"number": "+12025550101", "kind": "application", "application": application.id}
    )
    await operator.send(path, {"number": "+12025550102", "kind": "trunk", "trunk": str(trunk.id)})
    assert [number.destination for number in await provisioning.numbers.of(account.id)] == [
        Destination(DestinationKind.DEVICE, f"alice@{realm.name}"),
        Destination(DestinationKind.APPLICATION, application.id),
        Destination(DestinationKind.TRUNK, str(trunk.id)),
    ]
    listed = Html((await operator.get(path)).text).text
    assert "chicago" in listed
    assert "ivr" in listed


async def test_a_device_that_is_not_there_is_told_beside_its_field(operator, account, realm):
    fields = {"number": "+12025550100", "kind": "device", "device": "nobody@nowhere.example"}
    found, _ = await wrong(await operator.send(f"/{account.id}/numbers", fields), "device")
    assert found


async def test_devices_are_suggested(operator, provisioning, account, realm):
    for name in ("alice", "alan", "bob"):
        await provisioning.credentials.add(account.id, name, Generated())
    html = Html((await operator.get(f"/{account.id}/numbers/devices?device=AL")).text)
    assert [one["value"] for tag, one in html.tags if tag == "option"] == [
        f"{name}@{realm.name}" for name in ("alice", "alan")
    ]


async def test_a_callback_password_stays_unless_another_is_given(operator, provisioning, account):
    fields = {
        "name": "ivr",
        "call_initiated_url": "https://app.example/",
        "callback_username": "us",
        "callback_password": "pw",
    }
    await operator.send(f"/{account.id}/applications", fields)
    (made,) = await provisioning.applications.of(account.id)
    await operator.send(
        f"/{account.id}/applications/{made.id}", {**fields, "name": "menu", "callback_password": ""}
    )
    (kept,) = await provisioning.applications.of(account.id)
    assert (kept.name, kept.callback_password) == ("menu", "pw")
    assert (
        "pw" not in Html((await operator.get(f"/{account.id}/applications/{made.id}")).text).hidden().values()
    )


async def test_an_application_in_use_stays_and_says_by_whom(operator, provisioning, account, realm):
    made = await provisioning.applications.add(account.id, "ivr")
    await provisioning.numbers.add(account.id, "+12025550101", "app:ivr")
    answer = await operator.send(f"/{account.id}/applications/{made.id}/remove")
    assert answer.status_code == 409
    assert "is used by +12025550101" in Html(answer.text).text


@pytest.mark.parametrize("path", ["credentials", "realms", "trunks", "numbers"])
@pytest.mark.parametrize("number", ["999", "9" * 30])
async def test_what_is_not_there_is_answered_404(operator, account, path, number):
    answer = await operator.get(f"/{account.id}/{path}/{number}")
    assert answer.status_code in {404, 409}
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=" + "9" * 40, "search=" + "%27" * 300, "realm=%27", "search=%00"]
)
async def test_odd_queries_are_no_error(operator, account, realm, query):
    assert (await operator.get(f"/{account.id}/credentials?{query}")).status_code == 200
    assert (await operator.get(f"/{account.id}/numbers?{query}")).status_code == 200


async def test_a_form_that_is_none_or_too_large_is_refused(operator, account, realm):
    post = operator.client.post
    large = await post(
        f"/{account.id}/realms", content=b"a=" + b"x" * 300_000, headers={"origin": operator.base}
    )
    assert large.status_code == 413
    json = await post(f"/{account.id}/realms", json={"name": "x"}, headers={"origin": operator.base})
    assert json.status_code == 415
    many = await post(f"/{account.id}/realms", content=b"a=1&" * 600, headers={"origin": operator.base})
    assert many.status_code == 400
    binary = await post(f"/{account.id}/realms", content=b"\xff\xfe", headers={"origin": operator.base})
    assert binary.status_code == 400
