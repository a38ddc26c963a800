"""Lists of call detail records: by what they are about, page by page, the newest first."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import Select, and_, or_, select

from trunkline.domain.cdr import Cdr
from trunkline.domain.cdr_search import CdrFilter, CdrPage
from trunkline.store.cdr_rows import cdr_of
from trunkline.store.database import Database
from trunkline.store.faults import StoreFault
from trunkline.store.schema import cdrs

DEFAULT_LIMIT: Final = 50


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


class SqlCdrSearch:
    """Fills the port ``CdrSearch`` of operations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: CdrFilter, *, after: str = "", limit: int = DEFAULT_LIMIT) -> CdrPage:
        """See :func:`list_cdrs`."""
        return await list_cdrs(self._database, wanted, after=after, limit=limit)

    async def find(self, call_id: str) -> Cdr | None:
        """See :func:`find_cdr`."""
        return await find_cdr(self._database, call_id)


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
    if wanted.source:
        query = query.where(
            or_(
                columns.source.contains(wanted.source, autoescape=True),
                columns.user_agent.contains(wanted.source, autoescape=True),
            )
        )
    if wanted.sip_call_id:
        in_legs = columns.legs.contains(json.dumps(wanted.sip_call_id), autoescape=True)
        query = query.where(or_(columns.sip_call_id == wanted.sip_call_id, in_legs))
    if wanted.status is not None:
        query = query.where(columns.status == wanted.status)
    lasted = columns.ended_at - columns.answered_at
    if wanted.at_least_s is not None:
        query = query.where(lasted >= wanted.at_least_s)
    if wanted.at_most_s is not None:
        query = query.where(lasted <= wanted.at_most_s)
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
