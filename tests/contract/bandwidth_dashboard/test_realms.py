"""Realms over the wire: every row of the endpoint table, element orders, refusals by number."""

import pytest

from contract.bandwidth_dashboard.asking import credential, credentials
from trunkline.domain.role import Role


async def test_a_new_realm_is_pending_and_then_active(api):
    answer = await api.post(
        "realms",
        "<Realm><Realm>Desk</Realm><Description>front &amp; back</Description><Default>true</Default></Realm>",
    )
    assert answer.status == 201
    assert answer.root.tag == "RealmResponse"
    assert list(answer.one("Realm").items()) == [
        ("Id", "1"), ("Realm", "desk.0a1b2c.auth.example.net"), ("Description", "front & back"), ("Default", "true"),
        ("SipCredentialCount", "0"), ("Status", "CREATE_PENDING"),
    ]  # fmt: skip
    assert answer.response.headers["location"].endswith("/realms/1")
    shown = await api.get("realms/1")
    assert list(shown.one("Realm")) == [
        "Id", "Realm", "Description", "Default", "SipCredentialCount", "Status",
    ]  # fmt: skip
    assert shown.one("Realm")["Status"] == "ACTIVE"


async def test_a_list_has_the_default_before_the_description(api, desk):
    await api.post(
        "realms", "<Realm><Default>false</Default><Description>x</Description><Realm>lab</Realm></Realm>"
    )
    answer = await api.get("realms")
    assert (answer.status, answer.root.tag) == (200, "RealmsResponse")
    assert [child.tag for child in answer.root.findall("Realms/Realm")[1]] == [
        "Id", "Realm", "Default", "Description", "SipCredentialCount", "Status",
    ]  # fmt: skip
    assert answer.values("Realms/Realm/Default") == ["true", "false"]


async def test_no_realms_are_an_empty_list(api):
    assert (await api.get("realms")).text == "<RealmsResponse><Realms/></RealmsResponse>"


async def test_a_list_is_narrowed_by_a_fragment(api, desk):
    await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
    assert (await api.get("realms?realmfragment=LAB")).values("Realms/Realm/Id") == ["2"]
    assert (await api.get("realms?RealmFragment=attic")).values("Realms/Realm/Id") == []
    for fragment, code in (("la", 33011), ("", 13111), ("a" * 65, 13115), ("l%25b", 13116)):
        answer = await api.get(f"realms?realmfragment={fragment}")
        assert answer.refusal == (400, "RealmsResponse", code)


@pytest.mark.parametrize(
    "reference", ["1", "desk", "DESK", "desk.0a1b2c.auth.example.net", "Desk.0A1B2C.auth.example.net"]
)
async def test_a_realm_is_found_by_id_short_name_and_whole_name(api, desk, reference):
    assert (await api.get(f"realms/{reference}")).one("Realm")["Id"] == desk["Id"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<Realm><Default>true</Default></Realm>", 1003),
        ("<Realm><Realm/><Default>true</Default></Realm>", 1003),
        ("<Realm><Realm>lab</Realm></Realm>", 1003),
        ("<Realm><Realm>desk</Realm><Default>false</Default></Realm>", 33002),
        (f"<Realm><Realm>{'x' * 31}</Realm><Default>false</Default></Realm>", 33003),
        ("<Realm><Realm>a_b</Realm><Default>false</Default></Realm>", 12673),
        ("<Realm><Realm>lab</Realm><Default>perhaps</Default></Realm>", None),
        (
            f"<Realm><Realm>lab</Realm><Default>false</Default><Description>{'x' * 256}</Description></Realm>",
            None,
        ),
        ("<Realms/>", None),
    ],
)
async def test_a_realm_that_cannot_be_is_refused(api, desk, body, code):
    answer = await api.post("realms", body)
    assert answer.refusal == (400, "RealmResponse", code)


async def test_put_replaces_the_description_and_keeps_the_name(api, desk):
    for name in ("desk", "DESK", "desk.0a1b2c.auth.example.net"):
        body = f"<Realm><Realm>{name}</Realm><Description>new</Description><Default>true</Default></Realm>"
        answer = await api.put("realms/desk", body)
        assert answer.status == 200
        assert list(answer.one("Realm")) == [
            "Id", "Realm", "Default", "Description", "SipCredentialCount", "Status",
        ]  # fmt: skip
    cleared = await api.put("realms/desk", "<Realm><Default>true</Default></Realm>")
    assert "Description" not in cleared.one("Realm")


async def test_the_name_that_clients_cut_out_of_a_whole_one_counts_as_unchanged(api, desk):
    await api.post("realms", "<Realm><Realm>front-desk</Realm><Default>false</Default></Realm>")
    assert (await api.put("realms/front-desk", "<Realm><Realm>front</Realm></Realm>")).status == 200


async def test_another_realm_can_be_made_the_default_and_only_so(api, desk):
    await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
    assert (await api.put("realms/lab", "<Realm><Default>false</Default></Realm>")).status == 200
    answer = await api.put("realms/desk", "<Realm><Default>false</Default></Realm>")
    assert answer.refusal == (400, "RealmResponse", 33006)
    assert (await api.put("realms/lab", "<Realm><Default>true</Default></Realm>")).one("Realm")[
        "Default"
    ] == "true"
    assert (await api.get("realms")).values("Realms/Realm/Default") == ["false", "true"]


async def test_a_name_cannot_be_changed(api, desk):
    answer = await api.put("realms/desk", "<Realm><Realm>lab</Realm></Realm>")
    assert answer.refusal == (400, "RealmResponse", 33005)


async def test_a_removed_realm_leaves_an_empty_202(api, desk):
    await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
    answer = await api.delete("realms/lab")
    assert (answer.status, answer.response.content) == (202, b"")
    assert (await api.get("realms/lab")).refusal == (404, "RealmResponse", 33001)


async def test_the_default_realm_and_one_with_credentials_stay(api, desk):
    assert (await api.delete("realms/desk")).refusal == (400, "RealmResponse", 33006)
    await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
    await api.post("realms/lab/sipcredentials", credentials(credential()))
    assert (await api.delete("realms/lab")).refusal == (400, "RealmResponse", 12666)
    assert (await api.get("realms/lab")).one("Realm")["SipCredentialCount"] == "1"
    assert (await api.get("realms")).values("Realms/Realm/SipCredentialCount") == ["0", "1"]


async def test_unknown_realms_are_404(api, desk):
    for method, body in (("GET", None), ("PUT", "<Realm/>"), ("DELETE", None)):
        assert (await api.send(method, "realms/attic", body)).refusal == (404, "RealmResponse", 33001)


async def test_a_realm_of_another_account_is_none(api, provisioning, foreign):
    realm = await provisioning.realms.add(foreign.id, label="lab")
    for reference in (realm.name, str(realm.id)):
        assert (await api.get(f"realms/{reference}")).refusal == (404, "RealmResponse", 33001)


async def test_viewers_read_and_write_nothing(asking_as, api, desk):
    viewer = await asking_as(Role.VIEWER)
    assert (await viewer.get("realms/desk")).status == 200
    for method, path in (("POST", "realms"), ("PUT", "realms/desk"), ("DELETE", "realms/desk")):
        answer = await viewer.send(method, path, "<Realm/>")
        assert answer.refusal == (403, "RealmResponse", None)
