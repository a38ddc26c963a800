"""Signatures of what is posted, by the Standard Webhooks specification, so that ready libraries can check them.

HMAC-SHA256 over ``message id.timestamp.body``; the key is the base64 behind ``whsec_``. While two secrets hold there
are two signatures, with a space between.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from trunkline.domain.webhook import SECRET_PREFIX

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE_S: Final = 300
"""How far a receiver's clock may be from the timestamp."""


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the base64 of the HMAC."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The header fields that go with a body."""
    return {
        ID: message_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: " ".join(signature(secret, message_id, timestamp, body) for secret in secrets),
    }


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """What a receiver does: whether a message was signed with its secret, and lately."""
    message_id, text = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not (text.isascii() and text.isdecimal()) or abs(now - int(text)) > TOLERANCE_S:
        return False
    wanted = signature(secret, message_id, int(text), body).encode()
    return any(hmac.compare_digest(wanted, given.encode()) for given in headers.get(SIGNATURE, "").split(" "))


def _key(secret: str) -> bytes:
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()
