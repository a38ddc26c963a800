"""Who may sign in."""

import pytest

from trunkline.domain.principal import Membership
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
