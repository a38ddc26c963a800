"""SIP credentials on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Annotated, Any

from pydantic import Field, model_validator

from trunkline.api.native.documents import Document, Flag, Instant, Line, Wish, example, instant, moment
from trunkline.api.native.schemas.limits import LimitsDocument, LimitsWish, limits_document, wanted_limits
from trunkline.domain.credential import CallerIdRule, Credential, HashPair, Secret
from trunkline.domain.media_mode import MediaMode
from trunkline.provisioning.credentials import IssuedCredential, Privileges
from trunkline.provisioning.secret_input import Generated, Hashes, Password, SecretInput


class SecretDocument(Document):
    """One of the secrets that are valid now; the current one stands first."""

    algorithms: list[str] = Field(
        examples=[["MD5", "SHA-256", "SHA-512-256"]],
        description="SHA needs the password: hashes alone are MD5.",
    )
    answers_user_at_realm: bool = Field(
        description="Whether a device that sends `user@realm` is let in, too."
    )
    created_at: Instant
    valid_until: Instant | None = Field(
        description="When the previous secret ends; null: until it is replaced."
    )
    last_used_at: Instant | None = Field(
        description="While it is being rotated: when a device last proved itself with it, since the rotation."
    )


class CredentialDocument(Document):
    """A user of a realm: who may register and call."""

    id: int = Field(examples=[7])
    username: str = Field(examples=["alice"])
    domain: str = Field(examples=[""], description="Refines the user name to `user@domain`; mostly empty.")
    realm: str = Field(examples=["desk.0a1b2c.auth.example.net"])
    realm_id: int = Field(examples=[1])
    digest_username: str = Field(examples=["alice"], description="What a device gives as its user name.")
    aor: str = Field(
        examples=["alice@desk.0a1b2c.auth.example.net"], description="What its devices register."
    )
    enabled: bool
    application_id: str | None = Field(description="Every call of it goes to this application.")
    caller_id_rule: CallerIdRule = Field(
        description="Which number it may show: any, only owned ones, or a fixed one."
    )
    caller_id: str = Field(examples=["+15550100199"], description="The number under the rule `fixed`.")
    limits: LimitsDocument
    media: MediaMode = Field(description="Whether its media is relayed by the server.")
    secrets: list[SecretDocument] = Field(description="Two of them while it is being rotated.")
    created_at: Instant


class IssuedCredentialDocument(CredentialDocument):
    """A credential with a new secret."""

    password: str | None = Field(
        None, description="The generated password, shown this once; null when you gave one."
    )


class HashesDocument(Document):
    """The hashes of one secret: they are as good as passwords."""

    algorithm: str = Field(examples=["MD5"])
    hash1: str = Field(examples=["fe438bddfc087dda89d29e637f5684ab"])
    hash1b: str | None = Field(examples=["79bb0e55551e14a2f329a282c7cf1456"])
    valid_until: Instant | None


class CredentialHashesDocument(Document):
    """The hashes of a credential, the current secret's first."""

    aor: str = Field(examples=["alice@desk.0a1b2c.auth.example.net"])
    hashes: list[HashesDocument]


class SecretWish(Wish):
    """A secret: a `password`, ready hashes (`hash1`, perhaps `hash1b`), or nothing, which generates a password."""

    password: Line | None = Field(None, examples=["correct-horse-battery"])
    hash1: Line | None = Field(
        None,
        description="MD5 of `user:realm:password`, 32 hexadecimal digits.",
        examples=["fe438bddfc087dda89d29e637f5684ab"],
    )
    hash1b: Line | None = Field(None, description="MD5 of `user@realm:realm:password`.")

    @model_validator(mode="after")
    def _one_kind(self) -> SecretWish:
        if self.password is not None and (self.hash1 is not None or self.hash1b is not None):
            raise ValueError("give either a password or hashes")
        return self

    def secret(self) -> SecretInput:
        """What the use cases take."""
        if self.password is not None:
            return Password(self.password)
        if self.hash1 is not None or self.hash1b is not None:
            return Hashes(self.hash1 or "", self.hash1b)
        return Generated()


class NewCredential(SecretWish):
    """A credential to create."""

    model_config = example(username="alice", realm="desk")

    username: Line = Field(examples=["alice"])
    domain: Line = ""
    realm: Line = Field(
        "", description="Id, whole or short name; empty: the account's default.", examples=["desk"]
    )
    application: Line = Field(
        "", description="Id or name of the application that its calls go to.", examples=[""]
    )
    enabled: Flag = True
    caller_id_rule: CallerIdRule = CallerIdRule.ANY
    caller_id: Line = ""
    limits: LimitsWish = LimitsWish()
    media: MediaMode = MediaMode.ANCHORED


class CredentialChange(Wish):
    """What to change; what is left out stays. Names never change: hashes are made with them."""

    model_config = example(enabled=False, limits={"concurrent_calls": 2})

    application: Line | None = Field(None, description="Id or name; empty takes it away.")
    enabled: Flag | None = Field(None, examples=[False])
    caller_id_rule: CallerIdRule | None = None
    caller_id: Line | None = None
    limits: LimitsWish | None = Field(None, description="All of them together.")
    media: MediaMode | None = None


class Rotation(SecretWish):
    """A new secret, and how long the present one stays valid beside it."""

    model_config = example(overlap_s=86400.0)

    overlap_s: Annotated[float, Field(strict=True, ge=0, le=7_776_000, allow_inf_nan=False)] = Field(
        0.0, description="Seconds, at most 90 days.", examples=[86400]
    )


def credential_document(credential: Credential, used: Sequence[float | None] = ()) -> CredentialDocument:
    """A credential as it is shown. ``used`` tells when each of its secrets was used last."""
    return CredentialDocument(**_fields(credential, used))


def issued_credential_document(issued: IssuedCredential) -> IssuedCredentialDocument:
    """A credential with the password that was generated for it."""
    return IssuedCredentialDocument(**_fields(issued.credential, ()), password=issued.password)


def _fields(credential: Credential, used: Sequence[float | None]) -> dict[str, Any]:
    return {
        "id": credential.id,
        "username": credential.username,
        "domain": credential.domain,
        "realm": credential.realm_name,
        "realm_id": credential.realm_id,
        "digest_username": credential.composite,
        "aor": credential.aor,
        "enabled": credential.enabled,
        "application_id": credential.application_id,
        "caller_id_rule": credential.caller_id_rule,
        "caller_id": credential.caller_id,
        "limits": limits_document(credential.limits),
        "media": credential.media,
        "secrets": [
            _secret_document(secret, at)
            for secret, at in zip_longest(credential.secrets, used[: len(credential.secrets)])
        ],
        "created_at": moment(credential.created_at),
    }


def _secret_document(secret: Secret, used_at: float | None) -> SecretDocument:
    algorithms = [name for name, _ in _pairs(secret)]
    return SecretDocument(
        algorithms=algorithms,
        answers_user_at_realm=secret.md5.hash1b is not None,
        created_at=moment(secret.created_at),
        valid_until=instant(secret.valid_until),
        last_used_at=instant(used_at),
    )


def credential_hashes_document(credential: Credential) -> CredentialHashesDocument:
    """The hashes of a credential."""
    return CredentialHashesDocument(
        aor=credential.aor,
        hashes=[
            HashesDocument(
                algorithm=name, hash1=pair.hash1, hash1b=pair.hash1b, valid_until=instant(secret.valid_until)
            )
            for secret in credential.secrets
            for name, pair in _pairs(secret)
        ],
    )


def _pairs(secret: Secret) -> list[tuple[str, HashPair]]:
    pairs = (("MD5", secret.md5), ("SHA-256", secret.sha256), ("SHA-512-256", secret.sha512_256))
    return [(name, pair) for name, pair in pairs if pair is not None]


def wanted_privileges(wish: NewCredential) -> Privileges:
    """What a new credential may do."""
    return Privileges(
        application=wish.application,
        enabled=wish.enabled,
        caller_id_rule=wish.caller_id_rule,
        caller_id=wish.caller_id,
        limits=wanted_limits(wish.limits),
        media=wish.media,
    )


def changed_privileges(credential: Credential, change: CredentialChange) -> Privileges:
    """What a credential may do after a change. Another rule than *fixed* takes the number of that rule away."""
    before = Privileges(
        application=credential.application_id or "",
        enabled=credential.enabled,
        caller_id_rule=credential.caller_id_rule,
        caller_id=credential.caller_id,
        limits=credential.limits,
        media=credential.media,
    )
    given = {
        name: value for name in CredentialChange.model_fields if (value := getattr(change, name)) is not None
    }
    if change.limits is not None:
        given["limits"] = wanted_limits(change.limits)
    if change.caller_id_rule not in (None, CallerIdRule.FIXED):
        given.setdefault("caller_id", "")
    return replace(before, **given)
