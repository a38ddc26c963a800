"""Entity tags, idempotency keys and rates: what keeps clients from doing things twice, or over each other."""

import asyncio

import pytest

from contract.conftest import POSTGRESQL
from contract.native.conftest import problem
from trunkline.api.rate_limit import Rate
from trunkline.domain.principal import Principal, PrincipalKind
from trunkline.domain.role import Role


@pytest.fixture(params=["sqlite", POSTGRESQL])
def store_url(request):
    """What happens at the same time is decided by the database."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


async def test_a_change_is_refused_when_somebody_was_faster(api, alice):
    path = f"credentials/{alice['id']}"
    seen = (await api.get(path)).headers["etag"]
    changed = await api.patch(path, {"enabled": False}, headers={"If-Match": seen})
    assert changed.status_code == 200
    assert changed.headers["etag"] != seen
    again = await api.patch(path, {"enabled": True}, headers={"If-Match": seen})
    assert problem(again) == (412, "changed-meanwhile")
    assert problem(await api.delete(path, headers={"If-Match": seen})) == (412, "changed-meanwhile")
    assert (await api.get(path)).json()["enabled"] is False
    fresh = changed.headers["etag"]
    assert (await api.delete(path, headers={"If-Match": f'"other", W/{fresh}'})).status_code == 204


async def test_every_changeable_resource_has_a_tag_and_heeds_it(api, alice, provisioning):
    await provisioning.users.add("boss", None)
    await api.post("applications", {"name": "app"})
    await api.post("trunks", {"name": "t", "targets": [{"uri": "sip:192.0.2.1"}]})
    await api.post("numbers", {"number": "+15550100100", "destination": "sip:alice"})
    user = (await api.post("users", {"name": "bob", "role": "viewer"})).json()["id"]
    changes = {
        "": {"name": "x"}, "realms/atlanta.example": {"description": "x"}, "credentials/alice": {"enabled": False},
        "applications/app": {"callback_username": "y"}, "trunks/t": {"plus": False}, "users/" + str(user): {"role": "operator"},
        "numbers/+15550100100": {"destination": "app:app"},
    }  # fmt: skip
    for path, change in changes.items():
        tag = (await api.get(path)).headers["etag"]
        assert (await api.get(path, headers={"If-None-Match": tag})).status_code == 304, path
        assert problem(await api.patch(path, change, headers={"If-Match": '"other"'}))[0] == 412, path
        answer = await api.patch(path, change, headers={"If-Match": tag})
        assert answer.status_code == 200, (path, answer.text)
        assert (await api.get(path)).headers["etag"] == answer.headers["etag"] != tag, path


async def test_changes_at_the_same_time_are_all_kept(api, alice):
    path = f"credentials/{alice['id']}"
    changes = [{"enabled": False}, {"media": "direct"}, {"limits": {"concurrent_calls": 3}}]
    answers = await asyncio.gather(*(api.patch(path, change) for change in changes))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    shown = (await api.get(path)).json()
    assert (shown["enabled"], shown["media"], shown["limits"]["concurrent_calls"]) == (False, "direct", 3)


async def test_of_changes_at_the_same_time_with_the_same_tag_only_one_is_made(api, alice):
    path = f"credentials/{alice['id']}"
    headers = {"If-Match": (await api.get(path)).headers["etag"]}
    changes = [{"enabled": False}, {"media": "direct"}, {"limits": {"concurrent_calls": 3}}]
    answers = await asyncio.gather(*(api.patch(path, change, headers=headers) for change in changes))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


async def test_a_use_of_a_key_is_no_change_of_it(api):
    made = (await api.post("keys", {"name": "k", "role": "viewer"})).json()
    tag = (await api.get(f"keys/{made['id']}")).headers["etag"]
    await api.get("/me", auth=(made["id"], made["secret"]))
    assert (await api.get(f"keys/{made['id']}")).json()["last_used_at"] is not None
    assert (await api.delete(f"keys/{made['id']}", headers={"If-Match": tag})).status_code == 200


async def test_a_repeated_request_is_answered_but_not_done_again(api, desk):
    headers = {"Idempotency-Key": "9b2f"}
    first = await api.post("credentials", {"username": "carol"}, headers=headers)
    second = await api.post("credentials", {"username": "carol"}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert len((await api.get("credentials")).json()["items"]) == 1
    assert first.json()["password"]
    assert second.json() == first.json() | {"password": None}


async def test_no_secret_is_kept_with_an_answer(api, desk, store):
    password = (await api.post("credentials", {"username": "carol"}, headers={"Idempotency-Key": "a"})).json()
    key = (await api.post("keys", {"name": "k", "role": "viewer"}, headers={"Idempotency-Key": "b"})).json()
    async with store.reading() as rows:
        kept = [await rows.idempotent_requests.get(api.auth[0], name) for name in ("a", "b")]
    text = "".join(one.body for one in kept)
    assert "carol" in text
    assert password["password"] not in text
    assert key["secret"] not in text


async def test_a_key_stands_for_one_request(api, desk):
    headers = {"Idempotency-Key": "9b2f"}
    await api.post("credentials", {"username": "carol"}, headers=headers)
    other = await api.post("credentials", {"username": "dave"}, headers=headers)
    assert problem(other) == (422, "idempotency-key-reused")
    elsewhere = await api.post("applications", {"name": "carol"}, headers=headers)
    assert problem(elsewhere) == (422, "idempotency-key-reused")


async def test_no_fast_hash_of_a_password_is_kept(api, provisioning):
    """Of a user's password only the slow one is: so two requests that differ in it alone count as one."""
    await provisioning.users.add("boss", None)
    for password in ("correct horse battery", "other horse battery"):
        wish = {"name": "bob", "role": "viewer", "password": password}
        answer = await api.post("users", wish, headers={"Idempotency-Key": "9b2f"})
        assert answer.status_code == 201, answer.text
    assert answer.headers["idempotent-replayed"] == "true"


async def test_a_refused_request_frees_its_key(api, desk):
    headers = {"Idempotency-Key": "9b2f"}
    assert (await api.post("credentials", {"username": ""}, headers=headers)).status_code == 422
    assert (await api.post("credentials", {"username": "carol"}, headers=headers)).status_code == 201


async def test_the_same_request_at_the_same_time_is_done_once(api, desk):
    headers = {"Idempotency-Key": "9b2f"}
    asked = (api.post("credentials", {"username": "carol"}, headers=headers) for _ in range(5))
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len((await api.get("credentials")).json()["items"]) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer) == (409, "idempotency-key-in-use")


async def test_keys_of_different_principals_are_different_keys(api, asking_as, desk):
    other = await asking_as(Role.OPERATOR)
    headers = {"Idempotency-Key": "9b2f"}
    assert (await api.post("credentials", {"username": "carol"}, headers=headers)).status_code == 201
    assert (await other.post("credentials", {"username": "dave"}, headers=headers)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_that_is_none_is_refused(key, api, desk):
    answer = await api.post("credentials", {"username": "carol"}, headers={"Idempotency-Key": key})
    assert problem(answer) == (422, "invalid-idempotency-key")


async def test_a_request_without_an_answer_may_be_sent_again_after_a_while(api, desk, provisioning, clock):
    keys = provisioning.acting_as(Principal(PrincipalKind.KEY, api.auth[0], ""), "").idempotency
    assert await keys.begin("9b2f", "some digest") is None
    headers = {"Idempotency-Key": "9b2f"}
    assert (await api.post("credentials", {"username": "carol"}, headers=headers)).status_code == 422
    clock.advance(121)
    assert (await api.post("credentials", {"username": "carol"}, headers=headers)).status_code == 201


@pytest.mark.parametrize("of_principal", [Rate(2.0, 4.0)])
async def test_rates_are_told_and_kept(api, clock):
    first = await api.get("/me")
    assert (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]) == ("4", "3")
    assert first.headers["ratelimit-reset"] == "1"
    for _ in range(3):
        last = await api.get("/me")
    assert last.headers["ratelimit-remaining"] == "0"
    refused = await api.get("/me")
    assert problem(refused) == (429, "too-many-requests")
    assert refused.headers["retry-after"] == "1"
    clock.advance(1)
    assert (await api.get("/me")).status_code == 200
