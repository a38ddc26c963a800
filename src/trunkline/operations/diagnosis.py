"""The third part of the hash doctor: why a registration or call was refused, in people's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from trunkline.domain import rejection as rejections
from trunkline.domain.credential import Credential
from trunkline.domain.realm import Realm
from trunkline.domain.registration_event import RegistrationEventKind
from trunkline.domain.rejection import Rejection
from trunkline.operations.attempts import Attempt, AttemptFinder, HashForms, form_of
from trunkline.operations.events import REFUSALS, Event, EventHub
from trunkline.operations.ownership import account_of_aor
from trunkline.operations.pages import in_pieces
from trunkline.operations.ports import CdrSearch, RegistrationTimeline

REJECTIONS: Final[Mapping[str, Rejection]] = {
    known.code: known for known in vars(rejections).values() if isinstance(known, Rejection)
}
"""Every refusal there is, by its code."""


class Cause(StrEnum):
    """What is wrong, as people say it; OTHER is any other rejection, which has its own code."""

    WRONG_REALM = "wrong-realm"
    USER_FORM = "user-form"
    HASH_FORM = "hash-form"
    EXPIRED_NONCE = "expired-nonce"
    REPLAY = "replay"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a cause
    EXPIRED_PASSWORD = "expired-password"  # noqa: S105 - the name of a cause
    UNKNOWN_USER = "unknown-user"
    DISABLED = "disabled"
    BLOCKED_ADDRESS = "blocked-address"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why somebody was refused.

    ``code`` is the rejection's, ``sentence`` what happened, ``cure`` what to do about it, ``facts`` what else is known
    of the credential. ``form`` says, where the password was given and the attempt is still in memory, what the device
    seems to have hashed; empty otherwise.
    """

    cause: Cause
    code: str
    aor: str
    sentence: str
    cure: str
    facts: tuple[str, ...] = ()
    form: str = ""


class Provisioned(Protocol):
    """Port: what is provisioned; :class:`~trunkline.domain.directory.Directory` is one."""

    @property
    def credentials(self) -> Mapping[int, Credential]:
        """Credentials by id."""
        ...

    def realm(self, name: str) -> Realm | None:
        """The realm with this FQDN; None when there is none."""
        ...

    def credential(self, aor: str) -> Credential | None:
        """The credential with the key ``composite@realm``; None when there is none."""
        ...


class DiagnosisOfRefusals:
    """See the module."""

    def __init__(
        self,
        *,
        directory: Provisioned,
        timeline: RegistrationTimeline,
        cdrs: CdrSearch,
        events: EventHub,
        attempts: AttemptFinder,
        forms: HashForms,
    ) -> None:
        self._directory = directory
        self._timeline = timeline
        self._cdrs = cdrs
        self._events = events
        self._attempts = attempts
        self._forms = forms

    async def of_registration(
        self, account_id: int, timeline_id: int, *, password: str = ""
    ) -> Diagnosis | None:
        """Why a REGISTER of the timeline was refused; None when there is no such refusal, or it is another account's.

        The password is that of the credential as its owner knows it; it is compared, and not kept.
        """
        event = await self._timeline.event(timeline_id)
        if event is None or event.kind is not RegistrationEventKind.REFUSED:
            return None
        if account_of_aor(self._directory, event.aor) != account_id:
            return None
        code, _, rest = event.detail.partition(": ")
        detail = rest.removeprefix(REJECTIONS[code].sentence).strip() if code in REJECTIONS else rest
        attempt = (
            await self._attempts.register(_host_of(event.flow), event.aor, event.at) if password else None
        )
        return await self._diagnosis(code, detail, event.aor, attempt, password)

    async def of_event(self, account_id: int, event_id: int, *, password: str = "") -> Diagnosis | None:
        """Why a registration or call was refused that the hub told of; None when it is gone, or another account's."""
        event = self._events.find(account_id, event_id)
        if event is None or event.kind not in REFUSALS:
            return None
        aor = str(event.data.get("aor") or event.data.get("credential") or "")
        attempt = await self._attempt_of(event, aor) if password else None
        return await self._diagnosis(
            str(event.data.get("code", "")), str(event.data.get("detail", "")), aor, attempt, password
        )

    async def of_call(self, account_id: int, call_id: str) -> Diagnosis | None:
        """Why a call was refused by us; None when it was not, or is another account's."""
        cdr = await self._cdrs.find(call_id)
        if cdr is None or cdr.account_id != account_id or not cdr.rejection:
            return None
        credential = self._directory.credentials.get(cdr.credential_id or 0)
        return await self._diagnosis(
            cdr.rejection, cdr.detail, credential.aor if credential else "", None, ""
        )

    async def _attempt_of(self, event: Event, aor: str) -> Attempt | None:
        sip_call_id = event.data.get("sip_call_id")
        host = _host_of(str(event.data.get("flow", "")))
        if isinstance(sip_call_id, str):
            return await self._attempts.call(sip_call_id, host, event.at)
        return await self._attempts.register(host, aor, event.at)

    async def _diagnosis(
        self, code: str, detail: str, aor: str, attempt: Attempt | None, password: str
    ) -> Diagnosis:
        known = REJECTIONS.get(code)
        sentence, cure = (known.sentence, known.cure) if known is not None else (detail, "")
        credential = self._directory.credential(aor)
        facts = tuple(_facts(credential)) if credential is not None else ()
        form = self._form(aor, credential, attempt, password)
        cause = _CAUSES.get(code, Cause.OTHER)
        if cause is Cause.UNKNOWN_USER:
            found = await self._similar(aor)
            if found is not None:
                cause, told, cure = found
                return Diagnosis(cause, code, aor, f"{sentence} {told}", cure, facts, form)
        elif cause is Cause.WRONG_PASSWORD and "Hash1" in detail:
            cause, cure = (
                Cause.HASH_FORM,
                "Let the device send the other form of its user name, or set the password again.",
            )
        elif cause is Cause.WRONG_PASSWORD and "hash is stored" in detail:
            cause, cure = Cause.HASH_FORM, "Set the password again instead of its hashes."
        elif cause is Cause.WRONG_PASSWORD and "time is over" in detail:
            cause, cure = (
                Cause.EXPIRED_PASSWORD,
                "Enter the new password in the device: the old one was valid until the rotation ended.",
            )
        return Diagnosis(cause, code, aor, f"{sentence} {detail}".strip(), cure, facts, form)

    async def _similar(self, aor: str) -> tuple[Cause, str, str] | None:
        """What a user that is not there was probably meant to be, among the credentials of the realm's owner."""
        sent, _, realm_name = aor.rpartition("@")
        realm = self._directory.realm(realm_name)
        user, at, _ = sent.partition("@")
        if realm is None or not sent:
            return None
        mine: list[Credential] = []
        async for piece in in_pieces(list(self._directory.credentials.values()), 2_000):
            mine += [
                one
                for one in piece
                if one.account_id == realm.account_id and one.username.lower() == user.lower()
            ]
        for one in mine:
            if one.realm_id == realm.id and one.composite.lower() == sent.lower():
                return (
                    Cause.USER_FORM,
                    f"There is {one.composite}, written so.",
                    f"Write the user name {one.composite}: case counts.",
                )
        for one in mine:
            if one.realm_id == realm.id:
                has = f"the device sends {sent}, but the credential is {one.composite}"
                how = "without" if at and not one.domain else "with"
                return (
                    Cause.USER_FORM,
                    f"There is a credential {one.composite}: {has}.",
                    f"Let the device send its user name {how} a domain: {one.composite}.",
                )
        for one in mine:
            if one.composite.lower() == sent.lower():
                return (
                    Cause.WRONG_REALM,
                    f"{one.composite} is a credential of the realm {one.realm_name}.",
                    f"Enter {one.realm_name} as the device's domain.",
                )
        return None

    def _form(self, aor: str, credential: Credential | None, attempt: Attempt | None, password: str) -> str:
        if not password:
            return ""
        if attempt is None:
            return "The attempt is not in memory (any more): let the device try again, and ask within some minutes."
        if credential is None:
            user, _, realm = aor.rpartition("@")
            return form_of(attempt, user, realm, "", password, (), self._forms)
        stored = tuple(_stored(credential))
        return form_of(
            attempt,
            credential.username,
            credential.realm_name,
            credential.domain,
            password,
            stored,
            self._forms,
        )


_CAUSES: Final[Mapping[str, Cause]] = {
    rejections.WRONG_DIGEST_REALM.code: Cause.WRONG_REALM,
    rejections.UNKNOWN_REALM.code: Cause.WRONG_REALM,
    rejections.STALE_NONCE.code: Cause.EXPIRED_NONCE,
    rejections.REPLAY.code: Cause.REPLAY,
    rejections.WRONG_PASSWORD.code: Cause.WRONG_PASSWORD,
    rejections.UNKNOWN_USER.code: Cause.UNKNOWN_USER,
    rejections.DISABLED.code: Cause.DISABLED,
    rejections.TOO_MANY_WRONG_ANSWERS.code: Cause.BLOCKED_ADDRESS,
    rejections.NOT_YOUR_ADDRESS.code: Cause.USER_FORM,
}


def _facts(credential: Credential) -> Iterable[str]:
    if not credential.enabled:
        yield "The credential is switched off now."
    if credential.domain:
        yield f"Its user name has a domain: devices must send {credential.composite}."
    if credential.secrets[0].sha256 is None:
        yield "It was given as ready hashes: whether they were made of the right string only the password tells."
    if len(credential.secrets) > 1:
        yield "It is being rotated: two passwords may be in use."


def _stored(credential: Credential) -> Iterable[str]:
    for secret in credential.secrets:
        for pair in (secret.md5, secret.sha256, secret.sha512_256):
            if pair is not None:
                yield from (one for one in (pair.hash1, pair.hash1b) if one)


def _host_of(flow: str) -> str:
    """The address in ``transport:host:port#connection``."""
    return flow.partition(":")[2].rpartition(":")[0].strip("[]")
