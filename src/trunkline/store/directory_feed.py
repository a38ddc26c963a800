"""The change feed's reader: fills a server's directory at the start, and keeps it as the database is.

Whoever writes (this process, the command line, another node) leaves a row in ``changes`` in the same transaction.
Every fifth of a second the rows behind the last one seen are read, and the nouns that they name.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Never

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.credential import Credential
from trunkline.domain.directory import Change, Directory, Noun, Removed
from trunkline.domain.number import Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import Trunk
from trunkline.store.batches import is_outage
from trunkline.store.changes import NOUN_KINDS
from trunkline.store.database import Database
from trunkline.store.provisioning_store import SqlTransaction
from trunkline.store.schema import changes

POLL_EVERY_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
LOAD_CHUNK: Final = 10_000
FOLLOW_CHUNK: Final = 500
KEPT_CHANGES: Final = 200_000
"""A reader that is further behind than this reads everything anew."""

_NEWEST: Final = f"SELECT coalesce(max({changes.c.seq.name}), 0) FROM {changes.name}"  # noqa: S608 - our own names

OnChange = Callable[[Noun | None, Noun | None], None]
"""Is told of each change when it is in the directory: the noun before (None: it is new) and now (None: it is gone)."""

_log: Final = logging.getLogger(__name__)


class DirectoryFeed:
    """Reads one database into one directory. ``failures`` counts polls that an outage spoilt."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory
        self._seen = 0
        self._polling = asyncio.Lock()
        self.failures = 0

    @property
    def seen(self) -> int:
        """The number of the last change that is in the directory; 0 before the first."""
        return self._seen

    async def load(self) -> None:
        """Read everything. Also shortens the feed: what all have seen long ago is dropped."""
        with _without_garbage_collection():
            async with self._database.reading() as connection:
                # Read first: what is written meanwhile is read a second time, which does no harm.
                self._seen = await _newest(connection)
                async for nouns in _everything(SqlTransaction(connection)):
                    self._directory.apply(nouns)
        async with self._database.writing() as connection:
            await connection.execute(delete(changes).where(changes.c.seq <= self._seen - KEPT_CHANGES))

    async def follow(self, on_change: OnChange | None = None) -> Never:
        """Apply changes as they come, until cancelled. An outage of the database is sat out."""
        pause_s = POLL_EVERY_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.poll(on_change)
            except Exception as error:  # noqa: BLE001 - is_outage tells theirs from ours
                if not is_outage(error):
                    _log.exception("Changes could not be applied")
                elif pause_s == POLL_EVERY_S:
                    _log.error("The database fails (%s); changes are applied when it works again", error)
                self.failures += 1
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                pause_s = POLL_EVERY_S

    async def poll(self, on_change: OnChange | None = None) -> int:
        """Apply what was committed since the last look, now; returns how many nouns changed."""
        async with self._polling:
            if await self._database.first_value(_NEWEST) <= self._seen:
                return 0
            applied = 0
            while count := await self._poll_chunk(on_change):
                applied += count
            return applied

    async def _poll_chunk(self, on_change: OnChange | None) -> int:
        async with self._database.reading() as connection:
            rows = (
                await connection.execute(
                    select(changes)
                    .where(changes.c.seq > self._seen)
                    .order_by(changes.c.seq)
                    .limit(FOLLOW_CHUNK)
                )
            ).all()
            if not rows:
                return 0
            found: list[Change]
            if rows[0].seq > self._seen + 1 and await self._fell_behind(connection):
                found = [change async for nouns in self._anew(SqlTransaction(connection)) for change in nouns]
                seen = await _newest(connection)
            else:
                keys = dict.fromkeys((row.noun, row.key) for row in rows)
                found = await _read(SqlTransaction(connection), list(keys))
                seen = rows[-1].seq
        self._apply(found, on_change)
        self._seen = seen
        return len(found)

    async def _fell_behind(self, connection: AsyncConnection) -> bool:
        """Whether rows that were never seen are gone. Numbers that are merely missing (an undone transaction) are not."""
        oldest = (await connection.execute(select(func.min(changes.c.seq)))).scalar_one()
        return bool(oldest > self._seen + 1)

    async def _anew(self, rows: SqlTransaction) -> AsyncIterator[Sequence[Change]]:
        alive: set[tuple[type[Noun], int | str]] = set()
        async for nouns in _everything(rows):
            alive.update((type(noun), _key(noun)) for noun in nouns)
            yield nouns
        yield [Removed(kind, key) for kind, key in self._known_keys() if (kind, key) not in alive]

    def _known_keys(self) -> Iterator[tuple[type[Noun], int | str]]:
        for kind, nouns in _tables(self._directory).items():
            for key in nouns:
                yield kind, key

    def _apply(self, found: Sequence[Change], on_change: OnChange | None) -> None:
        if on_change is None:
            self._directory.apply(found)
            return
        tables = _tables(self._directory)
        before = [
            tables[change.kind].get(change.key)
            if isinstance(change, Removed)
            else tables[type(change)].get(_key(change))
            for change in found
        ]
        self._directory.apply(found)
        for old, change in zip(before, found, strict=True):
            new = None if isinstance(change, Removed) else change
            if old != new:
                on_change(old, new)


def _tables(directory: Directory) -> dict[type[Noun], Mapping[int | str, Noun]]:
    tables: dict[type[Noun], Mapping[int, Noun] | Mapping[str, Noun]] = {
        Account: directory.accounts,
        Realm: directory.realms,
        Credential: directory.credentials,
        Application: directory.applications,
        Trunk: directory.trunks,
        Number: directory.numbers,
    }
    return tables  # type: ignore[return-value] # a mapping's key type is invariant, though we only look up


def _key(noun: Noun) -> int | str:
    return noun.e164 if isinstance(noun, Number) else noun.id


async def _newest(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(func.coalesce(func.max(changes.c.seq), 0)))).scalar_one())


async def _everything(rows: SqlTransaction) -> AsyncIterator[Sequence[Noun]]:
    yield await rows.accounts.all()
    yield await rows.realms.all()
    yield await rows.applications.all()
    yield await rows.trunks.all()
    after = 0
    while credentials := await rows.credentials.all(after, LOAD_CHUNK):
        yield credentials
        after = credentials[-1].id
    yield await rows.numbers.all()


async def _read(rows: SqlTransaction, keys: Sequence[tuple[str, str]]) -> list[Change]:
    """The named nouns as they are now, in the order of the feed; Removed for those that are gone."""
    wanted = [int(key) for noun, key in keys if noun == "credential"]
    credentials = {credential.id: credential for credential in await rows.credentials.many(wanted)}
    found: list[Change] = []
    for name, key in keys:
        kind = NOUN_KINDS[name]
        noun: Noun | None
        match name:
            case "account":
                noun = await rows.accounts.get(int(key))
            case "realm":
                noun = await rows.realms.get(int(key))
            case "credential":
                noun = credentials.get(int(key))
            case "application":
                noun = await rows.applications.get(key)
            case "trunk":
                noun = await rows.trunks.get(int(key))
            case _:
                noun = await rows.numbers.get(key)
        if noun is None:
            noun_key = key if kind in {Application, Number} else int(key)
            found.append(Removed(kind, noun_key))
        else:
            found.append(noun)
    return found


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Nothing that is loaded is garbage: looking for it would take as long as the loading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
