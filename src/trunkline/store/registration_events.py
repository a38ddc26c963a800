"""Registration events on disk: written behind, the newest kept, listed for people who ask what happened."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from sqlalchemy import func, select, text

from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.store.batches import RowValues, insert_sql, write_batch
from trunkline.store.database import Database
from trunkline.store.schema import realms, registration_events
from trunkline.store.write_behind import WriteBehind

FLUSH_DELAY_S: Final = 1.0
KEPT_ROWS: Final = 100_000
MOST_WAITING: Final = 20_000
ROWS_BETWEEN_TRIMS: Final = 5_000


class RegistrationEventWriter:
    """Takes events; never waits and never fails its caller.

    Refreshes are left out unless asked for: each is in its binding anyway, and there are thousands a second.
    When more than ``MOST_WAITING`` wait, the oldest is dropped and counted in ``dropped``.
    """

    def __init__(self, database: Database, *, refreshes: bool = False, kept_rows: int = KEPT_ROWS) -> None:
        self._database = database
        self._refreshes = refreshes
        self._kept_rows = kept_rows
        self._insert = insert_sql(registration_events, database.placeholder, skip=frozenset({"id"}))
        self._waiting: deque[RegistrationEvent] = deque()
        self._since_trim = 0
        self._behind = WriteBehind("registration events", self._flush, FLUSH_DELAY_S)
        self.written = 0
        self.dropped = 0

    @property
    def failures(self) -> int:
        """How often the database failed."""
        return self._behind.failures

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._behind.start()

    def record(self, event: RegistrationEvent) -> None:
        """Take an event."""
        if event.kind is RegistrationEventKind.REFRESHED and not self._refreshes:
            return
        if not self._waiting:
            self._behind.wake()
        elif len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(event)

    async def close(self) -> None:
        """Write everything that waits, and stop."""
        await self._behind.close()

    async def _flush(self) -> None:
        taken, self._waiting = self._waiting, deque()
        rows: list[RowValues] = [
            (event.at, event.aor, event.kind.value, event.contact, event.flow, event.user_agent, event.detail)
            for event in taken
        ]
        try:
            refused = await write_batch(self._database, self._insert, rows)
        except BaseException:
            taken.extend(self._waiting)
            self._waiting = taken
            raise
        self.dropped += refused
        self.written += len(rows) - refused
        await self._trim(len(rows))

    async def _trim(self, added: int) -> None:
        self._since_trim += added
        if self._since_trim < ROWS_BETWEEN_TRIMS:
            return
        self._since_trim = 0
        async with self._database.writing() as connection:
            await connection.execute(
                text(
                    "DELETE FROM registration_events WHERE id <= (SELECT max(id) FROM registration_events) - :kept"
                ),
                {"kept": self._kept_rows},
            )


async def list_registration_events(
    database: Database,
    *,
    aor: str = "",
    kind: RegistrationEventKind | None = None,
    before: int = 0,
    limit: int = 100,
    account_id: int | None = None,
) -> list[tuple[int, RegistrationEvent]]:
    """Events with their ids, the newest first; ``before`` an id gives those that are older than it.

    ``account_id`` gives those of an account's realms.
    """
    columns = registration_events.c
    wanted = select(registration_events).order_by(columns.id.desc()).limit(limit)
    if aor:
        wanted = wanted.where(func.lower(columns.aor) == aor.lower())
    if kind is not None:
        wanted = wanted.where(columns.kind == kind.value)
    if before:
        wanted = wanted.where(columns.id < before)
    if account_id is not None:
        # Not LIKE: a realm's name must not be taken for a pattern.
        ending = func.substr(columns.aor, func.length(columns.aor) - func.length(realms.c.name))
        owned = select(realms.c.id).where(realms.c.account_id == account_id, ending == "@" + realms.c.name)
        wanted = wanted.where(owned.exists())
    async with database.reading() as connection:
        rows = (await connection.execute(wanted)).all()
    return [(row.id, _event(row)) for row in rows]


async def find_registration_event(database: Database, event_id: int) -> RegistrationEvent | None:
    """One event; None when it is gone."""
    wanted = select(registration_events).where(registration_events.c.id == event_id)
    async with database.reading() as connection:
        row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else _event(row)


class SqlRegistrationTimeline:
    """Fills the port ``RegistrationTimeline`` of operations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(
        self,
        *,
        account_id: int | None = None,
        aor: str = "",
        kind: RegistrationEventKind | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> list[tuple[int, RegistrationEvent]]:
        """See :func:`list_registration_events`."""
        return await list_registration_events(
            self._database, aor=aor, kind=kind, before=before, limit=limit, account_id=account_id
        )

    async def event(self, event_id: int) -> RegistrationEvent | None:
        """See :func:`find_registration_event`."""
        return await find_registration_event(self._database, event_id)


def _event(row: Any) -> RegistrationEvent:
    return RegistrationEvent(
        at=row.at, aor=row.aor, kind=RegistrationEventKind(row.kind), contact=row.contact, flow=row.flow,
        user_agent=row.user_agent, detail=row.detail,
    )  # fmt: skip
