"""Whatever is written is written down with who did it, and refused to those who may not."""

import inspect
from dataclasses import replace

import pytest

from fakes.provisioning_store import FakeProvisioningStore
from trunkline.domain.audit import Action, FieldChange
from trunkline.domain.principal import Membership, Principal, PrincipalKind
from trunkline.domain.role import Role
from trunkline.domain.trunk import TrunkTarget
from trunkline.provisioning import access_ports, ports, webhook_ports
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.provisioning.audited_store import AuditedTransaction
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.journal import Journal
from trunkline.provisioning.secret_input import Generated, Hashes, Password
from trunkline.provisioning.trunks import DigestLogin, TrunkPlan

SOURCE = "192.0.2.7"
READS = {
    "accounts": {"all", "get"},
    "realms": {"of", "get", "named"},
    "credentials": {
        "page", "count", "counts", "get", "with_composite", "taken", "of_application",
    },
    "applications": {"of", "get"},
    "trunks": {"all", "of", "get"},
    "numbers": {"of", "page", "count", "get", "leading_to"},
    "users": {"all", "of", "get", "named", "password_hash", "seen"},
    "api_keys": {"of", "get", "secret_digest", "used"},
    "webhooks": {"all", "of", "get"},
    "deliveries": {"page", "get", "standing"},
}  # fmt: skip
"""What is passed on as it is. That somebody was seen is no change of his."""

PORTS = {
    "accounts": ports.Accounts,
    "realms": ports.Realms,
    "credentials": ports.Credentials,
    "applications": ports.Applications,
    "trunks": ports.Trunks,
    "numbers": ports.Numbers,
    "users": access_ports.Users,
    "api_keys": access_ports.ApiKeys,
    "webhooks": webhook_ports.Webhooks,
    "deliveries": webhook_ports.Deliveries,
}


def somebody(account, role, name="alice"):
    return Principal(PrincipalKind.USER, "7", name, (Membership(account.id, role),))


@pytest.fixture
async def entries(store):
    async def read(**query):
        async with store.reading() as rows:
            return await rows.audit.page(AuditQuery(**query))

    return read


@pytest.fixture
def operator(provisioning, account):
    return provisioning.acting_as(somebody(account, Role.OPERATOR), SOURCE)


@pytest.mark.parametrize("noun", PORTS)
async def test_every_method_that_writes_is_caught(noun, clock):
    methods = {
        name for name, _ in inspect.getmembers(PORTS[noun], inspect.isfunction) if not name.startswith("_")
    }
    async with FakeProvisioningStore().writing() as rows:
        audited = getattr(AuditedTransaction(rows, Journal(somebody_of_all(), "", clock.now())), noun)
    caught = {name for name in methods if name in vars(type(audited))}
    assert caught == methods - READS[noun]
    assert caught


def somebody_of_all():
    return Principal(PrincipalKind.CLI, "0", "root", is_installer=True)


async def test_an_entry_says_who_did_what_from_where(operator, account, realm, entries, clock):
    clock.time += 5
    await operator.realms.change(account.id, "desk", description="front")
    entry = (await entries())[0]
    assert (entry.at, entry.account_id, entry.source) == (clock.now(), account.id, SOURCE)
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == (PrincipalKind.USER, "7", "alice")
    assert (entry.action, entry.noun, entry.key) == (Action.CHANGED, "realm", realm.name)
    assert entry.changes == (FieldChange("description", "", "front"),)


async def test_the_server_itself_is_named_where_nobody_acts(provisioning, account, entries):
    entry = (await entries())[0]
    assert (entry.actor_kind, entry.actor_name, entry.noun) == (PrincipalKind.SYSTEM, "system", "account")


async def test_what_changes_nothing_leaves_no_entry(operator, account, realm, entries):
    before = await entries()
    await operator.realms.change(account.id, "desk", description="")
    assert await entries() == before


async def test_what_is_refused_leaves_neither_change_nor_entry(operator, account, realm, entries):
    before = await entries()
    with pytest.raises(ProvisioningFault):
        await operator.realms.add(account.id, label="desk")
    assert await entries() == before


async def test_no_secret_is_in_the_log(operator, account, realm, entries, store):
    password, phrase = "open sesame", "the carriers word"
    hashes = Hashes("fe438bddfc087dda89d29e637f5684ab")
    alice = await operator.credentials.add(account.id, "alice", Password(password))
    generated = await operator.credentials.rotate(account.id, alice.credential.id, Generated(), overlap_s=60)
    await operator.credentials.add(account.id, "bob", hashes)
    plan = TrunkPlan((TrunkTarget("sip:192.0.2.10"),), login=DigestLogin("us", "carrier", phrase))
    await operator.trunks.add(account.id, "chicago", plan)
    await operator.trunks.change(
        account.id, "chicago", replace(plan, login=DigestLogin("us", "carrier", "other"))
    )
    ivr = await operator.applications.add(
        account.id, "ivr", call_initiated_url="https://app.example/", callback_username="us", callback_password=phrase,
        fallback_username="them", fallback_password=password,
    )  # fmt: skip
    await operator.applications.change(
        account.id, ivr.id, callback_username="us", callback_password="new word"
    )
    found = await entries()
    text = repr(found)
    secrets = [password, phrase, "new word", generated.password, hashes.hash1]
    for credential in store.shelves.credentials.values():
        for secret in credential.secrets:
            secrets += [secret.md5.hash1]
    for secret in secrets:
        assert secret not in text
    changed = {entry.key: entry.changes for entry in found if entry.action is Action.CHANGED}
    assert [change.name for change in changed["chicago"]] == ["digest"]
    assert changed[ivr.id] == (FieldChange("callback_password", "********", "********"),)
    assert [change.name for change in changed[alice.credential.aor]] == ["secrets"]
    kinds = {
        change.new[0]["made_of"] for entry in found for change in entry.changes if change.name == "secrets"
    }
    assert kinds == {"password", "hash1"}


async def test_each_noun_is_known_by_what_people_call_it(operator, account, realm, entries):
    credential = (await operator.credentials.add(account.id, "alice", Generated())).credential
    await operator.numbers.add(account.id, "+15550100199", credential.aor)
    await operator.realms.remove(account.id, "desk", force=True)
    found = [(entry.action.value, entry.noun, entry.key) for entry in await entries(actor_name="alice")]
    assert found == [
        ("removed", "realm", realm.name),
        ("removed", "credential", f"*@{realm.name}"),
        ("removed", "number", "+15550100199"),
        ("added", "number", "+15550100199"),
        ("added", "credential", credential.aor),
    ]


async def test_an_import_is_written_down_credential_by_credential(operator, account, realm, entries):
    lines = ["alice,desk,correct horse", "bob,desk,battery staple"]
    await operator.credential_import.run(account.id, lines, lambda _line: None)
    assert [entry.key for entry in await entries(noun="credential")] == [
        f"bob@{realm.name}",
        f"alice@{realm.name}",
    ]


WORK = {
    "realm": lambda who, account: who.realms.add(account.id, label="lab"),
    "realm change": lambda who, account: who.realms.change(account.id, "desk", description="x"),
    "realm removal": lambda who, account: who.realms.remove(account.id, "desk"),
    "credential": lambda who, account: who.credentials.add(account.id, "alice", Generated()),
    "application": lambda who, account: who.applications.add(account.id, "ivr"),
    "trunk": lambda who, account: who.trunks.add(
        account.id, "chicago", TrunkPlan((TrunkTarget("sip:192.0.2.10"),))
    ),
    "number": lambda who, account: who.numbers.add(account.id, "+15550100199", "app:menu"),
    "account change": lambda who, account: who.accounts.change(account.id, name="Other"),
    "account": lambda who, _account: who.accounts.add("Another"),
    "key": lambda who, account: who.api_keys.add(account.id, "billing", Role.VIEWER),
    "user": lambda who, account: who.users.add("bob", None, (Membership(account.id, Role.VIEWER),)),
    "installer": lambda who, _account: who.users.add("bob", None, is_installer=True),
    "audit": lambda who, account: who.audit.page(AuditQuery(account.id)),
    "whole audit": lambda who, _account: who.audit.page(AuditQuery()),
}
PROVISIONING = {"realm", "realm change", "realm removal", "credential", "application", "trunk", "number"}
ADMINISTERING = {"account change", "key", "user", "audit"}
MAY = {
    "viewer": set(),
    "operator": PROVISIONING,
    "owner": PROVISIONING | ADMINISTERING,
    "foreign owner": set(),
    "installer": set(WORK),
}


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("role", MAY)
async def test_what_a_role_may_not_write_is_refused(provisioning, account, realm, role, work, store):
    await provisioning.users.add("root", None, is_installer=True)
    if role == "installer":
        principal = Principal(PrincipalKind.USER, "7", "alice", is_installer=True)
    elif role == "foreign owner":
        foreign = await provisioning.accounts.add("Biloxi")
        principal = somebody(foreign, Role.OWNER)
    else:
        principal = somebody(account, Role(role))
    await provisioning.applications.add(account.id, "menu")
    who = provisioning.acting_as(principal, SOURCE)
    before = store.shelves
    try:
        await WORK[work](who, account)
        refused = None
    except ProvisioningFault as fault:
        refused = fault.code
    may = work in MAY[role]
    assert (refused is None) is may, refused
    if not may:
        assert refused is FaultCode.FORBIDDEN
        assert store.shelves is before


async def test_an_owner_cannot_reach_into_other_accounts_through_shared_users(provisioning, account, store):
    biloxi = await provisioning.accounts.add("Biloxi")
    both = (Membership(account.id, Role.VIEWER), Membership(biloxi.id, Role.OWNER))
    root = (await provisioning.users.add("root", None)).user
    await provisioning.users.add("carol", None, both)
    await provisioning.users.add("dave", None, both[:1])
    owner = provisioning.acting_as(somebody(account, Role.OWNER, "olivia"), SOURCE)
    for name in ("carol", root.name):
        for work in (
            owner.users.set_password(name, None),
            owner.users.enable(name, enabled=False),
            owner.users.set_installer(name, is_installer=name == "carol"),
            owner.users.remove(name),
        ):
            with pytest.raises(ProvisioningFault) as refused:
                await work
            assert refused.value.code in {FaultCode.FORBIDDEN, FaultCode.LAST_INSTALLER}
    with pytest.raises(ProvisioningFault) as refused:
        await owner.users.set_role("dave", biloxi.id, Role.OWNER)
    assert refused.value.code is FaultCode.FORBIDDEN
    changed = await owner.users.set_role("carol", account.id, Role.OPERATOR)
    assert changed.memberships == (Membership(account.id, Role.OPERATOR), both[1])
    await owner.users.set_password("dave", None)
    await owner.users.remove("dave")


async def test_everybody_may_change_his_own_password(provisioning, account):
    await provisioning.users.add("root", None)
    carol = (await provisioning.users.add("carol", None, (Membership(account.id, Role.VIEWER),))).user
    await provisioning.acting_as(carol.principal, SOURCE).users.set_password("carol", "another long one")
    key = Principal(PrincipalKind.KEY, str(carol.id), "carol", carol.memberships)
    with pytest.raises(ProvisioningFault):
        await provisioning.acting_as(key, SOURCE).users.set_password("carol", "another long one")


async def test_each_account_hears_of_its_own_roles_only(provisioning, account, entries):
    biloxi = await provisioning.accounts.add("Biloxi")
    both = (Membership(account.id, Role.VIEWER), Membership(biloxi.id, Role.OPERATOR))
    await provisioning.users.add("root", None)
    await provisioning.users.add("carol", None, both)
    await provisioning.users.set_role("carol", biloxi.id, Role.VIEWER)
    here = [entry.changes for entry in await entries(account_id=account.id, noun="user")]
    there = [entry.changes for entry in await entries(account_id=biloxi.id, noun="user")]
    added = (FieldChange("enabled", None, True), FieldChange("is_installer", None, False))
    assert here == [(*added, FieldChange("role", None, "viewer"))]
    assert there == [
        (FieldChange("role", "operator", "viewer"),),
        (*added, FieldChange("role", None, "operator")),
    ]
