"""What holds for every resource: prefixes, letter case, authentication, media types, encodings, methods."""

import gzip

import pytest

from contract.bandwidth_dashboard.asking import Answer, Asking, credential, credentials
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role

RESOURCES = {
    "realms": ("Realms", "GET, POST"),
    "realms/desk": ("Realm", "GET, PUT, DELETE"),
    "realms/desk/sipcredentials": ("SipCredentials", "GET, POST"),
    "realms/desk/sipcredentials/1": ("SipCredential", "GET, PUT, DELETE"),
    "sipcredentials": ("SipCredentials", "GET, POST"),
    "sipcredentials/alice": ("SipCredential", "GET, PUT, DELETE"),
    "applications": ("ApplicationProvisioning", "GET, POST"),
    "applications/x": ("ApplicationProvisioning", "GET, PUT, PATCH, DELETE"),
    "applications/x/associatedsippeers": ("AssociatedSipPeers", "GET"),
    "products/edgemanagement/settings": ("EdgeManagementSettings", "GET"),
    "products/edgemanagement/settings/sipauthentication": ("SipAuthentication", "GET"),
}


@pytest.mark.parametrize("prefix", ["/api", "/api/v1", "/api/v2", "/v1.0", "", "/API/V2"])
async def test_every_prefix_leads_to_the_same(asking_as, desk, prefix):
    api = await asking_as(Role.OPERATOR, prefix=prefix)
    assert (await api.get("realms")).values("Realms/Realm/Id") == ["1"]
    assert (await api.get("REALMS/Desk")).status == 200
    assert (await api.get("Realms/1/sipCredentials/")).status == 200
    assert (await api.get("/" + api.path("SipCredentials").lstrip("/"))).status == 404
    assert (await api.get("products/edgeManagement/Settings")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/v3/accounts/1/realms",
        "/api/accounts/realms",
        "/api/accounts/1/realmsx",
        "/v1.0/accounts/1/sites",
        "/API/nothing",
        "/accounts",
    ],
)
async def test_what_is_nowhere_is_404_as_clients_of_this_api_read_it(api, path):
    for method in ("GET", "POST", "DELETE"):
        assert (await api.send(method, path)).refusal == (404, "ErrorResponse", 1016)


async def test_other_paths_are_not_ours(api):
    for path, kind in (
        ("/v1.0x/accounts/1/realms", "text/html; charset=utf-8"),
        ("/api/v2/accounts/1/calls/c-1", "application/problem+json"),
        ("/v2/accounts/1/endpoints", "application/problem+json"),
    ):
        response = (await api.get(path)).response
        assert (response.status_code, response.headers["content-type"]) == (404, kind)


@pytest.mark.parametrize("path", RESOURCES)
async def test_strangers_are_asked_who_they_are(api, desk, path):
    for auth in (None, ("key-unknown", "x")):
        answer = await api.get(path, auth=auth)
        assert answer.status == 401
        assert answer.response.headers["www-authenticate"].startswith('Basic realm="')
        assert answer.root.tag == f"{RESOURCES[path][0].removesuffix('Response')}Response"
        assert answer.values("ResponseStatus/Description")


@pytest.mark.parametrize("path", RESOURCES)
async def test_a_foreign_account_is_closed_whether_it_exists_or_not(api, foreign, path):
    for account in (foreign.id, 999, "abc", "9" * 40, "٣"):
        for method in ("GET", "PUT" if "PUT" in RESOURCES[path][1] else "GET"):
            answer = await api.send(method, f"/api/accounts/{account}/{path}", None)
            assert answer.status == 403


async def test_the_installer_is_told_that_an_account_does_not_exist(provisioning, account, client):
    await provisioning.users.add("root", "correct horse battery", is_installer=True)
    root = Asking(client, ("root", "correct horse battery"), account.id)
    for account_id in (999, "abc"):
        answer = await root.get(f"/api/accounts/{account_id}/realms")
        assert answer.refusal == (404, "RealmsResponse", 4022)
    assert (await root.get("realms")).status == 200


async def test_users_with_a_password_and_bearers_of_a_token_are_known(provisioning, account, client, api):
    await provisioning.users.add("root", "correct horse battery", is_installer=True)
    await provisioning.users.add("ann", "another stapled phrase", (Membership(account.id, Role.VIEWER),))
    ann = Asking(client, ("ann", "another stapled phrase"), account.id)
    assert (await ann.get("realms")).status == 200
    assert (await ann.post("realms", "<Realm/>")).status == 403
    token = await client.post(
        "/api/v1/oauth2/token", auth=api._auth, data={"grant_type": "client_credentials"}
    )
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    answer = await client.get(api.path("realms"), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", RESOURCES)
async def test_other_methods_are_405_and_the_right_ones_named(api, path):
    done = RESOURCES[path][1]
    allowed = f"{done.replace('GET', 'GET, HEAD')}, OPTIONS"
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} - set(done.split(", ")):
        answer = await api.send(method, path)
        assert (answer.status, answer.response.headers["allow"]) == (405, allowed)
        assert answer.values("ResponseStatus/Description")
    options = (await api.send("OPTIONS", path)).response
    assert (options.status_code, options.headers["allow"], options.content) == (204, allowed, b"")


async def test_head_is_get_without_a_body(api, desk):
    assert (await api.send("HEAD", "realms")).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/xml",
        "text/xml",
        "application/xml; charset=utf-8",
        "TEXT/XML;charset=UTF-8",
        'text/xml; charset="utf-8"',
        "",
    ],
)
async def test_both_xml_types_are_taken_with_or_without_charset(api, desk, content_type):
    answer = await api.post("sipcredentials", credentials(credential()), content_type=content_type)
    assert answer.status == 201


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense", "*/*"]
)
async def test_other_types_are_415(api, desk, content_type):
    for method, path in (("POST", "sipcredentials"), ("PUT", "realms/desk"), ("POST", "applications")):
        answer = await api.send(method, path, "{}", content_type=content_type)
        assert answer.status == 415
        assert "application/xml" in answer.values("ResponseStatus/Description")[0]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'<?xml version="1.0" encoding="ISO-8859-1"?>{}', "application/xml"),
        (b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{}', "application/xml"),
        (b"{}", "application/xml; charset=iso-8859-1"),
        (b'<?xml version="1.0" encoding="UTF-8"?>{}', "application/xml; charset=iso-8859-1"),
    ],
)
async def test_a_document_may_be_written_in_other_encodings(api, body, content_type):
    is_latin = b"ISO" in body or "iso" in content_type
    realm = "<Realm><Realm>desk</Realm><Default>true</Default><Description>Büro</Description></Realm>"
    document = body.replace(b"{}", realm.encode("latin-1" if is_latin else "utf-8"))
    answer = await api.post("realms", document, content_type=content_type)
    assert answer.one("Realm")["Description"] == "Büro"


async def test_a_document_may_have_a_byte_order_mark(api):
    realm = '<?xml version="1.0" encoding="UTF-16"?><Realm><Realm>desk</Realm><Default>true</Default><Description>ü</Description></Realm>'
    assert (await api.post("realms", realm.encode("utf-16"))).one("Realm")["Description"] == "ü"
    assert (await api.put("realms/desk", "\ufeff<Realm/>")).status == 200


async def test_a_document_that_is_too_large_is_413(api, desk):
    answer = await api.post("sipcredentials", b"<SipCredentials>" + b" " * 8 * 1024 * 1024)
    assert answer.status == 413
    assert answer.root.tag == "SipCredentialsResponse"


async def test_a_description_that_other_roads_let_in_is_still_xml(api, desk, provisioning, account):
    await provisioning.realms.change(account.id, "desk", description="bell \x07 & <tag> ]]>")
    assert (await api.get("realms/desk")).one("Realm")["Description"] == "bell � & <tag> ]]>"


async def test_who_tries_wrong_passwords_too_often_is_told_to_wait(provisioning, account, client):
    await provisioning.users.add("root", "correct horse battery", is_installer=True)
    guesser = Asking(client, ("root", "wrong"), account.id)
    statuses = []
    for _ in range(60):
        answer = await guesser.get("realms")
        statuses.append(answer.status)
        if answer.status == 429:
            break
    assert set(statuses) == {401, 429}
    assert answer.refusal == (429, "RealmsResponse", None)
    assert int(answer.response.headers["retry-after"]) > 0


async def test_what_a_client_accepts_changes_nothing(api, desk):
    for accepted in ("application/json", "text/html", "application/xml;q=0", "", "no type;;;"):
        response = await api._client.get(api.path("realms"), auth=api._auth, headers={"Accept": accepted})
        assert (response.status_code, response.headers["content-type"]) == (200, "application/xml")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "gzip, identity"])
async def test_compressed_documents_are_415_and_what_is_read_named(api, desk, encoding):
    body = gzip.compress(credentials(credential()).encode())
    headers = {"Content-Type": "application/xml", "Content-Encoding": encoding}
    for path, root in (("sipcredentials", "SipCredentialsResponse"), ("realms", "RealmResponse")):
        answer = Answer(await api._client.post(api.path(path), content=body, headers=headers, auth=api._auth))
        assert answer.refusal == (415, root, None)
        assert answer.response.headers["accept-encoding"] == "identity"


async def test_a_document_as_it_is_may_say_so(api, desk):
    headers = {"Content-Type": "application/xml", "Content-Encoding": "identity"}
    body = credentials(credential())
    answer = await api._client.post(api.path("sipcredentials"), content=body, headers=headers, auth=api._auth)
    assert answer.status_code == 201


async def test_conditions_are_passed_over(api, desk):
    """There are no entity tags and no dates here that could be compared."""
    for name, value in (
        ("If-Match", '"x"'),
        ("If-None-Match", "*"),
        ("If-Modified-Since", "Sat, 01 Jan 2050 00:00:00 GMT"),
        ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"),
        ("Range", "bytes=0-10"),
    ):
        headers = {name: value, "Content-Type": "application/xml"}
        path = api.path("realms/desk")
        assert (await api._client.get(path, headers=headers, auth=api._auth)).status_code == 200
        put = await api._client.put(path, headers=headers, auth=api._auth, content="<Realm/>")
        assert put.status_code == 200


@pytest.mark.parametrize("prefix", ["/api/v1", "/api/v2", "/api", "/v1.0"])
async def test_tokens_are_issued_with_and_without_a_slash_at_the_end(client, api, prefix):
    for path in (f"{prefix}/oauth2/token", f"{prefix}/oauth2/token/"):
        answer = await client.post(path, auth=api._auth, data={"grant_type": "client_credentials"})
        assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
        wrong = await client.get(path)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST, OPTIONS")
        assert wrong.json()["error"] == "invalid_request"
