"""Users on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Flag, Instant, Line, Wish, example, instant, moment
from trunkline.api.native.schemas.accounts import MembershipDocument
from trunkline.domain.role import Role
from trunkline.domain.user import User


class UserDocument(Document):
    """A person with a password. In an account, only the role there is shown."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["alice"])
    role: Role | None = Field(description="The role in this account.")
    is_installer: bool = Field(description="Owns the installation: every account.")
    enabled: bool
    created_at: Instant
    last_seen_at: Instant | None = Field(description="A minute late at most; null: never signed in.")


class IssuedUserDocument(UserDocument):
    """A user with a new password."""

    password: str | None = Field(
        None, description="The generated password, shown this once; null when you gave one."
    )


class NewUser(Wish):
    """A user to create."""

    model_config = example(name="alice", role="operator")

    name: Line = Field(examples=["alice"])
    role: Role
    password: Line | None = Field(
        None, description="At least 12 characters; leave it out to have one generated."
    )


class UserChange(Wish):
    """What to change; what is left out stays."""

    role: Role | None = None
    enabled: Flag | None = Field(
        None, description="Off, his browsers are signed out. Takes an owner of all his accounts."
    )


class NewUserPassword(Wish):
    """Another password."""

    password: Line | None = Field(None, description="Leave it out to have one generated.")


class InstallationUserDocument(Document):
    """A user with all his roles."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["alice"])
    is_installer: bool
    enabled: bool
    memberships: list[MembershipDocument]
    created_at: Instant
    last_seen_at: Instant | None


def user_document(user: User, account_id: int) -> UserDocument:
    """A user as an account sees him."""
    role = next((one.role for one in user.memberships if one.account_id == account_id), None)
    return UserDocument(
        id=user.id,
        name=user.name,
        role=role,
        is_installer=user.is_installer,
        enabled=user.enabled,
        created_at=moment(user.created_at),
        last_seen_at=instant(user.last_seen_at),
    )


def issued_user_document(user: User, account_id: int, password: str | None) -> IssuedUserDocument:
    """A user with the password that he got."""
    return IssuedUserDocument(**user_document(user, account_id).model_dump(), password=password)


def installation_user_document(user: User) -> InstallationUserDocument:
    """A user as the installation sees him."""
    return InstallationUserDocument(
        id=user.id,
        name=user.name,
        is_installer=user.is_installer,
        enabled=user.enabled,
        memberships=[
            MembershipDocument(account_id=one.account_id, role=one.role) for one in user.memberships
        ],
        created_at=moment(user.created_at),
        last_seen_at=instant(user.last_seen_at),
    )
