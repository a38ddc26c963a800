"""Voice applications over the wire."""

import pytest

from contract.bandwidth_dashboard.asking import credential, credentials

FULL = """
<Application>
  <AppName>ivr</AppName><CallInitiatedCallbackUrl>https://app.example/calls</CallInitiatedCallbackUrl>
  <CallInitiatedMethod>GET</CallInitiatedMethod><CallStatusCallbackUrl>https://app.example/status</CallStatusCallbackUrl>
  <CallStatusMethod>POST</CallStatusMethod>
  <CallbackCreds><UserId>hooks</UserId><Password>s3cret-word</Password></CallbackCreds>
  <CallInitiatedFallbackUrl>https://second.example/</CallInitiatedFallbackUrl>
  <CallInitiatedFallbackMethod>GET</CallInitiatedFallbackMethod>
  <CallInitiatedFallbackCreds><Password>other-word</Password><UserId>spare</UserId></CallInitiatedFallbackCreds>
  <CallbackTimeout>20</CallbackTimeout><ServiceType>Voice-V2</ServiceType>
</Application>
"""
LEAST = "<Application><AppName>ivr</AppName><CallInitiatedCallbackUrl>https://app.example/</CallInitiatedCallbackUrl>{}</Application>"


def named(inner):
    return f"<Application><CallInitiatedCallbackUrl>https://a.example/</CallInitiatedCallbackUrl>{inner}</Application>"


@pytest.fixture
async def ivr(api):
    """The id of an application that has everything."""
    answer = await api.post("applications", FULL)
    assert answer.status == 201
    return answer.one("Application")["ApplicationId"]


async def test_an_application_is_shown_with_everything_but_passwords_in_order(api):
    answer = await api.post("applications", FULL)
    assert (answer.status, answer.root.tag) == (201, "ApplicationProvisioningResponse")
    shown = answer.root.find("Application")
    assert [child.tag for child in shown] == [
        "ApplicationId", "ServiceType", "AppName", "CallInitiatedCallbackUrl", "CallInitiatedMethod",
        "CallStatusCallbackUrl", "CallStatusMethod", "CallbackCreds", "CallInitiatedFallbackUrl",
        "CallInitiatedFallbackMethod", "CallInitiatedFallbackCreds", "CallbackTimeout",
    ]  # fmt: skip
    assert [child.text for child in shown][1:7] == [
        "Voice-V2", "ivr", "https://app.example/calls", "GET", "https://app.example/status", "POST",
    ]  # fmt: skip
    assert [child.tag for child in shown.find("CallbackCreds")] == ["UserId"]
    assert shown.findtext("CallInitiatedFallbackCreds/UserId") == "spare"
    assert shown.findtext("CallbackTimeout") == "20"
    assert "word" not in answer.text
    application_id = shown.findtext("ApplicationId")
    assert answer.response.headers["location"].endswith(f"/applications/{application_id}")
    again = await api.get(f"applications/{application_id.upper()}")
    assert again.text == answer.text


async def test_the_least_that_makes_an_application(api):
    answer = await api.post("applications", LEAST.format(""))
    assert list(answer.one("Application")) == [
        "ApplicationId", "ServiceType", "AppName", "CallInitiatedCallbackUrl", "CallInitiatedMethod", "CallStatusMethod",
    ]  # fmt: skip
    assert answer.one("Application")["CallInitiatedMethod"] == "POST"


async def test_applications_are_listed(api, ivr):
    answer = await api.get("applications")
    assert (answer.status, answer.root.tag) == (200, "ApplicationProvisioningResponse")
    assert answer.values("ApplicationList/Application/ApplicationId") == [ivr]


async def test_no_applications_are_an_empty_list(api):
    text = "<ApplicationProvisioningResponse><ApplicationList/></ApplicationProvisioningResponse>"
    assert (await api.get("applications")).text == text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (named(""), 12806),
        (named("<AppName/>"), 12806),
        (named(f"<AppName>{'x' * 65}</AppName>"), 12806),
        ("<Application><AppName>menu</AppName></Application>", 1003),
        (LEAST.format("<ServiceType>Messaging-V2</ServiceType>"), 13648),
        (LEAST.format("<ServiceType>messaging</ServiceType>"), 13648),
        (LEAST.format("<ServiceType>Fax</ServiceType>"), 12801),
        (LEAST.format("<CallbackCreds><UserId>hooks</UserId></CallbackCreds>"), 12977),
        (LEAST.format("<CallInitiatedFallbackCreds><UserId>a</UserId></CallInitiatedFallbackCreds>"), 12977),
        (LEAST.format("<CallbackCreds><Password>x</Password></CallbackCreds>"), 12800),
        (LEAST.format("<CallStatusMethod>PUT</CallStatusMethod>"), 12961),
        (LEAST.format("<CallStatusCallbackUrl>ftp://a.example</CallStatusCallbackUrl>"), 12803),
        (LEAST.format("<CallbackTimeout>soon</CallbackTimeout>"), None),
        (LEAST.format("<CallbackTimeout>900</CallbackTimeout>"), None),
        ("<Applications/>", None),
    ],
)
async def test_an_application_that_cannot_be_is_refused(api, body, code):
    assert (await api.post("applications", body)).refusal == (400, "ApplicationProvisioningResponse", code)
    assert (await api.get("applications")).values("ApplicationList/Application") == []


async def test_a_name_is_taken_once(api, ivr):
    answer = await api.post("applications", LEAST.format(""))
    assert answer.refusal == (400, "ApplicationProvisioningResponse", None)


async def test_put_takes_away_what_it_leaves_out(api, ivr, provisioning, account):
    answer = await api.put(f"applications/{ivr}", LEAST.format(""))
    assert answer.status == 200
    assert list(answer.one("Application")) == [
        "ApplicationId", "ServiceType", "AppName", "CallInitiatedCallbackUrl", "CallInitiatedMethod", "CallStatusMethod",
    ]  # fmt: skip
    stored = await provisioning.applications.find(account.id, ivr)
    assert (stored.callback_password, stored.fallback_password) == ("", "")


async def test_the_service_of_an_application_cannot_be_changed(api, ivr):
    for method in ("PUT", "PATCH"):
        for other in ("Messaging-V2", "Fax"):
            body = LEAST.format(f"<ServiceType>{other}</ServiceType>")
            answer = await api.send(method, f"applications/{ivr}", body)
            assert answer.refusal == (400, "ApplicationProvisioningResponse", 12964)
        same = LEAST.format("<ServiceType>voice</ServiceType>")
        assert (await api.send(method, f"applications/{ivr}", same)).status == 200


async def test_a_password_stays_with_its_user_and_is_asked_for_another(api, ivr, provisioning, account):
    same = LEAST.format("<CallbackCreds><UserId>hooks</UserId></CallbackCreds>")
    assert (await api.put(f"applications/{ivr}", same)).status == 200
    assert (await provisioning.applications.find(account.id, ivr)).callback_password == "s3cret-word"
    other = LEAST.format("<CallbackCreds><UserId>other</UserId></CallbackCreds>")
    for method in ("PUT", "PATCH"):
        answer = await api.send(method, f"applications/{ivr}", other)
        assert answer.refusal == (400, "ApplicationProvisioningResponse", 12976)


async def test_patch_changes_what_it_names_and_removes_by_a_word(api, ivr, provisioning, account):
    before = (await api.get(f"applications/{ivr}")).one("Application")
    answer = await api.patch(f"applications/{ivr}", "<Application><AppName>menu</AppName></Application>")
    assert (answer.status, answer.one("Application")) == (200, before | {"AppName": "menu"})
    answer = await api.patch(
        f"applications/{ivr}",
        "<Application><CallStatusCallbackUrl>remove</CallStatusCallbackUrl><CallbackCreds>remove</CallbackCreds>"
        "<CallInitiatedFallbackUrl>remove</CallInitiatedFallbackUrl><CallbackTimeout>remove</CallbackTimeout></Application>",
    )
    left = answer.one("Application")
    assert not left.keys() & {
        "CallStatusCallbackUrl",
        "CallbackCreds",
        "CallInitiatedFallbackUrl",
        "CallbackTimeout",
    }
    assert left["CallInitiatedCallbackUrl"] == before["CallInitiatedCallbackUrl"]
    assert (await provisioning.applications.find(account.id, ivr)).callback_password == ""
    assert (await api.patch(f"applications/{ivr}", "<Application/>")).status == 200
    answer = await api.patch(
        f"applications/{ivr}", "<Application><ServiceType>Messaging-V2</ServiceType></Application>"
    )
    assert answer.refusal == (400, "ApplicationProvisioningResponse", 12964)


async def test_a_used_application_stays_and_a_free_one_goes(api, ivr):
    await api.post("realms", "<Realm><Realm>desk</Realm><Default>true</Default></Realm>")
    await api.post("sipcredentials", credentials(credential(HttpVoiceV2AppId=ivr)))
    assert (await api.delete(f"applications/{ivr}")).refusal == (
        400,
        "ApplicationProvisioningResponse",
        12107,
    )
    await api.delete("sipcredentials/alice")
    answer = await api.delete(f"applications/{ivr}")
    assert (answer.status, answer.response.content) == (200, b"")
    assert (await api.get(f"applications/{ivr}")).status == 404


async def test_unknown_applications_are_404_and_names_are_no_ids(api, ivr):
    for reference in ("11111111-2222-4333-8444-000000000000", "ivr"):
        for method, body in (("GET", None), ("PUT", FULL), ("PATCH", "<Application/>"), ("DELETE", None)):
            answer = await api.send(method, f"applications/{reference}", body)
            assert answer.refusal == (404, "ApplicationProvisioningResponse", 13629)
        answer = await api.get(f"applications/{reference}/associatedsippeers")
        assert answer.refusal == (404, "AssociatedSipPeersResponse", 13629)


async def test_an_application_has_no_sip_peers(api, ivr):
    text = "<AssociatedSipPeersResponse><AssociatedSipPeers/></AssociatedSipPeersResponse>"
    assert (await api.get(f"applications/{ivr}/associatedSipPeers")).text == text


async def test_edge_management_shows_what_is_set_up(api, account):
    answer = await api.get("products/edgemanagement/settings")
    assert (answer.status, answer.root.tag) == (200, "EdgeManagementSettings")
    assert [child.tag for child in answer.root] == [
        "SbcSettings", "SipAuthentication", "ProductSpecificAccessRestrictions",
    ]  # fmt: skip
    assert answer.one("SbcSettings") == {"TrunkGroupId": str(account.id), "NodeGroupName": account.label}
    assert answer.one("SipAuthentication") == {"Enabled": "true", "Status": "COMPLETE", "Type": "REGISTRAR"}
    path = "ProductSpecificAccessRestrictions/AccessRestriction/RestrictedAccessTypes/RestrictedAccessType"
    assert answer.values(path) == ["SipCredentials"]


async def test_sip_authentication_tells_the_port_and_the_records_of_each_realm(api, account):
    await api.post("realms", "<Realm><Realm>desk</Realm><Default>true</Default></Realm>")
    await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
    answer = await api.get("products/edgeManagement/settings/sipAuthentication")
    assert (answer.status, answer.root.tag) == (200, "SipAuthenticationResponse")
    assert answer.one("SipAuthentication/SBC/Zone/SipSigPort") == {"Index": "1", "PortNumber": "5006"}
    name = "lab.0a1b2c.auth.example.net"
    assert answer.values("SipAuthentication/RealmDnsList/RealmDns/Realm")[1] == name
    records = [
        [child.text for child in node]
        for node in answer.root.iterfind(f".//RealmDns[Realm='{name}']//DNSRecord")
    ]
    assert records == [
        ["A", name, "192.0.2.1", "300"], ["A", name, "192.0.2.2", "300"],
        ["SRV", f"_sip._udp.{name}", f"5 50 5006 {name}", "300"],
    ]  # fmt: skip
