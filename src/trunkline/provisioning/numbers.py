"""Numbers: what an account owns in the telephone network, and where calls to it go."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from trunkline.domain.clock import Clock
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.applications import known_application
from trunkline.provisioning.credentials import known_credential
from trunkline.provisioning.e164 import e164
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.trunks import known_trunk

APPLICATION_MARK: Final = "app:"
TRUNK_MARK: Final = "trunk:"


class NumberProvisioning:
    """Creates, changes and removes numbers."""

    def __init__(self, store: ProvisioningStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, account_id: int) -> list[Number]:
        """The numbers of an account in their own order."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            return await rows.numbers.of(account_id)

    async def page(
        self, account_id: int, *, fragment: str = "", after: str = "", limit: int = 100
    ) -> list[Number]:
        """Up to ``limit`` numbers of an account with some digits in them, in their own order, behind ``after``."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            return await rows.numbers.page(account_id, fragment, after, limit)

    async def count(self, account_id: int, *, fragment: str = "") -> int:
        """How many numbers of an account have some digits in them."""
        async with self._store.reading() as rows:
            return await rows.numbers.count(account_id, fragment)

    async def find(self, account_id: int, text: str) -> Number:
        """The number as people write it. Raises ProvisioningFault when the account does not own it."""
        async with self._store.reading() as rows:
            return await _known_number(rows, account_id, text)

    async def leading_to(self, account_id: int, destination: Destination) -> list[Number]:
        """The numbers of an account that lead to a destination."""
        async with self._store.reading() as rows:
            return await rows.numbers.leading_to(account_id, destination)

    async def add(self, account_id: int, text: str, to: str) -> Number:
        """Own a number. ``to`` is ``sip:USER@REALM``, ``app:NAME`` or ``trunk:NAME``, each of which must exist."""
        async with self._store.writing() as rows:
            account = await known_account(rows, account_id)
            form = e164(text, account.country)
            owned = await rows.numbers.get(form)
            if owned is not None:
                where = "already" if owned.account_id == account_id else "by another account"
                raise ProvisioningFault(
                    FaultCode.NUMBER_EXISTS,
                    f"Number {form} is owned {where}; remove it there before adding it here.",
                )
            destination = await _destination(rows, account_id, to)
            number = Number(
                e164=form, account_id=account_id, destination=destination, created_at=self._clock.now()
            )
            await rows.numbers.add(number)
            return number

    async def point(self, account_id: int, text: str, to: str) -> Number:
        """Let an owned number lead elsewhere."""
        async with self._store.writing() as rows:
            number = await _known_number(rows, account_id, text)
            changed = replace(number, destination=await _destination(rows, account_id, to))
            await rows.numbers.replace(changed)
            return changed

    async def remove(self, account_id: int, text: str) -> Number:
        """Give a number up."""
        async with self._store.writing() as rows:
            number = await _known_number(rows, account_id, text)
            await rows.numbers.remove(number.e164)
            return number


async def _known_number(rows: Transaction, account_id: int, text: str) -> Number:
    form = e164(text, (await known_account(rows, account_id)).country)
    number = await rows.numbers.get(form)
    if number is None or number.account_id != account_id:
        raise ProvisioningFault(
            FaultCode.UNKNOWN_NUMBER,
            f"The account does not own {form}.",
        )
    return number


async def _destination(rows: Transaction, account_id: int, to: str) -> Destination:
    if to.startswith(APPLICATION_MARK):
        application = await known_application(rows, account_id, to.removeprefix(APPLICATION_MARK))
        return Destination(DestinationKind.APPLICATION, application.id)
    if to.startswith(TRUNK_MARK):
        trunk = await known_trunk(rows, account_id, to.removeprefix(TRUNK_MARK))
        return Destination(DestinationKind.TRUNK, str(trunk.id))
    scheme, colon, rest = to.partition(":")
    reference = unquote(rest if colon and scheme.lower() in {"sip", "sips"} else to)
    if not reference or ":" in reference or ";" in reference:
        raise ProvisioningFault(
            FaultCode.INVALID_DESTINATION,
            f"'{to}' is no destination; write sip:USER@REALM for a device, app:NAME or trunk:NAME.",
        )
    credential = await known_credential(rows, account_id, reference)
    return Destination(DestinationKind.DEVICE, credential.aor)
