"""The registrar (RFC 3261 §10.3, with RFCs 3327, 5626 and 5627): a REGISTER in, its response out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from trunkline.domain import rejection as rejections
from trunkline.domain.authentication import Authenticated, Authenticator, Challenged
from trunkline.domain.binding import Binding
from trunkline.domain.rejection import Rejection
from trunkline.registrar.admission import AdmissionBucket
from trunkline.registrar.change import Change, matching, says_the_same, speak_of_one
from trunkline.registrar.contact import (
    ABSENT,
    FULL_Q,
    MALFORMED,
    Contact,
    check_contact_uri,
    parse_contact,
    print_contact,
)
from trunkline.registrar.events import (
    Departure,
    EventListener,
    Expired,
    Moved,
    Refreshed,
    Registered,
    RegistrationRefused,
    Unregistered,
    ignore_event,
)
from trunkline.registrar.location import BindingTable
from trunkline.registrar.registration import Registration
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import UDP, Flow
from trunkline.sip.grammar import escape_user
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.name_address import split_name_address
from trunkline.sip.uri import SipUri, parse_uri

EXTENSIONS: Final = frozenset({"path", "outbound", "gruu"})
"""What a device may require of us."""

_TAG: Final = (1 << 48) - 1
_MOST_KEPT: Final = 4096

Random = Callable[[], float]
"""Port: a number from 0.0 up to 1.0."""


@dataclass(frozen=True)
class RegistrarPolicy:
    """What the operator may set; times in seconds.

    ``expires_jitter`` takes up to this share off what is granted, so that devices which came at once do not come
    back at once. ``most_bindings`` applies where a credential has no limit of its own. ``retry_after_s`` is the
    shortest wait a shed device is told, the longest is twice that. ``flow_timer_s`` (RFC 5626 §4.4.1) is told over
    connections, 0 tells none. ``tells_refreshes`` sends :class:`Refreshed` events as well.
    """

    default_expires_s: int = 3600
    min_expires_s: int = 60
    max_expires_s: int = 7200
    expires_jitter: float = 0.0
    most_bindings: int = 10
    retry_after_s: int = 5
    flow_timer_s: int = 120
    requires_path_support: bool = False
    sends_date: bool = False
    tells_refreshes: bool = False


class _Refusal(Exception):  # noqa: N818 - ends the phases of one REGISTER, is no error of ours
    """A phase said no."""

    def __init__(self, rejection: Rejection, headers: list[tuple[str, str]] | None = None) -> None:
        super().__init__(rejection.code)
        self.rejection = rejection
        self.headers = headers


class Registrar:
    """Answers REGISTERs and keeps the table of bindings true."""

    def __init__(
        self,
        authenticator: Authenticator,
        bindings: BindingTable,
        policy: RegistrarPolicy,
        random: Random,
        admission: AdmissionBucket | None = None,
        on_event: EventListener = ignore_event,
    ) -> None:
        self._authenticator: Final = authenticator
        self._bindings: Final = bindings
        self._policy: Final = policy
        self._random: Final = random
        self._admission: Final = admission
        self._on_event: Final = on_event
        self._kept: dict[str, str] = {}
        self._default_expires: Final = policy.default_expires_s
        self._min_expires: Final = policy.min_expires_s
        self._max_expires: Final = policy.max_expires_s
        self._jitter: Final = policy.expires_jitter
        self._tells_refreshes: Final = policy.tells_refreshes

    def register(self, request: Request, flow: Flow, now: float) -> Response:
        """Answer a REGISTER that came over this flow; its top Via already says where the answer goes."""
        try:
            registration = Registration(request)
        except ParseError as error:
            return self._malformed(request, error, "", "", flow, "")
        if self._admission is not None and not self._admission.admit(
            now, has_credentials=registration.has_credentials
        ):
            return self._shed(request)
        if registration.required and not EXTENSIONS.issuperset(registration.required):
            return self._refuse_extension(request, registration, flow)
        outcome = self._authenticator.authenticate(request, flow, now)
        if isinstance(outcome, Authenticated):
            return self._serve(request, registration, outcome, flow, now)
        if isinstance(outcome, Challenged):
            rejection = outcome.rejection
            if rejection is not None and rejection.code != rejections.STALE_NONCE.code:
                self._tell_refused(rejection, outcome.aor, registration, flow)
            return self._answer(request, outcome.status, "Unauthorized", outcome.headers)
        self._tell_refused(outcome.rejection, outcome.aor, registration, flow)
        return self._answer(request, outcome.rejection.status, outcome.rejection.reason)

    def expire(self, now: float) -> list[Binding]:
        """Drop the bindings that are over. To be called about once a second."""
        expired = self._bindings.expire(now)
        for binding in expired:
            self._on_event(Expired(binding.aor, binding.uri, binding.flow, binding.user_agent))
        return expired

    def flow_closed(self, flow: Flow) -> list[Binding]:
        """Drop the bindings of a flow that broke: their devices can only come back by themselves."""
        closed = self._bindings.flow_closed(flow)
        for binding in closed:
            self._on_event(Expired(binding.aor, binding.uri, flow, binding.user_agent, flow_closed=True))
        return closed

    def unregister(self, aor: str, uri: str = "") -> list[Binding]:
        """Drop the bindings of an address-of-record: the operator wants it, or its credential is gone.

        With the URI of a contact, only that one.
        """
        dropped = [binding for binding in self._bindings.bindings_of(aor) if uri in ("", binding.uri)]
        for binding in dropped:
            self._remove(binding, Departure.OPERATOR)
        return dropped

    # After the device proved who it is.

    def _serve(
        self, request: Request, registration: Registration, caller: Authenticated, flow: Flow, now: float
    ) -> Response:
        try:
            self._authorize(registration, caller, flow)
            self._check_path_support(registration)
            if registration.is_wildcard:
                self._remove_all(registration, caller)
                applies_outbound = False
            elif registration.contacts:
                applies_outbound = self._change_bindings(registration, caller, flow, now)
            else:
                applies_outbound = False
        except _Refusal as refusal:
            self._tell_refused(refusal.rejection, caller.aor, registration, flow)
            return self._answer(request, refusal.rejection.status, refusal.rejection.reason, refusal.headers)
        except ParseError as error:
            contact = registration.contacts[0] if registration.contacts else ""
            return self._malformed(request, error, caller.aor, contact, flow, registration.user_agent)
        return self._confirm(request, registration, caller, flow, now, applies_outbound)

    def _authorize(self, registration: Registration, caller: Authenticated, flow: Flow) -> None:
        """Step 4 and 5: the address-of-record in To must be the credential's own."""
        _, to, _ = split_name_address(registration.to)
        if to == "sip:" + caller.aor:
            return
        credential = caller.credential
        uri = parse_uri(to)
        if isinstance(uri, SipUri):
            user = uri.username
            host = uri.host
            is_ours = host == caller.realm.name or self._authenticator.is_own_host(host, flow)
            if is_ours and user in (credential.username, credential.composite):
                return
            if credential.domain and host == credential.domain.lower() and user == credential.username:
                return
        raise _Refusal(rejections.NOT_YOUR_ADDRESS.because(f"To {to[:100]}, credential {caller.aor}"))

    def _check_path_support(self, registration: Registration) -> None:
        """RFC 3327 §5.3: who is served over a Path should know of it; only a strict operator insists."""
        if self._policy.requires_path_support and registration.path and not registration.supports("path"):
            raise _Refusal(rejections.PATH_SUPPORT_REQUIRED, [("Require", "path")])

    def _remove_all(self, registration: Registration, caller: Authenticated) -> None:
        """Step 6: ``Contact: *`` stands alone and with Expires: 0."""
        if len(registration.contacts) != 1 or registration.expires != 0:
            raise _Refusal(rejections.MALFORMED_REGISTER.because("Contact: * goes alone and with Expires: 0"))
        bindings = self._bindings.bindings_of(caller.aor)
        for binding in bindings:
            self._check_order(binding, registration, caller)
        for binding in bindings:
            self._remove(binding, Departure.DEVICE)

    # Step 7: first all values are judged, then all are carried out.

    def _change_bindings(
        self, registration: Registration, caller: Authenticated, flow: Flow, now: float
    ) -> bool:
        """Add, refresh and remove; returns whether RFC 5626 was applied."""
        bindings = self._bindings.bindings_of(caller.aor)
        changes: list[Change] = []
        applies_outbound = False
        for value in registration.contacts:
            change = self._judge(value, bindings, registration)
            if change.binding is not None:
                self._check_order(change.binding, registration, caller)
            for earlier in changes:
                if speak_of_one(earlier, change):
                    raise _Refusal(rejections.MALFORMED_REGISTER.because("a Contact is given twice"))
            applies_outbound = applies_outbound or (change.reg_id != 0 and change.expires != 0)
            changes.append(change)
        if applies_outbound and sum(change.expires != 0 for change in changes) > 1:
            raise _Refusal(
                rejections.MALFORMED_REGISTER.because("a flow is registered with one Contact (RFC 5626)")
            )
        self._check_room(bindings, changes, caller, now)
        for change in changes:
            self._carry_out(change, registration, caller, flow, now)
        return applies_outbound

    def _judge(self, value: str, bindings: list[Binding], registration: Registration) -> Change:
        """Find the binding a Contact value means, and for how long it is wanted."""
        for binding in bindings:
            if binding.contact == value and binding.q == FULL_Q and "reg-id" not in value:
                return Change(binding, None, self._wanted(ABSENT, registration), 0)
        contact = parse_contact(value)
        expires = self._wanted(contact.expires, registration)
        reg_id = contact.reg_id if contact.instance else 0
        if reg_id:
            if not registration.first_hop_keeps_flows:
                if registration.supports("outbound"):
                    raise _Refusal(rejections.FIRST_HOP_LACKS_OUTBOUND)
                reg_id = 0
            elif not registration.supports("outbound"):
                reg_id = 0
        match = matching(contact, reg_id, bindings, is_only=len(registration.contacts) == 1)
        if expires and (match is None or match.uri != contact.uri):
            check_contact_uri(contact.uri)
        return Change(match, contact, expires, reg_id)

    def _wanted(self, own: int, registration: Registration) -> int:
        """The seconds wanted: of the Contact itself, of Expires, or the default; 0 removes (RFC 3261 §10.2.1.1)."""
        expires = own if own != ABSENT else registration.expires
        if expires in (ABSENT, MALFORMED):
            return self._default_expires
        if 0 < expires < self._min_expires:
            raise _Refusal(
                rejections.INTERVAL_TOO_BRIEF.because(f"{expires} s asked, {self._min_expires} s at least"),
                [("Min-Expires", str(self._min_expires))],
            )
        return expires

    def _check_order(self, binding: Binding, registration: Registration, caller: Authenticated) -> None:
        """Within one Call-ID the CSeq grows, or the whole request fails; the same request may come again."""
        if binding.call_id != registration.call_id or registration.cseq > binding.cseq:
            return
        if not caller.retransmission or registration.cseq < binding.cseq:
            raise _Refusal(rejections.OUT_OF_ORDER.because(f"CSeq {registration.cseq} after {binding.cseq}"))

    def _check_room(
        self, bindings: list[Binding], changes: list[Change], caller: Authenticated, now: float
    ) -> None:
        added = 0
        for change in changes:
            if change.binding is None:
                added += change.expires != 0
            elif change.expires == 0:
                added -= 1
        if added <= 0:
            return
        own_limit = caller.credential.limits.bindings
        limit = self._policy.most_bindings if own_limit is None else own_limit
        live = sum(binding.expires_at > now for binding in bindings)
        if live + added > limit:
            raise _Refusal(
                rejections.TOO_MANY_BINDINGS.because(f"{live} of {limit} in use, {added} more asked")
            )

    def _carry_out(
        self, change: Change, registration: Registration, caller: Authenticated, flow: Flow, now: float
    ) -> None:
        binding = change.binding
        if change.expires == 0:
            if binding is not None:
                self._remove(binding, Departure.DEVICE)
            return
        if caller.retransmission and (binding is None or binding.cseq == registration.cseq):
            # It was carried out when it came first; what was removed since is not brought back by playing it again.
            return
        expires_at = now + self._granted(change.expires)
        if binding is None:
            assert change.contact is not None
            self._add(change.contact, change.reg_id, registration, caller, flow, now, expires_at)
        elif change.contact is None or says_the_same(change.contact, change.reg_id, binding):
            self._refresh(binding, registration, flow, now, expires_at)
        else:
            self._replace(binding, change.contact, change.reg_id, registration, caller, flow, now, expires_at)

    def _granted(self, wanted: int) -> float:
        granted = min(wanted, self._max_expires)
        if self._jitter:
            granted = max(
                int(granted * (1.0 - self._jitter * self._random())), min(granted, self._min_expires)
            )
        return granted

    def _add(
        self,
        contact: Contact,
        reg_id: int,
        registration: Registration,
        caller: Authenticated,
        flow: Flow,
        now: float,
        expires_at: float,
    ) -> Binding:
        binding = self._make(contact, reg_id, registration, caller, flow, now, expires_at)
        self._bindings.add(binding)
        self._on_event(Registered(binding.aor, binding.uri, flow, binding.user_agent, expires_at))
        return binding

    def _make(
        self,
        contact: Contact,
        reg_id: int,
        registration: Registration,
        caller: Authenticated,
        flow: Flow,
        now: float,
        expires_at: float,
    ) -> Binding:
        return Binding(
            aor=caller.aor,
            uri=contact.uri,
            contact=contact.text,
            call_id=registration.call_id,
            cseq=registration.cseq,
            expires_at=expires_at,
            q=contact.q,
            flow=flow,
            path=registration.path,
            instance=contact.instance,
            reg_id=reg_id,
            user_agent=self._keep(registration.user_agent),
            registered_at=now,
        )

    def _refresh(
        self, binding: Binding, registration: Registration, flow: Flow, now: float, expires_at: float
    ) -> None:
        old_flow = binding.flow
        is_described_anew = False
        if registration.path != binding.path:
            binding.path = registration.path
            is_described_anew = True
        if registration.user_agent != binding.user_agent:
            binding.user_agent = self._keep(registration.user_agent)
            is_described_anew = True
        self._bindings.refresh(
            binding,
            registration.call_id,
            registration.cseq,
            expires_at,
            flow,
            now,
            is_described_anew=is_described_anew,
        )
        if binding.flow is not old_flow:
            self._tell_moved(binding, binding.uri, old_flow)
        elif self._tells_refreshes:
            self._on_event(Refreshed(binding.aor, binding.uri, flow, binding.user_agent, expires_at))

    def _replace(
        self,
        old: Binding,
        contact: Contact,
        reg_id: int,
        registration: Registration,
        caller: Authenticated,
        flow: Flow,
        now: float,
        expires_at: float,
    ) -> None:
        """The device has another contact, or other parameters, in place of the old."""
        binding = self._make(contact, reg_id, registration, caller, flow, now, expires_at)
        self._bindings.remove(old)
        self._bindings.add(binding)
        if old.uri != binding.uri or old.flow != flow:
            self._tell_moved(binding, old.uri, old.flow)
        elif self._tells_refreshes:
            self._on_event(Refreshed(binding.aor, binding.uri, flow, binding.user_agent, expires_at))

    def _remove(self, binding: Binding, departure: Departure) -> None:
        self._bindings.remove(binding)
        self._on_event(Unregistered(binding.aor, binding.uri, binding.flow, binding.user_agent, departure))

    def _keep(self, text: str) -> str:
        """The one copy of a text that thousands of devices send alike."""
        kept = self._kept.get(text)
        if kept is not None:
            return kept
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[text] = text
        return text

    # Answers.

    def _confirm(
        self,
        request: Request,
        registration: Registration,
        caller: Authenticated,
        flow: Flow,
        now: float,
        applies_outbound: bool,
    ) -> Response:
        """Step 8: 200 with every binding there is."""
        bindings = self._bindings.bindings_of(caller.aor)
        gruu_aor = ""
        if registration.supported and registration.supports("gruu"):
            gruu_aor = f"{escape_user(caller.credential.composite)}@{caller.realm.name}"
        headers = [
            ("Contact", print_contact(binding, now, gruu_aor))
            for binding in bindings
            if binding.expires_at > now
        ]
        headers.extend([("Path", path) for path in registration.path])
        if applies_outbound:
            headers.append(("Require", "outbound"))
            if self._policy.flow_timer_s and flow.transport != UDP:
                headers.append(("Flow-Timer", str(self._policy.flow_timer_s)))
        if self._policy.sends_date:
            headers.append(("Date", formatdate(now, usegmt=True)))
        return self._answer(request, 200, "OK", headers)

    def _answer(
        self, request: Request, status: int, reason: str, headers: list[tuple[str, str]] | None = None
    ) -> Response:
        """The To tag is made of the request, so that a retransmission gets the same (RFC 3261 §8.2.7)."""
        tag = "%x" % (hash(request.top_via.branch or request.call_id) & _TAG)
        return response_to(request, status, reason, tag, headers)

    def _shed(self, request: Request) -> Response:
        """Too many at once: come back later, each at its own time. Never 403, which devices take for good."""
        retry_after = int(self._policy.retry_after_s * (1.0 + self._random()) + 0.5)
        return self._answer(
            request,
            rejections.OVERLOADED.status,
            rejections.OVERLOADED.reason,
            [("Retry-After", str(retry_after))],
        )

    def _refuse_extension(self, request: Request, registration: Registration, flow: Flow) -> Response:
        unknown = ", ".join([tag for tag in registration.required if tag not in EXTENSIONS])
        self._tell_refused(rejections.BAD_EXTENSION.because(unknown[:100]), "", registration, flow)
        return self._answer(
            request,
            rejections.BAD_EXTENSION.status,
            rejections.BAD_EXTENSION.reason,
            [("Unsupported", unknown)],
        )

    def _malformed(
        self, request: Request, error: ParseError, aor: str, contact: str, flow: Flow, user_agent: str
    ) -> Response:
        rejection = rejections.MALFORMED_REGISTER.because(error.reason)
        self._on_event(RegistrationRefused(rejection, aor, contact, flow, user_agent))
        return self._answer(request, error.status, error.reason)

    def _tell_refused(self, rejection: Rejection, aor: str, registration: Registration, flow: Flow) -> None:
        contact = registration.contacts[0] if registration.contacts else ""
        self._on_event(RegistrationRefused(rejection, aor, contact, flow, registration.user_agent))

    def _tell_moved(self, binding: Binding, old_contact: str, old_flow: Flow) -> None:
        self._on_event(
            Moved(
                binding.aor,
                binding.uri,
                binding.flow,
                binding.user_agent,
                binding.expires_at,
                old_contact,
                old_flow,
            )
        )
