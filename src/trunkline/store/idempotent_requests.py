"""SQL of requests under idempotency keys."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.idempotency import IdempotentRequest
from trunkline.store.schema import idempotent_requests

_columns = idempotent_requests.c


class SqlIdempotentRequests:
    """Rows of requests in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, principal: str, key: str) -> IdempotentRequest | None:
        """The request; None when there is none."""
        found = await self._connection.execute(select(idempotent_requests).where(_is(principal, key)))
        row = found.one_or_none()
        return None if row is None else IdempotentRequest(*row)

    async def add(self, request: IdempotentRequest) -> None:
        """Write a new request."""
        await self._connection.execute(insert(idempotent_requests).values(**asdict(request)))

    async def answered(self, principal: str, key: str, status: int, content_type: str, body: str) -> None:
        """Write the answer that a request got."""
        await self._connection.execute(
            update(idempotent_requests)
            .where(_is(principal, key))
            .values(status=status, content_type=content_type, body=body)
        )

    async def remove(self, principal: str, key: str) -> None:
        """Forget a request."""
        await self._connection.execute(delete(idempotent_requests).where(_is(principal, key)))

    async def remove_older(self, before: float) -> None:
        """Forget the requests that came before this time."""
        await self._connection.execute(delete(idempotent_requests).where(_columns.at < before))


def _is(principal: str, key: str) -> ColumnElement[bool]:
    return and_(_columns.principal == principal, _columns.key == key)
