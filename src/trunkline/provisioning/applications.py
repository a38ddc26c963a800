"""Voice applications: names, and how they are called back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypedDict, Unpack
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
MAX_BASIC: Final = 128
MAX_TIMEOUT_S: Final = 60
METHODS: Final = frozenset({"GET", "POST"})


class ApplicationCallbacks(TypedDict, total=False):
    """How an application is called back. What is left out or None stays as it is, an empty text takes it away.

    Methods are GET or POST. ``callback_timeout_s`` 0 leaves the time to the server.
    """

    call_initiated_url: str | None
    call_initiated_method: str | None
    call_status_url: str | None
    call_status_method: str | None
    callback_username: str | None
    callback_password: str | None
    fallback_url: str | None
    fallback_method: str | None
    fallback_username: str | None
    fallback_password: str | None
    callback_timeout_s: float | None


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

    async def add(self, account_id: int, name: str, **callbacks: Unpack[ApplicationCallbacks]) -> Application:
        """Create an application."""
        given = _checked(callbacks)
        async with self._store.writing() as rows:
            await known_account(rows, account_id)
            application = Application(
                id=self._tokens.application_id(),
                account_id=account_id,
                name=await _free_name(rows, account_id, name),
                created_at=self._clock.now(),
            )
            application = replace(application, **given)
            await rows.applications.add(application)
            return application

    async def change(
        self,
        account_id: int,
        reference: str,
        *,
        name: str | None = None,
        **callbacks: Unpack[ApplicationCallbacks],
    ) -> Application:
        """Change what is given. Another user name without its password takes the old one's password away."""
        given = _checked(callbacks)
        async with self._store.writing() as rows:
            old = await known_application(rows, account_id, reference)
            changed = replace(
                old,
                name=old.name if name is None else await _free_name(rows, account_id, name, old.id),
                **_without_foreign_passwords(old, given),
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
        f"There is no application '{reference}'.",
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


def _checked(callbacks: ApplicationCallbacks) -> dict[str, Any]:
    """What was given, in the form that is kept. Raises ProvisioningFault."""
    given: dict[str, Any] = {name: value for name, value in callbacks.items() if value is not None}
    for name, value in given.items():
        if name.endswith("_url"):
            check_url(value)
        elif name.endswith("_method"):
            given[name] = _checked_method(value)
        elif name.endswith(("_username", "_password")):
            _check_basic(value, is_username=name.endswith("_username"))
        else:
            given[name] = _checked_timeout(value)
    return given


def _checked_method(method: str) -> str:
    text = method.upper() or "POST"
    if text not in METHODS:
        raise ProvisioningFault(
            FaultCode.INVALID_METHOD, f"'{method[:20]}' is no method of a callback; give POST or GET."
        )
    return text


def _check_basic(text: str, *, is_username: bool) -> None:
    """Raise ProvisioningFault for what HTTP Basic cannot carry (RFC 7617 §2)."""
    if len(text) > MAX_BASIC or not text.isprintable() or (is_username and ":" in text):
        raise ProvisioningFault(
            FaultCode.INVALID_CALLBACK_LOGIN,
            f"User name and password of a callback have at most {MAX_BASIC} printable characters, "
            "the user name no colon.",
        )


def _checked_timeout(seconds: float) -> float | None:
    if not 0 <= seconds <= MAX_TIMEOUT_S:
        raise ProvisioningFault(
            FaultCode.INVALID_TIMEOUT,
            f"A callback may take up to {MAX_TIMEOUT_S} seconds, not {seconds:g}; give 0 to leave it to the server.",
        )
    return seconds or None


def _without_foreign_passwords(old: Application, given: dict[str, Any]) -> dict[str, Any]:
    """The old password is not for another user."""
    for kind, before in (("callback", old.callback_username), ("fallback", old.fallback_username)):
        if given.get(f"{kind}_username", before) != before:
            given.setdefault(f"{kind}_password", "")
    return given


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
