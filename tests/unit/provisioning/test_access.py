"""Who somebody is, by password, by key and by token."""

import asyncio
import base64
import json

import jwt
import pytest

from trunkline.domain.principal import Membership, PrincipalKind
from trunkline.domain.role import Role
from trunkline.provisioning.access import TOKEN_LIFETIME_S, AccessControl
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.recently import KEPT_S
from trunkline.provisioning.wrong_tries import (
    TRIES_OF_NAME,
    TRIES_OF_NAME_EVERYWHERE,
    TRIES_OF_SOURCE,
    WINDOW_S,
    TooManyTries,
    neighbourhood,
)

PASSWORD = "correct horse battery"
HERE, THERE = "192.0.2.1", "192.0.2.2"


class CountedHashes(PasswordHashes):
    """Counts what was computed."""

    def __init__(self):
        super().__init__(passes=1, memory_kib=8)
        self.checked = 0

    async def fits(self, password, password_hash):
        self.checked += 1
        return await super().fits(password, password_hash)


@pytest.fixture
def counted():
    return CountedHashes()


@pytest.fixture
def access(store, clock, tokens, counted):
    return AccessControl(store, clock, tokens, counted)


@pytest.fixture
async def alice(provisioning, account):
    await provisioning.users.add("root", None)
    return (await provisioning.users.add("Alice", PASSWORD, (Membership(account.id, Role.OPERATOR),))).user


@pytest.fixture
async def key(provisioning, account, clock):
    return await provisioning.api_keys.add(
        account.id, "billing", Role.VIEWER, expires_at=clock.now() + 86_400
    )


async def test_a_user_is_known_by_name_and_password(access, alice):
    assert await access.by_password("alice", PASSWORD, HERE) == alice.principal
    for name, password in [
        ("alice", PASSWORD + "x"), ("alice", ""), ("mallory", PASSWORD), ("", ""), ("alice", "x" * 10_000),
    ]:  # fmt: skip
        assert await access.by_password(name, password, THERE) is None


async def test_a_user_who_is_switched_off_is_nobody_within_a_second(access, alice, provisioning, clock):
    await access.by_password("alice", PASSWORD, HERE)
    await provisioning.users.enable("alice", enabled=False)
    assert await access.by_password("alice", PASSWORD, THERE) is None
    clock.time += KEPT_S
    assert await access.by_password("alice", PASSWORD, HERE) is None


async def test_an_unknown_user_costs_as_much_as_a_wrong_password(access, alice, counted):
    await access.by_password("mallory", PASSWORD, HERE)
    assert counted.checked == 1
    await access.by_password("alice", "wrong", HERE)
    assert counted.checked == 2


async def test_a_password_that_was_right_is_not_computed_again_for_a_while(access, alice, counted, clock):
    for _ in range(5):
        assert await access.by_password("alice", PASSWORD, HERE) is not None
    assert counted.checked == 1
    await access.by_password("alice", PASSWORD, THERE)
    assert counted.checked == 2
    clock.time += 301
    await access.by_password("alice", PASSWORD, HERE)
    assert counted.checked == 3


async def test_another_password_ends_what_was_remembered_of_the_old_one(access, alice, provisioning, clock):
    await access.by_password("alice", PASSWORD, HERE)
    await provisioning.users.set_password("alice", "battery staple horse")
    assert await access.by_password("alice", "battery staple horse", HERE) is not None
    assert await access.by_password("alice", PASSWORD, HERE) is None
    clock.time += KEPT_S
    assert await access.by_password("alice", "battery staple horse", HERE) is not None


@pytest.mark.parametrize("name", ["alice", "mallory"])
async def test_a_name_has_so_many_tries_from_one_address(access, alice, counted, clock, name):
    for _ in range(TRIES_OF_NAME):
        assert await access.by_password(name, "wrong", HERE) is None
    with pytest.raises(TooManyTries, match="too many failed sign-ins; try again in 900 seconds"):
        await access.by_password(name, PASSWORD, HERE)
    assert counted.checked == TRIES_OF_NAME
    assert (await access.by_password(name, PASSWORD, THERE) is None) is (name == "mallory")
    clock.time += WINDOW_S
    await access.by_password(name, PASSWORD, HERE)


async def test_an_address_has_so_many_tries_whatever_the_names(access, alice):
    for number in range(TRIES_OF_SOURCE):
        await access.by_password(f"user{number}", "wrong", HERE)
    with pytest.raises(TooManyTries):
        await access.by_password("alice", PASSWORD, HERE)
    assert await access.by_password("alice", PASSWORD, THERE) is not None


async def test_addresses_of_one_ipv6_network_are_one(access, alice):
    for number in range(TRIES_OF_SOURCE):
        await access.by_password(f"user{number}", "wrong", f"2001:db8:0:1::{number:x}")
    with pytest.raises(TooManyTries):
        await access.by_password("alice", PASSWORD, "2001:db8:0:1:ffff::1")
    assert await access.by_password("alice", PASSWORD, "2001:db8:0:2::1") is not None


@pytest.mark.parametrize(
    ("source", "near"),
    [
        ("192.0.2.1", "192.0.2.1"), ("", ""), ("2001:db8::1", "2001:db8::/64"), ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
    ],
)  # fmt: skip
def test_what_counts_as_one_address(source, near):
    assert neighbourhood(source) == near


async def test_only_so_many_wait_for_a_hash(access, alice):
    tries = [access.by_password(f"user{number}", "wrong", f"192.0.2.{number}") for number in range(200)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert 60 <= outcomes.count(None) <= 70
    assert all(isinstance(one, TooManyTries) for one in outcomes if one is not None)
    assert await access.by_password("alice", PASSWORD, HERE) is not None


async def test_a_name_has_so_many_tries_wherever_they_come_from(access, alice):
    await access.by_password("alice", PASSWORD, HERE)
    for number in range(TRIES_OF_NAME_EVERYWHERE):
        assert await access.by_password("alice", "wrong", f"198.51.100.{number}") is None
    with pytest.raises(TooManyTries):
        await access.by_password("alice", PASSWORD, "203.0.113.1")
    # Who proved himself from his own address just now is not kept out by strangers.
    assert await access.by_password("alice", PASSWORD, HERE) is not None


async def test_tries_at_once_are_counted_before_they_are_computed(access, alice, counted):
    tries = [access.by_password("alice", f"wrong {number}", HERE) for number in range(20)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert counted.checked == TRIES_OF_NAME
    assert sum(isinstance(outcome, TooManyTries) for outcome in outcomes) == 20 - TRIES_OF_NAME


async def test_a_right_password_forgets_the_wrong_ones_before(access, alice):
    for _ in range(3):
        for _ in range(TRIES_OF_NAME - 1):
            await access.by_password("alice", "wrong", HERE)
        access._proofs.clear()
        assert await access.by_password("alice", PASSWORD, HERE) is not None


async def test_when_somebody_was_seen_is_written_once_a_minute(access, alice, key, store, clock):
    started = clock.now()
    for _ in range(3):
        await access.by_password("alice", PASSWORD, HERE)
        await access.by_key(key.key.id, key.secret)
        clock.time += 25
    assert store.shelves.users[alice.id].last_seen_at == started
    assert store.shelves.api_keys[key.key.id].last_used_at == started
    await access.by_key(key.key.id, key.secret)
    assert store.shelves.api_keys[key.key.id].last_used_at == started + 75


async def test_a_key_is_known_by_id_and_secret(access, key):
    assert await access.by_key(key.key.id, key.secret) == key.key.principal
    assert await access.by_bearer(key.bearer) == key.key.principal
    for key_id, secret in [
        (key.key.id, key.secret + "x"), (key.key.id, ""), ("key-none", key.secret), ("key-none", ""), ("x" * 500, ""),
    ]:  # fmt: skip
        assert await access.by_key(key_id, secret) is None
        assert await access.by_bearer(f"{key_id}.{secret}") is None


async def test_wrong_keys_keep_nobody_out(access, key, alice):
    for _ in range(2 * TRIES_OF_SOURCE):
        assert await access.by_key(key.key.id, "revoked long ago") is None
    assert await access.by_key(key.key.id, key.secret) is not None
    assert await access.by_password("alice", PASSWORD, "") is not None


async def test_right_passwords_use_up_no_tries(access, alice):
    for _ in range(2 * TRIES_OF_SOURCE):
        access._proofs.clear()
        assert await access.by_password("alice", PASSWORD, HERE) is not None


async def test_who_asks_often_is_looked_up_once_a_second(access, alice, key, clock, store, monkeypatch):
    token = (await access.issue_token(alice.principal)).text

    async def ask():
        assert await access.by_password("alice", PASSWORD, HERE) is not None
        assert await access.by_bearer(key.bearer) is not None
        assert await access.by_bearer(token) is not None

    await ask()
    looked_up = []
    reading = store.reading
    monkeypatch.setattr(store, "reading", lambda: looked_up.append(1) or reading())
    for _ in range(10):
        await ask()
    assert looked_up == []
    assert await access.by_bearer(key.bearer + "x") is None
    assert await access.by_password("alice", "wrong", HERE) is None
    assert len(looked_up) == 2
    clock.time += KEPT_S
    await ask()
    assert len(looked_up) == 5


async def test_a_key_ends_at_its_time_or_when_it_is_revoked(access, key, provisioning, account, clock):
    other = await provisioning.api_keys.add(account.id, "other", Role.OWNER)
    await provisioning.api_keys.revoke(account.id, "other")
    assert await access.by_key(other.key.id, other.secret) is None
    clock.time += 86_400
    assert await access.by_key(key.key.id, key.secret) is None


async def test_a_token_has_the_claims_that_clients_read(access, alice, account, clock):
    issued = await access.issue_token(alice.principal)
    _, middle, _ = issued.text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    assert issued.expires_in_s == 3600
    assert claims["accounts"] == [str(account.id)]
    assert (claims["roles"], claims["express"]) == (["operator"], False)
    assert claims["exp"] - claims["iat"] == TOKEN_LIFETIME_S
    assert issued.text not in repr(issued)


async def test_the_installers_token_names_every_account(access, provisioning, account):
    root = (await provisioning.users.add("root", None)).user
    biloxi = await provisioning.accounts.add("Biloxi")
    issued = await access.issue_token(root.principal)
    claims = jwt.decode(issued.text, options={"verify_signature": False})
    assert claims["accounts"] == [str(account.id), str(biloxi.id)]
    assert claims["roles"] == ["owner"]


async def test_a_token_stands_for_whom_it_was_issued_to(access, alice, key):
    for principal in (alice.principal, key.key.principal):
        issued = await access.issue_token(principal)
        known = await access.by_bearer(issued.text)
        assert (known.kind, known.id, known.name) == (PrincipalKind.TOKEN, principal.id, principal.name)
        assert known.memberships == principal.memberships


async def test_a_token_ends_after_an_hour(access, alice, clock):
    issued = await access.issue_token(alice.principal)
    clock.time += TOKEN_LIFETIME_S - 1
    assert await access.by_token(issued.text) is not None
    clock.time += 1
    assert await access.by_token(issued.text) is None


async def test_a_token_ends_with_what_it_stands_for(access, alice, key, provisioning, account, clock):
    of_alice = await access.issue_token(alice.principal)
    of_key = await access.issue_token(key.key.principal)
    await provisioning.users.set_role("alice", account.id, Role.VIEWER)
    assert (await access.by_token(of_alice.text)).role_in(account.id) is Role.VIEWER
    await provisioning.users.set_password("alice", "battery staple horse")
    clock.time += KEPT_S
    assert await access.by_token(of_alice.text) is None
    again = await access.issue_token(alice.principal)
    assert await access.by_token(again.text) is not None
    await provisioning.users.enable("alice", enabled=False)
    assert await access.by_token(of_key.text) is not None
    await provisioning.api_keys.revoke(account.id, key.key.id)
    clock.time += KEPT_S
    assert await access.by_token(again.text) is None
    assert await access.by_token(of_key.text) is None


async def test_a_token_in_use_all_the_time_ends_too(access, key, provisioning, account, clock):
    token = (await access.issue_token(key.key.principal)).text
    assert await access.by_token(token) is not None
    await provisioning.api_keys.revoke(account.id, key.key.id)
    for _ in range(4):
        clock.time += 0.4 * KEPT_S
        last = await access.by_token(token)
    assert last is None


async def test_forged_tokens_are_nobodys(access, alice, store, clock):
    issued = await access.issue_token(alice.principal)
    claims = jwt.decode(issued.text, options={"verify_signature": False})
    secret = store.shelves.server_keys["tokens"]
    forged = [
        "", "a.b.c", issued.text[:-2], "x" * 5000,
        jwt.encode(claims, "another secret of thirty-two octets", algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims | {"sub": "user:1"}, secret, algorithm="HS256"),
        jwt.encode(claims | {"sub": "user:99"}, secret, algorithm="HS256"),
        jwt.encode(claims | {"iss": "elsewhere"}, secret, algorithm="HS256"),
        jwt.encode({"sub": "user:1", "iss": "trunkline"}, secret, algorithm="HS256"),
    ]  # fmt: skip
    for text in forged:
        assert await access.by_token(text) is None, text


async def test_the_servers_secrets_are_the_same_on_every_node(access, store, clock, alice):
    other = AccessControl(store, clock)
    issued = await access.issue_token(alice.principal)
    assert await other.by_token(issued.text) is not None
    assert await other.secrets.get("tokens") == await access.secrets.get("tokens")
    assert await other.secrets.get("forms") != await access.secrets.get("tokens")
