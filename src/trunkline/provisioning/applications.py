"""Voice applications: names and callback URLs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from trunkline.domain.application import Application
from trunkline.domain.clock import Clock
from trunkline.domain.number import Destination, DestinationKind
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.tokens import Tokens

MAX_NAME: Final = 64
MAX_URL: Final = 2048


class ApplicationProvisioning:
    """Creates, changes and removes applications."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def of(self, account_id: int) -> list[Application]:
        """The applications of an account, the oldest first."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            return await rows.applications.of(account_id)

    async def find(self, account_id: int, reference: str) -> Application:
        """The application with this id or name. Raises ProvisioningFault when there is none."""
        async with self._store.reading() as rows:
            return await known_application(rows, account_id, reference)

    async def add(
        self,
        account_id: int,
        name: str,
        *,
        call_initiated_url: str = "",
        call_status_url: str = "",
        callback_username: str = "",
    ) -> Application:
        """Create an application."""
        check_url(call_initiated_url)
        check_url(call_status_url)
        async with self._store.writing() as rows:
            await known_account(rows, account_id)
            application = Application(
                id=self._tokens.application_id(),
                account_id=account_id,
                name=await _free_name(rows, account_id, name),
                call_initiated_url=call_initiated_url,
                call_status_url=call_status_url,
                callback_username=callback_username,
                created_at=self._clock.now(),
            )
            await rows.applications.add(application)
            return application

    async def change(
        self,
        account_id: int,
        reference: str,
        *,
        name: str | None = None,
        call_initiated_url: str | None = None,
        call_status_url: str | None = None,
        callback_username: str | None = None,
    ) -> Application:
        """Change what is given; an empty URL removes it."""
        check_url(call_initiated_url or "")
        check_url(call_status_url or "")
        async with self._store.writing() as rows:
            old = await known_application(rows, account_id, reference)
            changed = replace(
                old,
                name=old.name if name is None else await _free_name(rows, account_id, name, old.id),
                call_initiated_url=old.call_initiated_url
                if call_initiated_url is None
                else call_initiated_url,
                call_status_url=old.call_status_url if call_status_url is None else call_status_url,
                callback_username=old.callback_username if callback_username is None else callback_username,
            )
            await rows.applications.replace(changed)
            return changed

    async def remove(self, account_id: int, reference: str) -> Application:
        """Remove an application that no credential and no number leads to."""
        async with self._store.writing() as rows:
            application = await known_application(rows, account_id, reference)
            users = [credential.aor for credential in await rows.credentials.of_application(application.id)]
            destination = Destination(DestinationKind.APPLICATION, application.id)
            users += [number.e164 for number in await rows.numbers.leading_to(account_id, destination)]
            if users:
                raise ProvisioningFault(
                    FaultCode.APPLICATION_IN_USE,
                    f"Application {application.name} is used by {users[0]}"
                    f"{f' and {len(users) - 1} more' if len(users) > 1 else ''}; point them elsewhere first.",
                )
            await rows.applications.remove(application.id)
            return application


async def known_application(rows: Transaction, account_id: int, reference: str) -> Application:
    """The application of an account with this id or name. Raises ProvisioningFault when there is none."""
    applications = await rows.applications.of(account_id)
    wanted = reference.lower()
    for application in applications:
        if application.id == wanted or application.name.lower() == wanted:
            return application
    raise ProvisioningFault(
        FaultCode.UNKNOWN_APPLICATION,
        f"There is no application '{reference}'; 'trunkline application list' shows them.",
    )


def check_url(url: str) -> None:
    """Raise ProvisioningFault unless this is empty or an absolute http(s) URL without a password in it."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url or len(url) > MAX_URL:
        raise ProvisioningFault(
            FaultCode.INVALID_URL,
            f"'{url[:80]}' is no callback URL; write it like https://app.example/calls.",
        )
    if parts.password:
        raise ProvisioningFault(
            FaultCode.INVALID_URL,
            "A callback URL cannot hold a password; give the user name and password separately.",
        )


async def _free_name(rows: Transaction, account_id: int, name: str, own_id: str = "") -> str:
    text = name.strip()
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise ProvisioningFault(
            FaultCode.INVALID_NAME,
            f"An application name has 1 to {MAX_NAME} printable characters, this one has {len(text)}.",
        )
    for other in await rows.applications.of(account_id):
        if other.name.lower() == text.lower() and other.id != own_id:
            raise ProvisioningFault(
                FaultCode.APPLICATION_EXISTS, f"Application {other.name} exists already; choose another name."
            )
    return text
