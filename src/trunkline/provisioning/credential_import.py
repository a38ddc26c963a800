"""Bulk import of credentials from CSV: each line is taken or refused by itself, with a report."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.credential import Credential
from trunkline.domain.realm import Realm
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.hashes import MD5_DIGITS
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.realms import known_realm
from trunkline.provisioning.secret_input import Hashes, Password, SecretInput, make_secret
from trunkline.provisioning.tokens import Tokens
from trunkline.provisioning.usernames import check_username

CHUNK: Final = 1000
"""Lines of one transaction: a long import must not keep other writers waiting."""

HASHED_AT_ONCE: Final = 50
COLUMNS: Final = frozenset({"username", "realm", "password", "hash1", "hash1b", "domain"})
FORMS: Final = "username,realm,password or username,realm,hash1,hash1b[,domain]"


@dataclass(frozen=True, slots=True)
class ImportedLine:
    """What became of a line. ``fault`` is None when its credential was written."""

    number: int
    username: str
    realm: str
    fault: ProvisioningFault | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A line that could be read: a credential without id, or the fault found so far."""

    line: ImportedLine
    credential: Credential | None


class CredentialImport:
    """Reads credentials from CSV lines and writes those that are right."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def run(
        self,
        account_id: int,
        lines: Iterable[str],
        report: Callable[[ImportedLine], None],
        *,
        dry: bool = False,
    ) -> int:
        """Import the lines, tell ``report`` of each in order, and return how many credentials were written.

        A first line of column names is understood. ``dry``: only check. Raises ProvisioningFault when that
        first line names unknown columns.
        """
        records = _records(lines)
        realms: dict[str, Realm | ProvisioningFault] = {}
        written = 0
        while chunk := list(islice(records, CHUNK)):
            await self._find_realms(account_id, chunk, realms)
            candidates: list[_Candidate] = []
            for number, record in chunk:
                if len(candidates) % HASHED_AT_ONCE == 0:
                    await asyncio.sleep(0)  # hashing a thousand passwords in one go would hold up calls
                candidates.append(self._candidate(number, record, realms))
            async with self._store.writing() as rows:
                candidates = await _refuse_taken(rows, candidates)
                right = [candidate.credential for candidate in candidates if candidate.credential is not None]
                if not dry:
                    await rows.credentials.add_many(right)
            written += len(right)
            for candidate in candidates:
                report(candidate.line)
        return written

    async def _find_realms(
        self, account_id: int, chunk: list[tuple[int, _Record]], realms: dict[str, Realm | ProvisioningFault]
    ) -> None:
        unknown = {record.realm for _, record in chunk if isinstance(record, _Fields)} - realms.keys()
        if not unknown:
            return
        async with self._store.reading() as rows:
            for name in unknown:
                try:
                    realms[name] = await known_realm(rows, account_id, name)
                except ProvisioningFault as fault:
                    realms[name] = fault

    def _candidate(
        self, number: int, record: _Record, realms: dict[str, Realm | ProvisioningFault]
    ) -> _Candidate:
        if isinstance(record, ProvisioningFault):
            return _Candidate(ImportedLine(number, "", "", record), None)
        realm = realms[record.realm]
        try:
            if isinstance(realm, ProvisioningFault):
                raise realm
            credential = self._credential(record, realm)
        except ProvisioningFault as fault:
            return _Candidate(ImportedLine(number, record.username, record.realm, fault), None)
        return _Candidate(ImportedLine(number, record.username, realm.name, None), credential)

    def _credential(self, record: _Fields, realm: Realm) -> Credential:
        check_username(record.username, record.domain)
        now = self._clock.now()
        draft = Credential(
            id=0,
            account_id=realm.account_id,
            realm_id=realm.id,
            realm_name=realm.name,
            username=record.username,
            domain=record.domain,
            secrets=(),
            created_at=now,
        )
        made = make_secret(record.secret, draft.composite, realm.name, now, self._tokens)
        return replace(draft, secrets=(made.secret,))


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one line."""

    username: str
    realm: str
    domain: str
    secret: SecretInput


_Record = _Fields | ProvisioningFault


def _records(lines: Iterable[str]) -> Iterator[tuple[int, _Record]]:
    reader = csv.reader(lines, strict=True)
    header: list[str] | None = None
    first = True
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, _fault(f'The line is no CSV ({error}); quote fields with commas as "a,b".')
            continue
        if first and row:
            row[0] = row[0].removeprefix("\ufeff")
        if not any(row) or row[0].startswith("#"):
            continue
        if first and row[0].strip().lower() == "username":
            header = _header(row)
        else:
            yield reader.line_num, _by_name(header, row) if header else _by_position(row)
        first = False


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) != len(names):
        wrong = f"has an unknown column '{unknown[0]}'" if unknown else "names a column twice"
        raise _fault(
            f"The first line {wrong}; the columns are username, realm, and password or hash1, hash1b and domain."
        )
    return names


def _by_name(header: list[str], cells: list[str]) -> _Record:
    if len(cells) != len(header):
        return _fault(f"The line has {len(cells)} fields, the first line names {len(header)}.")
    named = dict(zip(header, cells, strict=True))
    hash1, hash1b = named.get("hash1", ""), named.get("hash1b", "")
    secret: SecretInput
    if named.get("password"):
        if hash1 or hash1b:
            return _fault("The line has a password and hashes; leave out one of them.")
        secret = Password(named["password"])
    elif hash1 or hash1b:
        secret = Hashes(hash1, hash1b)
    else:
        return _fault("The line has neither a password nor hashes.")
    return _fields(named["username"], named.get("realm", ""), named.get("domain", ""), secret)


def _by_position(cells: list[str]) -> _Record:
    match cells:
        case [_, _, hash1] if _looks_like_hash(hash1.strip()):
            return _fault(
                "The third field looks like a hash; for Hash1 without Hash1b put a comma behind it, and if it is a "
                "password, begin the file with the line username,realm,password."
            )
        case [username, realm, password]:
            return _fields(username, realm, "", Password(password))
        case [username, realm, hash1, hash1b]:
            return _fields(username, realm, "", Hashes(hash1, hash1b))
        case [username, realm, hash1, hash1b, domain]:
            return _fields(username, realm, domain, Hashes(hash1, hash1b))
    return _fault(f"The line has {len(cells)} fields; it must be {FORMS}.")


def _fields(username: str, realm: str, domain: str, secret: SecretInput) -> _Fields:
    """Spaces around names are an accident; in a password they may be meant.

    An apostrophe before a name is none of it: exports set one where a spreadsheet would see a formula.
    """
    return _Fields(username.strip().removeprefix("'"), realm.strip(), domain.strip(), secret)


def _looks_like_hash(text: str) -> bool:
    return len(text) in {MD5_DIGITS - 1, MD5_DIGITS} and all(
        digit in "0123456789abcdefABCDEF" for digit in text
    )


def _fault(sentence: str) -> ProvisioningFault:
    return ProvisioningFault(FaultCode.INVALID_IMPORT, sentence)


async def _refuse_taken(rows: Transaction, candidates: list[_Candidate]) -> list[_Candidate]:
    composites: dict[int, list[str]] = {}
    for candidate in candidates:
        if candidate.credential is not None:
            composites.setdefault(candidate.credential.realm_id, []).append(
                candidate.credential.composite.lower()
            )
    taken = {
        realm_id: await rows.credentials.taken(realm_id, names) for realm_id, names in composites.items()
    }
    return [_unless_taken(candidate, taken) for candidate in candidates]


def _unless_taken(candidate: _Candidate, taken: dict[int, set[str]]) -> _Candidate:
    credential = candidate.credential
    if credential is None:
        return candidate
    names = taken[credential.realm_id]
    key = credential.composite.lower()
    if key not in names:
        names.add(key)
        return candidate
    fault = ProvisioningFault(
        FaultCode.CREDENTIAL_EXISTS,
        f"Realm {credential.realm_name} has a credential '{credential.composite}' already (case does not count); "
        "remove the line, or rotate the credential to change its secret.",
    )
    return _Candidate(replace(candidate.line, fault=fault), None)
