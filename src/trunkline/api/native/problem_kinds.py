"""Every problem that this API answers with: its code, status, title and cure. Codes are never renamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkline.provisioning.faults import FaultCode


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind. ``field`` is what of a request's body is wrong, empty where it is not a field."""

    code: str
    status: int
    title: str
    cure: str
    field: str = ""


def _kind(code: str, status: int, title: str, cure: str, field: str = "") -> ProblemKind:
    return ProblemKind(code, status, title, cure, field)


def _missing(code: FaultCode, noun: str, field: str) -> ProblemKind:
    return _kind(
        code, 404, f"There is no such {noun}", f"List the account's {noun}s to see which there are.", field
    )


def _wrong(code: FaultCode, title: str, cure: str, field: str) -> ProblemKind:
    return _kind(code, 422, title, cure, field)


def _conflict(code: FaultCode, title: str, cure: str, field: str = "") -> ProblemKind:
    return _kind(code, 409, title, cure, field)


UNAUTHENTICATED: Final = _kind(
    "unauthenticated",
    401,
    "Nobody is known by these words",
    "Send HTTP Basic with a user and password or an API key's id and secret, or a bearer token.",
)
NOT_FOUND: Final = _kind("not-found", 404, "There is nothing here", "See /docs for the paths of this API.")
METHOD_NOT_ALLOWED: Final = _kind(
    "method-not-allowed", 405, "This method is not spoken here", "The header field Allow tells which are."
)
INVALID_REQUEST: Final = _kind(
    "invalid-request", 422, "The request is not of the described form", "Mend the fields that 'errors' names."
)
MALFORMED_BODY: Final = _kind(
    "malformed-body",
    400,
    "The body cannot be read",
    "Send one JSON document in UTF-8, at most some levels deep.",
)
UNSUPPORTED_TYPE: Final = _kind(
    "unsupported-media-type",
    415,
    "This type of body is not read here",
    "Send it as the type that /docs tells.",
)
TOO_LARGE: Final = _kind("content-too-large", 413, "The body is too large", "Send less at once.")
CHANGED: Final = _kind(
    "changed-meanwhile",
    412,
    "Somebody else has changed it meanwhile",
    "Get it again, and send the change with its new ETag.",
)
INTERNAL: Final = _kind(
    "internal-error",
    500,
    "The server has a fault of its own",
    "Tell the operator when it happened; the log tells more.",
)
UNAVAILABLE: Final = _kind(
    "temporarily-unavailable",
    503,
    "The server cannot do this now",
    "Wait as long as Retry-After says, and send the request again.",
)
GONE: Final = _kind(
    "not-known",
    404,
    "There is no such thing (any more)",
    "Calls end, registrations expire: list what there is now.",
)

OWN_KINDS: Final = (
    UNAUTHENTICATED,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    INVALID_REQUEST,
    MALFORMED_BODY,
    UNSUPPORTED_TYPE,
    TOO_LARGE,
    INTERNAL,
    UNAVAILABLE,
    GONE,
)

_F = FaultCode
FAULT_KINDS: Final[dict[str, ProblemKind]] = {
    kind.code: kind
    for kind in (
        _missing(_F.UNKNOWN_ACCOUNT, "account", "account"),
        _missing(_F.UNKNOWN_REALM, "realm", "realm"),
        _missing(_F.UNKNOWN_CREDENTIAL, "credential", "credential"),
        _missing(_F.UNKNOWN_APPLICATION, "application", "application"),
        _missing(_F.UNKNOWN_TRUNK, "trunk", "trunk"),
        _missing(_F.UNKNOWN_NUMBER, "number", "number"),
        _missing(_F.UNKNOWN_USER, "user", "user"),
        _missing(_F.UNKNOWN_KEY, "key", "key"),
        _missing(_F.UNKNOWN_IMPORT, "import", "import"),
        _missing(_F.UNKNOWN_WEBHOOK, "webhook", "webhook"),
        _wrong(_F.INVALID_COUNTRY, "This is no country", "Give its two letters, such as US or DE.", "country"),
        _wrong(_F.INVALID_REALM_NAME, "This is no realm name", "Letters, digits and inner hyphens only.", "name"),
        _wrong(_F.REALM_NAME_TOO_LONG, "The realm name is too long", "Choose a shorter one.", "name"),
        _wrong(_F.REALM_NAME_FIXED, "A realm keeps its name", "Add another realm.", "name"),
        _conflict(_F.REALM_EXISTS, "The realm exists already", "Choose another name.", "name"),
        _conflict(_F.REALM_IN_USE, "The realm has credentials", "Remove them first, or add ?force=true."),
        _conflict(_F.DEFAULT_REALM, "It is the account's default realm", "Make another one the default first."),
        _conflict(_F.NO_DEFAULT_REALM, "The account has no realm yet", "Add a realm first.", "realm"),
        _wrong(_F.DESCRIPTION_TOO_LONG, "The description is too long", "Shorten it.", "description"),
        _wrong(_F.INVALID_USERNAME, "Devices could not use this user name", "See the sentence.", "username"),
        _wrong(_F.USERNAME_TOO_LONG, "The user name is too long", "At most 32 characters.", "username"),
        _wrong(_F.INVALID_DOMAIN, "This is no domain", "Write it like somewhere.example.", "domain"),
        _conflict(_F.CREDENTIAL_EXISTS, "The credential exists already", "Rotate it instead.", "username"),
        _conflict(_F.CREDENTIAL_IN_USE, "Numbers lead to the credential", "Point them elsewhere, or ?force=true."),
        _wrong(_F.INVALID_PASSWORD, "Devices could not be given this password", "See the sentence.", "password"),
        _wrong(_F.INVALID_HASH, "This cannot be a hash", "An MD5 hash has 32 of 0-9 and a-f.", "hash1"),
        _wrong(_F.INVALID_CALLER_ID, "The caller id does not fit its rule", "See the sentence.", "caller_id"),
        _wrong(_F.INVALID_LIMIT, "This limit makes no sense", "Numbers above 0, prefixes like +1.", "limits"),
        _wrong(_F.INVALID_OVERLAP, "The overlap is too long", "At most 90 days.", "overlap_s"),
        _conflict(_F.APPLICATION_EXISTS, "The application exists already", "Choose another name.", "name"),
        _conflict(_F.APPLICATION_IN_USE, "Something leads to the application", "Point it elsewhere first."),
        _wrong(_F.INVALID_NAME, "This is no name", "See the sentence.", "name"),
        _wrong(_F.INVALID_URL, "This is no callback URL", "Write it like https://app.example/calls.", "call_initiated_url"),
        _conflict(_F.TRUNK_EXISTS, "The trunk exists already", "Choose another name.", "name"),
        _conflict(_F.TRUNK_IN_USE, "Numbers lead to the trunk", "Point them elsewhere, or add ?force=true."),
        _wrong(_F.INVALID_TARGET, "This is no target of a trunk", "Like sip:gateway.example:5060.", "targets"),
        _wrong(_F.INVALID_NETWORK, "This is no network", "Like 192.0.2.0/24.", "allowed_ips"),
        _conflict(_F.NETWORK_TAKEN, "Another trunk has this network", "Give a narrower one.", "allowed_ips"),
        _wrong(_F.INVALID_PREFIX, "This is no prefix of numbers", "Like +1 or +4930.", "prefixes"),
        _wrong(_F.INVALID_DIGEST, "The outbound login is not whole", "User name, realm and password.", "login"),
        _wrong(_F.INVALID_FAILOVER_CODE, "No failover after this status", "300 to 699.", "failover_codes"),
        _wrong(_F.INVALID_RING_TIMEOUT, "A trunk cannot ring so long", "1 to 600 s.", "ring_timeout_s"),
        _wrong(_F.INVALID_PRIORITY, "This is no priority or weight", "1 to 65535.", "priority"),
        _wrong(_F.INVALID_NUMBER, "This is no telephone number", "Write it like +15550100199.", "number"),
        _conflict(_F.NUMBER_EXISTS, "The number is owned already", "Remove it there first.", "number"),
        _wrong(_F.INVALID_DESTINATION, "This is no destination", "sip:USER@REALM, app:NAME or trunk:NAME.", "destination"),
        _wrong(_F.INVALID_IMPORT, "The import cannot be read", "See the sentence and /docs.", "body"),
        _wrong(_F.INVALID_METHOD, "This is no method of a callback", "POST or GET.", "call_initiated_method"),
        _wrong(_F.INVALID_CALLBACK_LOGIN, "HTTP Basic cannot carry this", "Printable, no colon.", "callback_username"),
        _wrong(_F.INVALID_TIMEOUT, "This is no time for a callback", "0 to 60 s.", "callback_timeout_s"),
        _kind(_F.FORBIDDEN, 403, "You may not do this", "Ask an owner of the account for a wider role."),
        _conflict(_F.USER_EXISTS, "The user exists already", "Choose another name.", "name"),
        _conflict(_F.LAST_INSTALLER, "He is the only one who owns the installation", "Let another own it first."),
        _conflict(_F.LAST_OWNER, "He is the account's only owner", "Make another user its owner first."),
        _conflict(_F.OWN_RIGHTS, "Nobody takes rights from himself", "Let another owner do it."),
        _wrong(_F.WEAK_PASSWORD, "The password is too weak", "Longer, and not the name.", "password"),
        _wrong(_F.WRONG_PASSWORD, "The password is wrong", "Enter it again.", "password"),
        _kind(_F.TOO_MANY_TRIES, 429, "Too many wrong passwords", "Wait as long as Retry-After says."),
        _kind(_F.TOO_MANY_REQUESTS, 429, "Requests come too fast", "Wait as long as Retry-After says."),
        _wrong(_F.INVALID_EXPIRY, "The time of expiry is over", "Give a time to come.", "expires_at"),
        _conflict(_F.SETUP_DONE, "The first user is there already", "Sign in."),
        CHANGED,
        _wrong(_F.INVALID_CURSOR, "This is no position in the list", "Give the 'next' of the page before.", "after"),
        _wrong(_F.INVALID_IDEMPOTENCY_KEY, "This is no idempotency key", "1 to 200 printable characters.", "Idempotency-Key"),
        _wrong(_F.IDEMPOTENCY_KEY_REUSED, "The key was used for another request", "Use a fresh key.", "Idempotency-Key"),
        _conflict(_F.IDEMPOTENCY_KEY_IN_USE, "The same request is being answered", "Ask again in a moment."),
        _conflict(_F.TOO_MANY_IMPORTS, "Too many imports run", "Wait until one is done."),
        _wrong(_F.INVALID_WEBHOOK_URL, "Events cannot be posted to this URL", "Like https://app.example/events.", "url"),
        _wrong(_F.INVALID_WEBHOOK_EVENT, "This is no event to be told of", "See the sentence.", "events"),
        _conflict(_F.TOO_MANY_WEBHOOKS, "The account has too many webhooks", "Remove one."),
        _conflict(_F.WEBHOOK_OFF, "The webhook is off or paused", "Enable it first."),
    )
}  # fmt: skip
"""Faults of the use cases. Where what is unknown stands in the body and not in the path, the status is 422."""

ALL_KINDS: Final[tuple[ProblemKind, ...]] = (*OWN_KINDS, *FAULT_KINDS.values())
