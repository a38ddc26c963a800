"""Who may read what of users, keys and the audit log: a table of roles, asked of the use cases themselves."""

import inspect

import pytest

from trunkline.domain.principal import SYSTEM, Membership, Principal, PrincipalKind
from trunkline.domain.role import Role
from trunkline.provisioning import access_ports
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.provisioning.checked_reading import CheckedTransaction
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import Transaction

READS = (
    "every user", "users of ours", "users of theirs", "alice", "bob", "carol", "root",
    "keys of ours", "keys of theirs", "our key", "their key", "our log", "their log", "the whole log",
)  # fmt: skip
OURS = frozenset({"users of ours", "alice", "bob", "keys of ours", "our key", "our log"})
THEIRS = frozenset({"users of theirs", "bob", "carol", "keys of theirs", "their key", "their log"})

MAY_READ = {
    "stranger": frozenset(),
    "viewer": frozenset({"alice"}),
    "operator": frozenset({"alice"}),
    "owner": OURS,
    "owner of theirs": THEIRS,
    "owner of both": OURS | THEIRS,
    "key of a viewer": frozenset(),
    "key of an operator": frozenset(),
    "key of an owner": OURS,
    "token of a viewer": frozenset({"alice"}),
    "token of an owner": OURS,
    "installer": frozenset(READS),
    "the server itself": frozenset(READS),
}


class House:
    """Two accounts. Alice is in ours, Carol in theirs, Bob in both; root owns the installation."""

    def __init__(self, provisioning, ours, theirs):
        self.provisioning, self.ours, self.theirs = provisioning, ours, theirs
        self.keys = {}
        self.users = {}

    async def furnish(self):
        users = self.provisioning.users
        for name, memberships, is_installer in (
            ("root", (), True),
            ("alice", (Membership(self.ours, Role.VIEWER),), False),
            ("bob", (Membership(self.ours, Role.VIEWER), Membership(self.theirs, Role.VIEWER)), False),
            ("carol", (Membership(self.theirs, Role.OWNER),), False),
        ):
            added = await users.add(name, "correct horse battery", memberships, is_installer=is_installer)
            self.users[name] = added.user
        for name, account in (("our", self.ours), ("their", self.theirs)):
            issued = await self.provisioning.api_keys.add(account, name, Role.VIEWER)
            self.keys[f"{name} key"] = (account, issued.key.id)

    def principal(self, who):
        alice = str(self.users["alice"].id)
        kinds = {"key": PrincipalKind.KEY, "token": PrincipalKind.TOKEN}
        kind = kinds.get(who.partition(" of")[0], PrincipalKind.USER)
        match who.split()[-1]:
            case "itself":
                return SYSTEM
            case "installer":
                return Principal(PrincipalKind.USER, "99", "root", is_installer=True)
            case "stranger":
                return Principal(PrincipalKind.USER, "99", "mallory")
            case "theirs":
                return Principal(kind, "99", "dora", (Membership(self.theirs, Role.OWNER),))
            case "both":
                both = tuple(Membership(one, Role.OWNER) for one in (self.ours, self.theirs))
                return Principal(kind, "99", "eve", both)
            case role:
                # A key's id may look like that of a user: it is none.
                return Principal(kind, alice, "alice", (Membership(self.ours, Role(role)),))

    async def read(self, who, what):
        """What somebody gets to see: a number of things, or the name of one."""
        here = self.provisioning.acting_as(self.principal(who), "192.0.2.7")
        account = self.ours if "our" in what else self.theirs
        match what:
            case "every user":
                return len(await here.users.all())
            case "users of ours" | "users of theirs":
                return len(await here.users.of(account))
            case "keys of ours" | "keys of theirs":
                return len(await here.api_keys.of(account))
            case "our key" | "their key":
                return (await here.api_keys.find(*self.keys[what])).id
            case "our log" | "their log":
                return len(await here.audit.page(AuditQuery(account)))
            case "the whole log":
                return len(await here.audit.page(AuditQuery()))
            case name:
                return (await here.users.find(name)).name


@pytest.fixture
async def house(provisioning, account):
    other = await provisioning.accounts.add("biloxi")
    house = House(provisioning, account.id, other.id)
    await house.furnish()
    return house


@pytest.mark.parametrize("who", MAY_READ)
async def test_each_reads_what_the_table_says_and_nothing_else(house, who):
    for what in READS:
        if what in MAY_READ[who]:
            assert await house.read(who, what), what
        else:
            with pytest.raises(ProvisioningFault) as refused:
                await house.read(who, what)
            is_name = what in house.users
            assert refused.value.code is (FaultCode.UNKNOWN_USER if is_name else FaultCode.FORBIDDEN), what


async def test_a_user_who_may_not_be_seen_is_told_from_none_by_nobody(house):
    stranger = house.provisioning.acting_as(house.principal("viewer"), "192.0.2.7")
    told = []
    for name in ("carol", "dave"):
        with pytest.raises(ProvisioningFault) as refused:
            await stranger.users.find(name)
        told.append((refused.value.code, str(refused.value).replace(name, "")))
    assert told[0] == told[1]


async def test_single_rows_are_shown_to_owners_only(house, store):
    _, key_id = house.keys["our key"]
    bob = house.users["bob"]
    async with store.reading() as rows:
        for who, is_shown in (("viewer", False), ("owner", True), ("installer", True)):
            checked = CheckedTransaction(rows, house.principal(who))
            assert (await checked.users.get(bob.id) is not None) is is_shown
            assert (await checked.api_keys.get(key_id) is not None) is is_shown
            assert await checked.users.get(10_000) is None
            assert await checked.api_keys.get("key-none") is None


async def test_hashes_and_writes_are_out_of_reach(store):
    async with store.reading() as rows:
        checked = CheckedTransaction(rows, SYSTEM)
        ports = {
            "users": access_ports.Users,
            "api_keys": access_ports.ApiKeys,
            "audit": access_ports.AuditLog,
        }
        for noun, port in ports.items():
            methods = {name for name, _ in inspect.getmembers(port, inspect.isfunction) if name[0] != "_"}
            offered = {name for name in methods if hasattr(getattr(checked, noun), name)}
            assert offered <= {"all", "of", "get", "named", "page"}
        nouns = {name for name in dir(Transaction) if not name.startswith("_")}
        assert all(hasattr(checked, noun) for noun in nouns)
