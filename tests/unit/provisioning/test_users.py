"""Who may sign in."""

from dataclasses import replace

import pytest

from trunkline.domain.principal import Membership, PrincipalKind
from trunkline.domain.role import Role
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

PASSWORD = "correct horse battery"


@pytest.fixture
async def root(provisioning):
    return (await provisioning.users.add("root", PASSWORD)).user


def viewer(account):
    return (Membership(account.id, Role.VIEWER),)


async def refused(work, code):
    with pytest.raises(ProvisioningFault) as fault:
        await work
    assert fault.value.code is code
    return fault.value.sentence


async def test_the_first_user_of_all_owns_the_installation(provisioning, account, root):
    assert root.is_installer
    second = (await provisioning.users.add("bob", PASSWORD, viewer(account))).user
    assert not second.is_installer
    assert second.principal.memberships == viewer(account)


async def test_a_password_is_generated_where_none_is_given_and_returned_once(provisioning):
    issued = await provisioning.users.add("root", None)
    assert issued.password == "generated-password-1"
    assert issued.password not in repr(issued)
    assert (await provisioning.users.add("eve", PASSWORD, is_installer=True)).password is None


async def test_only_an_argon2id_hash_is_kept(provisioning, root, store):
    kept = store.shelves.password_hashes[root.id]
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in repr(store.shelves)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "has 5 characters"),
        ("eleven-char", "at least 12"),
        ("x" * 257, "at most 256"),
        ("my name is ROOTY!", "user's name"),
        ("aaaaaaaaaaaaabab", "only a few signs"),
        ("with a line end\n", "control character"),
    ],
)
async def test_passwords_that_are_no_good_are_refused(provisioning, password, reason):
    sentence = await refused(provisioning.users.add("rooty", password), FaultCode.WEAK_PASSWORD)
    assert reason in sentence
    assert password not in sentence


@pytest.mark.parametrize("name", ["", "a b", "key-1", "Key-a", "x" * 65, "-a", "a\n", "<b>"])
async def test_names_that_are_none_are_refused(provisioning, name):
    await refused(provisioning.users.add(name, PASSWORD), FaultCode.INVALID_NAME)


async def test_names_are_unique_without_regard_to_case(provisioning, root):
    await refused(provisioning.users.add("ROOT", PASSWORD), FaultCode.USER_EXISTS)
    assert await provisioning.users.find("Root") == root


async def test_a_user_has_an_account(provisioning, root, account):
    await refused(provisioning.users.add("bob", PASSWORD), FaultCode.UNKNOWN_ACCOUNT)
    await refused(
        provisioning.users.add("bob", PASSWORD, (Membership(7, Role.OWNER),)), FaultCode.UNKNOWN_ACCOUNT
    )
    await provisioning.users.add("bob", PASSWORD, viewer(account))
    await refused(provisioning.users.set_role("bob", account.id, None), FaultCode.UNKNOWN_ACCOUNT)


async def test_somebody_always_owns_the_installation(provisioning, root, account):
    await refused(provisioning.users.remove("root"), FaultCode.LAST_INSTALLER)
    await refused(provisioning.users.enable("root", enabled=False), FaultCode.LAST_INSTALLER)
    await refused(provisioning.users.set_installer("root", is_installer=False), FaultCode.LAST_INSTALLER)
    await provisioning.users.add("eve", PASSWORD, is_installer=True)
    await provisioning.users.enable("eve", enabled=False)
    await refused(provisioning.users.remove("root"), FaultCode.LAST_INSTALLER)
    await provisioning.users.enable("eve", enabled=True)
    await provisioning.users.remove("root")
    assert [user.name for user in await provisioning.users.all()] == ["eve"]


async def test_roles_are_given_and_taken(provisioning, root, account):
    biloxi = await provisioning.accounts.add("Biloxi")
    await provisioning.users.add("bob", PASSWORD, viewer(account))
    await provisioning.users.set_role("bob", biloxi.id, Role.OWNER)
    bob = await provisioning.users.set_role("bob", account.id, Role.OPERATOR)
    assert [one.role for one in bob.memberships] == [Role.OPERATOR, Role.OWNER]
    assert await provisioning.users.of(biloxi.id) == [bob]
    await provisioning.users.set_role("bob", account.id, None)
    assert await provisioning.users.of(account.id) == []


async def test_an_unknown_user_is_said_to_be_unknown(provisioning):
    for work in (
        provisioning.users.find("bob"),
        provisioning.users.remove("bob"),
        provisioning.users.set_password("bob", None),
    ):
        await refused(work, FaultCode.UNKNOWN_USER)


def member(account, role):
    return (Membership(account.id, role),)


@pytest.fixture
async def owner(provisioning, root, account):
    return (await provisioning.users.add("alice", PASSWORD, member(account, Role.OWNER))).user


async def test_an_account_with_users_keeps_an_owner(provisioning, account, owner):
    await provisioning.users.add("bob", PASSWORD, viewer(account))
    biloxi = await provisioning.accounts.add("Biloxi")
    await provisioning.users.set_role("alice", biloxi.id, Role.VIEWER)
    users = provisioning.users
    for work in (
        users.set_role("alice", account.id, Role.OPERATOR),
        users.set_role("alice", account.id, None),
        users.enable("alice", enabled=False),
        users.remove("alice"),
    ):
        sentence = await refused(work, FaultCode.LAST_OWNER)
        assert sentence == (
            f"User alice is the only owner of account {account.id}; make another user its owner first."
        )
    found = await users.find("alice")
    assert found.enabled
    assert found.principal.role_in(account.id) is Role.OWNER


async def test_an_owner_who_is_switched_off_counts_as_none(provisioning, account, owner):
    await provisioning.users.add("bob", PASSWORD, member(account, Role.OWNER))
    await provisioning.users.enable("bob", enabled=False)
    await refused(provisioning.users.remove("alice"), FaultCode.LAST_OWNER)
    await provisioning.users.enable("bob", enabled=True)
    await provisioning.users.remove("alice")


async def test_the_last_user_of_an_account_may_go_but_not_stay_without_its_rights(
    provisioning, account, owner
):
    await refused(provisioning.users.set_role("alice", account.id, Role.VIEWER), FaultCode.LAST_OWNER)
    await refused(provisioning.users.enable("alice", enabled=False), FaultCode.LAST_OWNER)
    await provisioning.users.remove("alice")
    assert await provisioning.users.of(account.id) == []


async def test_an_account_that_never_had_an_owner_is_nobodys_hindrance(provisioning, root, account):
    await provisioning.users.add("bob", PASSWORD, member(account, Role.OPERATOR))
    await provisioning.users.add("carol", PASSWORD, viewer(account))
    await provisioning.users.set_role("bob", account.id, Role.VIEWER)
    await provisioning.users.remove("bob")


@pytest.mark.parametrize("kind", [PrincipalKind.USER, PrincipalKind.TOKEN])
async def test_nobody_takes_rights_from_himself(provisioning, account, owner, kind):
    await provisioning.users.add("bob", PASSWORD, member(account, Role.OWNER))
    users = provisioning.acting_as(replace(owner.principal, kind=kind), "").users
    biloxi = await provisioning.accounts.add("Biloxi")
    await provisioning.users.set_role("alice", biloxi.id, Role.VIEWER)
    await refused(users.set_role("alice", account.id, Role.VIEWER), FaultCode.OWN_RIGHTS)
    await refused(users.set_role("alice", account.id, None), FaultCode.OWN_RIGHTS)
    await provisioning.users.set_role("alice", biloxi.id, None)
    await refused(users.enable("alice", enabled=False), FaultCode.OWN_RIGHTS)
    await refused(users.remove("alice"), FaultCode.OWN_RIGHTS)
    await users.set_role("alice", account.id, Role.OWNER)
    await users.set_role("bob", account.id, Role.VIEWER)


async def test_the_installer_cannot_give_up_the_installation_himself(provisioning, root):
    await provisioning.users.add("eve", PASSWORD, is_installer=True)
    users = provisioning.acting_as(root.principal, "").users
    await refused(users.set_installer("root", is_installer=False), FaultCode.OWN_RIGHTS)
    await refused(users.remove("root"), FaultCode.OWN_RIGHTS)
    await users.remove("eve")


async def test_whoever_may_not_touch_a_user_does_not_hear_what_else_he_owns(provisioning, account, owner):
    biloxi = await provisioning.accounts.add("Biloxi")
    bob = await provisioning.users.add("bob", PASSWORD, member(biloxi, Role.OWNER))
    await provisioning.users.set_role("bob", account.id, Role.VIEWER)
    sentence = await refused(
        provisioning.acting_as(owner.principal, "").users.enable(bob.user.name, enabled=False),
        FaultCode.FORBIDDEN,
    )
    assert "only owner" not in sentence
