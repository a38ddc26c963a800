"""SQL of voice applications."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.application import Application
from trunkline.store.changes import tell
from trunkline.store.schema import applications


class SqlApplications:
    """Rows of applications in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[Application]:
        """Every application of every account, the oldest first."""
        rows = await self._connection.execute(select(applications).order_by(*_AGE))
        return [_application(row) for row in rows]

    async def of(self, account_id: int) -> list[Application]:
        """The applications of an account, the oldest first."""
        rows = await self._connection.execute(
            select(applications).where(applications.c.account_id == account_id).order_by(*_AGE)
        )
        return [_application(row) for row in rows]

    async def get(self, application_id: str) -> Application | None:
        """The application; None when there is none."""
        found = await self._connection.execute(
            select(applications).where(applications.c.id == application_id)
        )
        row = found.one_or_none()
        return None if row is None else _application(row)

    async def add(self, application: Application) -> None:
        """Write a new application under its id."""
        await self._connection.execute(insert(applications).values(id=application.id, **_values(application)))
        await tell(self._connection, Application, [application.id])

    async def replace(self, application: Application) -> None:
        """Write an application anew."""
        await self._connection.execute(
            update(applications).where(applications.c.id == application.id).values(**_values(application))
        )
        await tell(self._connection, Application, [application.id])

    async def remove(self, application_id: str) -> None:
        """Remove an application that no credential refers to."""
        await self._connection.execute(delete(applications).where(applications.c.id == application_id))
        await tell(self._connection, Application, [application_id])


_AGE = (applications.c.created_at, applications.c.id)


def _application(row: Sequence[Any]) -> Application:
    application_id, *rest = row
    return Application(sys.intern(application_id), *rest)


def _values(application: Application) -> dict[str, object]:
    return {
        "account_id": application.account_id,
        "name": application.name,
        "call_initiated_url": application.call_initiated_url,
        "call_status_url": application.call_status_url,
        "callback_username": application.callback_username,
        "created_at": application.created_at,
        "call_initiated_method": application.call_initiated_method,
        "call_status_method": application.call_status_method,
        "fallback_url": application.fallback_url,
        "fallback_method": application.fallback_method,
        "callback_password": application.callback_password,
        "fallback_username": application.fallback_username,
        "fallback_password": application.fallback_password,
        "callback_timeout_s": application.callback_timeout_s,
    }
