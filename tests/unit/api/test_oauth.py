"""Tokens for clients (RFC 6749 §4.4)."""

import pytest

PASSWORD = "correct horse battery"
GRANT = {"grant_type": "client_credentials"}


@pytest.mark.parametrize("prefix", ["/api/v1", "/api/v2", "/api", "/v1.0"])
async def test_a_client_gets_a_token_that_works(client, key, prefix):
    answer = await client.post(f"{prefix}/oauth2/token", data=GRANT, auth=(key.key.id, key.secret))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 3600)
    bearer = {"Authorization": f"Bearer {document['access_token']}"}
    assert (await client.get("/whoami", headers=bearer)).json() == ["token", key.key.id, "billing"]


async def test_a_user_is_a_client_too_and_may_stand_in_the_form(client, alice):
    form = GRANT | {"client_id": "alice", "client_secret": PASSWORD}
    assert (await client.post("/api/v1/oauth2/token", data=form)).status_code == 200


@pytest.mark.parametrize("auth", [None, ("key-none", "x"), ("alice", "wrong")])
async def test_a_wrong_client_is_refused(client, alice, auth):
    answer = await client.post("/api/v1/oauth2/token", data=GRANT, auth=auth)
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_other_grants_are_refused(client, key, form, error):
    answer = await client.post("/api/v1/oauth2/token", data=form or {"a": "b"}, auth=(key.key.id, key.secret))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_what_is_no_form_is_refused(client, key):
    answer = await client.post("/api/v1/oauth2/token", json=GRANT, auth=(key.key.id, key.secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_form_of_many_fields_is_refused(client, key):
    form = {f"field{number}": "x" for number in range(100)}
    answer = await client.post("/api/v1/oauth2/token", data=form, auth=(key.key.id, key.secret))
    assert answer.status_code == 400


async def test_guessing_ends_in_429(client, alice):
    for _ in range(5):
        await client.post("/api/v1/oauth2/token", data=GRANT, auth=("alice", "wrong"))
    answer = await client.post("/api/v1/oauth2/token", data=GRANT, auth=("alice", PASSWORD))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_a_token_is_asked_for_with_post(client):
    assert (await client.get("/api/v1/oauth2/token")).status_code == 405
