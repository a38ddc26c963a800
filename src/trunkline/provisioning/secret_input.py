"""What an operator gives as the secret of a credential: a password, ready hashes, or nothing but the wish for one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from trunkline.domain.credential import Secret, secret_of_password
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.hashes import given_hash_pair
from trunkline.provisioning.tokens import Tokens

MAX_PASSWORD: Final = 128


@dataclass(frozen=True, slots=True)
class Password:
    """A password in clear; it is hashed at once and never shown, not even by ``repr``."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hashes:
    """The MD5 hashes, made elsewhere. Without Hash1b (None or blank) only the plain user name is answered."""

    hash1: str = field(repr=False)
    hash1b: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Generated:
    """A password shall be made up here; it is returned once and not kept."""


SecretInput = Password | Hashes | Generated


@dataclass(frozen=True, slots=True)
class MadeSecret:
    """The hashes to store, and the password if it was generated (otherwise None)."""

    secret: Secret = field(repr=False)
    generated: str | None = field(repr=False)


def make_secret(given: SecretInput, composite: str, realm: str, now: float, tokens: Tokens) -> MadeSecret:
    """Hash what was given. Raises ProvisioningFault when it cannot be a password or hashes."""
    match given:
        case Password(text):
            check_password(text)
            return MadeSecret(secret_of_password(composite, realm, text, now), None)
        case Hashes(hash1, hash1b):
            return MadeSecret(Secret(md5=given_hash_pair(hash1, hash1b), created_at=now), None)
        case Generated():
            password = tokens.password()
            return MadeSecret(secret_of_password(composite, realm, password, now), password)


def check_password(text: str) -> None:
    """Raise ProvisioningFault when devices could not be given this password."""
    if not text:
        raise ProvisioningFault(
            FaultCode.INVALID_PASSWORD, "The password is empty; give one, or let one be generated."
        )
    if len(text) > MAX_PASSWORD:
        raise ProvisioningFault(
            FaultCode.INVALID_PASSWORD,
            f"The password has {len(text)} characters; at most {MAX_PASSWORD} are allowed.",
        )
    if not text.isprintable():
        raise ProvisioningFault(
            FaultCode.INVALID_PASSWORD,
            "The password has a control character (perhaps a line end); use printable characters only.",
        )
