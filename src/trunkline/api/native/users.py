"""Operations on users: of one account, and of the whole installation."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import Asked, AskedAnywhere, AskedNow
from trunkline.api.native.changing import changed
from trunkline.api.native.documents import Page, answer, nothing
from trunkline.api.native.paging import After, Limit, part
from trunkline.api.native.parameters import Id
from trunkline.api.native.schemas.users import (
    InstallationUserDocument,
    IssuedUserDocument,
    NewUser,
    NewUserPassword,
    UserChange,
    UserDocument,
    installation_user_document,
    issued_user_document,
    user_document,
)
from trunkline.domain.principal import Membership
from trunkline.domain.user import User
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

router: Final = APIRouter(route_class=NativeRoute, tags=["Users"])
_USERS: Final = "/accounts/{account}/users"


@router.get("/users", response_model=Page[InstallationUserDocument])
async def list_all_users(asked: AskedAnywhere, after: After = "", limit: Limit = 100) -> Response:
    """Every user of the installation with all his roles."""
    shown, following = part(await asked.provisioning.users.all(), lambda user: user.id, after, limit)
    return answer(
        Page[InstallationUserDocument](
            items=[installation_user_document(user) for user in shown], next=following
        )
    )


@router.get(_USERS, response_model=Page[UserDocument])
async def list_users(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The users with a role in the account."""
    users = await asked.provisioning.users.of(asked.account_id)
    shown, following = part(users, lambda user: user.id, after, limit)
    return answer(
        Page[UserDocument](items=[user_document(user, asked.account_id) for user in shown], next=following)
    )


@router.post(_USERS, response_model=IssuedUserDocument, status_code=201)
async def add_user(asked: AskedNow, wish: NewUser) -> Response:
    """Create a user with a role in the account. A generated password is shown in this answer only."""
    issued = await asked.provisioning.users.add(
        wish.name, wish.password, (Membership(asked.account_id, wish.role),)
    )
    return answer(
        issued_user_document(issued.user, asked.account_id, issued.password),
        201,
        location=asked.location("users", issued.user.id),
    )


@router.get(_USERS + "/{user}", response_model=UserDocument)
async def show_user(asked: AskedNow, user: Id) -> Response:
    """A user with a role in the account."""
    return answer(user_document(await _member(asked, user), asked.account_id), request=asked.request)


@router.patch(_USERS + "/{user}", response_model=UserDocument)
async def change_user(asked: AskedNow, user: Id, change: UserChange) -> Response:
    """Give a user another role in the account, or switch him on or off."""

    async def attempt() -> Response:
        seen = after = await _member(asked, user)
        users = asked.changing(seen, user_document(seen, asked.account_id)).users
        if change.role is not None:
            after = await users.set_role(seen.name, asked.account_id, change.role)
        if change.enabled is not None and change.enabled != after.enabled:
            enabling = users if change.role is None else asked.provisioning.users  # it is another one by now
            after = await enabling.enable(seen.name, enabled=change.enabled)
        return answer(user_document(after, asked.account_id), request=asked.request)

    return await changed(asked, attempt)


@router.post(_USERS + "/{user}/password", response_model=IssuedUserDocument)
async def set_user_password(asked: AskedNow, user: Id, wish: NewUserPassword) -> Response:
    """Give a user another password; his browsers are signed out, his tokens end."""
    seen = await _member(asked, user)
    issued = await asked.provisioning.users.set_password(seen.name, wish.password)
    return answer(issued_user_document(issued.user, asked.account_id, issued.password))


@router.delete(_USERS + "/{user}", status_code=204)
async def remove_user(asked: AskedNow, user: Id) -> Response:
    """Take a user out of the account. Who has no other account left is removed."""
    seen = await _member(asked, user)
    users = asked.changing(seen, user_document(seen, asked.account_id)).users
    if len(seen.memberships) > 1 or seen.is_installer:
        await users.set_role(seen.name, asked.account_id, None)
    else:
        await users.remove(seen.name)
    return nothing()


async def _member(asked: Asked, user_id: int) -> User:
    """The user of this id, as far as he is the account's. Raises ProvisioningFault."""
    for user in await asked.provisioning.users.of(asked.account_id):
        if user.id == user_id:
            return user
    raise ProvisioningFault(FaultCode.UNKNOWN_USER, f"There is no user {user_id} in this account.")
