"""SQL of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.store.changes import tell
from trunkline.store.schema import numbers


class SqlNumbers:
    """Rows of numbers in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[Number]:
        """Every number of every account."""
        rows = await self._connection.execute(select(numbers).order_by(numbers.c.e164))
        return [_number(row) for row in rows]

    async def of(self, account_id: int) -> list[Number]:
        """The numbers of an account in their own order."""
        rows = await self._connection.execute(
            select(numbers).where(numbers.c.account_id == account_id).order_by(numbers.c.e164)
        )
        return [_number(row) for row in rows]

    async def page(
        self, account_id: int, fragment: str = "", after: str = "", limit: int = 100
    ) -> list[Number]:
        """The numbers of an account that have some digits in them, in their own order, from behind ``after``."""
        rows = await self._connection.execute(
            select(numbers)
            .where(*_conditions(account_id, fragment), numbers.c.e164 > after)
            .order_by(numbers.c.e164)
            .limit(limit)
        )
        return [_number(row) for row in rows]

    async def count(self, account_id: int, fragment: str = "") -> int:
        """How many numbers of an account have some digits in them."""
        counted = select(func.count()).select_from(numbers).where(*_conditions(account_id, fragment))
        return int((await self._connection.execute(counted)).scalar_one())

    async def get(self, e164: str) -> Number | None:
        """The number; None when nobody owns it."""
        row = (await self._connection.execute(select(numbers).where(numbers.c.e164 == e164))).one_or_none()
        return None if row is None else _number(row)

    async def leading_to(self, account_id: int, destination: Destination) -> list[Number]:
        """The numbers of an account that lead to a destination."""
        rows = await self._connection.execute(
            select(numbers)
            .where(
                numbers.c.account_id == account_id,
                numbers.c.destination_kind == destination.kind.value,
                numbers.c.destination_value == destination.value,
            )
            .order_by(numbers.c.e164)
        )
        return [_number(row) for row in rows]

    async def add(self, number: Number) -> None:
        """Write a new number."""
        await self._connection.execute(insert(numbers).values(e164=number.e164, **_values(number)))
        await tell(self._connection, Number, [number.e164])

    async def replace(self, number: Number) -> None:
        """Write a number anew."""
        await self._connection.execute(
            update(numbers).where(numbers.c.e164 == number.e164).values(**_values(number))
        )
        await tell(self._connection, Number, [number.e164])

    async def remove(self, e164: str) -> None:
        """Remove a number."""
        await self._connection.execute(delete(numbers).where(numbers.c.e164 == e164))
        await tell(self._connection, Number, [e164])


def _conditions(account_id: int, fragment: str) -> list[ColumnElement[bool]]:
    mine = numbers.c.account_id == account_id
    return [mine, numbers.c.e164.contains(fragment, autoescape=True)] if fragment else [mine]


def _number(row: Sequence[Any]) -> Number:
    e164, account_id, kind, value, created_at = row
    return Number(e164, account_id, Destination(DestinationKind(kind), value), created_at)


def _values(number: Number) -> dict[str, object]:
    return {
        "account_id": number.account_id,
        "destination_kind": number.destination.kind.value,
        "destination_value": number.destination.value,
        "created_at": number.created_at,
    }
