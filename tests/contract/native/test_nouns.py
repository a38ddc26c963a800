"""What is created, looked at, changed and removed by JSON, noun by noun."""

import re

import pytest

from contract.native.conftest import ALICE, BOB, fields, problem
from fakes.operations import OURS
from trunkline.domain.credential import hash_pair

A_MOMENT = 2
"""Who asks often is looked up once a second."""


async def walk(api, path, limit):
    """Every item of a list, page by page."""
    found, after = [], ""
    while True:
        mark = "&" if "?" in path else "?"
        page = (await api.get(f"{path}{mark}limit={limit}" + (f"&after={after}" if after else ""))).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        after = page["next"]
        if after is None:
            return found


async def test_the_first_realm_becomes_the_default_and_another_takes_over(api):
    first = await api.post("realms", {"label": "desk"})
    assert first.status_code == 201
    assert first.json()["is_default"]
    assert (await api.get(first.headers["location"])).json()["name"] == first.json()["name"]
    second = (await api.post("realms", {"name": "hall.example"})).json()
    assert not second["is_default"]
    changed = await api.patch(f"realms/{second['id']}", {"is_default": True, "description": "Hall"})
    assert (changed.json()["is_default"], changed.json()["description"]) == (True, "Hall")
    assert not (await api.get("realms/desk")).json()["is_default"]
    assert problem(await api.patch("realms/hall.example", {"is_default": False})) == (409, "default-realm")
    assert problem(await api.delete("realms/hall.example")) == (409, "default-realm")
    assert (await api.delete("realms/desk")).status_code == 204
    assert problem(await api.get("realms/desk")) == (404, "unknown-realm")


async def test_a_realm_with_credentials_goes_by_force_only(api, alice):
    assert (await api.get("realms/atlanta.example")).json()["credentials"] == 1
    assert problem(await api.delete("realms/atlanta.example")) == (409, "realm-in-use")
    assert (await api.delete("realms/atlanta.example?force=true")).status_code == 204
    assert problem(await api.get(f"credentials/{alice['id']}")) == (404, "unknown-credential")


async def test_a_generated_password_is_shown_once_and_fits_the_hashes(api, desk):
    answer = await api.post("credentials", {"username": "carol"})
    password = answer.json()["password"]
    assert len(password) >= 16
    shown = await api.get(answer.headers["location"])
    assert "password" not in shown.json()
    assert password not in shown.text
    md5 = (await api.get("credentials/carol/hashes")).json()["hashes"][0]
    expected = hash_pair("md5", "carol", "atlanta.example", password)
    assert (md5["hash1"], md5["hash1b"]) == (expected.hash1, expected.hash1b)


async def test_a_credential_is_created_with_everything_it_may_do(api, desk):
    application = (await api.post("applications", {"name": "reception"})).json()
    wish = {
        "username": "carol", "domain": "chicago.example", "realm": "atlanta.example",
        "hash1": "0" * 32, "hash1b": "1" * 32, "application": "reception", "enabled": False,
        "caller_id_rule": "fixed", "caller_id": "+1 555 010 0199", "media": "direct",
        "limits": {"concurrent_calls": 2, "calls_per_second": 0.5, "destinations": ["+1", "-+1900"], "bindings": 3},
    }  # fmt: skip
    answer = await api.post("credentials", wish)
    made = answer.json()
    assert answer.status_code == 201, made
    assert made["password"] is None
    assert made["digest_username"] == "carol@chicago.example"
    assert made["aor"] == "carol@chicago.example@atlanta.example"
    assert (made["enabled"], made["application_id"], made["media"]) == (False, application["id"], "direct")
    assert (made["caller_id_rule"], made["caller_id"]) == ("fixed", "+15550100199")
    assert made["limits"] == {"longest_call_s": None} | wish["limits"]
    assert made["secrets"][0]["algorithms"] == ["MD5"]


async def test_hash1_alone_is_taken_and_said_to_answer_less(api, desk):
    made = (await api.post("credentials", {"username": "carol", "hash1": "0" * 32})).json()
    assert made["secrets"][0]["answers_user_at_realm"] is False


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({}, "invalid-request", "username"),
        ({"username": ""}, "invalid-username", "username"),
        ({"username": "a" * 33}, "username-too-long", "username"),
        ({"username": "a b"}, "invalid-username", "username"),
        ({"username": "a", "domain": "-"}, "invalid-domain", "domain"),
        ({"username": "a", "password": ""}, "invalid-password", "password"),
        ({"username": "a", "hash1": "0" * 31}, "invalid-hash", "hash1"),
        ({"username": "a", "hash1": "0" * 32, "hash1b": "x"}, "invalid-hash", "hash1b"),
        ({"username": "a", "password": "b", "hash1": "0" * 32}, "invalid-request", "body"),
        ({"username": "a", "realm": "nowhere"}, "unknown-realm", "realm"),
        ({"username": "a", "application": "none"}, "unknown-application", "application"),
        ({"username": "a", "caller_id_rule": "fixed"}, "invalid-caller-id", "caller_id"),
        ({"username": "a", "caller_id_rule": "none"}, "invalid-request", "caller_id_rule"),
        ({"username": "a", "limits": {"destinations": ["1"]}}, "invalid-limit", "limits"),
        ({"username": "a", "limits": {"bindings": 0}}, "invalid-request", "limits.bindings"),
        ({"username": "a", "enabled": "yes"}, "invalid-request", "enabled"),
        ({"username": "a", "account_id": 1000002}, "invalid-request", "account_id"),
        ({"username": "a", "id": 7}, "invalid-request", "id"),
    ],
)
async def test_what_is_wrong_with_a_credential_is_named_with_its_field(wish, code, field, api, desk):
    answer = await api.post("credentials", wish)
    assert problem(answer) == (422, code)
    assert fields(answer) == [field]


async def test_the_same_name_is_refused_in_any_case(api, alice):
    answer = await api.post("credentials", {"username": "ALICE"})
    assert problem(answer) == (409, "credential-exists")
    assert fields(answer) == ["username"]


async def test_a_change_leaves_what_it_does_not_name(api, alice):
    path = f"credentials/{alice['id']}"
    await api.patch(path, {"limits": {"concurrent_calls": 2}})
    await api.patch(path, {"caller_id_rule": "fixed", "caller_id": "+15550100199"})
    await api.patch(path, {"enabled": False})
    shown = (await api.get(path)).json()
    assert (shown["enabled"], shown["limits"]["concurrent_calls"]) == (False, 2)
    assert shown["caller_id"] == "+15550100199"
    assert (await api.patch(path, {"caller_id_rule": "any"})).json()["caller_id"] == ""


async def test_a_rotation_leaves_two_secrets_with_the_end_of_the_first_and_its_last_use(
    api, alice, operations, clock
):
    path = f"credentials/{alice['id']}"
    clock.advance(60)
    rotated = await api.post(f"{path}/rotation", {"overlap_s": 3600})
    assert rotated.json()["password"]
    operations.secret_uses.used(alice["id"], 1, clock.now() + 5)
    secrets = (await api.get(path)).json()["secrets"]
    assert [secret["valid_until"] for secret in secrets] == [None, "2023-11-14T23:14:20Z"]
    assert [secret["last_used_at"] for secret in secrets] == [None, "2023-11-14T22:14:25Z"]
    again = (await api.post(f"{path}/rotation", {"password": "another-horse"})).json()
    assert again["password"] is None
    assert len(again["secrets"]) == 1
    assert problem(await api.post(f"{path}/rotation", {"overlap_s": 1e9})) == (422, "invalid-request")


async def test_credentials_are_paged_searched_and_turned_round(api, desk):
    for number in range(7):
        await api.post("credentials", {"username": f"user{number}", "password": "correct-horse"})
    names = [one["username"] for one in await walk(api, "credentials", 3)]
    assert names == [f"user{number}" for number in range(7)]
    assert [one["username"] for one in await walk(api, "credentials?newest_first=true", 3)] == names[::-1]
    assert [one["username"] for one in await walk(api, "credentials?search=SER3", 3)] == ["user3"]
    assert len(await walk(api, "credentials?realm=atlanta.example", 4)) == 7
    assert problem(await api.get("credentials?realm=nowhere")) == (422, "unknown-realm")


@pytest.mark.parametrize("cursor", ["!", "AAAA", "%00", "MTAx" * 9, "LTE", "4pyT", "Og"])
async def test_a_cursor_that_no_page_gave_is_refused(cursor, api, alice):
    for path in ("credentials", "audit", "keys", "cdrs", "rejections"):
        answer = await api.get(f"{path}?after={cursor}")
        assert problem(answer)[0] == 422, (path, answer.text)


async def test_applications_keep_their_passwords_to_themselves(api):
    wish = {"name": "reception", "call_initiated_url": "https://app.example/calls", "callback_username": "u",
            "callback_password": "very-secret-word", "callback_timeout_s": 5.0}  # fmt: skip
    made = await api.post("applications", wish)
    assert made.status_code == 201
    assert "very-secret-word" not in made.text
    assert made.json()["has_callback_password"]
    changed = (await api.patch("applications/reception", {"callback_username": "v"})).json()
    assert (changed["callback_username"], changed["has_callback_password"]) == ("v", False)
    assert changed["call_initiated_url"] == "https://app.example/calls"
    assert problem(await api.post("applications", {"name": "RECEPTION"})) == (409, "application-exists")
    answer = await api.patch("applications/reception", {"call_initiated_url": "ftp://x"})
    assert problem(answer) == (422, "invalid-url")
    assert (await api.delete("applications/reception")).status_code == 204


async def test_an_application_that_is_used_stays(api, alice):
    await api.post("applications", {"name": "reception"})
    await api.patch("credentials/alice", {"application": "reception"})
    assert problem(await api.delete("applications/reception")) == (409, "application-in-use")
    await api.patch("credentials/alice", {"application": ""})
    assert (await api.delete("applications/reception")).status_code == 204


async def test_trunks_keep_what_a_change_does_not_name_and_never_show_a_login(api):
    wish = {
        "name": "chicago", "targets": [{"uri": "sip:192.0.2.9", "priority": 2}], "prefixes": ["+1312"],
        "allowed_ips": ["192.0.2.0/24"], "limits": {"concurrent_calls": 30}, "ring_timeout_s": 30,
        "login": {"username": "me", "realm": "carrier.example", "password": "very-secret-word"},
    }  # fmt: skip
    made = await api.post("trunks", wish)
    assert made.status_code == 201, made.text
    assert "very-secret-word" not in made.text
    changed = (await api.patch("trunks/chicago", {"enabled": False})).json()
    assert changed == made.json() | {"enabled": False}
    assert (await api.patch("trunks/chicago", {"login": None})).json()["login"] is None
    answer = await api.patch("trunks/chicago", {"targets": [{"uri": "http://x"}]})
    assert (problem(answer), fields(answer)) == ((422, "invalid-target"), ["targets"])
    assert problem(await api.post("trunks", wish)) == (409, "trunk-exists")
    assert problem(await api.post("trunks", wish | {"name": "b"})) == (409, "network-taken")
    assert (await api.delete("trunks/chicago")).status_code == 204


async def test_numbers_lead_where_they_are_pointed(api, alice):
    await api.post("trunks", {"name": "chicago", "targets": [{"uri": "sip:192.0.2.9"}]})
    made = await api.post("numbers", {"number": "(555) 010-0199", "destination": f"sip:{ALICE}"})
    assert made.json() | {"created_at": ""} == {
        "number": "+15550100199", "kind": "device", "destination": ALICE, "created_at": "",
    }  # fmt: skip
    assert problem(await api.delete("credentials/alice")) == (409, "credential-in-use")
    moved = (await api.patch("numbers/+15550100199", {"destination": "trunk:chicago"})).json()
    assert moved["kind"] == "trunk"
    answer = await api.patch("numbers/+15550100199", {"destination": "app:none"})
    assert (problem(answer), fields(answer)) == ((422, "unknown-application"), ["application"])
    assert (await api.delete("numbers/+15550100199")).status_code == 204
    assert problem(await api.get("numbers/+15550100199")) == (404, "unknown-number")


async def test_lists_of_all_nouns_are_walked_page_by_page(api, alice):
    for number in range(3):
        target = [{"uri": "sip:192.0.2.9"}]
        assert (await api.post("trunks", {"name": f"t{number}", "targets": target})).status_code == 201
        await api.post("numbers", {"number": f"+1555010010{number}", "destination": f"sip:{ALICE}"})
        await api.post("applications", {"name": f"a{number}"})
        await api.post("realms", {"name": f"r{number}.example"})
        await api.post("keys", {"name": f"k{number}", "role": "viewer"})
    assert [one["name"] for one in await walk(api, "trunks", 2)] == ["t0", "t1", "t2"]
    assert [one["number"][-1] for one in await walk(api, "numbers", 2)] == ["0", "1", "2"]
    assert sorted(one["name"] for one in await walk(api, "applications", 2)) == ["a0", "a1", "a2"]
    assert [one["name"] for one in await walk(api, "realms", 2)][1:] == [f"r{n}.example" for n in range(3)]
    assert sorted(one["name"] for one in await walk(api, "keys", 2)) == ["k0", "k1", "k2", "owner"]
    codes = await walk(api, "rejection-codes", 7)
    assert len(codes) == len({one["code"] for one in codes}) > 30
    assert len(await walk(api, "audit", 2)) == len(await walk(api, "audit", 200)) > 15


async def test_keys_show_their_secret_once_and_open_nothing_when_revoked(api, clock):
    made = (await api.post("keys", {"name": "billing", "role": "viewer"})).json()
    headers = {"Authorization": f"Bearer {made['bearer']}"}
    assert (await api.get("/me", auth=None, headers=headers)).json()["name"] == "billing"
    shown = await api.get(f"keys/{made['id']}")
    assert made["secret"] not in shown.text
    assert shown.json()["last_used_at"] is not None
    assert (await api.delete(f"keys/{made['id']}")).json()["revoked"] is True
    clock.advance(A_MOMENT)
    assert problem(await api.get("/me", auth=None, headers=headers)) == (401, "unauthenticated")
    past = {"name": "old", "role": "viewer", "expires_at": "2000-01-01T00:00:00Z"}
    assert problem(await api.post("keys", past)) == (422, "invalid-expiry")


async def test_users_get_roles_and_leave(api, provisioning, clock):
    await provisioning.users.add("boss", None)
    made = (await api.post("users", {"name": "bob", "role": "viewer"})).json()
    assert made["password"]
    path = f"users/{made['id']}"
    auth = ("bob", made["password"])
    assert (await api.get("realms", auth=auth)).status_code == 200
    assert problem(await api.post("realms", {"label": "x"}, auth=auth)) == (403, "forbidden")
    assert (await api.patch(path, {"role": "operator"})).json()["role"] == "operator"
    clock.advance(A_MOMENT)
    assert (await api.post("realms", {"label": "x"}, auth=auth)).status_code == 201
    fresh = (await api.post(f"{path}/password", {})).json()["password"]
    clock.advance(A_MOMENT)
    assert problem(await api.get("realms", auth=auth)) == (401, "unauthenticated")
    assert (await api.patch(path, {"enabled": False})).json()["enabled"] is False
    clock.advance(A_MOMENT)
    assert problem(await api.get("realms", auth=("bob", fresh))) == (401, "unauthenticated")
    answer = await api.post("users", {"name": "carol", "role": "viewer", "password": "short"})
    assert (problem(answer), fields(answer)) == ((422, "weak-password"), ["password"])
    assert (await api.delete(path)).status_code == 204
    assert problem(await api.get(path)) == (404, "unknown-user")


async def test_owners_stay(api, provisioning, account):
    await provisioning.users.add("boss", None)
    wishes = ({"name": "alice", "role": "owner"}, {"name": "bob", "role": "viewer"})
    alice, bob = [(await api.post("users", wish)).json() for wish in wishes]
    path, own = f"users/{alice['id']}", {"auth": ("alice", alice["password"])}
    for change in ({"role": "viewer"}, {"enabled": False}):
        assert problem(await api.patch(path, change)) == (409, "last-owner")
        assert problem(await api.patch(path, change, **own)) == (409, "own-rights")
    assert problem(await api.delete(path)) == (409, "last-owner")
    answer = await api.delete(path, **own)
    assert problem(answer) == (409, "own-rights")
    assert "another owner has to do it" in answer.json()["detail"]
    assert (await api.patch(f"users/{bob['id']}", {"role": "owner"})).status_code == 200
    assert (await api.delete(path)).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "realms/99",
        "credentials/99",
        "applications/none",
        "trunks/none",
        "numbers/+15550100199",
        "users/99",
        "webhooks/none",
    ],
)
async def test_what_is_unknown_is_told_without_a_command(api, path):
    answer = await api.get(path)
    assert answer.status_code == 404
    assert not re.search(r"--[a-z]|\btrunkline ", f"{answer.json()['detail']} {answer.json()['cure']}")


async def test_the_audit_log_says_who_did_what_from_where(api, alice):
    await api.patch("credentials/alice", {"enabled": False})
    newest = (await api.get("audit?noun=credential&limit=1")).json()["items"][0]
    assert (newest["actor_name"], newest["action"], newest["key"]) == ("owner", "changed", ALICE)
    assert newest["changes"] == [{"field": "enabled", "old": True, "new": False}]
    assert newest["source"] == "127.0.0.1"
    assert "correct-horse" not in (await api.get("audit")).text
    assert (await api.get(f"audit?key={BOB}")).json()["items"] == []


async def test_an_account_is_renamed(api, account):
    changed = (await api.patch("", {"name": "Georgia", "country": "de"})).json()
    assert (changed["id"], changed["name"], changed["country"]) == (OURS, "Georgia", "DE")
    answer = await api.patch("", {"country": "XX"})
    assert (problem(answer), fields(answer)) == ((422, "invalid-country"), ["country"])
