"""An installation as a command sees it: settings, database, use cases, and the account to work on."""

from __future__ import annotations

import asyncio
import getpass
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import typer

from trunkline.cli.importing import importing_much
from trunkline.cli.invocation import invocation
from trunkline.domain.principal import Principal, PrincipalKind

if TYPE_CHECKING:
    from trunkline.domain.account import Account
    from trunkline.provisioning.provisioning import Provisioning
    from trunkline.settings import Settings
    from trunkline.store.database import Database

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Installation:
    """What a command works on."""

    settings: Settings
    database: Database
    provisioning: Provisioning
    account: Account


class SystemClock:
    """The time of the day, for commands that run for a moment."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()


def with_installation(context: typer.Context, work: Callable[[Installation], Awaitable[Result]]) -> Result:
    """Open the installation, do the work, close it. An empty data folder gets a database and a first account."""

    async def run() -> Result:
        async with _opened(context) as here:
            return await work(here)

    return asyncio.run(run())


@asynccontextmanager
async def _opened(context: typer.Context) -> AsyncIterator[Installation]:
    with importing_much():  # by need: the help of a command opens nothing
        from trunkline.provisioning.provisioning import Provisioning  # noqa: PLC0415
        from trunkline.provisioning.realms import RealmNaming  # noqa: PLC0415
        from trunkline.settings import read_settings  # noqa: PLC0415
        from trunkline.store.database import Database  # noqa: PLC0415
        from trunkline.store.provisioning_store import SqlProvisioningStore  # noqa: PLC0415

    chosen = invocation(context)
    settings = read_settings(chosen.data_dir)
    database = await Database.open(settings.data_dir, settings.database_url.get_secret_value())
    try:
        naming = RealmNaming(settings.base_domain, settings.realm_form)
        provisioning = Provisioning(
            SqlProvisioningStore(database), SystemClock(), naming, principal=_operator()
        )
        first = await provisioning.accounts.first()
        wanted = chosen.account_id
        account = first if wanted is None else await provisioning.accounts.get(wanted)
        yield Installation(settings, database, provisioning, account)
    finally:
        await database.close()


def _operator() -> Principal:
    """Whoever may write the data folder owns the installation; the log tells his name on this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return Principal(PrincipalKind.CLI, str(os.getuid()), name, is_installer=True)
