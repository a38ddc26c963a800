"""Nonces that any node can verify without having kept them, and the windows that make a replay fail.

A nonce is ``iiiiiiiiiiiiiiii`` + ``mmmmmmmmmmmmmmmmmmmmmmmm``: 16 hexadecimal digits of a number made of the time
(seconds), a sequence number and the node that made it, and 96 bits of keyed BLAKE2s (RFC 7693 §2.9) over those digits
and the realm.
Nothing is kept when a nonce is made, so a flood of unauthenticated requests costs no memory and displaces nothing.

What has been used is kept in a ring of fixed size: one slot per sequence number modulo its length, holding the
highest nonce count, a bitmap of the 32 counts up to it, and a fingerprint of the last request accepted. A slot only
ever passes on to a younger nonce; the older one it held is stale from then on.
"""

from __future__ import annotations

from array import array
from hashlib import blake2s
from hmac import compare_digest
from typing import Final

FORGED: Final = -1
"""What :meth:`NonceTable.verify` says of a nonce that nobody with our secret made for this realm."""

FRESH: Final = 0
"""The nonce and count were not used before; now they are."""
RETRANSMISSION: Final = 1
"""The very request that was accepted last came again."""
REPLAY: Final = 2
"""The count was used before, or is too far behind to tell."""
STALE: Final = 3
"""The nonce is no longer kept."""

WITHOUT_COUNT: Final = 0
"""The nonce count of a client without qop: such a nonce serves once."""

_WINDOW: Final = 32
_FULL: Final = (1 << _WINDOW) - 1
_LAST_COUNT: Final = 0xFFFFFFFF
_SEQUENCE_BITS: Final = 20
_NODE_BITS: Final = 8
_FINGERPRINT: Final = (1 << 61) - 1
_ID_DIGITS: Final = 16
_LENGTH: Final = 40


class NonceTable:
    """Makes nonces, verifies them, and remembers which counts of them were used.

    ``secret`` is shared by the nodes that verify each other's nonces, ``node`` (0-255) tells them apart.
    ``started_at`` is the time this table begins: its own nonces from before are stale, because what was used of
    them is forgotten. ``slots`` is a power of two, at most 2**20; a slot takes 24 bytes.
    """

    def __init__(
        self, secret: bytes, *, started_at: float, node: int = 0, expiry_s: float = 300.0, slots: int = 2**17
    ) -> None:
        if slots < 1 or slots & (slots - 1) or slots > 1 << _SEQUENCE_BITS:
            raise ValueError("slots must be a power of two, at most 2**20")
        if not 0 <= node < 1 << _NODE_BITS:
            raise ValueError("node must be between 0 and 255")
        key = secret if len(secret) <= blake2s.MAX_KEY_SIZE else blake2s(secret).digest()
        self._keyed = blake2s(key=key, digest_size=(_LENGTH - _ID_DIGITS) // 2)
        self._node = node
        self._expiry_s = expiry_s
        self._mask = slots - 1
        # Begins within the second where the clock stands, so that a quick restart does not repeat a number.
        self._sequence = int((started_at % 1.0) * (1 << _SEQUENCE_BITS))
        self._first = self._number(started_at)
        self._owners = array("q", bytes(8 * slots))
        self._highest = array("I", bytes(4 * slots))
        self._windows = array("I", bytes(4 * slots))
        self._fingerprints = array("q", bytes(8 * slots))

    def issue(self, realm: str, now: float) -> str:
        """Make a nonce for this realm."""
        self._sequence = (self._sequence + 1) & ((1 << _SEQUENCE_BITS) - 1)
        digits = "%016x" % self._number(now)  # noqa: UP031 - half the time of a format string
        return digits + self._mac(digits, realm)

    def verify(self, nonce: str, realm: str) -> int:
        """The number of a genuine nonce, :data:`FORGED` of any other. Its age is another question."""
        if len(nonce) != _LENGTH or not nonce.isascii():
            return FORGED
        digits = nonce[:_ID_DIGITS]
        if not compare_digest(self._mac(digits, realm), nonce[_ID_DIGITS:]):
            return FORGED
        return int(digits, 16)

    def is_expired(self, number: int, now: float) -> bool:
        """Whether a genuine nonce is too old, or one of ours from before the start."""
        if now - (number >> (_SEQUENCE_BITS + _NODE_BITS)) > self._expiry_s:
            return True
        return number < self._first and number & ((1 << _NODE_BITS) - 1) == self._node

    def use(self, number: int, nonce_count: int, fingerprint: int) -> int:
        """Use a genuine nonce with this count: FRESH, RETRANSMISSION, REPLAY or STALE.

        ``fingerprint`` is a hash of everything that an exact retransmission repeats. Call it for requests whose
        digest is right only: whoever may call it spends the counts.
        """
        slot = (number >> _NODE_BITS) & self._mask
        fingerprint &= _FINGERPRINT
        if nonce_count == WITHOUT_COUNT:
            nonce_count = _LAST_COUNT
        owner = self._owners[slot]
        if owner != number:
            if owner > number:
                return STALE
            self._owners[slot] = number
            self._highest[slot] = nonce_count
            self._windows[slot] = 1
            self._fingerprints[slot] = fingerprint
            return FRESH
        ahead = nonce_count - self._highest[slot]
        window = self._windows[slot]
        if ahead > 0:
            self._highest[slot] = nonce_count
            self._windows[slot] = 1 if ahead >= _WINDOW else ((window << ahead) | 1) & _FULL
        elif ahead <= -_WINDOW or window & (1 << -ahead):
            return RETRANSMISSION if self._fingerprints[slot] == fingerprint else REPLAY
        else:
            self._windows[slot] = window | (1 << -ahead)
        self._fingerprints[slot] = fingerprint
        return FRESH

    def _number(self, now: float) -> int:
        return (((int(now) << _SEQUENCE_BITS) | self._sequence) << _NODE_BITS) | self._node

    def _mac(self, digits: str, realm: str) -> str:
        keyed = self._keyed.copy()
        keyed.update((digits + realm).encode())
        return keyed.hexdigest()
