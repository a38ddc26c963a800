"""Realms on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Flag, Instant, Line, Wish, example, moment
from trunkline.domain.realm import Realm


class RealmDocument(Document):
    """A realm: the domain that devices register at, and the realm of their digests."""

    id: int = Field(examples=[1])
    name: str = Field(
        examples=["desk.0a1b2c.auth.example.net"],
        description="The whole name. It never changes: hashes are made with it.",
    )
    label: str = Field(
        examples=["desk"], description="The short name it was made of; empty when a whole one was given."
    )
    is_default: bool = Field(description="Exactly one realm of an account is its default.")
    description: str = Field(examples=["Telephones in the office"])
    credentials: int | None = Field(
        None, examples=[12], description="How many it has, where they were counted."
    )
    created_at: Instant


class NewRealm(Wish):
    """A realm to create: give `label` or `name`."""

    model_config = example(label="desk", description="Telephones in the office")

    label: Line = Field("", examples=["desk"], description="A short name; the server completes it.")
    name: Line = Field("", examples=["sip.example.com"], description="A whole domain name of your own.")
    is_default: Flag = Field(False, description="Make it the account's default. The first one is it anyway.")
    description: Line = Field("", examples=["Telephones in the office"])


class RealmChange(Wish):
    """What to change; what is left out stays."""

    is_default: Flag | None = Field(
        None, description="`true` makes it the default; another realm is needed to end that."
    )
    description: Line | None = Field(None, examples=["Telephones in the hall"])


def realm_document(realm: Realm, credentials: int | None = None) -> RealmDocument:
    """A realm as it is shown."""
    return RealmDocument(
        id=realm.id,
        name=realm.name,
        label=realm.label,
        is_default=realm.is_default,
        description=realm.description,
        credentials=credentials,
        created_at=moment(realm.created_at),
    )
