"""Refusals as values: a stable code, what the wire hears, what the owner is told, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refusal.

    ``status`` and ``reason`` go on the wire and say no more than they must. ``sentence`` says to the owner
    what happened, ``cure`` how to mend it, ``detail`` the particulars of this one (never a secret).
    ``retry_after_s`` is set where trying again later makes sense.
    """

    code: str
    status: int
    reason: str
    sentence: str
    cure: str
    detail: str = ""
    retry_after_s: int | None = None

    def because(self, detail: str, *, retry_after_s: int | None = None) -> Rejection:
        """The same refusal with its particulars."""
        return Rejection(
            self.code,
            self.status,
            self.reason,
            self.sentence,
            self.cure,
            detail,
            retry_after_s or self.retry_after_s,
        )


def _rule(code: str, status: int, reason: str, sentence: str, cure: str) -> Rejection:
    return Rejection(code, status, reason, sentence, cure)


# Who are you (registrar and calls).
UNKNOWN_REALM: Final = _rule(
    "unknown-realm",
    404,
    "Not Found",
    "The request names a host that is no realm here.",
    "Create the realm, or correct the domain in the device's account.",
)
UNKNOWN_USER: Final = _rule(
    "unknown-user",
    403,
    "Forbidden",
    "No credential has this user name in this realm.",
    "Create the credential, or correct the user name in the device.",
)
WRONG_PASSWORD: Final = _rule(
    "wrong-password",
    403,
    "Forbidden",
    "The digest does not match the stored hash.",
    "Enter the password again in the device, or rotate the credential.",
)
WRONG_DIGEST_REALM: Final = _rule(
    "wrong-digest-realm",
    403,
    "Forbidden",
    "The device computed its digest for another realm.",
    "Let the device use the realm of the challenge, or leave its realm setting empty.",
)
WRONG_DIGEST_URI: Final = _rule(
    "wrong-digest-uri",
    400,
    "Digest URI Mismatch",
    "The uri in the digest is not the one that was requested.",
    "Mend the proxy or device between: the Authorization's uri must equal the Request-URI.",
)
STALE_NONCE: Final = _rule(
    "stale-nonce",
    401,
    "Unauthorized",
    "The nonce has expired; the device was given a fresh one.",
    "Nothing: a device answers the fresh challenge by itself.",
)
REPLAY: Final = _rule(
    "replay",
    403,
    "Forbidden",
    "A digest was used a second time with the same nonce count.",
    "If this is your device, update its firmware: its nonce count must grow with each request.",
)
DISABLED: Final = _rule(
    "credential-disabled",
    403,
    "Forbidden",
    "The credential is switched off.",
    "Enable the credential.",
)
NOT_YOUR_ADDRESS: Final = _rule(
    "not-your-address",
    403,
    "Forbidden",
    "The credential may not act for this address-of-record.",
    "Register or call with the credential's own user name in From and To.",
)
NOT_AUTHENTICATED: Final = _rule(
    "not-authenticated",
    403,
    "Forbidden",
    "The caller proved no credential and comes from no trunk's address.",
    "Call with a credential, or add the caller's address to the trunk's allowed addresses.",
)
MALFORMED_DIGEST: Final = _rule(
    "malformed-digest",
    400,
    "Malformed Authorization",
    "The Authorization header field could not be read.",
    "Mend the device: the header field lacks a parameter or is badly quoted.",
)
ALGORITHM_NOT_OFFERED: Final = _rule(
    "algorithm-not-offered",
    403,
    "Forbidden",
    "The device used a digest algorithm that it was not offered.",
    "Update the device, or allow the algorithm in the server's settings.",
)
TOO_MANY_WRONG_ANSWERS: Final = _rule(
    "too-many-wrong-answers",
    403,
    "Forbidden",
    "The address sent so many wrong passwords that it is not heard for a while.",
    "Correct the password of the devices behind this address; it is heard again after a minute.",
)
# What the registrar refuses.
BAD_EXTENSION: Final = _rule(
    "bad-extension",
    420,
    "Bad Extension",
    "The device requires an extension that the registrar lacks.",
    "Switch the extension off in the device, or let it be optional.",
)
PATH_SUPPORT_REQUIRED: Final = _rule(
    "path-support-required",
    421,
    "Extension Required",
    "The request came with a Path, but the device does not know Path.",
    "Switch Path support on in the device, or stop requiring it in the server's settings.",
)
MALFORMED_REGISTER: Final = _rule(
    "malformed-register",
    400,
    "Bad Request",
    "The REGISTER breaks a rule of its grammar.",
    "Mend the device, or the proxy before it.",
)
INTERVAL_TOO_BRIEF: Final = _rule(
    "interval-too-brief",
    423,
    "Interval Too Brief",
    "The device asked for a shorter registration than is granted.",
    "A device asks again with the Min-Expires it was told; else lengthen its registration interval.",
)
OUT_OF_ORDER: Final = _rule(
    "register-out-of-order",
    500,
    "Out of Order",
    "A REGISTER of this Call-ID had a CSeq that was not higher than the last.",
    "Nothing if it was a late duplicate; else mend the device: its CSeq must grow with each REGISTER.",
)
FIRST_HOP_LACKS_OUTBOUND: Final = _rule(
    "first-hop-lacks-outbound",
    439,
    "First Hop Lacks Outbound Support",
    "The device wants RFC 5626 flows, but a proxy between does not keep them.",
    "Register directly, or let the proxy add a Path with ;ob.",
)
TOO_MANY_BINDINGS: Final = _rule(
    "too-many-bindings",
    403,
    "Too Many Bindings",
    "The address-of-record has as many devices as it may have.",
    "Unregister a device, or raise the limit of the credential.",
)
OVERLOADED: Final = _rule(
    "overloaded",
    503,
    "Service Unavailable",
    "The server sheds load.",
    "The device tries again by itself.",
)
DRAINING: Final = _rule(
    "draining",
    503,
    "Service Unavailable",
    "The server is about to stop and takes no new calls.",
    "Call again when it is back, or through another node.",
)
# What calls are refused for.
UNKNOWN_DESTINATION: Final = _rule(
    "unknown-destination",
    404,
    "Not Found",
    "Nothing here answers to the dialled address.",
    "Create the number or credential, or a trunk with a fitting prefix.",
)
UNREGISTERED: Final = _rule(
    "unregistered",
    480,
    "Temporarily Unavailable",
    "The called device is not registered.",
    "Register a device for this credential.",
)
FOREIGN_HOST: Final = _rule(
    "foreign-host",
    404,
    "Not Found",
    "The call is for a host that is not served here.",
    "Dial an address of one of your realms; calls to foreign hosts are not relayed.",
)
BAD_NUMBER: Final = _rule(
    "bad-number",
    484,
    "Address Incomplete",
    "The dialled string is no complete telephone number.",
    "Dial the number in international form, beginning with +.",
)
NO_TRUNK: Final = _rule(
    "no-trunk",
    404,
    "Not Found",
    "No trunk serves this number.",
    "Add a trunk with a prefix that fits the number.",
)
TRUNKS_RESTING: Final = _rule(
    "trunks-resting",
    503,
    "Service Unavailable",
    "Every trunk for this number asked to be left alone for a while.",
    "Wait, or add another trunk for the prefix.",
)
EMERGENCY: Final = _rule(
    "emergency-number",
    404,
    "Not Found",
    "Emergency numbers are not routed by this server.",
    "Use a telephone with emergency service.",
)
DESTINATION_FORBIDDEN: Final = _rule(
    "destination-forbidden",
    403,
    "Forbidden",
    "The credential may not call this destination.",
    "Add the prefix to the credential's allowed destinations.",
)
CALLER_ID_FORBIDDEN: Final = _rule(
    "caller-id-forbidden",
    403,
    "Forbidden",
    "The credential may not show this caller identity.",
    "Show a number that the account owns, or change the credential's caller-id rule.",
)
TOO_MANY_CALLS: Final = _rule(
    "too-many-calls",
    503,
    "Service Unavailable",
    "The limit of concurrent calls is reached.",
    "Wait for a call to end, or raise the limit.",
)
TOO_FAST: Final = _rule(
    "too-many-calls-per-second",
    503,
    "Service Unavailable",
    "Calls are begun faster than the limit allows.",
    "Spread the calls, or raise the limit.",
)
APPLICATION_UNAVAILABLE: Final = _rule(
    "application-unavailable",
    480,
    "Temporarily Unavailable",
    "The call belongs to a voice application, and this server runs none.",
    "Route the credential or number to a device or trunk.",
)
LOOP: Final = _rule(
    "loop",
    482,
    "Loop Detected",
    "The call came back to where it started.",
    "Remove the forwarding that leads back here.",
)
TOO_MANY_HOPS: Final = _rule(
    "too-many-hops",
    483,
    "Too Many Hops",
    "The call passed through too many servers.",
    "Look for a forwarding loop between the servers on the way.",
)
NO_MEDIA_PORT: Final = _rule(
    "no-media-port",
    503,
    "Service Unavailable",
    "All media ports are in use.",
    "Widen the range of media ports in the server's settings (rtp_ports).",
)
MEDIA_UNAVAILABLE: Final = _rule(
    "media-unavailable",
    503,
    "Service Unavailable",
    "The media engine is not running.",
    "See the log; it is restarted by itself.",
)
MEDIA_UNSUPPORTED: Final = _rule(
    "media-unsupported",
    488,
    "Not Acceptable Here",
    "The offered media cannot be relayed by the media engine.",
    "Offer plain RTP (RTP/AVP), or set the trunk or credential to direct media.",
)
BAD_SESSION_DESCRIPTION: Final = _rule(
    "bad-session-description",
    400,
    "Bad Session Description",
    "The session description could not be read.",
    "Mend the device: its SDP breaks RFC 8866.",
)
BAD_REPLACES: Final = _rule(
    "bad-replaces",
    400,
    "Bad Replaces",
    "The Replaces header field could not be read.",
    "Mend the device: Replaces is Call-ID;to-tag=...;from-tag=... (RFC 3891).",
)
NO_SUCH_DIALOG: Final = _rule(
    "no-such-dialog",
    481,
    "Call/Transaction Does Not Exist",
    "The call to be replaced is not, or no longer, here.",
    "Nothing: it ended before it could be picked up or transferred.",
)
UNSUPPORTED_EXTENSION: Final = _rule(
    "unsupported-extension",
    420,
    "Bad Extension",
    "The request requires a SIP extension that is not supported.",
    "Switch the extension off in the device.",
)
UNSUPPORTED_BODY: Final = _rule(
    "unsupported-body",
    415,
    "Unsupported Media Type",
    "The INVITE carries a body that is no session description.",
    "Let the device send application/sdp.",
)
SERVER_FULL: Final = _rule(
    "server-full",
    503,
    "Service Unavailable",
    "The server runs as many calls as it is set to.",
    "Wait for calls to end, or raise the limit of the server.",
)
MERGED: Final = _rule(
    "merged-request",
    482,
    "Loop Detected",
    "The same request came by two ways.",
    "Let the proxy before this server send it one way only.",
)
