"""Credentials over the wire, below an account and below a realm."""

import pytest

from contract.bandwidth_dashboard.asking import DOCUMENTS, HASH1, HASH1B, credential, credentials
from trunkline.domain.role import Role

DESK = "desk.0a1b2c.auth.example.net"
UNKNOWN_APPLICATION = "11111111-2222-4333-8444-000000000000"


@pytest.fixture
async def lab(api, desk):
    await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
    return "2"


@pytest.fixture
async def ivr(provisioning, account):
    return (await provisioning.applications.add(account.id, "ivr")).id


async def test_a_created_credential_has_its_elements_in_order(api, desk, ivr):
    answer = await api.post(
        "sipcredentials", credentials(credential("Alice", Domain="corp.example", HttpVoiceV2AppId=ivr))
    )
    assert (answer.status, answer.root.tag) == (201, "SipCredentialsResponse")
    assert [child.tag for child in answer.root] == ["ValidSipCredentials"]
    expected = {
        "Id": "1", "RealmId": "1", "UserName": "Alice", "Domain": "corp.example", "Hash1": HASH1, "Hash1b": HASH1B,
        "Realm": DESK, "HttpVoiceV2AppId": ivr,
    }  # fmt: skip
    assert list(answer.one("ValidSipCredentials/SipCredential").items()) == list(expected.items())
    shown = await api.get("sipcredentials/alice@corp.example")
    assert (shown.status, shown.root.tag) == (200, "SipCredentialResponse")
    assert list(shown.one("SipCredential").items()) == list(expected.items())


async def test_hash1b_may_be_left_out(api, desk):
    for body in (credential(hash1b=None), credential("bob", hash1b="")):
        answer = await api.post("sipcredentials", credentials(body))
        assert list(answer.one("ValidSipCredentials/SipCredential")) == [
            "Id",
            "RealmId",
            "UserName",
            "Hash1",
            "Realm",
        ]


async def test_elements_are_read_in_any_order_and_case_and_unknown_ones_passed_over(api, desk):
    body = (
        f"<sipCredentials><SipCredential><HASH2>{HASH1B}</HASH2><Colour>red</Colour><hash1> {HASH1.upper()} </hash1>"
        "<Username>alice</Username></SipCredential></sipCredentials>"
    )
    answer = await api.post("sipcredentials", body)
    created = answer.one("ValidSipCredentials/SipCredential")
    assert (created["Hash1"], created["Hash1b"]) == (HASH1, HASH1B)


async def test_a_single_credential_needs_no_list_around_it(api, desk):
    assert (await api.post("sipcredentials", credential())).status == 201


async def test_the_realm_of_a_credential_is_named_in_any_form(api, lab):
    for number, realm in enumerate(("lab", "LAB", "lab.0a1b2c.auth.example.net", "2")):
        answer = await api.post("sipcredentials", credentials(credential(f"u{number}", Realm=realm)))
        assert answer.one("ValidSipCredentials/SipCredential")["RealmId"] == "2"
    answer = await api.post("sipcredentials", credentials(credential("u9", Realm="")))
    assert answer.one("ValidSipCredentials/SipCredential")["Realm"] == DESK


async def test_right_ones_are_written_and_wrong_ones_told(api, desk):
    answer = await api.post(
        "sipcredentials",
        credentials(
            credential(None),
            credential("bob"),
            credential("BOB"),
            credential("carol", hash1=None),
            credential("dave"),
        ),
    )
    assert answer.status == 201
    assert [child.tag for child in answer.root] == ["Errors", "ValidSipCredentials"]
    assert answer.errors == [(1003, None), (23000, "BOB"), (1003, "carol")]
    assert answer.values("Errors/Error/Description")[0] == "UserName is required"
    assert answer.values("ValidSipCredentials/SipCredential/UserName") == ["bob", "dave"]
    first = answer.root.find("Errors/Error")
    assert [child.tag for child in first] == ["ErrorCode", "Description", "SipCredential"]
    assert [(child.tag, child.text) for child in first.find("SipCredential")] == [
        ("Hash1", HASH1),
        ("Hash1b", HASH1B),
    ]


@pytest.mark.parametrize(
    ("element", "account_code", "nested_code"),
    [
        (credential("taken"), 23009, 23026),
        (credential("TAKEN"), 23009, 23026),
        (credential(""), 1003, 1003),
        (credential("al ice"), 23016, 23016),
        (credential("@corp.example"), 23016, 23016),
        (credential("al ice", Domain="corp.example"), 23014, 23014),
        (credential("x" * 33), 23002, 23002),
        (credential("a@b@c"), 23015, 23015),
        (credential("bob", Domain="-"), 23015, 23015),
        (credential("bob@corp.example", Domain="corp.example"), 23014, 23014),
        (credential("bob", hash1=HASH1[:-1]), 23001, 23001),
        (credential("bob", hash1b=HASH1B[:-1]), 23001, 23001),
        (credential("bob", hash1="z" * 32), 23001, 23001),
        (credential("bob", hash1b=HASH1), 23001, 23001),
        (credential("bob", Realm="attic"), 23017, 23018),
        (credential("bob", HttpVoiceV2AppId="ivr"), 23020, 23020),
        (credential("bob", HttpVoiceV2AppId=UNKNOWN_APPLICATION), 23019, 23019),
        ("<SipCredential><UserName>bob</UserName><UserName>eve</UserName></SipCredential>", None, None),
        ("<SipCredential><UserName>bob</UserName><Hash1><b/></Hash1></SipCredential>", None, None),
    ],
)
async def test_when_none_is_right_the_answer_is_400_with_each_reason(
    api, desk, element, account_code, nested_code
):
    await api.post("sipcredentials", credentials(credential("taken")))
    for path, code in (("sipcredentials", account_code), ("realms/desk/sipcredentials", nested_code)):
        answer = await api.post(path, credentials(element))
        assert answer.status == 400
        assert [child.tag for child in answer.root] == ["ResponseStatus", "Errors"]
        assert [child.tag for child in answer.root[0]] == ["Description"]
        assert answer.values("ResponseStatus/Description") == ["Please check your input parameters."]
        assert [found for found, _ in answer.errors] == [code]
    assert len((await api.get("sipcredentials")).values("SipCredentials/SipCredential")) == 1


@pytest.mark.parametrize("path", ["sipcredentials", "realms/desk/sipcredentials"])
async def test_who_is_twice_in_a_list_is_written_once(api, desk, path):
    again = (credential("Bob@Corp.example"), credential("bob", Domain="corp.example"), credential("bob"))
    answer = await api.post(path, credentials(credential("bob@corp.example"), *again))
    assert answer.status == 201
    assert answer.errors == [(23000, "Bob@Corp.example"), (23000, "bob")]
    assert answer.values("ValidSipCredentials/SipCredential/UserName") == ["bob@corp.example", "bob"]


async def test_the_same_name_in_two_realms_is_no_duplicate(api, lab):
    await api.post("realms/lab/sipcredentials", credentials(credential("bob")))
    body = credentials(credential("bob"), credential("bob", Realm="lab"))
    assert (await api.post("sipcredentials", body)).errors == [(23009, "bob")]


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("sipcredentials/%20", "SipCredentialResponse"),
        ("realms/desk/sipcredentials/%20%09", "SipCredentialResponse"),
        ("realms/%20/sipcredentials/1", "SipCredentialResponse"),
        ("realms/%20/sipcredentials", "SipCredentialsResponse"),
    ],
)
async def test_a_path_without_its_name_is_told_so(api, desk, path, root):
    methods = ("GET", "POST") if path.endswith("sipcredentials") else ("GET", "PUT", "DELETE")
    for method in methods:
        body = credential() if method in {"PUT", "POST"} else None
        assert (await api.send(method, path, body)).refusal == (400, root, 23005)


async def test_a_hash_of_31_digits_is_refused_for_this_reason(api, desk):
    answer = await api.post("sipcredentials", credentials(credential(hash1b=HASH1B[:-1])))
    (description,) = answer.values("Errors/Error/Description")
    assert description.startswith(
        "Hash1b has 31 hexadecimal digits, an MD5 hash has 32; one was probably lost"
    )


async def test_without_any_realm_a_credential_has_no_place(api):
    answer = await api.post("sipcredentials", credentials(credential()))
    assert (answer.status, answer.errors) == (400, [(23021, "alice")])


async def test_lists_may_be_neither_empty_nor_endless(api, desk):
    answer = await api.post("sipcredentials", "<SipCredentials/>")
    assert answer.refusal == (400, "SipCredentialsResponse", 23006)
    answer = await api.post("sipcredentials", credentials(*["<SipCredential/>"] * 10_001))
    assert answer.refusal == (400, "SipCredentialsResponse", 23003)


async def test_the_documents_of_the_guides_are_taken_as_they_stand(api, desk):
    answer = await api.post(
        "sipcredentials", (DOCUMENTS / "oldest_guide.xml").read_text(), content_type="text/xml"
    )
    assert (answer.status, answer.errors) == (201, [])
    answer = await api.post(
        "sipCredentials", (DOCUMENTS / "registrar_page_closed.xml").read_text(),
        content_type="application/xml; charset=utf-8",
    )  # fmt: skip
    assert (answer.status, answer.errors) == (400, [(23009, "sipauthtest"), (23017, "bob")])
    await api.post("realms", "<Realm><Realm>realmname</Realm><Default>false</Default></Realm>")
    answer = await api.post("sipcredentials", (DOCUMENTS / "registrar_page_closed.xml").read_text())
    assert (answer.status, answer.errors) == (201, [(23009, "sipauthtest")])
    assert answer.values("ValidSipCredentials/SipCredential/Domain") == ["somewhere.com"]
    await api.delete("sipcredentials/bob@somewhere.com")
    answer = await api.post("sipcredentials", (DOCUMENTS / "registrar_guide_closed.xml").read_text())
    assert (answer.status, answer.errors) == (201, [(23001, "sipauthtest")])


@pytest.mark.parametrize("name", ["registrar_page", "registrar_guide"])
async def test_malformed_documents_of_the_guides_are_refused_with_line_and_element(api, desk, name):
    answer = await api.post("sipcredentials", (DOCUMENTS / f"{name}.xml").read_text())
    assert answer.refusal == (400, "SipCredentialsResponse", None)
    (sentence,) = answer.values("ResponseStatus/Description")
    assert "<Realm> of line 10 is not closed" in sentence
    assert "line 13 has </SipCredential>" in sentence


async def test_below_a_realm_a_user_name_holds_its_domain_itself(api, lab):
    answer = await api.post("realms/lab/sipcredentials", credentials(credential("bob@corp.example")))
    created = answer.one("ValidSipCredentials/SipCredential")
    assert (created["UserName"], created["RealmId"], "Domain" in created) == ("bob@corp.example", "2", False)
    assert answer.response.headers["location"].endswith("/realms/lab/sipcredentials/1")
    assert (await api.get("sipcredentials/BOB@corp.example")).one("SipCredential")["Id"] == "1"
    assert (await api.get("realms/2/sipcredentials/1")).one("SipCredential")["UserName"] == "bob@corp.example"


async def test_the_same_name_may_be_in_two_realms_and_the_default_one_is_looked_at_first(api, lab):
    await api.post("realms/lab/sipcredentials", credentials(credential()))
    await api.post("realms/desk/sipcredentials", credentials(credential()))
    assert (await api.get("sipcredentials/alice")).one("SipCredential")["RealmId"] == "1"
    assert (await api.get("sipcredentials/alice@lab.0a1b2c.auth.example.net")).one("SipCredential")[
        "RealmId"
    ] == "2"


async def test_a_user_name_of_digits_is_no_id(api, desk):
    await api.post("sipcredentials", credentials(credential("2"), credential("1")))
    assert (await api.get("sipcredentials/2")).one("SipCredential")["Id"] == "1"
    assert (await api.get("realms/desk/sipcredentials/2")).one("SipCredential")["UserName"] == "1"


async def test_put_replaces_hashes_and_keeps_id_and_case(api, desk):
    await api.post("sipcredentials", credentials(credential("Alice")))
    answer = await api.put("sipcredentials/alice", credential(None, "a" * 32, "b" * 32))
    assert (answer.status, answer.root.tag) == (200, "SipCredentialResponse")
    shown = answer.one("SipCredential")
    assert (shown["Id"], shown["UserName"], shown["Hash1"], shown["Hash1b"]) == (
        "1",
        "Alice",
        "a" * 32,
        "b" * 32,
    )
    answer = await api.put("realms/1/sipcredentials/1", credential(None, "c" * 32, None, RealmId=1))
    assert answer.status == 200
    assert "Hash1b" not in answer.one("SipCredential")
    assert (await api.get("sipcredentials/alice")).one("SipCredential")["Hash1"] == "c" * 32


async def test_put_binds_to_an_application_frees_from_it_and_otherwise_leaves_it(api, desk, ivr):
    await api.post("sipcredentials", credentials(credential()))

    async def bound(**others):
        answer = await api.put("sipcredentials/alice", credential(None, **others))
        return answer.one("SipCredential").get("HttpVoiceV2AppId")

    assert await bound(HttpVoiceV2AppId=ivr.upper()) == ivr
    assert await bound() == ivr
    assert await bound(HttpVoiceV2AppId="") is None
    assert await bound(HttpVoiceV2AppId=ivr) == ivr
    assert await bound(HttpVoiceV2AppId="remove") is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (credential("alice", RealmId=1), 23030),
        (credential("other", RealmId=1), 23030),
        (credential(None), 23031),
        (credential(None, RealmId=2), 23018),
        (credential(None, RealmId="x"), 23018),
        (credential(None, RealmId=1, Realm="lab"), 23018),
        (credential(None, RealmId=1, Domain="x.example"), 23004),
        (credential(None, None, RealmId=1), 1003),
        (credential(None, "31", RealmId=1), 23001),
        (credential(None, RealmId=1, HttpVoiceV2AppId="x"), 23020),
        (credential(None, RealmId=1, HttpVoiceV2AppId=UNKNOWN_APPLICATION), 23019),
        (credentials(), None),
    ],
)
async def test_a_nested_put_that_breaks_a_rule_is_refused(api, lab, body, code):
    await api.post("realms/desk/sipcredentials", credentials(credential()))
    answer = await api.put("realms/desk/sipcredentials/1", body)
    assert answer.refusal == (400, "SipCredentialResponse", code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (credential("other"), 23004),
        (credential(None, Domain="x.example"), 23004),
        (credential("alice", Realm="lab"), 23018),
        (credential("alice", RealmId=2), 23018),
        (credential("alice", None), 1003),
    ],
)
async def test_an_account_level_put_that_breaks_a_rule_is_refused(api, lab, body, code):
    await api.post("sipcredentials", credentials(credential()))
    assert (await api.put("sipcredentials/alice", body)).refusal == (400, "SipCredentialResponse", code)


async def test_an_account_level_put_may_repeat_what_it_read(api, desk):
    await api.post("sipcredentials", credentials(credential("alice", Domain="corp.example")))
    body = (await api.get("sipcredentials/alice@corp.example")).text
    body = body.removeprefix("<SipCredentialResponse>").removesuffix("</SipCredentialResponse>")
    assert (await api.put("sipcredentials/alice@corp.example", body)).status == 200
    again = credential("ALICE@corp.example", Realm="desk")
    assert (await api.put("sipcredentials/alice@corp.example", again)).status == 200


async def test_a_removed_credential_is_gone(api, desk):
    await api.post("sipcredentials", credentials(credential("alice"), credential("bob")))
    answer = await api.delete("sipcredentials/alice")
    assert (answer.status, answer.response.content) == (200, b"")
    assert (await api.delete("realms/desk/sipcredentials/2")).status == 200
    assert (await api.get("sipcredentials/alice")).refusal == (404, "SipCredentialResponse", 23007)
    assert (await api.get("realms/desk/sipcredentials/2")).refusal == (404, "SipCredentialResponse", 23025)


async def test_a_credential_that_a_number_leads_to_stays(api, desk, provisioning, account):
    await api.post("sipcredentials", credentials(credential()))
    await provisioning.numbers.add(account.id, "+15550100199", f"sip:alice@{DESK}")
    answer = await api.delete("sipcredentials/alice")
    assert answer.refusal == (400, "SipCredentialResponse", None)
    assert "+15550100199" in answer.values("ResponseStatus/Description")[0]


@pytest.mark.parametrize("reference", ["2", "9", "alice", "-1", "1e0", "٣"])
async def test_unknown_credentials_of_a_realm_are_404(api, lab, reference):
    await api.post("realms/desk/sipcredentials", credentials(credential()))
    await api.post("realms/lab/sipcredentials", credentials(credential()))
    for method, body in (("GET", None), ("PUT", credential(None, RealmId=1)), ("DELETE", None)):
        answer = await api.send(method, f"realms/desk/sipcredentials/{reference}", body)
        assert answer.refusal == (404, "SipCredentialResponse", 23025)


async def test_unknown_names_and_realms_are_404(api, desk):
    for method, body in (("GET", None), ("PUT", credential()), ("DELETE", None)):
        answer = await api.send(method, "sipcredentials/nobody", body)
        assert answer.refusal == (404, "SipCredentialResponse", 23007)
        answer = await api.send(method, "realms/attic/sipcredentials/1", body)
        assert answer.refusal == (404, "SipCredentialResponse", 23017)
    for method, body in (("GET", None), ("POST", credentials(credential()))):
        answer = await api.send(method, "realms/attic/sipcredentials", body)
        assert answer.refusal == (404, "SipCredentialsResponse", 23017)


async def test_credentials_of_another_account_are_none(api, desk, provisioning, foreign):
    realm = await provisioning.realms.add(foreign.id, label="lab")
    theirs = await provisioning.credentials.add(foreign.id, "theirs", _hashes(), realm=realm.name)
    assert (await api.get("sipcredentials/theirs")).status == 404
    assert (await api.get(f"realms/desk/sipcredentials/{theirs.credential.id}")).status == 404
    assert (await api.get(f"realms/{realm.id}/sipcredentials")).status == 404
    application = await provisioning.applications.add(foreign.id, "ivr")
    answer = await api.post("sipcredentials", credentials(credential(HttpVoiceV2AppId=application.id)))
    assert answer.errors == [(23019, "alice")]


def _hashes():
    from trunkline.provisioning.secret_input import Hashes

    return Hashes(HASH1, HASH1B)


async def test_hashes_are_masked_where_the_account_wants_it(api, desk, provisioning, account):
    await provisioning.accounts.change(account.id, masks_hashes=True)
    answer = await api.post("sipcredentials", credentials(credential(), credential("ALICE")))
    assert answer.status == 201
    for path in (
        "sipcredentials",
        "sipcredentials/alice",
        "realms/1/sipcredentials",
        "realms/1/sipcredentials/1",
    ):
        answer = await api.get(path)
        assert answer.status == 200
        assert HASH1 not in answer.text
        assert f"<Hash1>{'*' * 32}</Hash1><Hash1b>{'*' * 32}</Hash1b>" in answer.text
    refused = await api.post("sipcredentials", credentials(credential()))
    assert refused.errors == [(23009, "alice")]
    assert HASH1 not in refused.text
    masked = await api.put("sipcredentials/alice", credential("alice", "*" * 32, "*" * 32))
    assert masked.refusal == (400, "SipCredentialResponse", 23001)


async def test_viewers_see_credentials_without_hashes(asking_as, api, desk):
    await api.post("sipcredentials", credentials(credential()))
    viewer = await asking_as(Role.VIEWER)
    for path in (
        "sipcredentials",
        "sipcredentials/alice",
        "realms/1/sipcredentials",
        "realms/1/sipcredentials/1",
    ):
        answer = await viewer.get(path)
        assert answer.status == 200
        assert HASH1 not in answer.text
    for method, path in (
        ("POST", "sipcredentials"), ("PUT", "sipcredentials/alice"), ("DELETE", "sipcredentials/alice"),
        ("POST", "realms/1/sipcredentials"), ("PUT", "realms/1/sipcredentials/1"),
        ("DELETE", "realms/1/sipcredentials/1"),
    ):  # fmt: skip
        answer = await viewer.send(method, path, credentials(credential("eve")))
        assert answer.status == 403
    assert (await api.get("sipcredentials")).values("SipCredentials/SipCredential/UserName") == ["alice"]


async def test_writes_leave_audit_entries_of_who_wrote_without_any_hash(api, desk, provisioning, account):
    from trunkline.domain.principal import SYSTEM
    from trunkline.provisioning.access_ports import AuditQuery

    await api.post("sipcredentials", credentials(credential()))
    entries = await provisioning.acting_as(SYSTEM, "").audit.page(AuditQuery(account_id=account.id))
    ours = [entry for entry in entries if entry.noun == "credential"]
    assert [(entry.actor_kind.value, entry.source) for entry in ours] == [("key", "127.0.0.1")]
    assert HASH1 not in repr(ours)
