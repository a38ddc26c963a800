"""Plans for calls, redirections and transfers: routing, caller identity and limits put together."""

from __future__ import annotations

from trunkline.calls.bridge import Bridge
from trunkline.calls.call import Call
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.calls.plan import DialPlan, device_plan, trunk_plan
from trunkline.calls.program import Program
from trunkline.domain.limit_holder import limit_holder
from trunkline.domain.rejection import APPLICATION_UNAVAILABLE, UNKNOWN_DESTINATION, Rejection
from trunkline.routing.caller_identity import caller_identity
from trunkline.routing.decision import CallRequest, ToApplication, ToDevice, ToTrunks, describe
from trunkline.sip.errors import ParseError
from trunkline.sip.name_address import parse_name_address
from trunkline.sip.uri import SipUri, Uri


class Planner:
    """Plans on behalf of one call."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self._exchange = exchange
        self._call = call

    def first_program(self, leg: Leg, target: Uri, *, host_is_ours: bool) -> Program | Rejection:
        """What runs a new call; counts it against the limits of its credential or trunk."""
        decision = self._decide(leg, target, host_is_ours=host_is_ours)
        self._call.route = describe(decision)
        program: Program | Rejection
        if isinstance(decision, Rejection):
            program = decision
        elif isinstance(decision, ToApplication):
            program = self._exchange.applications.program_for(
                self._call.call_id, decision.application, decision.called
            )
        else:
            program = Bridge(self._plan(decision), self.plan_for)
        if isinstance(program, Rejection):
            return program
        return self._count(leg) or program

    def plan_for(self, leg_name: str, target: str) -> DialPlan | Rejection:
        """Where a leg may send the call: what the credential behind it could call itself.

        A leg without credential, that is a trunk's, may send calls nowhere.
        """
        leg = self._call.legs.get(leg_name)
        if leg is None or leg.credential is None:
            return UNKNOWN_DESTINATION.because(
                "only the holder of a credential may redirect or transfer a call"
            )
        try:
            uri = parse_name_address(target).uri
        except ParseError as error:
            return UNKNOWN_DESTINATION.because(f"'{target}': {error.reason}")
        # An address of ours, or of the device itself, says nothing of where to; the name of a stranger does.
        host = uri.host if isinstance(uri, SipUri) else ""
        host_is_ours = self._exchange.authenticator.is_own_host(host, leg.flow)
        decision = self._decide(leg, uri, host_is_ours=host_is_ours)
        if isinstance(decision, Rejection):
            return decision
        if isinstance(decision, ToApplication):
            return APPLICATION_UNAVAILABLE.because(
                f"{decision.application.name} takes calls, but no transfers"
            )
        holder, limits = limit_holder(leg.credential, leg.trunk)
        return self._exchange.limits.charge(holder, limits, self._exchange.now()) or self._plan(decision)

    def _decide(
        self, leg: Leg, target: Uri, *, host_is_ours: bool
    ) -> ToDevice | ToTrunks | ToApplication | Rejection:
        """Where a leg may send the call, as far as its identity may be shown there."""
        exchange = self._exchange
        request = CallRequest(target, leg.credential, None if leg.credential else leg.trunk, host_is_ours)
        decision = exchange.router.decide(request, exchange.now())
        if isinstance(decision, Rejection):
            return decision
        towards_trunk = isinstance(decision, ToTrunks)
        identity = caller_identity(
            exchange.directory,
            self._call.account_id,
            leg.credential,
            leg.claimed,
            towards_trunk=towards_trunk,
        )
        return identity if isinstance(identity, Rejection) else decision

    def _plan(self, decision: ToDevice | ToTrunks) -> DialPlan:
        if isinstance(decision, ToTrunks):
            return trunk_plan(decision.routes, decision.number)
        settings = self._exchange.settings
        return device_plan(
            decision.bindings, decision.credential, settings.ring_timeout_s, serial=settings.serial_ring
        )

    def _count(self, leg: Leg) -> Rejection | None:
        """Count the call for whoever began it; why not, when a limit is reached."""
        call = self._call
        holder, limits = limit_holder(leg.credential, leg.trunk)
        rejection = self._exchange.limits.admit(holder, limits, self._exchange.now())
        if rejection is not None:
            return rejection
        call.holders.append(holder)
        bounds = [bound for bound in (limits.longest_call_s, self._exchange.settings.longest_call_s) if bound]
        call.longest_s = min(bounds) if bounds else None
        return None
