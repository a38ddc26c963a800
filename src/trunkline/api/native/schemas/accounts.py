"""Accounts, and who asks, on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Flag, Instant, Line, Wish, moment
from trunkline.domain.account import Account
from trunkline.domain.principal import Principal, PrincipalKind
from trunkline.domain.role import Role


class AccountDocument(Document):
    """An account: whom realms, credentials, trunks and numbers belong to."""

    id: int = Field(examples=[1000001])
    label: str = Field(examples=["0a1b2c"], description="Stands in the names of its realms.")
    name: str = Field(examples=["Atlanta"])
    country: str = Field(examples=["US"], description="How national numbers are read (ISO 3166).")
    masks_hashes: bool = Field(description="No answer shows hashes, not even to those who may see them.")
    created_at: Instant


class NewAccount(Wish):
    """An account to create."""

    name: Line = Field(examples=["Atlanta"])
    country: Line = Field("US", examples=["US"])


class AccountChange(Wish):
    """What to change; what is left out stays."""

    name: Line | None = Field(None, examples=["Atlanta"])
    country: Line | None = Field(None, examples=["US"])
    masks_hashes: Flag | None = None


class MembershipDocument(Document):
    """A role in an account."""

    account_id: int = Field(examples=[1000001])
    role: Role


class MeDocument(Document):
    """Who asks."""

    kind: PrincipalKind
    name: str = Field(examples=["my-program"])
    is_installer: bool = Field(description="May do everything in every account.")
    memberships: list[MembershipDocument]


def account_document(account: Account) -> AccountDocument:
    """An account as it is shown."""
    return AccountDocument(
        id=account.id,
        label=account.label,
        name=account.name,
        country=account.country,
        masks_hashes=account.masks_hashes,
        created_at=moment(account.created_at),
    )


def me_document(principal: Principal) -> MeDocument:
    """Who asks, as he is shown."""
    return MeDocument(
        kind=principal.kind,
        name=principal.name,
        is_installer=principal.is_installer,
        memberships=[
            MembershipDocument(account_id=one.account_id, role=one.role) for one in principal.memberships
        ],
    )
