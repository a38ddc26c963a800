"""The change feed: which noun was written, in the order of the commits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.credential import Credential
from trunkline.domain.directory import Noun
from trunkline.domain.number import Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import Trunk
from trunkline.store.batches import insert_sql, placeholder_of
from trunkline.store.schema import changes

NOUN_NAMES: Final[dict[type[Noun], str]] = {
    Account: "account",
    Realm: "realm",
    Application: "application",
    Credential: "credential",
    Trunk: "trunk",
    Number: "number",
}
NOUN_KINDS: Final[dict[str, type[Noun]]] = {name: kind for kind, name in NOUN_NAMES.items()}


async def tell(connection: AsyncConnection, kind: type[Noun], keys: Iterable[int | str]) -> None:
    """Write into the feed, within the transaction of the change itself."""
    rows = [(NOUN_NAMES[kind], str(key)) for key in keys]
    if rows:
        statement = insert_sql(changes, placeholder_of(connection), skip=frozenset({"seq"}))
        await connection.exec_driver_sql(statement, rows)
