"""Bindings on disk: written behind, coalesced, and read back at the start.

The registrar keeps bindings in memory and tells each change here. A change waits in a dictionary, where a newer
one of the same binding replaces it, and is written within half a second.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, select

from trunkline.domain.binding import Binding
from trunkline.sip.flow import Flow, Listener
from trunkline.store.batches import RowValues, delete_sql, upsert_sql, write_batch
from trunkline.store.database import Database
from trunkline.store.schema import bindings
from trunkline.store.write_behind import WriteBehind

FLUSH_DELAY_S: Final = 0.5
ROWS_AT_ONCE: Final = 10_000

_Key = tuple[str, str, str, int]


def listener_text(listener: Listener) -> str:
    """How a listener is named on disk: ``transport:host:port`` of its bound address."""
    return f"{listener.transport}:{listener.host}:{listener.port}"


class BindingWriter:
    """Takes changes of bindings; never waits and never fails its caller.

    ``written`` and ``refused`` count rows. The changes that wait are bounded by the bindings there are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upsert = upsert_sql(bindings, database.placeholder)
        self._delete = delete_sql(bindings, database.placeholder)
        self._waiting: dict[_Key, Binding | None] = {}
        self._listener_texts: dict[Listener, str] = {}
        self._behind = WriteBehind("bindings", self._flush, FLUSH_DELAY_S)
        self.written = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        """How many changes are not on disk yet."""
        return len(self._waiting)

    @property
    def failures(self) -> int:
        """How often the database failed."""
        return self._behind.failures

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._behind.start()

    def changed(self, binding: Binding) -> None:
        """A binding was added or refreshed."""
        if not self._waiting:
            self._behind.wake()
        self._waiting[(binding.aor, binding.uri, binding.instance, binding.reg_id)] = binding

    def removed(self, aor: str, binding: Binding) -> None:
        """A binding was removed, replaced by another, or has expired."""
        if not self._waiting:
            self._behind.wake()
        self._waiting[(aor, binding.uri, binding.instance, binding.reg_id)] = None

    async def close(self) -> None:
        """Write everything that waits, and stop."""
        await self._behind.close()

    async def _flush(self) -> None:
        taken, self._waiting = self._waiting, {}
        changed = [self._row(binding) for binding in taken.values() if binding is not None]
        removed: list[RowValues] = [key for key, binding in taken.items() if binding is None]
        try:
            refused = await write_batch(self._database, self._upsert, changed)
            refused += await write_batch(self._database, self._delete, removed)
        except BaseException:
            # Newer changes that came meanwhile win over those taken.
            self._waiting = taken | self._waiting
            raise
        self.written += len(taken) - refused
        self.refused += refused

    def _row(self, binding: Binding) -> RowValues:
        flow = binding.flow
        listener = self._listener_texts.get(flow.listener)
        if listener is None:
            listener = self._listener_texts[flow.listener] = listener_text(flow.listener)
        return (
            binding.aor, binding.uri, binding.instance, binding.reg_id, binding.contact, binding.call_id,
            binding.cseq, binding.expires_at, binding.q, listener, flow.host, flow.port,
            "\n".join(binding.path), binding.user_agent, binding.registered_at,
        )  # fmt: skip


async def load_bindings(database: Database, listeners: Mapping[str, Listener], now: float) -> list[Binding]:
    """The bindings that have not expired, by address-of-record.

    ``listeners`` are those of this run by their :func:`listener_text`. A binding of a listener that is gone comes
    back over another one of the same transport and address family; where there is none it is left out, as the
    device could not be reached. Connections are gone too: flows of streams come back without one.
    """
    async with database.writing() as connection:
        await connection.execute(delete(bindings).where(bindings.c.expires_at <= now))
    loaded: list[Binding] = []
    async with database.reading() as connection:
        result = await connection.stream(select(bindings).order_by(bindings.c.aor))
        async for rows in result.partitions(ROWS_AT_ONCE):
            for row in rows:
                listener = listeners.get(row[9]) or _substitute(row[9], listeners)
                if listener is not None:
                    loaded.append(_binding(row, listener))
    return loaded


def _binding(row: Sequence[Any], listener: Listener) -> Binding:
    (
        aor, uri, instance, reg_id, contact, call_id, cseq, expires_at, q, _, host, port, path, user_agent,
        registered_at,
    ) = row  # fmt: skip
    return Binding(
        aor, uri, contact, call_id, cseq, expires_at, q, Flow(listener, host, port),
        tuple(path.split("\n")) if path else (), instance, reg_id, sys.intern(user_agent), registered_at,
    )  # fmt: skip


def _substitute(text: str, listeners: Mapping[str, Listener]) -> Listener | None:
    transport, _, rest = text.partition(":")
    is_ipv6 = ":" in rest.rpartition(":")[0]
    return next(
        (one for one in listeners.values() if one.transport == transport and one.is_ipv6 == is_ipv6), None
    )
