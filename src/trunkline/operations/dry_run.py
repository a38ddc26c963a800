"""The dry run: what would happen to a call now, and why, by the very rules that a real call goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from trunkline.domain.application import Application
from trunkline.domain.clock import Clock
from trunkline.domain.credential import Credential
from trunkline.domain.limit_holder import limit_holder, trunk_holder
from trunkline.domain.limits import Limits
from trunkline.domain.rejection import NOT_AUTHENTICATED, UNKNOWN_DESTINATION, UNKNOWN_USER, Rejection
from trunkline.domain.trunk import Trunk
from trunkline.operations.ownership import normalised_aor
from trunkline.routing.caller_identity import ClaimedIdentity, caller_identity
from trunkline.routing.decision import (
    CallRequest,
    Decision,
    DirectoryView,
    Router,
    ToApplication,
    ToDevice,
    ToTrunks,
    describe,
)
from trunkline.routing.numbering import normalise
from trunkline.routing.trunk_selection import why_not_serving
from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import is_ip_address
from trunkline.sip.uri import SipUri, Uri, parse_uri


class CallsNow(Protocol):
    """Port: what a decision does not know of the running server."""

    def why_closed(self) -> Rejection | None:
        """Why no call at all is taken now; None when calls are taken."""
        ...

    def why_not(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """Why one more call of a holder (``credential:7``, ``trunk:3``) would break a limit; None when it would not."""
        ...

    def trunk_rests_s(self, trunk_id: int, now: float) -> float:
        """Seconds that a trunk still rests since it asked to be left alone; 0 when it may be tried."""
        ...

    def resting_addresses(self, trunk_id: int, now: float) -> dict[str, float]:
        """The addresses of a trunk that failed lately, with the seconds that they still rest."""
        ...

    def why_no_application(self, application: Application, called: str) -> Rejection | None:
        """Why an application cannot run a call; None when it can."""
        ...


class Outcome(StrEnum):
    """Where a call would end up."""

    DEVICE = "device"
    TRUNKS = "trunks"
    APPLICATION = "application"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. ``is_good`` is False where the call would end there."""

    about: str
    is_good: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class TrunkVerdict:
    """Whether a trunk of the account would be tried. ``position`` counts from 1, 0 for one that is not tried.

    ``resting`` are its addresses that failed lately, with the seconds that they are still passed over.
    """

    trunk_id: int
    name: str
    position: int
    why: str
    resting: dict[str, float]


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A registered device that would ring."""

    aor: str
    contact: str
    address: str
    user_agent: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """What would happen. ``rejection`` is set exactly when the outcome is *refused*.

    ``number`` is what the dialled string was understood as, ``route`` the decision in words as it stands in CDRs,
    ``shown_caller`` the user that the called side would see.
    """

    outcome: Outcome
    steps: tuple[Step, ...]
    rejection: Rejection | None = None
    route: str = ""
    number: str = ""
    shown_caller: str = ""
    trunks: tuple[TrunkVerdict, ...] = ()
    devices: tuple[DeviceSeen, ...] = ()


class DryRun:
    """See the module."""

    def __init__(self, directory: DirectoryView, router: Router, calls: CallsNow, clock: Clock) -> None:
        self._directory = directory
        self._router = router
        self._calls = calls
        self._clock = clock

    def of_credential(self, account_id: int, aor: str, to: str, *, shown: str = "") -> DryRunResult:
        """What would happen if a device with this credential (``user@realm``) called ``to`` now.

        ``to`` is a number, a user of the realm, or a whole URI; ``shown`` the number that the device puts into From,
        its own user name when empty. A credential of another account is as unknown as one that is not there.
        """
        credential = self._directory.credential(normalised_aor(aor))
        if credential is None or credential.account_id != account_id:
            rejection = UNKNOWN_USER.because(f"user name {aor}")
            return _refused([Step("authentication", False, rejection.sentence)], rejection)
        claimed = ClaimedIdentity(shown or credential.username, credential.realm_name)
        run = _Run(self._directory, self._router, self._calls, self._clock.now(), account_id, claimed)
        return run.of(credential, None, to)

    def of_trunk(self, account_id: int, trunk_id: int, to: str, *, shown: str = "") -> DryRunResult:
        """What would happen if a call to ``to`` came in from a trunk now; ``shown`` is its caller."""
        trunk = self._directory.trunks.get(trunk_id)
        if trunk is None or trunk.account_id != account_id or not trunk.enabled:
            rejection = NOT_AUTHENTICATED.because(f"no enabled trunk {trunk_id}")
            return _refused([Step("authentication", False, rejection.sentence)], rejection)
        run = _Run(
            self._directory, self._router, self._calls, self._clock.now(), account_id, ClaimedIdentity(shown)
        )
        return run.of(None, trunk, to)


class _Run:
    """One dry run, with the steps so far. The order is that of a real call."""

    def __init__(
        self,
        directory: DirectoryView,
        router: Router,
        calls: CallsNow,
        now: float,
        account_id: int,
        claimed: ClaimedIdentity,
    ) -> None:
        self._directory = directory
        self._router = router
        self._calls = calls
        self._now = now
        self._account_id = account_id
        self._claimed = claimed
        self._steps: list[Step] = []
        self._number = ""

    def of(self, credential: Credential | None, trunk: Trunk | None, to: str) -> DryRunResult:
        closed = self._calls.why_closed()
        if closed is not None:
            return self._refuse("server", closed)
        self._note("server", "calls are taken")
        if credential is not None and not credential.enabled:
            return self._refuse("authentication", self._decide(CallRequest(parse_uri("sip:x"), credential)))
        who = (
            f"credential {credential.aor}"
            if credential is not None
            else f"trunk {trunk.name if trunk else ''}"
        )
        self._note("authentication", f"assumed to be proven: {who}")
        try:
            target = self._target(to, credential)
        except ParseError as error:
            return self._refuse("number", UNKNOWN_DESTINATION.because(f"'{to}': {error.reason}"))
        self._understand(target)
        ours = isinstance(target, SipUri) and is_ip_address(target.host)
        decision = self._decide(CallRequest(target, credential, trunk, host_is_ours=ours))
        if isinstance(decision, Rejection):
            return self._refuse("route", decision)
        self._note("route", describe(decision))
        return self._beyond_the_route(credential, trunk, decision)

    def _decide(self, request: CallRequest) -> Decision:
        return self._router.decide(request, self._now)

    def _target(self, to: str, credential: Credential | None) -> Uri:
        """What a device would write into its Request-URI. Raises ParseError."""
        text = to.strip()
        if text.lower().startswith(("sip:", "sips:", "tel:", "urn:")):
            return parse_uri(text)
        user, at, host = text.rpartition("@")
        if at:
            return SipUri("sip", user, host.lower())
        if credential is not None:
            return SipUri("sip", text, credential.realm_name)
        realm = self._directory.default_realm(self._account_id)
        return SipUri("sip", text, realm.name if realm is not None else "trunkline.invalid")

    def _understand(self, target: Uri) -> None:
        account = self._directory.accounts.get(self._account_id)
        user = target.username if isinstance(target, SipUri) else target.text
        dialled = normalise(user, account.country if account is not None else "")
        self._number = dialled.number
        self._note("number", f"'{user}' is {dialled.kind.value}: {dialled.number}")

    def _beyond_the_route(
        self,
        credential: Credential | None,
        trunk: Trunk | None,
        decision: ToDevice | ToApplication | ToTrunks,
    ) -> DryRunResult:
        """The rule of the shown caller, the application, the limits."""
        towards_trunk = isinstance(decision, ToTrunks)
        identity = caller_identity(
            self._directory, self._account_id, credential, self._claimed, towards_trunk=towards_trunk
        )
        if isinstance(identity, Rejection):
            return self._refuse("caller id", identity, decision)
        shown = identity.asserted or identity.user if towards_trunk else identity.user
        self._note("caller id", f"the called side sees {identity.user or 'nobody'}")
        if isinstance(decision, ToApplication):
            missing = self._calls.why_no_application(decision.application, decision.called)
            if missing is not None:
                return self._refuse("application", missing, decision)
        holder, limits = limit_holder(credential, trunk)
        reached = self._calls.why_not(holder, limits, self._now)
        if reached is None and isinstance(decision, ToTrunks):
            reached = self._all_trunks_full(decision)
        if reached is not None:
            return self._refuse("limits", reached, decision)
        self._note("limits", "none is reached")
        return self._result(_outcome(decision), decision, shown=shown)

    def _all_trunks_full(self, decision: ToTrunks) -> Rejection | None:
        """Why no trunk of a route would take one more call; None when one would."""
        first: Rejection | None = None
        for route in decision.routes:
            reached = self._trunk_full(route.trunk)
            if reached is None:
                return None
            first = first or reached
        return first

    def _trunk_full(self, trunk: Trunk) -> Rejection | None:
        return self._calls.why_not(trunk_holder(trunk), trunk.limits, self._now)

    def _verdicts(self, decision: Decision | None) -> tuple[TrunkVerdict, ...]:
        """Every trunk of the account: first those that are tried, in their order."""
        if decision is not None and not isinstance(decision, ToTrunks):
            return ()
        tried = [route.trunk for route in decision.routes] if isinstance(decision, ToTrunks) else []
        number = decision.number if isinstance(decision, ToTrunks) else self._number
        verdicts = [
            self._verdict(trunk, position, self._why_tried(trunk)) for position, trunk in enumerate(tried, 1)
        ]
        rest = [
            trunk
            for trunk in self._directory.trunks.values()
            if trunk.account_id == self._account_id and trunk.id not in {one.id for one in tried}
        ]
        verdicts += [self._verdict(trunk, 0, self._why_not_tried(trunk, number)) for trunk in rest]
        return tuple(verdicts)

    def _verdict(self, trunk: Trunk, position: int, why: str) -> TrunkVerdict:
        return TrunkVerdict(
            trunk.id, trunk.name, position, why, self._calls.resting_addresses(trunk.id, self._now)
        )

    def _why_tried(self, trunk: Trunk) -> str:
        full = self._trunk_full(trunk)
        return "it serves the number" if full is None else f"it is passed over now: {full.detail}"

    def _why_not_tried(self, trunk: Trunk, number: str) -> str:
        why = why_not_serving(trunk, number)
        if why:
            return why
        seconds = self._calls.trunk_rests_s(trunk.id, self._now)
        return (
            f"it asked to be left alone for {seconds:.0f} s more"
            if seconds
            else "the call does not get that far"
        )

    # What comes of it.

    def _note(self, about: str, sentence: str) -> None:
        self._steps.append(Step(about, True, sentence))

    def _refuse(
        self, about: str, rejection: Decision | None, decision: Decision | None = None
    ) -> DryRunResult:
        assert isinstance(rejection, Rejection)
        self._steps.append(Step(about, False, f"{rejection.sentence} {rejection.detail}".rstrip()))
        return self._result(Outcome.REFUSED, decision, rejection=rejection)

    def _result(
        self,
        outcome: Outcome,
        decision: Decision | None,
        *,
        rejection: Rejection | None = None,
        shown: str = "",
    ) -> DryRunResult:
        return DryRunResult(
            outcome,
            tuple(self._steps),
            rejection,
            describe(decision) if decision is not None else "",
            decision.number if isinstance(decision, ToTrunks) else self._number,
            shown,
            self._verdicts(decision),
            _devices(decision),
        )


def _outcome(decision: ToDevice | ToApplication | ToTrunks) -> Outcome:
    if isinstance(decision, ToDevice):
        return Outcome.DEVICE
    return Outcome.TRUNKS if isinstance(decision, ToTrunks) else Outcome.APPLICATION


def _devices(decision: Decision | None) -> tuple[DeviceSeen, ...]:
    if not isinstance(decision, ToDevice):
        return ()
    return tuple(
        DeviceSeen(one.aor, one.uri, repr(one.flow), one.user_agent, one.expires_at)
        for one in decision.bindings
    )


def _refused(steps: Sequence[Step], rejection: Rejection) -> DryRunResult:
    return DryRunResult(Outcome.REFUSED, tuple(steps), rejection)
