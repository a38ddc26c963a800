"""What enemies send: each thing is refused or taken as plain text, and nothing breaks."""

import json

import pytest

from contract.native.conftest import problem
from contract.native.test_authorisation import operations_of
from trunkline.api.native.admission import MAX_JSON

INJECTIONS = (
    "' OR '1'='1", "'; DROP TABLE credentials; --", '" OR 1=1 --', "%' OR '%'='", "\\'; SELECT 1; --", "%", "_", "\\",
    "1 UNION SELECT * FROM users", "${jndi:ldap://x}", "{{7*7}}", "../../etc/passwd", "\u2028", "\U0001f600" * 20,
)  # fmt: skip
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def document():
    from starlette.routing import Mount

    from trunkline.api.native.application import PREFIX, build_native
    from trunkline.api.native.description import Description

    application = next(route.app for route in build_native(None, None) if isinstance(route, Mount))
    return Description(application, PREFIX).document


@pytest.mark.parametrize("text", INJECTIONS)
async def test_text_in_a_search_finds_nothing_and_breaks_nothing(text, document, api, alice):
    for method, path, name in operations_of(document):
        if method != "GET" or name in {"stream_events", "list_all_users"}:
            continue
        operation = document["paths"][path]["get"]
        words = [
            one["name"] for one in operation.get("parameters", [])
            if one["in"] == "query" and one["schema"].get("type") == "string" and "enum" not in one["schema"]
        ]  # fmt: skip
        for word in words:
            where = path.format(account=api.account_id, **dict.fromkeys(_names(path), "1"))
            answer = await api.get(where, params={word: text})
            assert answer.status_code in {200, 404, 422}, (name, word, answer.text)
            if name == "list_credentials" and word == "search":
                assert answer.json()["items"] == [], "no wildcard of SQL is one here"


@pytest.mark.parametrize("text", [*INJECTIONS, "a\0b", "a\nb", "1" * 400, "-1", "1e9", "\ud800"])
async def test_text_in_a_path_is_a_name_that_nobody_has(text, document, api, alice):
    from urllib.parse import quote

    encoded = quote(text.encode("utf-8", "surrogatepass"), safe="")
    for method, path, name in operations_of(document):
        names = _names(path)
        if not names or method != "GET":
            continue
        answer = await api.get(path.format(account=api.account_id, **dict.fromkeys(names, encoded)))
        assert answer.status_code in {200, 404, 422}, (name, answer.text)
        if answer.status_code == 200:
            assert name in {"show_registration", "show_timeline"}


def _names(path):
    import re

    return [name for name in re.findall(r"{(\w+)}", path) if name != "account"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe\xfd", 400),
        (b"[" * 60_000, 400),
        (b'{"username":' * 5_000, 400),
        (b'{"username": "a\\u0000b"}', 422),
        (b'{"username": "a\\ud800b"}', 422),
        (b'{"username": "a", "limits": {"concurrent_calls": ' + b"9" * 5000 + b"}}", 400),
        (b'{"username": "a", "limits": {"concurrent_calls": 1' + b"0" * 300 + b"}}", 422),
        (b'{"username": "a", "limits": {"calls_per_second": 1e999}}', 422),
        (b'{"username": "a", "limits": {"calls_per_second": NaN}}', 422),
        (b'{"username": "a", "limits": {"concurrent_calls": 1.5}}', 422),
        (b'{"username": "a", "limits": {"concurrent_calls": true}}', 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"", 422),
        (b'{"username": ' + b'"' + b"a" * 60_000 + b'"}', 422),
    ],
    ids=range(16),
)
async def test_hostile_bodies_are_refused_as_theirs(body, status, api, desk):
    answer = await api.post("credentials", content=body, headers=JSON)
    assert problem(answer)[0] == status
    assert (await api.get("credentials")).json()["items"] == []


async def test_a_large_body_is_not_read_to_its_end(api, desk):
    body = json.dumps({"username": "a" * MAX_JSON}).encode()
    assert problem(await api.post("credentials", content=body, headers=JSON)) == (413, "content-too-large")

    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 4096
            yield b" " * 4096

    assert problem(await api.post("credentials", content=endless(), headers=JSON)) == (
        413,
        "content-too-large",
    )
    assert sent < 2 * MAX_JSON


async def test_a_form_is_no_json(api, desk):
    answer = await api.post("credentials", data={"username": "carol"})
    assert problem(answer) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "extra", ["account_id", "id", "realm_id", "created_at", "secrets", "is_installer", "memberships"]
)
async def test_nothing_can_be_set_that_is_not_offered(extra, api, alice):
    for path, wish in (
        ("credentials", {"username": "x"}), ("realms", {"label": "x"}), ("users", {"name": "x", "role": "owner"}),
        ("keys", {"name": "x", "role": "owner"}), ("applications", {"name": "x"}),
        ("trunks", {"name": "x", "targets": [{"uri": "sip:192.0.2.1"}]}),
        ("numbers", {"number": "+15550100199", "destination": "sip:alice"}),
    ):  # fmt: skip
        answer = await api.post(path, wish | {extra: 1})
        assert problem(answer) == (422, "invalid-request"), path
    answer = await api.patch("credentials/alice", {extra: 1})
    assert problem(answer) == (422, "invalid-request")


async def test_numbers_out_of_every_range_are_refused(api, desk):
    for path in ("credentials?limit=0", "credentials?limit=201", "credentials?limit=9" + "9" * 30, "cdrs?status=-1",
                 "cdrs?at_least_s=nan", "cdrs?at_least_s=inf", "cdrs?credential_id=99999999999999999999",
                 "cdrs?since=10000-01-01T00:00:00Z", "cdrs?since=yesterday", "events?kinds=x", "users/0",
                 "users/99999999999999999999", "events?after=x", "credential-imports/99999999999999999999"):  # fmt: skip
        assert problem(await api.get(path))[0] == 422, path
    for path in ("cdrs?since=0001-01-01T00:00:00Z", "audit?until=9999-12-31T23:59:59Z"):
        assert (await api.get(path)).status_code == 200, path


async def test_a_field_name_comes_back_as_harmless_text(api, desk):
    answer = await api.post("credentials", {"username": "a", "<script>\u202e": 1})
    assert problem(answer) == (422, "invalid-request")
    assert "\u202e" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_other_methods_are_told_which_are_spoken(api, desk):
    for method in ("PUT", "TRACE", "PATCH"):
        answer = await api.send(method, "realms")
        assert problem(answer) == (405, "method-not-allowed")
        assert answer.headers["allow"]
    assert problem(await api.get("/accounts/1000001/nothing")) == (404, "not-found")
