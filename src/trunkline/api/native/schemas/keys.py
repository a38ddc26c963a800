"""API keys on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from trunkline.api.native.documents import Document, Instant, Line, Wish, instant, moment
from trunkline.domain.api_key import ApiKey
from trunkline.domain.role import Role
from trunkline.provisioning.api_keys import IssuedKey


class KeyDocument(Document):
    """A program's way in, with one role in this account."""

    id: str = Field(examples=["key-0123456789abcdef"])
    name: str = Field(examples=["billing"])
    role: Role
    revoked: bool
    created_at: Instant
    expires_at: Instant | None = Field(description="null: it works until it is revoked.")
    last_used_at: Instant | None = Field(description="A minute late at most; null: never.")


class IssuedKeyDocument(KeyDocument):
    """A new key with its secret."""

    secret: str | None = Field(description="The password of HTTP Basic, shown this once.")
    bearer: str | None = Field(description="What goes behind `Authorization: Bearer`, shown this once.")


class NewKey(Wish):
    """A key to create."""

    name: Line = Field(examples=["billing"])
    role: Role
    expires_at: AwareDatetime | None = Field(None, examples=["2099-01-01T00:00:00Z"])


def key_document(key: ApiKey) -> KeyDocument:
    """A key as it is shown."""
    return KeyDocument(
        id=key.id,
        name=key.name,
        role=key.role,
        revoked=key.revoked,
        created_at=moment(key.created_at),
        expires_at=instant(key.expires_at),
        last_used_at=instant(key.last_used_at),
    )


def issued_key_document(issued: IssuedKey) -> IssuedKeyDocument:
    """A key with its secret."""
    return IssuedKeyDocument(
        **key_document(issued.key).model_dump(), secret=issued.secret, bearer=issued.bearer
    )


def epoch(time: datetime | None) -> float | None:
    """A time as epoch seconds; None stays None."""
    return None if time is None else time.timestamp()
