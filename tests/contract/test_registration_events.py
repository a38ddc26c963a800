"""Registration events on disk, on SQLite and on PostgreSQL."""

from dataclasses import replace

from sqlalchemy import insert

from contract.nouns import NOW
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.store import registration_events
from trunkline.store.registration_events import (
    RegistrationEventWriter,
    find_registration_event,
    list_registration_events,
)
from trunkline.store.schema import accounts, realms

ALICE = RegistrationEvent(
    NOW,
    "alice@atlanta.example",
    RegistrationEventKind.REGISTERED,
    "<sip:alice@198.51.100.7>",
    "udp:198.51.100.7:5060",
    "Phone/1.0",
)
MALLORY = RegistrationEvent(
    NOW + 1,
    "mallory@atlanta.example",
    RegistrationEventKind.REFUSED,
    detail="wrong-password: the digest does not match",
)
REFRESH = RegistrationEvent(NOW + 2, "alice@atlanta.example", RegistrationEventKind.REFRESHED)


async def record(database, *events, **options):
    writer = RegistrationEventWriter(database, **options)
    writer.start()
    for event in events:
        writer.record(event)
    await writer.close()
    return writer


async def found(database, **wanted):
    return [event for _, event in await list_registration_events(database, **wanted)]


async def test_events_come_back_newest_first(database):
    writer = await record(database, ALICE, MALLORY)
    assert await found(database) == [MALLORY, ALICE]
    assert writer.written == 2


async def test_events_are_chosen_by_address_and_kind(database):
    await record(database, ALICE, MALLORY)
    assert await found(database, aor="ALICE@atlanta.example") == [ALICE]
    assert await found(database, kind=RegistrationEventKind.REFUSED) == [MALLORY]
    assert await found(database, aor="bob@biloxi.example") == []


async def test_pages_go_on_before_an_id(database):
    await record(database, ALICE, MALLORY)
    ((newest, event),) = await list_registration_events(database, limit=1)
    assert event == MALLORY
    assert await found(database, before=newest) == [ALICE]


async def test_refreshes_are_left_out_unless_asked_for(database):
    await record(database, REFRESH)
    assert await found(database) == []
    await record(database, REFRESH, refreshes=True)
    assert await found(database) == [REFRESH]


async def test_only_the_newest_are_kept(database, monkeypatch):
    monkeypatch.setattr(registration_events, "ROWS_BETWEEN_TRIMS", 5)
    await record(database, *[ALICE] * 9, MALLORY, kept_rows=3)
    assert await found(database) == [MALLORY, ALICE, ALICE]


async def test_a_flood_drops_the_oldest_and_counts(database, monkeypatch):
    monkeypatch.setattr(registration_events, "MOST_WAITING", 3)
    writer = await record(database, ALICE, ALICE, MALLORY, MALLORY, MALLORY)
    assert await found(database) == [MALLORY] * 3
    assert writer.dropped == 2


async def test_events_are_chosen_by_the_account_of_their_realm(database):
    async with database.writing() as connection:
        for number, (account_id, name) in enumerate(
            [(1_000_001, "atlanta.example"), (2_000_002, "lanta.example")], 1
        ):
            account = {
                "id": account_id,
                "label": str(account_id),
                "name": "",
                "country": "",
                "created_at": NOW,
            }
            await connection.execute(insert(accounts).values(account))
            realm = {"id": number, "account_id": account_id, "name": name, "label": "", "description": ""}
            await connection.execute(insert(realms).values(realm | {"created_at": NOW}))
    await record(database, ALICE, replace(MALLORY, aor="mallory@other.example"))
    assert await found(database, account_id=1_000_001) == [ALICE]
    assert await found(database, account_id=2_000_002) == []
    assert len(await found(database)) == 2


async def test_one_event_is_found_by_its_id(database):
    await record(database, ALICE)
    ((number, _),) = await list_registration_events(database)
    assert await find_registration_event(database, number) == ALICE
    assert await find_registration_event(database, number + 1) is None
