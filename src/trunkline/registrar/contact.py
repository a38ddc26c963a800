"""Contact values of a REGISTER, and of its answer (RFC 3261 §10.2, §10.3, §20.10)."""

from __future__ import annotations

from typing import Final

from trunkline.domain.binding import Binding
from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import Parameters, parse_parameters, print_parameters, quote, unquote
from trunkline.sip.gruu import instance_name, public_gruu
from trunkline.sip.name_address import split_name_address
from trunkline.sip.uri import MAX_URI, SipUri, parse_sip_uri, parse_uri

ABSENT: Final = -1
MALFORMED: Final = -2
FULL_Q: Final = 1000
"""The q of a contact that names none (RFC 3261 §16.6)."""

_LONGEST: Final = 2 * MAX_URI
"""It is kept as long as the binding, and told in every answer."""
_MOST_SECONDS: Final = 2**32 - 1
_MOST_DIGITS: Final = 10
_MOST_REG_ID: Final = 2**31 - 1
_OURS: Final = frozenset({"expires", "q", "pub-gruu", "temp-gruu"})
"""Parameters that are the registrar's to write; a device that sends them back means nothing by it (RFC 5627 §5.1)."""


class Contact:
    """One Contact value.

    ``uri`` is the text as the device wrote it; ``text`` the value without expires and q, ready to be given back.
    ``expires`` is in seconds, ABSENT or MALFORMED; ``q`` in thousandths; ``instance`` without quotes, "" when absent;
    ``reg_id`` 0 when absent.
    """

    def __init__(self, uri: str, text: str, expires: int, q: int, instance: str, reg_id: int) -> None:
        self.uri: Final = uri
        self.text: Final = text
        self.expires: Final = expires
        self.q: Final = q
        self.instance: Final = instance
        self.reg_id: Final = reg_id


def parse_contact(value: str) -> Contact:
    """Read one Contact value; its URI is not checked yet (see :func:`check_contact_uri`). Raises ParseError."""
    if len(value) > _LONGEST:
        raise ParseError("Contact Too Long")
    _, uri, parameter_text = split_name_address(value)
    if not parameter_text:
        return Contact(uri, f"<{uri}>", ABSENT, FULL_Q, "", 0)
    expires = ABSENT
    q = FULL_Q
    instance = ""
    reg_id = 0
    kept: list[tuple[str, str | None]] = []
    for pair in parse_parameters(parameter_text):
        name = pair[0].lower()
        text = pair[1] or ""
        if name == "expires":
            expires = seconds(text)
        elif name == "q":
            q = _thousandths(text)
        elif name == "+sip.instance":
            instance = unquote(text)
        elif name == "reg-id" and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            reg_id = int(text) if int(text) <= _MOST_REG_ID else 0
        if name not in _OURS:
            kept.append(pair)
    parameters: Parameters = tuple(kept)
    return Contact(uri, f"<{uri}>{print_parameters(parameters)}", expires, q, instance, reg_id)


def check_contact_uri(text: str) -> SipUri:
    """Read the URI of a contact that is to be bound: requests must be able to go there. Raises ParseError."""
    if len(text) > MAX_URI:
        raise ParseError("Contact URI Too Long")
    uri = parse_uri(text)
    if not isinstance(uri, SipUri):
        raise ParseError("Contact Must Be a SIP URI")
    if uri.headers:
        raise ParseError(
            "Headers in Contact URI"
        )  # it becomes a Request-URI, which may have none (RFC 3261 §19.1.5)
    return uri


def seconds(text: str) -> int:
    """Read delta-seconds; MALFORMED for anything else. What is beyond 2**32 is cut to it (RFC 3261 §20.19)."""
    if not text.isascii() or not text.isdigit():
        return MALFORMED
    if len(text) < _MOST_DIGITS:
        return int(text)
    digits = text.lstrip("0")
    return min(int(digits or "0"), _MOST_SECONDS) if len(digits) <= _MOST_DIGITS else _MOST_SECONDS


def _thousandths(text: str) -> int:
    """Read a qvalue (RFC 3261 §25.1); a malformed one counts as none."""
    whole, _, fraction = text.partition(".")
    if not (whole or fraction):
        return FULL_Q
    if (
        whole not in ("0", "1", "")
        or len(fraction) > 3
        or not (fraction + "0").isdigit()
        or not text.isascii()
    ):
        return FULL_Q
    return min(int(whole or "0") * 1000 + int((fraction + "000")[:3]), 1000)


def print_contact(binding: Binding, now: float, gruu_aor: str = "") -> str:
    """The value for a 200: as the device wrote it, with the seconds left.

    ``gruu_aor`` (``user@host``) adds the public GRUU of a device that has an instance (RFC 5627 §5.2).
    """
    value = f"{binding.contact};expires={int(binding.expires_at - now + 0.5)}"
    if binding.q != FULL_Q:
        value += f";q={print_q(binding.q)}"
    if gruu_aor and binding.instance:
        gruu = public_gruu(parse_sip_uri(f"sip:{gruu_aor}"), instance_name(binding.instance))
        value += f";pub-gruu={quote(gruu.text)}"
    return value


def print_q(q: int) -> str:
    """Thousandths as a qvalue, without trailing zeros."""
    return f"0.{q:03}".rstrip("0") if q else "0"
