"""Authentication: who sent a request, proven by digest (RFC 3261 §22, RFC 7616, RFC 8760).

Used by the registrar (401) and by calls (407). A stranger learns nothing from the answers: an unknown user and a
wrong password are challenged, and in the end refused, alike and after the same number of hashes. The owner gets the
whole diagnosis in the :class:`Rejection` that comes with the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trunkline.domain import rejection as rejections
from trunkline.domain.credential import Credential
from trunkline.domain.directory import Directory
from trunkline.domain.proof import fits, ha1_to_fit, look_again, shown
from trunkline.domain.realm import Realm
from trunkline.domain.rejection import Rejection
from trunkline.domain.wrong_answers import WrongAnswerTable
from trunkline.sip.digest import (
    MD5,
    Authorization,
    challenge_frame,
    ha2_of,
    is_digest,
    parse_authorization,
)
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import is_ip_address
from trunkline.sip.message import Request
from trunkline.sip.name_address import split_name_address
from trunkline.sip.nonce import FORGED, REPLAY, RETRANSMISSION, STALE, NonceTable
from trunkline.sip.uri import SipUri, parse_uri

_MOST_CACHED: Final = 4096
_LONGEST_CACHED: Final = 128
_LONGEST_KEY: Final = 600
_REPORT_USE_EVERY_S: Final = 60.0
_MOST_CALLERS: Final = 10_000
_CALLERS_KNOWN_S: Final = 86_400.0

IsRegistered = Callable[[str, str, float], bool]
"""Port: whether a device of this address-of-record is registered from this address now."""

SecretUsed = Callable[[int, int, float], None]
"""Port: this generation (0 the newest) of this credential's rotating secret was used at this time."""


def _ignore(_credential_id: int, _generation: int, _now: float) -> None:
    """Nobody wants to know."""


def _is_not(_aor: str, _host: str, _now: float) -> bool:
    """Nobody is registered."""
    return False


@dataclass(frozen=True)
class AuthenticationPolicy:
    """What the operator may set.

    ``algorithms`` are offered in this order, SHA only in realms whose every credential has such hashes (RFC 8760 puts
    MD5 last: :data:`trunkline.sip.digest.OFFERED_ORDER`). Only MD5 unless asked for: SIPp, sipsak and baresip of today's
    Debian fail when they see SHA-256 in any, or in the first, challenge. ``require_sha256`` refuses MD5. ``wrong_answers`` wrong ones of one source and user are challenged again, further
    ones get 403 until ``forget_after_s`` has passed. An address that gave ``wrong_answers_per_source`` within
    ``source_window_s`` gets 403 without being computed, but for those who proved themselves from there before: the
    source of a datagram can be forged, and one wrong device must not silence the house it stands in. ``own_hosts`` are
    further names and addresses of ours.
    """

    algorithms: tuple[str, ...] = (MD5,)
    qop: str = "auth"
    require_sha256: bool = False
    wrong_answers: int = 1
    forget_after_s: float = 300.0
    wrong_answers_per_source: int = 100
    source_window_s: float = 60.0
    own_hosts: frozenset[str] = frozenset()


class Authenticated:
    """The request is from the holder of this credential.

    ``aor`` is the credential's key ``composite@realm``. ``retransmission`` means that this very request was
    accepted before: answer it as before and do nothing twice.
    """

    def __init__(self, credential: Credential, realm: Realm, aor: str, *, retransmission: bool) -> None:
        self.credential: Final = credential
        self.realm: Final = realm
        self.aor: Final = aor
        self.retransmission: Final = retransmission


class Challenged:
    """Answer with this status and these header fields: 401 or 407 with a challenge per algorithm.

    ``rejection`` is None for a request without an answer, else what was wrong with the answer; ``aor`` is who the
    sender claimed to be, "" when unknown.
    """

    def __init__(
        self, status: int, headers: list[tuple[str, str]], rejection: Rejection | None = None, aor: str = ""
    ) -> None:
        self.status: Final = status
        self.headers: Final = headers
        self.rejection: Final = rejection
        self.aor: Final = aor


class Refused:
    """Answer with the rejection's status and reason. ``aor`` is who the sender claimed to be, "" when unknown."""

    def __init__(self, rejection: Rejection, aor: str = "") -> None:
        self.rejection: Final = rejection
        self.aor: Final = aor


Outcome = Authenticated | Challenged | Refused


class Authenticator:
    """Challenges requests and checks the answers."""

    def __init__(
        self,
        directory: Directory,
        nonces: NonceTable,
        policy: AuthenticationPolicy,
        secret_used: SecretUsed = _ignore,
        is_registered: IsRegistered = _is_not,
    ) -> None:
        self._directory: Final = directory
        self._nonces: Final = nonces
        self._policy: Final = policy
        self._secret_used: Final = secret_used
        self._is_registered: Final = is_registered
        self._callers: dict[str, float] = {}
        self._secret_reported: dict[int, float] = {}
        accepted = [name for name in policy.algorithms if name != MD5 or not policy.require_sha256]
        if not accepted:
            raise ValueError(
                "no digest algorithm is left to offer: name SHA-256 among them, or do not require it"
            )
        self._accepted: Final = frozenset(accepted)
        self._with_sha: Final = accepted
        self._without_sha: Final = accepted if policy.require_sha256 or MD5 not in accepted else [MD5]
        self._offered_qop: Final = frozenset(token.strip() for token in policy.qop.split(","))
        self._guesses: Final = WrongAnswerTable(forget_after_s=policy.forget_after_s)
        self._sources: Final = WrongAnswerTable(forget_after_s=policy.source_window_s)
        self._hosts: dict[str, str] = {}
        self._ha2: dict[str, str] = {}
        self._frames: dict[str, list[tuple[str, str]]] = {}

    def authenticate(self, request: Request, flow: Flow, now: float, *, proxy: bool = False) -> Outcome:
        """Judge a request; ``proxy`` means 407 and Proxy-Authorization instead of 401 and Authorization."""
        name = "Proxy-Authorization" if proxy else "Authorization"
        values: list[str] = []
        for key, value in request.headers:
            if key == name and is_digest(value):
                values.append(value)
        if not values:
            realm = self.realm_of(request, flow, proxy=proxy)
            if realm is None:
                return Refused(rejections.UNKNOWN_REALM.because(shown(request.uri_text)))
            return self._challenge(realm, now, proxy)
        try:
            authorization = self._chosen(values, request, flow, proxy)
        except ParseError as error:
            return Refused(rejections.MALFORMED_DIGEST.because(error.reason))
        realm = self.realm_of(request, flow, authorization, proxy=proxy)
        if realm is None:
            return Refused(rejections.UNKNOWN_REALM.because(shown(request.uri_text)))
        return self._check(authorization, realm, request, flow, now, proxy)

    def _chosen(self, values: list[str], request: Request, flow: Flow, proxy: bool) -> Authorization:
        """The one of several credentials that is for us. Raises ParseError."""
        first = parse_authorization(values[0])
        if len(values) == 1:
            return first
        for value in values:
            candidate = parse_authorization(value)
            realm = self.realm_of(request, flow, candidate, proxy=proxy)
            if realm is not None and realm.name == candidate.realm:
                return candidate
        return first

    # Which realm.

    def realm_of(
        self, request: Request, flow: Flow, authorization: Authorization | None = None, *, proxy: bool = False
    ) -> Realm | None:
        """The realm a request belongs to; None when it names a host that is none of ours.

        The host of the Request-URI decides, then that of To. A call is first of all its caller's: where From names
        another realm of ours, a phone that calls across realms is asked for its own. Who speaks to a bare address
        of ours is asked for the realm in his digest, or for the default one of the account the listener belongs to.
        """
        host = self._host(request)
        realm = self._directory.realm(host)
        if realm is not None and not proxy:
            return realm
        if proxy:
            caller = self._directory.realm(_host_of(request.get("From")))
            if authorization is not None and realm is not None and authorization.realm == realm.name:
                return realm
            if caller is not None or realm is not None:
                return caller or realm
        realm = self._directory.realm(_host_of(request.get("To")))
        if realm is not None:
            return realm
        if not proxy and not self.is_own_host(host, flow):
            return None
        return self._realm_of_digest(authorization) or self._default_realm(flow)

    def is_own_host(self, host: str, flow: Flow) -> bool:
        """Whether this host is an address, or a name of ours, rather than somebody's domain."""
        return self._is_named_host(host, flow) or is_ip_address(host)

    def _is_same_target(self, digest_uri: str, request: Request, flow: Flow) -> bool:
        """Compare as RFC 3261 §22.4 allows: peers drop the port or the parameters, but not user and host.

        Some (SIPp among them) sign the address they send to instead of the Request-URI, and a proxy between may have
        put our address for the domain: another host of ours will do, with the same user or none. That the nonce
        serves once keeps such a digest from serving for another request.
        """
        try:
            ours = request.uri
            theirs = parse_uri(digest_uri)
        except ParseError:
            return False
        if not isinstance(ours, SipUri) or not isinstance(theirs, SipUri):
            return ours.text == theirs.text
        if ours.host == theirs.host:
            return ours.username == theirs.username
        is_us = self._is_named_host(theirs.host, flow) or self._directory.realm(theirs.host) is not None
        return is_us and theirs.username in ("", ours.username)

    def _is_named_host(self, host: str, flow: Flow) -> bool:
        listener = flow.listener
        return host in (listener.host, listener.advertised_host) or host in self._policy.own_hosts

    def _realm_of_digest(self, authorization: Authorization | None) -> Realm | None:
        if authorization is None:
            return None
        _, at, suffix = authorization.username.rpartition("@")
        realm = self._directory.realm(suffix) if at else None
        return realm or self._directory.realm(authorization.realm)

    def _default_realm(self, flow: Flow) -> Realm | None:
        account_id = flow.listener.account_id
        realm = self._directory.default_realm(account_id) if account_id is not None else None
        return realm or self._directory.default_realm()

    def _host(self, request: Request) -> str:
        """The host of the Request-URI in lower case, "" when it has none. REGISTERs name few, so they are kept."""
        text = request.uri_text
        host = self._hosts.get(text)
        if host is not None:
            return host
        host = _host_of_uri(text)
        if request.method == "REGISTER" and len(text) <= _LONGEST_CACHED:
            if len(self._hosts) >= _MOST_CACHED:
                self._hosts.clear()
            self._hosts[text] = host
        return host

    # The challenge.

    def _challenge(
        self,
        realm: Realm,
        now: float,
        proxy: bool,
        *,
        stale: bool = False,
        rejection: Rejection | None = None,
        aor: str = "",
    ) -> Challenged:
        nonce = self._nonces.issue(realm.name, now)
        name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        headers: list[tuple[str, str]] = []
        for head, tail in self._challenge_frames(realm):
            value = head + nonce + tail
            headers.append((name, value + ", stale=true" if stale else value))
        return Challenged(407 if proxy else 401, headers, rejection, aor)

    def _challenge_frames(self, realm: Realm) -> list[tuple[str, str]]:
        md5_only = self._directory.needs_md5(realm.id)
        key = realm.name + " MD5" if md5_only else realm.name
        frames = self._frames.get(key)
        if frames is None:
            algorithms = self._without_sha if md5_only else self._with_sha
            frames = [challenge_frame(realm.name, algorithm, self._policy.qop) for algorithm in algorithms]
            if len(self._frames) >= _MOST_CACHED:
                self._frames.clear()
            self._frames[key] = frames
        return frames

    # The answer.

    def _check(
        self,
        authorization: Authorization,
        realm: Realm,
        request: Request,
        flow: Flow,
        now: float,
        proxy: bool,
    ) -> Outcome:
        username = authorization.username
        with_realm = username.endswith("@" + realm.name)
        aor = username if with_realm else username + "@" + realm.name
        if (
            len(self._sources)
            and self._sources.count(flow.host, now) >= self._policy.wrong_answers_per_source
            and not self._is_known(aor, flow, now)
        ):
            return Refused(rejections.TOO_MANY_WRONG_ANSWERS.because(flow.host), aor)
        if authorization.realm != realm.name:
            return self._challenge(realm, now, proxy, rejection=_wrong_realm(authorization, realm), aor=aor)
        if authorization.uri != request.uri_text and not self._is_same_target(
            authorization.uri, request, flow
        ):
            detail = f"digest uri {shown(authorization.uri)}, Request-URI {shown(request.uri_text)}"
            return Refused(rejections.WRONG_DIGEST_URI.because(detail), aor)
        if not self._is_offered(authorization):
            detail = f"algorithm {shown(authorization.algorithm)}, qop {shown(authorization.qop) or 'none'}"
            rejection = rejections.ALGORITHM_NOT_OFFERED.because(detail)
            return self._challenge(realm, now, proxy, rejection=rejection, aor=aor)
        credential = self._directory.credential(aor)
        if credential is None and with_realm:
            aor = username + "@" + realm.name
            credential = self._directory.credential(aor)
            with_realm = False
        ha1 = ha1_to_fit(credential, 0, authorization.algorithm, with_realm, now)
        ha2 = self._ha2_of(authorization, request)
        generation = 0
        if not fits(authorization, ha1, ha2) or credential is None:
            generation, diagnosis = look_again(authorization, credential, ha2, with_realm, now)
            if generation < 0 or credential is None:
                return self._wrong(diagnosis, aor, realm, flow, now, proxy)
        if not credential.enabled:
            return Refused(rejections.DISABLED.because(aor), aor)
        return self._check_nonce(authorization, credential, generation, aor, realm, request, flow, now, proxy)

    def _check_nonce(
        self,
        authorization: Authorization,
        credential: Credential,
        generation: int,
        aor: str,
        realm: Realm,
        request: Request,
        flow: Flow,
        now: float,
        proxy: bool,
    ) -> Outcome:
        """The password is right: what is left is whether this answer was given to us, now, for the first time."""
        number = self._nonces.verify(authorization.nonce, realm.name)
        if number == FORGED or self._nonces.is_expired(number, now):
            detail = "not issued by this server" if number == FORGED else "too old"
            return self._stale(rejections.STALE_NONCE.because(detail), realm, now, proxy, aor)
        use = self._nonces.use(number, authorization.nonce_count, _fingerprint(authorization, request, flow))
        if use == REPLAY or (use == RETRANSMISSION and proxy):
            # A repeated INVITE or MESSAGE is absorbed by its transaction: one that comes here is played back later.
            detail = f"nonce count {authorization.nonce_count} from {flow.host}:{flow.port}"
            return self._stale(rejections.REPLAY.because(detail), realm, now, proxy, aor)
        if use == STALE:
            return self._stale(
                rejections.STALE_NONCE.because("displaced by younger ones"), realm, now, proxy, aor
            )
        if len(self._guesses):
            self._guesses.clear(_guess_key(flow, aor))
        if proxy:
            self._remember_caller(_guess_key(flow, aor), now)
        if len(credential.secrets) > 1:
            self._report_use(credential, generation, now)
        return Authenticated(credential, realm, aor, retransmission=use == RETRANSMISSION)

    def _is_known(self, aor: str, flow: Flow, now: float) -> bool:
        """Whether this user proved himself from this address before, and is not what is guessed at there."""
        key = _guess_key(flow, aor)
        if self._guesses.count(key, now) >= self._policy.wrong_answers_per_source:
            return False
        return now - self._callers.get(key, -_CALLERS_KNOWN_S) < _CALLERS_KNOWN_S or self._is_registered(
            aor, flow.host, now
        )

    def _remember_caller(self, key: str, now: float) -> None:
        self._callers.pop(key, None)
        if len(self._callers) >= _MOST_CALLERS:
            del self._callers[next(iter(self._callers))]
        self._callers[key] = now

    def _stale(self, rejection: Rejection, realm: Realm, now: float, proxy: bool, aor: str) -> Challenged:
        return self._challenge(realm, now, proxy, stale=True, rejection=rejection, aor=aor)

    def _is_offered(self, authorization: Authorization) -> bool:
        qop = authorization.qop
        return (
            authorization.algorithm in self._accepted
            and not authorization.is_session
            and (not qop or qop in self._offered_qop)
        )

    def _ha2_of(self, authorization: Authorization, request: Request) -> str:
        """HA2; that of REGISTER with MD5 is nearly always the same, so it is kept."""
        if request.method != "REGISTER" or authorization.algorithm != MD5 or authorization.qop == "auth-int":
            return ha2_of(
                authorization.algorithm, request.method, authorization.uri, authorization.qop, request.body
            )
        ha2 = self._ha2.get(authorization.uri)
        if ha2 is not None:
            return ha2
        ha2 = ha2_of(MD5, "REGISTER", authorization.uri)
        if len(authorization.uri) <= _LONGEST_CACHED:
            if len(self._ha2) >= _MOST_CACHED:
                self._ha2.clear()
            self._ha2[authorization.uri] = ha2
        return ha2

    def _wrong(
        self, rejection: Rejection, aor: str, realm: Realm, flow: Flow, now: float, proxy: bool
    ) -> Challenged | Refused:
        """A wrong answer: counted, challenged again, refused when it repeats."""
        self._sources.add(flow.host, now)
        if self._guesses.add(_guess_key(flow, aor), now) > self._policy.wrong_answers:
            return Refused(rejection, aor)
        return self._challenge(realm, now, proxy, rejection=rejection, aor=aor)

    def _report_use(self, credential: Credential, generation: int, now: float) -> None:
        """Tell which generation of a rotating secret is in use, at most once a minute each."""
        key = credential.id * 2 + generation
        last = self._secret_reported.get(key)
        if last is not None and now - last < _REPORT_USE_EVERY_S:
            return
        if len(self._secret_reported) >= _MOST_CACHED:
            self._secret_reported.clear()
        self._secret_reported[key] = now
        self._secret_used(credential.id, generation, now)


def _wrong_realm(authorization: Authorization, realm: Realm) -> Rejection:
    detail = f"digest realm {shown(authorization.realm)}, ours {realm.name}"
    if "@" + authorization.realm in authorization.username:
        detail += "; an older guide made Hash1b with the user's domain in place of the realm"
    return rejections.WRONG_DIGEST_REALM.because(detail)


def _guess_key(flow: Flow, aor: str) -> str:
    return (flow.host + " " + aor)[:_LONGEST_KEY]


def _fingerprint(authorization: Authorization, request: Request, flow: Flow) -> int:
    """What an exact retransmission from the same source repeats."""
    branch = request.top_via.branch
    return hash((authorization.response, branch, request.call_id, request.cseq_number, flow.host, flow.port))


def _host_of(value: str | None) -> str:
    """The host in a From or To, "" when there is none."""
    if value is None:
        return ""
    try:
        _, uri_text, _ = split_name_address(value)
    except ParseError:
        return ""
    return _host_of_uri(uri_text)


def _host_of_uri(text: str) -> str:
    try:
        uri = parse_uri(text)
    except ParseError:
        return ""
    return uri.host if isinstance(uri, SipUri) else ""
