"""STUN binding requests, as a keepalive of SIP flows over UDP (RFC 5626 §4.4.2, RFC 5389)."""

from __future__ import annotations

import ipaddress
import zlib
from dataclasses import dataclass
from typing import Final

_HEADER_SIZE: Final = 20
_BINDING_REQUEST: Final = b"\x00\x01"
_BINDING_SUCCESS: Final = b"\x01\x01"
_BINDING_ERROR: Final = b"\x01\x11"
_COOKIE: Final = b"\x21\x12\xa4\x42"

_MAPPED_ADDRESS: Final = 0x0001
_USERNAME: Final = 0x0006
_MESSAGE_INTEGRITY: Final = 0x0008
_ERROR_CODE: Final = 0x0009
_UNKNOWN_ATTRIBUTES: Final = 0x000A
_XOR_MAPPED_ADDRESS: Final = 0x0020
_FINGERPRINT: Final = 0x8028
_FINGERPRINT_MASK: Final = 0x5354554E

# Attributes below 0x8000 must be understood (RFC 5389 §15); RFC 3489's CHANGE-REQUEST cannot be honoured.
_UNDERSTOOD: Final = frozenset((_USERNAME, _MESSAGE_INTEGRITY))


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """A request for the address that its sender is seen at.

    ``transaction`` is the 16 bytes after type and length: the magic cookie and the transaction ID, or RFC
    3489's longer ID. ``unknown`` lists the attributes that forbid a success answer.
    """

    transaction: bytes
    has_fingerprint: bool
    unknown: tuple[int, ...]

    @property
    def has_cookie(self) -> bool:
        """Whether the sender speaks RFC 5389, not RFC 3489."""
        return self.transaction[:4] == _COOKIE


def parse_binding_request(datagram: bytes) -> BindingRequest | None:
    """Return the binding request in a datagram; None when it is anything else or malformed."""
    if len(datagram) < _HEADER_SIZE or datagram[:2] != _BINDING_REQUEST:
        return None
    size = int.from_bytes(datagram[2:4], "big")
    if size % 4 != 0 or size != len(datagram) - _HEADER_SIZE:
        return None
    unknown: list[int] = []
    has_fingerprint = False
    position = _HEADER_SIZE
    while position < len(datagram):
        kind = int.from_bytes(datagram[position : position + 2], "big")
        length = int.from_bytes(datagram[position + 2 : position + 4], "big")
        following = position + 4 + (length + 3) // 4 * 4
        if following > len(datagram):
            return None
        if kind == _FINGERPRINT:
            if following != len(datagram) or not _fingerprint_fits(datagram, position):
                return None
            has_fingerprint = True
        elif kind < 0x8000 and kind not in _UNDERSTOOD:
            unknown.append(kind)
        position = following
    return BindingRequest(datagram[4:_HEADER_SIZE], has_fingerprint, tuple(unknown))


def binding_response(request: BindingRequest, host: str, port: int) -> bytes:
    """Return the answer that tells the sender it is seen at this IP address and port.

    A request with attributes that must be understood and are not gets error 420 (RFC 5389 §7.3.1).
    """
    if request.unknown and request.has_cookie:
        kinds = b"".join(kind.to_bytes(2, "big") for kind in request.unknown)
        body = _attribute(_ERROR_CODE, b"\x00\x00\x04\x14Unknown Attribute") + _attribute(
            _UNKNOWN_ATTRIBUTES, kinds
        )
        return _message(_BINDING_ERROR, request, body)
    address = ipaddress.ip_address(host.partition("%")[0]).packed
    family = b"\x00\x01" if len(address) == 4 else b"\x00\x02"
    if not request.has_cookie:
        return _message(
            _BINDING_SUCCESS, request, _attribute(_MAPPED_ADDRESS, family + port.to_bytes(2, "big") + address)
        )
    masked_port = port ^ int.from_bytes(_COOKIE[:2], "big")
    masked_address = bytes([byte ^ mask for byte, mask in zip(address, request.transaction, strict=False)])
    value = family + masked_port.to_bytes(2, "big") + masked_address
    return _message(_BINDING_SUCCESS, request, _attribute(_XOR_MAPPED_ADDRESS, value))


def _attribute(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + padding


def _message(kind: bytes, request: BindingRequest, body: bytes) -> bytes:
    if not request.has_fingerprint:
        return kind + len(body).to_bytes(2, "big") + request.transaction + body
    # The length covers the fingerprint attribute, the checksum everything before it (RFC 5389 §15.5).
    unsigned = kind + (len(body) + 8).to_bytes(2, "big") + request.transaction + body
    return unsigned + _attribute(_FINGERPRINT, _fingerprint(unsigned))


def _fingerprint(unsigned: bytes) -> bytes:
    return (zlib.crc32(unsigned) ^ _FINGERPRINT_MASK).to_bytes(4, "big")


def _fingerprint_fits(datagram: bytes, position: int) -> bool:
    return datagram[position + 4 :] == _fingerprint(datagram[:position])
