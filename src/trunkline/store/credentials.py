"""SQL of credentials and their previous secrets.

Reading is written for speed: a server starts by reading all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Select,
    any_,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.credential import CallerIdRule, Credential, HashPair, Secret
from trunkline.domain.credential_search import EVERY_CREDENTIAL, CredentialSearch
from trunkline.domain.media_mode import MediaMode
from trunkline.store.changes import tell
from trunkline.store.schema import applications, credentials, previous_secrets, realms
from trunkline.store.texts import limits_of, limits_text

KEYS_OF_A_STATEMENT: Final = 500
"""SQLite takes a bounded number of parameters in one statement."""

_CALLER_ID_RULES: Final = {rule.value: rule for rule in CallerIdRule}
_MEDIA_MODES: Final = {mode.value: mode for mode in MediaMode}

_columns = credentials.c
_SELECT: Final[Select[Any]] = select(
    _columns.id,
    _columns.account_id,
    _columns.realm_id,
    realms.c.name,
    _columns.username,
    _columns.domain,
    _columns.md5_hash1,
    _columns.md5_hash1b,
    _columns.sha256_hash1,
    _columns.sha256_hash1b,
    _columns.sha512_256_hash1,
    _columns.sha512_256_hash1b,
    _columns.secret_created_at,
    _columns.application_id,
    _columns.enabled,
    _columns.caller_id_rule,
    _columns.caller_id,
    _columns.limits,
    _columns.media,
    _columns.created_at,
).join_from(credentials, realms)


class SqlCredentials:
    """Rows of credentials in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self, after: int, limit: int) -> list[Credential]:
        """Credentials of every account in the order of their ids, from behind ``after``.

        Asked in the driver's own words: a hundred thousand rows cost half as much.
        """
        dialect = self._connection.dialect
        mark = "?" if dialect.name == "sqlite" else "%s"
        statement = f"{_SELECT.compile(dialect=dialect)} WHERE credentials.id > {mark} ORDER BY credentials.id LIMIT {mark}"
        return await self._converted(
            (await self._connection.exec_driver_sql(statement, (after, limit))).all()
        )

    async def page(
        self,
        account_id: int,
        realm_id: int | None = None,
        after: int = 0,
        limit: int = 1000,
        *,
        search: CredentialSearch = EVERY_CREDENTIAL,
        newest_first: bool = False,
        skip: int = 0,
    ) -> list[Credential]:
        """Credentials of an account or of one of its realms in the order of their ids, from behind ``after``.

        ``newest_first`` turns the order round: then they come from below ``after``, 0 being the top. ``skip`` leaves
        out that many of those that would come.
        """
        conditions = [_columns.account_id == account_id, *_conditions(realm_id, search)]
        if search.composite:
            # The names are read from their index: a hundred thousand whole rows take five times as long.
            named = credentials.alias()
            fits = named.c.composite_lower.contains(search.composite.lower(), autoescape=True)
            conditions.append(
                _columns.id.in_(select(named.c.id).where(named.c.realm_id.in_(_realms_of(account_id)), fits))
            )
        order = _columns.id.desc() if newest_first else _columns.id.asc()
        if after or not newest_first:
            conditions.append(_columns.id < after if newest_first else _columns.id > after)
        if skip:
            # Whole rows are read only from there on: to skip ids alone costs a fraction.
            tables = credentials.join(realms) if search.realm else credentials
            first = select(_columns.id).select_from(tables).where(*conditions).order_by(order)
            start = first.limit(1).offset(skip).scalar_subquery()
            conditions.append(_columns.id <= start if newest_first else _columns.id >= start)
        return await self._read(_SELECT.where(*conditions).order_by(order).limit(limit))

    async def count(
        self,
        account_id: int,
        realm_id: int | None = None,
        *,
        search: CredentialSearch = EVERY_CREDENTIAL,
        below: int | None = None,
    ) -> int:
        """How many credentials of an account or of one of its realms fit a search; those with ids ``below`` only."""
        conditions = [_columns.realm_id.in_(_realms_of(account_id)), *_conditions(realm_id, search)]
        if below is not None:
            conditions.append(_columns.id < below)
        counted = await self._connection.execute(
            select(func.count())
            .select_from(credentials.join(realms) if search.realm else credentials)
            .where(*conditions)
        )
        return int(counted.scalar_one())

    async def counts(self, account_id: int) -> dict[int, int]:
        """How many credentials each realm of an account has; realms without any are left out."""
        rows = await self._connection.execute(
            select(_columns.realm_id, func.count())
            .where(_columns.realm_id.in_(_realms_of(account_id)))
            .group_by(_columns.realm_id)
        )
        return {int(realm_id): int(count) for realm_id, count in rows}

    async def get(self, credential_id: int) -> Credential | None:
        """The credential; None when there is none."""
        found = await self._read(_SELECT.where(_columns.id == credential_id))
        return found[0] if found else None

    async def many(self, credential_ids: Sequence[int]) -> list[Credential]:
        """Those of the credentials that exist."""
        found: list[Credential] = []
        for start in range(0, len(credential_ids), KEYS_OF_A_STATEMENT):
            keys = credential_ids[start : start + KEYS_OF_A_STATEMENT]
            found += await self._read(_SELECT.where(self._one_of(_columns.id, keys)).order_by(_columns.id))
        return found

    async def with_composite(self, realm_id: int, composite: str) -> Credential | None:
        """The credential of this composite user name in any case; None when there is none."""
        found = await self._read(
            _SELECT.where(_columns.realm_id == realm_id, _columns.composite_lower == composite.lower())
        )
        return found[0] if found else None

    async def taken(self, realm_id: int, composites: Sequence[str]) -> set[str]:
        """Which of these composite user names (lower case) the realm already has, in lower case."""
        names: set[str] = set()
        for start in range(0, len(composites), KEYS_OF_A_STATEMENT):
            keys = composites[start : start + KEYS_OF_A_STATEMENT]
            rows = await self._connection.execute(
                select(_columns.composite_lower).where(
                    _columns.realm_id == realm_id, self._one_of(_columns.composite_lower, keys)
                )
            )
            names.update(name for (name,) in rows)
        return names

    async def of_application(self, application_id: str) -> list[Credential]:
        """The credentials whose calls go to an application."""
        return await self._read(
            _SELECT.where(_columns.application_id == application_id).order_by(_columns.id)
        )

    async def add(self, credential: Credential) -> Credential:
        """Write a new credential and return it with the id it got."""
        added = await self._connection.execute(
            insert(credentials).values(**_values(credential)).returning(_columns.id)
        )
        credential_id = int(added.scalar_one())
        await self._write_previous(credential_id, credential.secrets[1:])
        await tell(self._connection, Credential, [credential_id])
        stored = await self.get(credential_id)
        assert stored is not None
        return stored

    async def add_many(self, new: Sequence[Credential]) -> list[Credential]:
        """Write many new credentials and return them, in their order, with the ids they got."""
        if not new:
            return []
        added = await self._connection.execute(
            insert(credentials).returning(_columns.id, _columns.realm_id, _columns.composite_lower),
            [_values(credential) for credential in new],
        )
        ids = {(realm_id, composite): credential_id for credential_id, realm_id, composite in added}
        stored = [replace(one, id=ids[one.realm_id, one.composite.lower()]) for one in new]
        await tell(self._connection, Credential, [one.id for one in stored])
        return stored

    async def replace(self, credential: Credential) -> None:
        """Write a credential anew, its secrets included. Its realm and names do not change."""
        await self._connection.execute(
            update(credentials).where(_columns.id == credential.id).values(**_values(credential))
        )
        await self._write_previous(credential.id, credential.secrets[1:])
        await tell(self._connection, Credential, [credential.id])

    async def remove(self, credential_id: int) -> None:
        """Remove a credential."""
        await self._connection.execute(delete(credentials).where(_columns.id == credential_id))
        await tell(self._connection, Credential, [credential_id])

    async def remove_all(self, realm_id: int) -> None:
        """Remove every credential of a realm."""
        removed = await self._connection.execute(
            delete(credentials).where(_columns.realm_id == realm_id).returning(_columns.id)
        )
        await tell(self._connection, Credential, [credential_id for (credential_id,) in removed.all()])

    def _one_of(self, column: Column[Any], keys: Sequence[Any]) -> ColumnElement[bool]:
        """Whether a column is one of the keys.

        PostgreSQL gets them as one array: of 500 parameters it makes a plan that reads the whole table.
        """
        if self._connection.dialect.name == "sqlite":
            return column.in_(keys)
        return column == any_(literal(list(keys), ARRAY(column.type)))

    async def _read(self, wanted: Select[Any]) -> list[Credential]:
        return await self._converted((await self._connection.execute(wanted)).all())

    async def _converted(self, rows: Sequence[Sequence[Any]]) -> list[Credential]:
        """Rows in the order of their ids as credentials."""
        previous = await self._previous([rows[0][0], rows[-1][0]]) if rows else {}
        return [_credential(row, previous) for row in rows]

    async def _previous(self, ends: list[int]) -> dict[int, tuple[Secret, ...]]:
        """Secrets that are being rotated out, by credential: few, so a range of ids is read at once."""
        column = previous_secrets.c.credential_id
        rows = await self._connection.execute(
            select(previous_secrets).where(column.between(min(ends), max(ends)))
        )
        return {
            credential_id: (_secret(hashes, created_at, valid_until),)
            for credential_id, *hashes, created_at, valid_until in rows
        }

    async def _write_previous(self, credential_id: int, secrets: tuple[Secret, ...]) -> None:
        await self._connection.execute(
            delete(previous_secrets).where(previous_secrets.c.credential_id == credential_id)
        )
        for secret in secrets[:1]:
            await self._connection.execute(
                insert(previous_secrets).values(
                    credential_id=credential_id,
                    created_at=secret.created_at,
                    valid_until=secret.valid_until,
                    **_hashes(secret),
                )
            )


def _realms_of(account_id: int) -> Select[tuple[int]]:
    """The ids of an account's realms: with them credentials are counted in an index alone."""
    return select(realms.c.id).where(realms.c.account_id == account_id)


def _conditions(realm_id: int | None, search: CredentialSearch) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if realm_id is not None:
        wanted.append(_columns.realm_id == realm_id)
    fragments: tuple[tuple[ColumnElement[str], str], ...] = (
        (_columns.composite_lower, search.composite),
        (func.lower(_columns.username), search.username),
        (func.lower(_columns.domain), search.domain),
        (realms.c.name, search.realm),
    )
    wanted += [
        column.contains(fragment.lower(), autoescape=True) for column, fragment in fragments if fragment
    ]
    if search.application:
        named = func.lower(applications.c.name).contains(search.application.lower(), autoescape=True)
        wanted.append(_columns.application_id.in_(select(applications.c.id).where(named)))
    return wanted


def _credential(row: Sequence[Any], previous: dict[int, tuple[Secret, ...]]) -> Credential:
    (
        credential_id,
        account_id,
        realm_id,
        realm_name,
        username,
        domain,
        md5_hash1,
        md5_hash1b,
        sha256_hash1,
        sha256_hash1b,
        sha512_256_hash1,
        sha512_256_hash1b,
        secret_created_at,
        application_id,
        enabled,
        caller_id_rule,
        caller_id,
        limits,
        media,
        created_at,
    ) = row
    hashes = (md5_hash1, md5_hash1b, sha256_hash1, sha256_hash1b, sha512_256_hash1, sha512_256_hash1b)
    current = _secret(hashes, secret_created_at, None)
    return Credential(
        credential_id,
        account_id,
        realm_id,
        sys.intern(realm_name),
        username,
        domain,
        (current, *previous[credential_id]) if credential_id in previous else (current,),
        None if application_id is None else sys.intern(application_id),
        bool(enabled),
        _CALLER_ID_RULES[caller_id_rule],
        caller_id,
        limits_of(limits),
        _MEDIA_MODES[media],
        created_at,
    )


def _secret(hashes: Sequence[Any], created_at: float, valid_until: float | None) -> Secret:
    md5_hash1, md5_hash1b, sha256_hash1, sha256_hash1b, sha512_256_hash1, sha512_256_hash1b = hashes
    return Secret(
        HashPair(md5_hash1, md5_hash1b),
        None if sha256_hash1 is None else HashPair(sha256_hash1, sha256_hash1b),
        None if sha512_256_hash1 is None else HashPair(sha512_256_hash1, sha512_256_hash1b),
        created_at,
        valid_until,
    )


def _hashes(secret: Secret) -> dict[str, str | None]:
    return {
        "md5_hash1": secret.md5.hash1,
        "md5_hash1b": secret.md5.hash1b,
        "sha256_hash1": secret.sha256.hash1 if secret.sha256 else None,
        "sha256_hash1b": secret.sha256.hash1b if secret.sha256 else None,
        "sha512_256_hash1": secret.sha512_256.hash1 if secret.sha512_256 else None,
        "sha512_256_hash1b": secret.sha512_256.hash1b if secret.sha512_256 else None,
    }


def _values(credential: Credential) -> dict[str, object]:
    return {
        "account_id": credential.account_id,
        "realm_id": credential.realm_id,
        "username": credential.username,
        "domain": credential.domain,
        "composite_lower": credential.composite.lower(),
        **_hashes(credential.secrets[0]),
        "secret_created_at": credential.secrets[0].created_at,
        "application_id": credential.application_id,
        "enabled": credential.enabled,
        "caller_id_rule": credential.caller_id_rule.value,
        "caller_id": credential.caller_id,
        "limits": limits_text(credential.limits),
        "media": credential.media.value,
        "created_at": credential.created_at,
    }
