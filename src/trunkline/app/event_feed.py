"""What the registrar, the calls and the directory tell becomes events of their accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trunkline.calls.exchange import CallObserver
from trunkline.domain.account import Account
from trunkline.domain.cdr import Cdr
from trunkline.domain.directory import Directory, Noun
from trunkline.domain.number import Number
from trunkline.domain.ports import CdrJournal
from trunkline.domain.rejection import (
    SERVER_FULL,
    TOO_FAST,
    TOO_MANY_BINDINGS,
    TOO_MANY_CALLS,
    Rejection,
)
from trunkline.domain.trunk import Trunk
from trunkline.operations.events import EventHub, EventKind, JsonValue
from trunkline.operations.ownership import account_of_aor
from trunkline.registrar.events import (
    Expired,
    Moved,
    Registered,
    RegistrarEvent,
    RegistrationRefused,
    Unregistered,
)
from trunkline.sip.digest import is_digest, parse_authorization
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request
from trunkline.store.changes import NOUN_NAMES

LIMITS: Final = frozenset({TOO_MANY_CALLS.code, TOO_FAST.code, SERVER_FULL.code, TOO_MANY_BINDINGS.code})
"""Refusals that mean that a limit is reached."""


class EventFeed:
    """Fills ``CallObserver`` and ``CdrJournal``: passes everything on to the log and the disk, and tells the hub."""

    def __init__(self, hub: EventHub, directory: Directory, log: CallObserver, journal: CdrJournal) -> None:
        self._hub = hub
        self._directory = directory
        self._log = log
        self._journal = journal
        self.call_ended: Callable[[Cdr], None] = _nobody

    # CdrJournal.

    def opened(self, cdr: Cdr) -> None:
        """See the port."""
        self._journal.opened(cdr)
        self._hub.publish(EventKind.CALL_ANSWERED, cdr.call_id, cdr.account_id, self._call(cdr))

    def closed(self, cdr: Cdr) -> None:
        """See the port."""
        self._journal.closed(cdr)

    # CallObserver.

    def started(self, cdr: Cdr) -> None:
        """See the port."""
        self._log.started(cdr)
        self._hub.publish(EventKind.CALL_STARTED, cdr.call_id, cdr.account_id, self._call(cdr))

    def ended(self, cdr: Cdr) -> None:
        """See the port."""
        self._log.ended(cdr)
        self.call_ended(cdr)
        data = self._call(cdr)
        data["status"] = cdr.status
        data["end_cause"] = cdr.end_cause.value if cdr.end_cause is not None else ""
        data["duration_s"] = round(cdr.duration_s, 3)
        data["trunk_id"] = cdr.trunk_id
        data["rejection"] = cdr.rejection
        data["answered"] = cdr.answered_at is not None
        data["attempts"] = [[attempt.trunk_id, attempt.status] for attempt in cdr.attempts]
        self._hub.publish(EventKind.CALL_ENDED, cdr.call_id, cdr.account_id, data)
        if cdr.rejection:
            kind = EventKind.LIMIT_REACHED if cdr.rejection in LIMITS else EventKind.REFUSED
            told = self._call(cdr)
            told |= {"what": "call", "code": cdr.rejection, "status": cdr.status, "detail": cdr.detail}
            self._hub.publish(kind, cdr.call_id, cdr.account_id, told)

    def refused(self, rejection: Rejection, request: Request, flow: Flow, call_id: str = "") -> None:
        """See the port. What became a call is told at its end."""
        self._log.refused(rejection, request, flow, call_id)
        if call_id:
            return
        aor = _claimed_aor(request)
        data = self._refusal(rejection, aor, flow, request.get("User-Agent") or "")
        data |= {"what": "call", "method": request.method, "sip_call_id": request.call_id}
        trunk = self._directory.trunk_from(flow.host) if not aor else None
        account_id = trunk.account_id if trunk is not None else account_of_aor(self._directory, aor)
        kind = EventKind.LIMIT_REACHED if rejection.code in LIMITS else EventKind.REFUSED
        self._hub.publish(kind, aor or repr(flow), account_id, data)

    def failed(self, what: str, error: Exception) -> None:
        """See the port."""
        self._log.failed(what, error)

    def address_rests(self, trunk: Trunk, flow: Flow, seconds: float, why: str) -> None:
        """See the port."""
        self._log.address_rests(trunk, flow, seconds, why)
        data: dict[str, JsonValue] = {
            "trunk_id": trunk.id, "trunk": trunk.name, "address": repr(flow), "seconds": round(seconds), "why": why,
        }  # fmt: skip
        self._hub.publish(EventKind.TRUNK_RESTING, trunk.name, trunk.account_id, data)

    def address_rests_no_more(self, trunk: Trunk, flow: Flow, *, has_answered: bool) -> None:
        """See the port."""
        self._log.address_rests_no_more(trunk, flow, has_answered=has_answered)

    # The registrar.

    def heard(self, event: RegistrarEvent) -> None:
        """Take one event of the registrar; refreshes are told to nobody."""
        account_id = account_of_aor(self._directory, event.aor)
        if isinstance(event, RegistrationRefused):
            data = self._refusal(event.rejection, event.aor, event.flow, event.user_agent)
            data |= {"what": "registration", "contact": event.contact}
            kind = EventKind.LIMIT_REACHED if event.rejection.code in LIMITS else EventKind.REFUSED
            self._hub.publish(kind, event.aor or repr(event.flow), account_id, data)
            return
        data = {
            "aor": event.aor, "contact": event.contact, "flow": repr(event.flow), "user_agent": event.user_agent,
            "credential_id": self._credential_id(event.aor),
        }  # fmt: skip
        if isinstance(event, Registered):
            data["expires_at"] = event.expires_at
            self._hub.publish(EventKind.REGISTERED, event.aor, account_id, data)
        elif isinstance(event, Moved):
            data |= {
                "expires_at": event.expires_at,
                "old_contact": event.old_contact,
                "old_flow": repr(event.old_flow),
            }
            self._hub.publish(EventKind.MOVED, event.aor, account_id, data)
        elif isinstance(event, Expired):
            data["flow_closed"] = event.flow_closed
            self._hub.publish(EventKind.EXPIRED, event.aor, account_id, data)
        elif isinstance(event, Unregistered):
            data["departure"] = event.departure.value
            self._hub.publish(EventKind.UNREGISTERED, event.aor, account_id, data)

    # The directory.

    def changed(self, before: Noun | None, after: Noun | None) -> None:
        """A noun was added (``before`` is None), changed, or removed (``after`` is None)."""
        noun = after or before
        if noun is None:
            return
        action = "added" if before is None else "removed" if after is None else "changed"
        name, key = NOUN_NAMES[type(noun)], noun.e164 if isinstance(noun, Number) else noun.id
        account_id = noun.id if isinstance(noun, Account) else noun.account_id
        data: dict[str, JsonValue] = {"noun": name, "key": key, "action": action}
        self._hub.publish(EventKind.PROVISIONED, f"{name}:{key}", account_id, data)

    # What they tell.

    def _refusal(self, rejection: Rejection, aor: str, flow: Flow, user_agent: str) -> dict[str, JsonValue]:
        return {
            "aor": aor, "credential_id": self._credential_id(aor), "code": rejection.code,
            "status": rejection.status, "sentence": rejection.sentence, "cure": rejection.cure,
            "detail": rejection.detail, "flow": repr(flow), "user_agent": user_agent,
        }  # fmt: skip

    def _credential_id(self, aor: str) -> int | None:
        credential = self._directory.credential(aor)
        return credential.id if credential is not None else None

    def _call(self, cdr: Cdr) -> dict[str, JsonValue]:
        credential = self._directory.credentials.get(cdr.credential_id or 0)
        return {
            "call_id": cdr.call_id, "caller": cdr.caller, "callee": cdr.callee, "source": cdr.source,
            "user_agent": cdr.user_agent, "credential_id": cdr.credential_id,
            "credential": credential.aor if credential is not None else "",
            "inbound_trunk_id": cdr.inbound_trunk_id,
        }  # fmt: skip


def _nobody(_cdr: Cdr) -> None:
    """Stand in until somebody wants to know."""


def _claimed_aor(request: Request) -> str:
    """Who a refused request says it is from, by its digest; "" when it does not say."""
    for name in ("Proxy-Authorization", "Authorization"):
        value = request.get(name)
        if value is None or not is_digest(value):
            continue
        try:
            authorization = parse_authorization(value)
        except ParseError:
            return ""
        ending = "@" + authorization.realm
        return (
            authorization.username
            if authorization.username.endswith(ending)
            else authorization.username + ending
        )
    return ""
