"""Where a call goes: to a device, an application, trunks, or nowhere with a reason.

Never an open relay: a caller who is neither a credential nor a trunk gets nothing, a host that is not served
here is refused, a credential reaches the outside only through its own account's trunks, and a trunk's call
only what the called number's owner set up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.binding import Binding
from trunkline.domain.credential import Credential
from trunkline.domain.number import DestinationKind, Number
from trunkline.domain.ports import LocationService, RandomNumber
from trunkline.domain.realm import Realm
from trunkline.domain.rejection import (
    APPLICATION_UNAVAILABLE,
    BAD_NUMBER,
    DESTINATION_FORBIDDEN,
    DISABLED,
    EMERGENCY,
    FOREIGN_HOST,
    LOOP,
    NO_TRUNK,
    NOT_AUTHENTICATED,
    TRUNKS_RESTING,
    UNKNOWN_DESTINATION,
    UNREGISTERED,
    Rejection,
)
from trunkline.domain.trunk import Trunk
from trunkline.routing.destination_policy import deciding_rule, is_allowed
from trunkline.routing.numbering import Dialled, DialledKind, normalise
from trunkline.routing.trunk_selection import (
    TrunkRestTable,
    TrunkRoute,
    order_trunks,
    route_of,
    serving_trunks,
)
from trunkline.sip.grammar import parameter
from trunkline.sip.gruu import gruu_instance, instance_name
from trunkline.sip.uri import SipUri, TelUri, Uri


class DirectoryView(Protocol):
    """What a decision looks up; :class:`~trunkline.domain.directory.Directory` is one."""

    @property
    def accounts(self) -> Mapping[int, Account]:
        """Accounts by id."""
        ...

    @property
    def applications(self) -> Mapping[str, Application]:
        """Applications by id."""
        ...

    @property
    def trunks(self) -> Mapping[int, Trunk]:
        """Trunks by id, switched off ones among them."""
        ...

    def realm(self, name: str) -> Realm | None:
        """The realm with this FQDN (lower case); None when there is none."""
        ...

    def default_realm(self, account_id: int | None = None) -> Realm | None:
        """The default realm of an account; None when there is none."""
        ...

    def credential(self, aor: str) -> Credential | None:
        """The credential with the key ``composite@realm``; None when there is none."""
        ...

    def number(self, e164: str) -> Number | None:
        """The owned number; None when nobody here owns it."""
        ...

    def trunks_of(self, account_id: int) -> Sequence[Trunk]:
        """The enabled trunks of an account."""
        ...


@dataclass(frozen=True, slots=True)
class CallRequest:
    """Who wants to call what.

    ``target`` is the Request-URI. Exactly one of ``credential`` (authenticated) and ``trunk`` (known by its
    address) is set; with neither, the caller is a stranger. ``host_is_ours`` says that the target's host is
    an address or name this server listens on, as when a device speaks to a bare IP address.
    """

    target: Uri
    credential: Credential | None = None
    trunk: Trunk | None = None
    host_is_ours: bool = False


@dataclass(frozen=True, slots=True)
class ToDevice:
    """Ring a device: the bindings of its address-of-record, highest q first, at least one."""

    credential: Credential
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class ToApplication:
    """Let a voice application run the call. ``called`` is the number or user that was called."""

    application: Application
    called: str


@dataclass(frozen=True, slots=True)
class ToTrunks:
    """Leave through these trunks, tried in this order, at least one. ``number`` is E.164."""

    number: str
    routes: tuple[TrunkRoute, ...]


Decision = ToDevice | ToApplication | ToTrunks | Rejection


class Router:
    """Decides where calls go. Holds what it looks things up in and nothing of any call."""

    def __init__(
        self, directory: DirectoryView, location: LocationService, rests: TrunkRestTable, random: RandomNumber
    ) -> None:
        self._directory = directory
        self._location = location
        self._rests = rests
        self._random = random

    def decide(self, request: CallRequest, now: float) -> Decision:
        """Decide where a call goes. ``now`` is in epoch seconds, as bindings and rests count."""
        place = _user_and_host(request.target)
        if place is None:
            return UNKNOWN_DESTINATION.because(f"'{request.target.scheme}:' addresses are not served")
        user, host = place
        if request.credential is not None:
            decision = self._of_credential(request.credential, user, host, request.host_is_ours, now)
        elif request.trunk is not None:
            decision = self._of_trunk(request.trunk, user, host, now)
        else:
            return NOT_AUTHENTICATED
        return _narrowed(decision, request.target)

    def _of_credential(
        self, caller: Credential, user: str, host: str, host_is_ours: bool, now: float
    ) -> Decision:
        """Application, device of the realm, owned number, trunks: the first that fits."""
        if not caller.enabled:
            return DISABLED.because(f"credential {caller.composite}")
        realm = self._directory.realm(host)
        if realm is not None and realm.account_id != caller.account_id:
            realm = None
        if realm is None and host and not host_is_ours:
            return FOREIGN_HOST.because(f"'{host}' is no realm of this account")
        country = self._country(caller.account_id)
        if caller.application_id is not None:
            dialled = normalise(user, country)
            if dialled.kind is DialledKind.EMERGENCY:
                return _no_number(dialled)
            return self._to_application(caller.application_id, caller.account_id, dialled.number)
        callee = self._device(user, realm.name if realm is not None else caller.realm_name)
        if callee is not None:
            return self._to_device(callee, now)
        dialled = normalise(user, country)
        if dialled.kind is not DialledKind.NUMBER:
            return _no_number(dialled)
        owned = self._directory.number(dialled.number)
        if owned is not None:
            return self._to_owned_number(owned, caller, None, now)
        return self._to_trunks(caller, dialled.number, now)

    def _of_trunk(self, caller: Trunk, user: str, host: str, now: float) -> Decision:
        """Owned numbers and the account's devices; the host is the carrier's idea of us and proves nothing."""
        dialled = normalise(user, self._country(caller.account_id))
        owned = self._directory.number(dialled.number) or self._directory.number(f"+{user.removeprefix('+')}")
        if owned is not None:
            return self._to_owned_number(owned, None, caller, now)
        realm = self._directory.realm(host)
        if realm is None or realm.account_id != caller.account_id:
            realm = self._directory.default_realm(caller.account_id)
        callee = self._device(user, realm.name) if realm is not None else None
        if callee is not None:
            return self._to_device(callee, now)
        if dialled.kind is DialledKind.NUMBER:
            return UNKNOWN_DESTINATION.because(f"{dialled.number} is no number of this server")
        return _no_number(dialled)

    def _device(self, user: str, realm_name: str) -> Credential | None:
        return self._directory.credential(f"{user}@{realm_name}") if user else None

    def _country(self, account_id: int) -> str:
        account = self._directory.accounts.get(account_id)
        return account.country if account is not None else ""

    def _to_device(self, callee: Credential, now: float) -> Decision:
        if not callee.enabled:
            return UNREGISTERED.because(f"credential {callee.composite} is switched off")
        bindings = tuple(self._location.lookup(callee.aor, now))
        return ToDevice(callee, bindings) if bindings else UNREGISTERED.because(f"no device of {callee.aor}")

    def _to_application(self, application_id: str, account_id: int, called: str) -> Decision:
        application = self._directory.applications.get(application_id)
        if application is None or application.account_id != account_id:
            return APPLICATION_UNAVAILABLE.because(f"there is no application {application_id}")
        return ToApplication(application, called)

    def _to_owned_number(
        self, number: Number, caller: Credential | None, source: Trunk | None, now: float
    ) -> Decision:
        destination = number.destination
        if destination.kind is DestinationKind.APPLICATION:
            return self._to_application(destination.value, number.account_id, number.e164)
        if destination.kind is DestinationKind.DEVICE:
            callee = self._directory.credential(destination.value)
            if callee is None or callee.account_id != number.account_id:
                return UNKNOWN_DESTINATION.because(
                    f"{number.e164} leads to {destination.value}, which does not exist"
                )
            return self._to_device(callee, now)
        trunk = self._directory.trunks.get(int(destination.value)) if destination.value.isdecimal() else None
        if trunk is None or trunk.account_id != number.account_id or not trunk.enabled or not trunk.targets:
            return UNKNOWN_DESTINATION.because(
                f"{number.e164} leads to trunk {destination.value}, which is not there"
            )
        if source is not None and source.id == trunk.id:
            return LOOP.because(f"{number.e164} leads back to trunk {trunk.name}, where the call came from")
        if caller is not None and not is_allowed(caller.limits.destinations, number.e164):
            return _forbidden(caller, number.e164)
        return self._awake((route_of(trunk, self._random),), number.e164, now)

    def _to_trunks(self, caller: Credential, number: str, now: float) -> Decision:
        if not is_allowed(caller.limits.destinations, number):
            return _forbidden(caller, number)
        own = [
            trunk
            for trunk in self._directory.trunks_of(caller.account_id)
            if trunk.account_id == caller.account_id
        ]
        serving = serving_trunks(own, number)
        if not serving:
            return NO_TRUNK.because(f"{number}, {len(own)} trunks looked at")
        return self._awake(order_trunks(serving, self._random), number, now)

    def _awake(self, routes: tuple[TrunkRoute, ...], number: str, now: float) -> Decision:
        resting = {route.trunk.id: self._rests.resting_s(route.trunk.id, now) for route in routes}
        awake = tuple(route for route in routes if not resting[route.trunk.id])
        if awake:
            return ToTrunks(number, awake)
        names = ", ".join(route.trunk.name for route in routes)
        return TRUNKS_RESTING.because(names, retry_after_s=math.ceil(min(resting.values())))


def describe(decision: Decision) -> str:
    """A decision in words, for CDRs and for people who ask what would happen; "" for a rejection, which has its own."""
    if isinstance(decision, ToDevice):
        count = len(decision.bindings)
        return f"to {count} {'device' if count == 1 else 'devices'} of {decision.credential.aor}"
    if isinstance(decision, ToApplication):
        return f"to application {decision.application.name}"
    if isinstance(decision, ToTrunks):
        names = ", then ".join([route.trunk.name for route in decision.routes])
        return f"to {decision.number} through trunk {names}"
    return ""


def _narrowed(decision: Decision, target: Uri) -> Decision:
    """Of the bindings of a device, only those of the instance that a GRUU names (RFC 5627 §5.1)."""
    instance = gruu_instance(target) if isinstance(target, SipUri) else None
    if instance is None or not isinstance(decision, ToDevice):
        return decision
    bindings = tuple(binding for binding in decision.bindings if instance_name(binding.instance) == instance)
    if not bindings:
        return UNREGISTERED.because(f"no device of {decision.credential.aor} is the instance {instance}")
    return ToDevice(decision.credential, bindings)


def _user_and_host(target: Uri) -> tuple[str, str] | None:
    """The user, escapes undone, and the host of a target; the host is empty where there is none. None: not served."""
    if isinstance(target, SipUri):
        return target.username, target.host.rstrip(".")
    if isinstance(target, TelUri):
        context = parameter(target.parameters, "phone-context")
        return f"{target.number};phone-context={context}" if context else target.number, ""
    return (target.text, "") if target.scheme == "urn" else None


def _no_number(dialled: Dialled) -> Rejection:
    if dialled.kind is DialledKind.EMERGENCY:
        return EMERGENCY.because(f"'{dialled.number}' was dialled")
    if dialled.kind is DialledKind.INCOMPLETE:
        return BAD_NUMBER.because(f"'{dialled.number}' was dialled")
    if dialled.kind is DialledKind.SHORT:
        return UNKNOWN_DESTINATION.because(
            f"'{dialled.number}' is a short number, which no trunk is asked for"
        )
    return UNKNOWN_DESTINATION.because(f"'{dialled.number}' is neither a credential nor a number")


def _forbidden(caller: Credential, number: str) -> Rejection:
    rule = deciding_rule(caller.limits.destinations, number)
    why = "no allowed prefix fits" if rule is None else f"rule {rule}"
    return DESTINATION_FORBIDDEN.because(f"{caller.composite} to {number}: {why}")
