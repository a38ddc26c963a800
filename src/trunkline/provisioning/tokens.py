"""Random labels, ids and passwords for new nouns."""

from __future__ import annotations

import base64
import secrets
import uuid
from typing import Final, Protocol

from trunkline.domain.api_key import KEY_PREFIX
from trunkline.domain.webhook import SECRET_PREFIX, WEBHOOK_PREFIX

ACCOUNT_LABEL_BYTES: Final = 3
PASSWORD_LENGTH: Final = 20
KEY_ID_BYTES: Final = 8
KEY_SECRET_BYTES: Final = 32
ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
"""Letters and digits without those that look alike in print."""


class Tokens(Protocol):
    """A source of names that nobody has used before."""

    def account_label(self) -> str:
        """Six hexadecimal digits, lower case."""
        ...

    def application_id(self) -> str:
        """A random UUID."""
        ...

    def password(self) -> str:
        """A password that nobody will guess, easy to type."""
        ...

    def key_id(self) -> str:
        """The id of an API key."""
        ...

    def key_secret(self) -> str:
        """256 random bits as text: the secret of a key, of a cookie, of the server itself."""
        ...

    def webhook_id(self) -> str:
        """The id of a webhook."""
        ...

    def webhook_secret(self) -> str:
        """What signs a webhook's messages: ``whsec_`` and 256 random bits in base64."""
        ...


class RandomTokens:
    """Tokens from the operating system's randomness."""

    def account_label(self) -> str:
        """Six hexadecimal digits, lower case."""
        return secrets.token_hex(ACCOUNT_LABEL_BYTES)

    def application_id(self) -> str:
        """A random UUID."""
        return str(uuid.uuid4())

    def password(self) -> str:
        """Twenty characters out of 57: about 116 bits."""
        return "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH))

    def key_id(self) -> str:
        """``key-`` and sixteen hexadecimal digits."""
        return KEY_PREFIX + secrets.token_hex(KEY_ID_BYTES)

    def key_secret(self) -> str:
        """43 characters that may stand in a URL, a header field and a cookie."""
        return secrets.token_urlsafe(KEY_SECRET_BYTES)

    def webhook_id(self) -> str:
        """``webhook-`` and sixteen hexadecimal digits."""
        return WEBHOOK_PREFIX + secrets.token_hex(KEY_ID_BYTES)

    def webhook_secret(self) -> str:
        """``whsec_`` and 44 characters of base64."""
        return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(KEY_SECRET_BYTES)).decode()
