"""Lists of call detail records: by what they are about, page by page, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, and_, or_, select

from trunkline.domain.cdr import Cdr, EndCause
from trunkline.store.cdr_rows import cdr_of
from trunkline.store.database import Database
from trunkline.store.faults import StoreFault
from trunkline.store.schema import cdrs

DEFAULT_LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class CdrFilter:
    """Which records are wanted; what is None or empty does not count.

    ``since`` (included) and ``until`` (not included) bound the start, in epoch seconds. ``party`` is a piece of
    the caller or callee; ``trunk_id`` the trunk a call came in from or went out through.
    """

    account_id: int | None = None
    credential_id: int | None = None
    trunk_id: int | None = None
    since: float | None = None
    until: float | None = None
    party: str = ""
    end_cause: EndCause | None = None
    rejection: str = ""
    answered: bool | None = None


@dataclass(frozen=True, slots=True)
class CdrPage:
    """Some records, and where to go on: ``after`` is empty behind the last."""

    cdrs: tuple[Cdr, ...]
    after: str


async def list_cdrs(
    database: Database, wanted: CdrFilter | None = None, *, after: str = "", limit: int = DEFAULT_LIMIT
) -> CdrPage:
    """One page, the newest start first. ``after`` is what the page before gave. Raises StoreFault when it is not."""
    columns = cdrs.c
    query = _filtered(select(cdrs), wanted or CdrFilter())
    if after:
        started_at, call_id = _position(after)
        query = query.where(
            or_(
                columns.started_at < started_at,
                and_(columns.started_at == started_at, columns.call_id < call_id),
            )
        )
    query = query.order_by(columns.started_at.desc(), columns.call_id.desc()).limit(limit + 1)
    async with database.reading() as connection:
        found = [cdr_of(row) for row in (await connection.execute(query)).all()]
    page = tuple(found[:limit])
    more = len(found) > limit and page
    return CdrPage(page, f"{page[-1].started_at!r}~{page[-1].call_id}" if more else "")


async def find_cdr(database: Database, call_id: str) -> Cdr | None:
    """The record of a call; None when there is none."""
    async with database.reading() as connection:
        row = (await connection.execute(select(cdrs).where(cdrs.c.call_id == call_id))).one_or_none()
    return None if row is None else cdr_of(row)


def _filtered(query: Select[tuple[object, ...]], wanted: CdrFilter) -> Select[tuple[object, ...]]:
    columns = cdrs.c
    if wanted.account_id is not None:
        query = query.where(columns.account_id == wanted.account_id)
    if wanted.credential_id is not None:
        query = query.where(columns.credential_id == wanted.credential_id)
    if wanted.trunk_id is not None:
        query = query.where(
            or_(columns.trunk_id == wanted.trunk_id, columns.inbound_trunk_id == wanted.trunk_id)
        )
    if wanted.since is not None:
        query = query.where(columns.started_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(columns.started_at < wanted.until)
    if wanted.party:
        query = query.where(
            or_(
                columns.caller.contains(wanted.party, autoescape=True),
                columns.callee.contains(wanted.party, autoescape=True),
            )
        )
    if wanted.end_cause is not None:
        query = query.where(columns.end_cause == wanted.end_cause.value)
    if wanted.rejection:
        query = query.where(columns.rejection == wanted.rejection)
    if wanted.answered is not None:
        query = query.where(
            columns.answered_at.is_not(None) if wanted.answered else columns.answered_at.is_(None)
        )
    return query


def _position(after: str) -> tuple[float, str]:
    started_at, _, call_id = after.partition("~")
    try:
        return float(started_at), call_id
    except ValueError:
        raise StoreFault(f"'{after}' is no page; give the value that the page before showed.") from None
