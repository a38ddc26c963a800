"""What every store promises of users, keys, sign-ins, the audit log and the server's own keys."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from contract import nouns
from trunkline.domain.api_key import ApiKey
from trunkline.domain.audit import Action, AuditEntry, FieldChange
from trunkline.domain.idempotency import IdempotentRequest
from trunkline.domain.principal import Membership, PrincipalKind
from trunkline.domain.role import Role
from trunkline.domain.sign_in import SignIn
from trunkline.domain.user import User
from trunkline.provisioning.access_ports import AuditQuery

OWNER = Membership(nouns.ATLANTA.id, Role.OWNER)
VIEWER = Membership(nouns.BILOXI.id, Role.VIEWER)
ALICE = User(0, "Alice", (OWNER, VIEWER), created_at=nouns.NOW)
BOB = User(
    0, "bob", (VIEWER,), is_installer=True, enabled=False, created_at=nouns.NOW, last_seen_at=nouns.NOW
)
KEY = ApiKey("key-0a1b", nouns.ATLANTA.id, "billing", Role.OPERATOR, nouns.NOW)
SIGN_IN = SignIn("5a" * 32, 0, nouns.NOW, nouns.NOW, nouns.NOW + 60, "192.0.2.1", "Browser/1.0")


@pytest.fixture
async def furnished(store):
    async with store.writing() as rows:
        await rows.accounts.add(nouns.ATLANTA)
        await rows.accounts.add(nouns.BILOXI)
    return store


@pytest.fixture
async def alice(furnished):
    async with furnished.writing() as rows:
        return await rows.users.add(ALICE, "hash of alice")


async def refused(work):
    with pytest.raises((AssertionError, IntegrityError)):
        await work()


async def test_users_come_back_as_they_were_written(furnished, alice):
    async with furnished.writing() as rows:
        bob = await rows.users.add(BOB, "hash of bob")
    assert alice == replace(ALICE, id=alice.id)
    assert bob == replace(BOB, id=bob.id)
    async with furnished.reading() as rows:
        assert await rows.users.all() == [alice, bob]
        assert await rows.users.of(nouns.ATLANTA.id) == [alice]
        assert await rows.users.of(nouns.BILOXI.id) == [alice, bob]
        assert await rows.users.get(bob.id) == bob
        assert await rows.users.get(99) is None
        assert await rows.users.named("ALICE") == alice
        assert await rows.users.named("carol") is None
        assert await rows.users.password_hash(bob.id) == "hash of bob"
        assert await rows.users.password_hash(99) == ""


async def test_a_user_is_written_anew_without_his_password(furnished, alice):
    changed = replace(alice, memberships=(VIEWER,), enabled=False, is_installer=True)
    async with furnished.writing() as rows:
        await rows.users.replace(changed)
        await rows.users.seen(alice.id, nouns.NOW + 5)
    async with furnished.reading() as rows:
        assert await rows.users.get(alice.id) == replace(changed, last_seen_at=nouns.NOW + 5)
        assert await rows.users.password_hash(alice.id) == "hash of alice"
        assert await rows.users.of(nouns.ATLANTA.id) == []
    async with furnished.writing() as rows:
        await rows.users.set_password(alice.id, "another")
    async with furnished.reading() as rows:
        assert await rows.users.password_hash(alice.id) == "another"


async def test_a_second_user_of_a_name_in_another_case_is_a_bug(furnished, alice):
    async def add():
        async with furnished.writing() as rows:
            await rows.users.add(replace(ALICE, name="aLICE"), "hash")

    await refused(add)


async def test_a_role_in_an_account_that_is_not_there_is_a_bug(furnished):
    async def add():
        async with furnished.writing() as rows:
            await rows.users.add(replace(ALICE, memberships=(Membership(7, Role.OWNER),)), "hash")

    await refused(add)
    async with furnished.reading() as rows:
        assert await rows.users.all() == []


async def test_a_removed_user_takes_his_sign_ins_along(furnished, alice):
    async with furnished.writing() as rows:
        await rows.sign_ins.add(replace(SIGN_IN, user_id=alice.id))
        await rows.users.remove(alice.id)
    async with furnished.reading() as rows:
        assert await rows.users.all() == []
        assert await rows.sign_ins.get(SIGN_IN.digest) is None


async def test_keys_come_back_as_they_were_written(furnished):
    other = replace(KEY, id="key-0000", name="", expires_at=nouns.NOW + 9, created_at=nouns.NOW + 1)
    foreign = replace(KEY, id="key-ffff", account_id=nouns.BILOXI.id, role=Role.OWNER)
    async with furnished.writing() as rows:
        for key in (KEY, other, foreign):
            await rows.api_keys.add(key, f"digest of {key.id}")
        await rows.api_keys.used(KEY.id, nouns.NOW + 3)
        await rows.api_keys.replace(replace(other, revoked=True))
    async with furnished.reading() as rows:
        used = replace(KEY, last_used_at=nouns.NOW + 3)
        assert await rows.api_keys.of(nouns.ATLANTA.id) == [used, replace(other, revoked=True)]
        assert await rows.api_keys.get(foreign.id) == foreign
        assert await rows.api_keys.get("key-none") is None
        assert await rows.api_keys.secret_digest(other.id) == "digest of key-0000"
        assert await rows.api_keys.secret_digest("key-none") == ""


async def test_sign_ins_come_back_as_they_were_written(furnished, alice):
    one = replace(SIGN_IN, user_id=alice.id)
    late = replace(one, digest="6b" * 32, created_at=nouns.NOW + 1, expires_at=nouns.NOW + 600)
    async with furnished.writing() as rows:
        await rows.sign_ins.add(late)
        await rows.sign_ins.add(one)
        await rows.sign_ins.seen(late.digest, nouns.NOW + 9, nouns.NOW + 700)
    late = replace(late, seen_at=nouns.NOW + 9, expires_at=nouns.NOW + 700)
    async with furnished.reading() as rows:
        assert await rows.sign_ins.of(alice.id) == [one, late]
        assert await rows.sign_ins.get(late.digest) == late
    async with furnished.writing() as rows:
        await rows.sign_ins.remove_expired(nouns.NOW + 60)
    async with furnished.reading() as rows:
        assert await rows.sign_ins.of(alice.id) == [late]
    async with furnished.writing() as rows:
        await rows.sign_ins.add(one)
        await rows.sign_ins.remove(late.digest)
        assert await rows.sign_ins.of(alice.id) == [one]
        await rows.sign_ins.remove_of(alice.id)
        assert await rows.sign_ins.of(alice.id) == []


def entry(at, account_id=nouns.ATLANTA.id, key="desk.example.net", noun="realm", actor="alice"):
    changes = (FieldChange("description", None, "Empfang – \u2028"), FieldChange("prefixes", ["+1"], []))
    return AuditEntry(
        0, nouns.NOW + at, account_id, PrincipalKind.USER, "7", actor, "192.0.2.1", Action.ADDED, noun, key, changes
    )  # fmt: skip


async def test_the_audit_log_is_read_the_newest_first(furnished):
    written = [
        entry(0),
        entry(1, nouns.BILOXI.id, key="alice@desk.example.net", noun="credential"),
        entry(2, None, key="bob", noun="user", actor="root"),
        entry(3),
    ]
    async with furnished.writing() as rows:
        await rows.audit.add(written[:3])
        await rows.audit.add([])
        await rows.audit.add(written[3:])
    async with furnished.reading() as rows:
        found = await rows.audit.page(AuditQuery())
        assert [replace(one, id=0) for one in found] == written[::-1]
        newest, second, third, oldest = found
        assert [newest, oldest] == await rows.audit.page(AuditQuery(nouns.ATLANTA.id))
        assert [third] == await rows.audit.page(AuditQuery(noun="credential"))
        assert [newest, oldest] == await rows.audit.page(AuditQuery(key="desk.example.net"))
        assert [second] == await rows.audit.page(AuditQuery(actor_name="root"))
        assert [third, oldest] == await rows.audit.page(AuditQuery(before=second.id))
        assert [newest, second] == await rows.audit.page(AuditQuery(limit=2))
        span = AuditQuery(since=nouns.NOW + 1, until=nouns.NOW + 3)
        assert [second, third] == await rows.audit.page(span)


async def test_the_servers_keys_are_written_once(furnished):
    async with furnished.writing() as rows:
        assert await rows.server_keys.get("tokens") is None
        await rows.server_keys.add("tokens", "secret", nouns.NOW)
    async with furnished.reading() as rows:
        assert await rows.server_keys.get("tokens") == "secret"

    async def again():
        async with furnished.writing() as rows:
            await rows.server_keys.add("tokens", "other", nouns.NOW)

    await refused(again)


async def test_requests_are_remembered_with_their_answer_by_principal_and_key(furnished):
    asked = IdempotentRequest("key:key-1", "again", "d1", None, "", "", nouns.NOW)
    foreign = replace(asked, principal="user:1", digest="d2", at=nouns.NOW + 5)
    async with furnished.writing() as rows:
        await rows.idempotent_requests.add(asked)
        await rows.idempotent_requests.add(foreign)
        await rows.idempotent_requests.answered("key:key-1", "again", 201, "application/json", "{}")
    async with furnished.reading() as rows:
        answered = replace(asked, status=201, content_type="application/json", body="{}")
        assert await rows.idempotent_requests.get("key:key-1", "again") == answered
        assert await rows.idempotent_requests.get("user:1", "again") == foreign
        assert await rows.idempotent_requests.get("user:1", "other") is None
    async with furnished.writing() as rows:
        await rows.idempotent_requests.remove_older(nouns.NOW + 1)
        assert await rows.idempotent_requests.get("key:key-1", "again") is None
        await rows.idempotent_requests.remove("user:1", "again")
        assert await rows.idempotent_requests.get("user:1", "again") is None


async def test_an_applications_callback_settings_come_back(furnished):
    voice = replace(
        nouns.IVR, call_initiated_method="GET", call_status_method="GET", fallback_url="https://b.example/",
        fallback_method="GET", callback_password="s1", fallback_username="f", fallback_password="s2",
        callback_timeout_s=4.5,
    )  # fmt: skip
    async with furnished.writing() as rows:
        await rows.applications.add(nouns.IVR)
        await rows.applications.replace(voice)
    async with furnished.reading() as rows:
        assert await rows.applications.get(voice.id) == voice


async def test_a_credential_without_hash1b_comes_back_without_it(furnished):
    async with furnished.writing() as rows:
        desk = await rows.realms.add(nouns.realm(is_default=True))
        given = nouns.furnished_credential(desk)
        bare = [replace(secret, md5=replace(secret.md5, hash1b=None)) for secret in given.secrets]
        added = await rows.credentials.add(replace(given, application_id=None, secrets=tuple(bare)))
    async with furnished.reading() as rows:
        found = await rows.credentials.get(added.id)
        assert [secret.md5.hash1b for secret in found.secrets] == [None, None]
        assert [secret.md5.hash1 for secret in found.secrets] == [one.md5.hash1 for one in bare]
