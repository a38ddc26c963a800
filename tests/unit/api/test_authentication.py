"""Who sends a request."""

import base64

import pytest

from trunkline.api.authentication import basic_credentials

PASSWORD = "correct horse battery"


async def test_a_user_and_a_key_are_known_by_basic(client, alice, key):
    assert (await client.get("/whoami", auth=("alice", PASSWORD))).json() == ["user", str(alice.id), "alice"]
    assert (await client.get("/whoami", auth=(key.key.id, key.secret))).json() == [
        "key",
        key.key.id,
        "billing",
    ]


async def test_a_key_and_a_token_are_known_as_bearers(client, gate, alice, key):
    token = await gate.access.issue_token(alice.principal)
    for text, kind in ((key.bearer, "key"), (token.text, "token")):
        for scheme in ("Bearer", "bearer"):
            found = await client.get("/whoami", headers={"Authorization": f"{scheme} {text}"})
            assert found.json()[0] == kind


@pytest.mark.parametrize(
    "header",
    [
        "", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"alice").decode(), "Bearer", "Bearer .", "Bearer key-.",
        "Digest username=alice", "Basic " + base64.b64encode(b"\xff\xfe:x").decode(), "Basic " + "QUFB" * 5000,
        "Basic " + base64.b64encode(b"alice:wrong").decode(), "Basic " + base64.b64encode(b"key-none:x").decode(),
    ],
)  # fmt: skip
async def test_whoever_proves_nothing_is_nobody(client, alice, header):
    found = await client.get("/whoami", headers={"Authorization": header} if header else {})
    assert found.status_code == 401


def test_a_password_may_have_colons_and_other_letters():
    text = base64.b64encode("zoë:a:b:ç".encode()).decode()
    assert basic_credentials(f"basic {text}") == ("zoë", "a:b:ç")


async def test_too_many_wrong_passwords_are_answered_429(client, client_from, alice):
    for _ in range(5):
        assert (await client.get("/whoami", auth=("alice", "wrong"))).status_code == 401
    refused = await client.get("/whoami", auth=("alice", PASSWORD))
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "900"
    elsewhere = client_from("192.0.2.2")
    assert (await elsewhere.get("/whoami", auth=("alice", PASSWORD))).status_code == 200


async def test_a_principal_that_asks_too_fast_is_answered_429_wherever_from(client_from, key, clock):
    answers = []
    for number in range(21):
        client = client_from(f"192.0.2.{number}")
        answers.append(await client.get("/whoami", auth=(key.key.id, key.secret)))
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    clock.time += 1
    assert (await client.get("/whoami", auth=(key.key.id, key.secret))).status_code == 200
