"""Which caller identity a call shows: the credential's rule, privacy, and what strangers claim.

Nothing that a caller wrote into an identity header field is passed on: every call gets its From,
P-Asserted-Identity (RFC 3325) and Privacy (RFC 3323) from a :class:`CallerIdentity` made here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from trunkline.domain.account import Account
from trunkline.domain.credential import CallerIdRule, Credential
from trunkline.domain.number import Number
from trunkline.domain.rejection import CALLER_ID_FORBIDDEN, Rejection
from trunkline.routing.numbering import DialledKind, normalise

ANONYMOUS_USER: Final = "anonymous"
ANONYMOUS_HOST: Final = "anonymous.invalid"
ANONYMOUS_NAME: Final = "Anonymous"

_HIDING: Final = frozenset({"id", "user", "header"})
_IDENTITY_HEADERS: Final = frozenset(
    {
        "identity",
        "identity-info",
        "n",
        "p-asserted-identity",
        "p-asserted-service",
        "p-associated-uri",
        "p-charging-function-addresses",
        "p-charging-vector",
        "p-preferred-identity",
        "p-preferred-service",
        "p-profile-key",
        "p-served-user",
        "p-user-database",
        "privacy",
        "remote-party-id",
        "rpid-privacy",
        "y",
    }
)

OwnsNumber = Callable[[str], bool]
"""Whether the caller's account owns an E.164 number."""


class ClaimedIdentity:
    """What a caller says of itself.

    ``user``, ``host`` and ``display_name`` are From's, escapes undone; ``preferred`` the user of
    P-Preferred-Identity or P-Asserted-Identity, empty when there is none; ``privacy`` the values of the
    Privacy header field in lower case.
    """

    def __init__(
        self,
        user: str,
        host: str = "",
        display_name: str = "",
        preferred: str = "",
        privacy: frozenset[str] = frozenset(),
    ) -> None:
        self.user: Final = user
        self.host: Final = host
        self.display_name: Final = display_name
        self.preferred: Final = preferred
        self.privacy: Final = privacy

    @property
    def is_anonymous(self) -> bool:
        """Whether From hides the caller (RFC 3323 §4.1)."""
        return self.user.lower() == ANONYMOUS_USER or self.host.lower().endswith(".invalid")

    @property
    def wants_privacy(self) -> bool:
        """Whether the called person shall not learn who calls."""
        if self.is_anonymous:
            return True
        return "none" not in self.privacy and not _HIDING.isdisjoint(self.privacy)


class CallerIdentity:
    """What the called side is shown.

    ``user`` is From's; its host is ``anonymous.invalid`` when ``anonymous`` is set, else ours. ``asserted``
    is the user of P-Asserted-Identity, ``privacy`` the value of Privacy; None and empty: no such header field.
    """

    def __init__(
        self,
        user: str,
        display_name: str = "",
        anonymous: bool = False,
        asserted: str | None = None,
        privacy: str = "",
    ) -> None:
        self.user: Final = user
        self.display_name: Final = display_name
        self.anonymous: Final = anonymous
        self.asserted: Final = asserted
        self.privacy: Final = privacy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CallerIdentity) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        return f"CallerIdentity{self._parts()}"

    def _parts(self) -> tuple[str, str, bool, str | None, str]:
        return self.user, self.display_name, self.anonymous, self.asserted, self.privacy


def is_identity_header(name: str) -> bool:
    """Whether a header field name, in any spelling, speaks of who calls; such fields of callers are dropped."""
    return name.strip().lower() in _IDENTITY_HEADERS


def parse_privacy(value: str | None) -> frozenset[str]:
    """The values of a Privacy header field (``id;critical``) in lower case; empty when it is absent."""
    if not value:
        return frozenset()
    return frozenset(part.strip().lower() for part in value.replace(",", ";").split(";") if part.strip())


class NumberOwners(Protocol):
    """Who owns a number, and where an account lives; :class:`~trunkline.domain.directory.Directory` is one."""

    @property
    def accounts(self) -> Mapping[int, Account]:
        """Accounts by id."""
        ...

    def number(self, e164: str) -> Number | None:
        """The owned number; None when nobody here owns it."""
        ...


class _Owner:
    """Whether an account owns a number."""

    def __init__(self, owners: NumberOwners, account_id: int) -> None:
        self._owners = owners
        self._account_id = account_id

    def owns(self, e164: str) -> bool:
        number = self._owners.number(e164)
        return number is not None and number.account_id == self._account_id


def caller_identity(
    owners: NumberOwners,
    account_id: int,
    credential: Credential | None,
    claimed: ClaimedIdentity,
    *,
    towards_trunk: bool,
) -> CallerIdentity | Rejection:
    """The identity that a caller may show; the rejection that its credential's rule asks for otherwise.

    Without a credential it is a trunk's, whose word is taken.
    """
    if credential is None:
        return identity_of_trunk(claimed, towards_trunk=towards_trunk)
    account = owners.accounts.get(account_id)
    country = account.country if account is not None else ""
    owner = _Owner(owners, account_id)
    return identity_of_credential(credential, claimed, owner.owns, country, towards_trunk=towards_trunk)


def identity_of_credential(
    credential: Credential, claimed: ClaimedIdentity, owns: OwnsNumber, country: str, *, towards_trunk: bool
) -> CallerIdentity | Rejection:
    """The identity shown for a call of a credential, by its rule; a Rejection when the rule forbids the claim.

    - any: what the caller claims; towards a trunk a From that is no number gives way to the credential's
      caller id, when it has one.
    - owned: a number of the account. A caller that shows no number, only its own name, gets the credential's
      caller id; a number of somebody else is refused.
    - fixed: the credential's caller id, whatever is claimed.

    Towards devices a credential may always show its own user name. A trunk gets P-Asserted-Identity, also of a
    caller who wants privacy; a device never does.
    """
    name = "" if credential.caller_id_rule is CallerIdRule.FIXED else claimed.display_name
    if not towards_trunk and claimed.user in {credential.username, credential.composite}:
        return _shown(claimed.user, claimed.display_name, claimed, towards_trunk=False)
    user = _permitted(credential, claimed, owns, country, towards_trunk=towards_trunk)
    if isinstance(user, Rejection):
        return user
    return _shown(user, name, claimed, towards_trunk=towards_trunk)


def identity_of_trunk(claimed: ClaimedIdentity, *, towards_trunk: bool) -> CallerIdentity:
    """The identity shown for a call that came in through a trunk: its word is taken (RFC 3325 §5).

    ``preferred`` is its P-Asserted-Identity, which goes on to another trunk and never to a device.
    """
    if claimed.wants_privacy:
        return _shown(claimed.preferred or claimed.user, "", claimed, towards_trunk=towards_trunk)
    asserted = (claimed.preferred or claimed.user or None) if towards_trunk else None
    return CallerIdentity(claimed.user or claimed.preferred, claimed.display_name, asserted=asserted)


def _permitted(
    credential: Credential, claimed: ClaimedIdentity, owns: OwnsNumber, country: str, *, towards_trunk: bool
) -> str | Rejection:
    """The user that may be shown."""
    match credential.caller_id_rule:
        case CallerIdRule.FIXED:
            return credential.caller_id or CALLER_ID_FORBIDDEN.because(
                f"credential {credential.composite} has the rule 'fixed' and no caller id"
            )
        case CallerIdRule.OWNED:
            return _owned(credential, claimed, owns, country)
        case CallerIdRule.ANY:
            user = (claimed.preferred if claimed.is_anonymous else claimed.user) or claimed.preferred
            if towards_trunk and credential.caller_id and not _number(user, country):
                return credential.caller_id
            return user or credential.caller_id or ("" if claimed.is_anonymous else credential.username)


def _owned(
    credential: Credential, claimed: ClaimedIdentity, owns: OwnsNumber, country: str
) -> str | Rejection:
    own_names = {"", credential.username, credential.composite}
    if not claimed.is_anonymous and claimed.user not in own_names:
        number = _number(claimed.user, country)
        if number and owns(number):
            return number
        return CALLER_ID_FORBIDDEN.because(f"'{claimed.user}' is no number of the account")
    number = _number(claimed.preferred, country)
    if number and owns(number):
        return number
    return credential.caller_id or CALLER_ID_FORBIDDEN.because(
        f"credential {credential.composite} showed no number and has no caller id of its own"
    )


def _number(user: str, country: str) -> str:
    """The E.164 form of a user that is a number, else empty."""
    dialled = normalise(user, country)
    return dialled.number if dialled.kind is DialledKind.NUMBER else ""


def _shown(user: str, display_name: str, claimed: ClaimedIdentity, *, towards_trunk: bool) -> CallerIdentity:
    asserted = user if towards_trunk and user and user.lower() != ANONYMOUS_USER else None
    if claimed.wants_privacy or not user:
        return CallerIdentity(ANONYMOUS_USER, ANONYMOUS_NAME, True, asserted, "id" if towards_trunk else "")
    return CallerIdentity(user, display_name, asserted=asserted)
