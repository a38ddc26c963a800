"""Bindings as people list them: read from disk, without the listeners of a running server."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from trunkline.store.database import Database
from trunkline.store.schema import bindings


@dataclass(frozen=True, slots=True)
class StoredBinding:
    """A binding as it is on disk; ``listener`` is ``transport:host:port``, ``q`` in thousandths."""

    aor: str
    uri: str
    contact: str
    listener: str
    host: str
    port: int
    expires_at: float
    registered_at: float
    q: int
    instance: str
    reg_id: int
    path: tuple[str, ...]
    user_agent: str


async def list_bindings(
    database: Database, now: float, *, aor: str = "", limit: int = 100
) -> list[StoredBinding]:
    """Bindings that have not expired, by address-of-record (in any case)."""
    columns = bindings.c
    wanted = select(bindings).where(columns.expires_at > now).order_by(columns.aor, columns.uri).limit(limit)
    if aor:
        wanted = wanted.where(func.lower(columns.aor) == aor.lower())
    async with database.reading() as connection:
        rows = (await connection.execute(wanted)).all()
    return [
        StoredBinding(
            aor=row.aor,
            uri=row.uri,
            contact=row.contact,
            listener=row.listener,
            host=row.host,
            port=row.port,
            expires_at=row.expires_at,
            registered_at=row.registered_at,
            q=row.q,
            instance=row.instance,
            reg_id=row.reg_id,
            path=tuple(row.path.split("\n")) if row.path else (),
            user_agent=row.user_agent,
        )
        for row in rows
    ]
