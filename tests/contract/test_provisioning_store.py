"""What every provisioning store promises, on the fake, on SQLite and on PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from contract import nouns
from trunkline.domain.credential import secret_of_password
from trunkline.domain.credential_search import CredentialSearch
from trunkline.domain.number import DestinationKind


@pytest.fixture
async def furnished(store):
    """A store with two accounts and an application, and the ids of the nouns written."""
    async with store.writing() as rows:
        await rows.accounts.add(nouns.ATLANTA)
        await rows.accounts.add(nouns.BILOXI)
        await rows.applications.add(nouns.IVR)
    return store


@pytest.fixture
async def desk(furnished):
    async with furnished.writing() as rows:
        return await rows.realms.add(nouns.realm(is_default=True))


async def refused(work):
    """Whatever a store raises when it is broken into: the fake its assertion, SQL its constraint."""
    with pytest.raises((AssertionError, IntegrityError)):
        await work()


async def test_accounts_come_back_as_they_were_written(furnished):
    async with furnished.writing() as rows:
        renamed = replace(nouns.BILOXI, name="Biloxi, MS", country="US")
        await rows.accounts.replace(renamed)
    async with furnished.reading() as rows:
        assert await rows.accounts.all() == [nouns.ATLANTA, renamed]
        assert await rows.accounts.get(nouns.BILOXI.id) == renamed
        assert await rows.accounts.get(1) is None


async def test_realms_come_back_as_they_were_written(furnished, desk):
    async with furnished.writing() as rows:
        lab = await rows.realms.add(nouns.realm("lab.example.net"))
        foreign = await rows.realms.add(nouns.realm("lab.example.org", account=nouns.BILOXI, is_default=True))
        await rows.realms.replace(replace(desk, is_default=False))
        lab = replace(lab, is_default=True, description="")
        await rows.realms.replace(lab)
    desk = replace(desk, is_default=False)
    assert desk == replace(nouns.realm(), id=desk.id)
    async with furnished.reading() as rows:
        assert await rows.realms.of(nouns.ATLANTA.id) == [desk, lab]
        assert await rows.realms.of(nouns.BILOXI.id) == [foreign]
        assert await rows.realms.get(lab.id) == lab
        assert await rows.realms.named("lab.example.org") == foreign
        assert await rows.realms.named("none.example.org") is None
        assert await rows.realms.get(99) is None


@pytest.mark.parametrize("again", [nouns.realm(), nouns.realm("other.example.net", is_default=True)])
async def test_a_second_realm_of_a_name_or_second_default_is_a_bug(furnished, desk, again):
    async def add():
        async with furnished.writing() as rows:
            await rows.realms.add(again)

    await refused(add)
    async with furnished.reading() as rows:
        assert await rows.realms.of(nouns.ATLANTA.id) == [desk]


async def test_ids_are_never_used_again(furnished, desk):
    async with furnished.writing() as rows:
        removed = await rows.realms.add(nouns.realm("lab.example.net"))
        await rows.realms.remove(removed.id)
    async with furnished.writing() as rows:
        assert (await rows.realms.add(nouns.realm("lab.example.net"))).id > removed.id


async def test_a_furnished_credential_comes_back_whole(furnished, desk):
    async with furnished.writing() as rows:
        alice = await rows.credentials.add(nouns.credential(desk))
        bob = await rows.credentials.add(nouns.furnished_credential(desk))
    assert bob == replace(nouns.furnished_credential(desk), id=bob.id)
    async with furnished.reading() as rows:
        assert await rows.credentials.get(alice.id) == alice
        assert await rows.credentials.get(bob.id) == bob
        assert await rows.credentials.get(99) is None
        assert await rows.credentials.page(nouns.ATLANTA.id) == [alice, bob]
        assert await rows.credentials.of_application(nouns.IVR.id) == [bob]
        assert await rows.credentials.counts(nouns.ATLANTA.id) == {desk.id: 2}
        assert await rows.credentials.counts(nouns.BILOXI.id) == {}


async def test_composite_names_are_looked_up_in_any_case(furnished, desk):
    async with furnished.writing() as rows:
        bob = await rows.credentials.add(nouns.furnished_credential(desk))
        assert await rows.credentials.with_composite(desk.id, "BOB@SomeWhere.com") == bob
        assert await rows.credentials.with_composite(desk.id, "bob") is None
        assert await rows.credentials.taken(desk.id, ["bob@somewhere.com", "alice"]) == {"bob@somewhere.com"}
        assert await rows.credentials.taken(desk.id, []) == set()


async def test_a_composite_name_twice_is_a_bug(furnished, desk):
    async def add():
        async with furnished.writing() as rows:
            await rows.credentials.add(nouns.credential(desk, "bob", "somewhere.com"))
            await rows.credentials.add(nouns.credential(desk, "BOB@somewhere.com"))

    await refused(add)
    async with furnished.reading() as rows:
        assert await rows.credentials.page(nouns.ATLANTA.id) == []


async def test_secrets_are_replaced(furnished, desk):
    new = secret_of_password("Bob@somewhere.com", desk.name, "new", nouns.NOW + 9)
    async with furnished.writing() as rows:
        bob = await rows.credentials.add(nouns.furnished_credential(desk))
        previous = replace(bob.secrets[0], valid_until=nouns.NOW + 100)
        rotated = replace(bob, secrets=(new, previous), enabled=True, application_id=None)
        await rows.credentials.replace(rotated)
        assert await rows.credentials.get(bob.id) == rotated
        await rows.credentials.replace(replace(rotated, secrets=(new,)))
    async with furnished.reading() as rows:
        assert await rows.credentials.get(bob.id) == replace(rotated, secrets=(new,))


async def test_pages_go_on_behind_an_id_and_stay_in_a_realm(furnished, desk):
    async with furnished.writing() as rows:
        lab = await rows.realms.add(nouns.realm("lab.example.net"))
        await rows.credentials.add_many([nouns.credential(desk, f"user{index}") for index in range(5)])
        await rows.credentials.add_many([nouns.credential(lab, f"user{index}") for index in range(2)])
        await rows.credentials.add_many([])
    async with furnished.reading() as rows:
        first = await rows.credentials.page(nouns.ATLANTA.id, limit=4)
        rest = await rows.credentials.page(nouns.ATLANTA.id, after=first[-1].id)
        assert [one.username for one in first + rest] == [
            "user0",
            "user1",
            "user2",
            "user3",
            "user4",
            "user0",
            "user1",
        ]
        assert len({one.id for one in first + rest}) == 7
        assert len(await rows.credentials.page(nouns.ATLANTA.id, lab.id)) == 2
        assert await rows.credentials.page(nouns.BILOXI.id) == []


async def test_pages_turned_round_begin_with_the_newest_and_go_on_below_an_id(furnished, desk):
    async with furnished.writing() as rows:
        await rows.credentials.add_many([nouns.credential(desk, f"user{index}") for index in range(5)])
    async with furnished.reading() as rows:
        first = await rows.credentials.page(nouns.ATLANTA.id, limit=3, newest_first=True)
        rest = await rows.credentials.page(nouns.ATLANTA.id, after=first[-1].id, newest_first=True)
        assert [one.username for one in first] == ["user4", "user3", "user2"]
        assert [one.username for one in rest] == ["user1", "user0"]


async def test_many_new_ones_come_back_in_their_order_with_their_ids(furnished, desk):
    async with furnished.writing() as rows:
        lab = await rows.realms.add(nouns.realm("lab.example.net"))
        places = [desk, lab, desk, lab, desk]
        new = [nouns.credential(place, f"User{index // 2}.{place.id}") for index, place in enumerate(places)]
        stored = await rows.credentials.add_many(new)
        assert [replace(one, id=0) for one in stored] == new
        for one in stored:
            assert await rows.credentials.get(one.id) == one


@pytest.mark.parametrize("search", [CredentialSearch(), CredentialSearch(username="user", realm="DESK")])
async def test_pages_may_begin_at_a_place_that_is_counted(furnished, desk, search):
    async with furnished.writing() as rows:
        stored = await rows.credentials.add_many(
            [nouns.credential(desk, f"user{index}") for index in range(6)]
        )
    async with furnished.reading() as rows:

        async def usernames(**place):
            page = await rows.credentials.page(nouns.ATLANTA.id, search=search, **place)
            return [one.username for one in page]

        assert await usernames(skip=2, limit=3) == ["user2", "user3", "user4"]
        assert await usernames(skip=5, limit=3) == ["user5"]
        assert await usernames(skip=6) == []
        assert await usernames(skip=1, after=stored[2].id) == ["user4", "user5"]
        assert await usernames(skip=1, limit=2, newest_first=True) == ["user4", "user3"]
        assert await rows.credentials.count(nouns.ATLANTA.id, search=search, below=stored[4].id) == 4


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (CredentialSearch(), ["alice", "Bob", "100%_*"]),
        (CredentialSearch(composite="ALI"), ["alice"]),
        (CredentialSearch(composite="b@some"), ["Bob"]),
        (CredentialSearch(username="bOB"), ["Bob"]),
        (CredentialSearch(domain="WHERE.com"), ["Bob"]),
        (CredentialSearch(realm="lab"), ["100%_*"]),
        (CredentialSearch(application="IV"), ["Bob"]),
        (CredentialSearch(application="menu"), []),
        (CredentialSearch(composite="%"), ["100%_*"]),
        (CredentialSearch(composite="_"), ["100%_*"]),
        (CredentialSearch(composite="bob", realm="lab"), []),
        (CredentialSearch(composite="' OR 1=1 --"), []),
    ],
)
async def test_credentials_are_found_by_fragments_of_their_names(furnished, desk, search, found):
    async with furnished.writing() as rows:
        lab = await rows.realms.add(nouns.realm("lab.example.net"))
        await rows.credentials.add(nouns.credential(desk))
        await rows.credentials.add(nouns.furnished_credential(desk))
        await rows.credentials.add(nouns.credential(lab, "100%_*"))
    async with furnished.reading() as rows:
        page = await rows.credentials.page(nouns.ATLANTA.id, search=search)
        assert [one.username for one in page] == found
        assert await rows.credentials.count(nouns.ATLANTA.id, search=search) == len(found)
        assert await rows.credentials.count(nouns.ATLANTA.id, lab.id, search=search) == (
            1 if "100%_*" in found else 0
        )
        assert await rows.credentials.count(nouns.BILOXI.id, search=search) == 0


async def test_more_names_are_looked_up_than_a_statement_takes(furnished, desk):
    names = [f"user{index}" for index in range(1200)]
    async with furnished.writing() as rows:
        await rows.credentials.add_many([nouns.credential(desk, name) for name in names[:3]])
        assert await rows.credentials.taken(desk.id, names) == set(names[:3])


async def test_credentials_are_removed_one_by_one_and_together(furnished, desk):
    async with furnished.writing() as rows:
        for index in range(4):
            await rows.credentials.add(replace(nouns.furnished_credential(desk), username=f"user{index}"))
        first, *rest = await rows.credentials.page(nouns.ATLANTA.id)
        await rows.credentials.remove(first.id)
        assert await rows.credentials.page(nouns.ATLANTA.id) == rest
        await rows.credentials.remove_all(desk.id)
        assert await rows.credentials.page(nouns.ATLANTA.id) == []
        await rows.realms.remove(desk.id)
    async with furnished.reading() as rows:
        assert await rows.realms.get(desk.id) is None


async def test_applications_come_back_as_they_were_written(furnished):
    async with furnished.writing() as rows:
        await rows.applications.add(nouns.MENU)
        changed = replace(nouns.MENU, name="Menu", call_status_url="https://app.example/ended")
        await rows.applications.replace(changed)
    async with furnished.reading() as rows:
        assert await rows.applications.of(nouns.ATLANTA.id) == [nouns.IVR, changed]
        assert await rows.applications.get(nouns.IVR.id) == nouns.IVR
    async with furnished.writing() as rows:
        await rows.applications.remove(nouns.IVR.id)
        assert await rows.applications.get(nouns.IVR.id) is None


async def test_trunks_come_back_as_they_were_written(furnished):
    async with furnished.writing() as rows:
        chicago = await rows.trunks.add(nouns.trunk())
        denver = await rows.trunks.add(nouns.furnished_trunk())
        foreign = await rows.trunks.add(nouns.trunk("biloxi", nouns.BILOXI))
    assert denver == replace(nouns.furnished_trunk(), id=denver.id)
    async with furnished.writing() as rows:
        changed = replace(denver, digest=None, enabled=True, prefixes=("",))
        await rows.trunks.replace(changed)
        assert await rows.trunks.of(nouns.ATLANTA.id) == [chicago, changed]
        assert await rows.trunks.all() == [chicago, changed, foreign]
        await rows.trunks.remove(chicago.id)
        assert await rows.trunks.get(chicago.id) is None
        assert await rows.trunks.get(denver.id) == changed


async def test_numbers_are_paged_and_searched_by_their_digits(furnished):
    written = [f"+1555010010{index}" for index in range(5)]
    async with furnished.writing() as rows:
        for e164 in reversed(written):
            await rows.numbers.add(nouns.number(e164))
        await rows.numbers.add(nouns.number("+15550100199", account=nouns.BILOXI))
    async with furnished.reading() as rows:
        first = await rows.numbers.page(nouns.ATLANTA.id, limit=3)
        rest = await rows.numbers.page(nouns.ATLANTA.id, after=first[-1].e164)
        assert [one.e164 for one in first + rest] == written
        assert [one.e164 for one in await rows.numbers.page(nouns.ATLANTA.id, "0103")] == ["+15550100103"]
        assert await rows.numbers.page(nouns.ATLANTA.id, "%") == []
        assert await rows.numbers.count(nouns.ATLANTA.id) == 5
        assert await rows.numbers.count(nouns.ATLANTA.id, "0103") == 1
        assert await rows.numbers.count(nouns.BILOXI.id) == 1


async def test_numbers_come_back_as_they_were_written(furnished):
    device = nouns.number()
    application = nouns.number("+15550100198", DestinationKind.APPLICATION, nouns.IVR.id)
    foreign = nouns.number("+49301234567", DestinationKind.TRUNK, "7", nouns.BILOXI)
    async with furnished.writing() as rows:
        for one in (device, application, foreign):
            await rows.numbers.add(one)
    async with furnished.writing() as rows:
        assert await rows.numbers.of(nouns.ATLANTA.id) == [application, device]
        assert await rows.numbers.leading_to(nouns.ATLANTA.id, device.destination) == [device]
        assert await rows.numbers.leading_to(nouns.BILOXI.id, device.destination) == []
        pointed = replace(device, destination=application.destination)
        await rows.numbers.replace(pointed)
        assert await rows.numbers.get(device.e164) == pointed
        await rows.numbers.remove(device.e164)
        assert await rows.numbers.get(device.e164) is None
        assert await rows.numbers.get(foreign.e164) == foreign


async def test_an_exception_undoes_everything(furnished):
    async def undone():
        async with furnished.writing() as rows:
            await rows.accounts.replace(replace(nouns.ATLANTA, name="gone"))
            await rows.realms.add(nouns.realm())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await undone()
    async with furnished.reading() as rows:
        assert await rows.accounts.get(nouns.ATLANTA.id) == nouns.ATLANTA
        assert await rows.realms.of(nouns.ATLANTA.id) == []


async def test_writers_come_one_after_the_other(furnished):
    """What one reads at its beginning still holds at its end: no update is lost."""

    async def count_up():
        async with furnished.writing() as rows:
            account = await rows.accounts.get(nouns.ATLANTA.id)
            await asyncio.sleep(0.01)
            await rows.accounts.replace(replace(account, name=f"{int(account.name) + 1}"))

    async with furnished.writing() as rows:
        await rows.accounts.replace(replace(nouns.ATLANTA, name="0"))
    await asyncio.gather(*(count_up() for _ in range(8)))
    async with furnished.reading() as rows:
        assert (await rows.accounts.get(nouns.ATLANTA.id)).name == "8"
