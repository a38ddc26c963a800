"""Refused attempts found again among the captured messages, and what their digests were made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.operations.capture import Capture, Captured
from trunkline.sip.digest import Authorization, ha1_of, ha2_of, is_digest, is_response, parse_authorization
from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request
from trunkline.sip.parser import parse_message

NEAR_S: Final = 5.0
"""So far apart a message and the event of its refusal may be, on a busy server."""


@dataclass(frozen=True, slots=True)
class KnownForm:
    """One way to make a digest hash of a password: what it is called, and what to make of it."""

    name: str
    algorithm: str
    value: str
    note: str


HashForms = Callable[[str, str, str, str], Iterable[KnownForm]]
"""Port: every known form for user name, realm, domain and password, the right ones first."""


class Attempt:
    """A request with the digest that it was refused for."""

    def __init__(self, request: Request, authorization: Authorization) -> None:
        self.authorization: Final = authorization
        self._ha2: Final = ha2_of(
            authorization.algorithm, request.method, authorization.uri, authorization.qop, request.body
        )

    def fits(self, ha1: str) -> bool:
        """Whether the digest was made with this hash."""
        return is_response(self.authorization, ha1, self._ha2)


class AttemptFinder:
    """Finds attempts in the capture; none where there is no capture."""

    def __init__(self, capture: Capture | None) -> None:
        self._capture = capture

    async def register(self, host: str, aor: str, at: float) -> Attempt | None:
        """The REGISTER from an address for an address-of-record that was refused at a time; None when it is gone."""
        if self._capture is None:
            return None
        near = [one for one in await self._capture.registers_with(host) if abs(one[0] - at) <= NEAR_S]
        return _nearest(near, at, aor)

    async def call(self, sip_call_id: str, host: str, at: float) -> Attempt | None:
        """The INVITE with this Call-ID from an address that was refused at a time; None when it is gone."""
        if self._capture is None:
            return None
        found = await self._capture.of_call_ids({sip_call_id})
        return _nearest([one for one in found if one[2].host == host and abs(one[0] - at) <= NEAR_S], at, "")


def _nearest(messages: Sequence[Captured], at: float, aor: str) -> Attempt | None:
    for _, is_sent, _, data in sorted(messages, key=lambda one: abs(one[0] - at)):
        attempt = None if is_sent else _attempt(data)
        if attempt is not None and (not aor or _claims(attempt.authorization, aor)):
            return attempt
    return None


def _attempt(data: bytes) -> Attempt | None:
    try:
        message = parse_message(data)
        if not isinstance(message, Request):
            return None
        for name in ("Authorization", "Proxy-Authorization"):
            value = message.get(name)
            if value is not None and is_digest(value):
                return Attempt(message, parse_authorization(value))
    except ParseError:
        return None
    return None


def _claims(authorization: Authorization, aor: str) -> bool:
    user = aor.rpartition("@")[0]
    return authorization.username in (user, aor)


def form_of(
    attempt: Attempt,
    username: str,
    realm: str,
    domain: str,
    password: str,
    stored: tuple[str, ...],
    forms: HashForms,
) -> str:
    """What a device seems to have hashed, given the password that it should have: one sentence for its owner."""
    sent = attempt.authorization
    algorithm = sent.algorithm
    for spelling, told in _spellings(password):
        ha1 = ha1_of(algorithm, sent.username, sent.realm, spelling)
        if attempt.fits(ha1):
            what = f"The device hashes the user name {sent.username}, the realm {sent.realm} and {told}"
            if told == _THIS:
                return f"{what}: {_judged(ha1, stored)}"
            return f"{what}: enter the password again."
    for form in forms(username, realm, domain, password):
        if form.algorithm == algorithm and attempt.fits(form.value):
            return f"The device seems to use {form.name}: {form.note}."
    return "No known form of this password makes what the device sent: it has another password."


_THIS: Final = "this very password"


def _judged(ha1: str, stored: tuple[str, ...]) -> str:
    if ha1 in stored:
        return "that is what is stored; it would be let in now."
    if stored:
        return "the device is right, and what is stored was made of something else; set the password again."
    return "there is no credential of this name to compare it with."


def _spellings(password: str) -> Iterable[tuple[str, str]]:
    """The password, and what often becomes of it on its way into a device."""
    yield password, _THIS
    yield password + "\n", "this password with a line end behind it"
    yield f"{password} ", "this password with a space behind it"
    yield f" {password}", "this password with a space before it"
    yield password.strip(), "this password without the spaces around it"
    yield password.lower(), "this password in lower case"
    yield password.upper(), "this password in upper case"
    yield password.swapcase(), "this password with capitals and small letters swapped"
    yield password[:1].upper() + password[1:], "this password with a capital first letter"
    yield password[:-1], "this password without its last character"
    yield password[:16], "the first 16 characters of this password"
    yield password[:32], "the first 32 characters of this password"
    yield "", "an empty password"
