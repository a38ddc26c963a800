"""Users of an account: who may sign in, with which role; added, switched off, given another password, taken out."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.principal import Membership
from trunkline.domain.role import Permission, Role
from trunkline.domain.user import User
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

ROLES: Final = (
    (Role.VIEWER.value, "Viewer: sees everything but secrets"),
    (Role.OPERATOR.value, "Operator: also provisions and hangs up"),
    (Role.OWNER.value, "Owner: also manages users, keys and settings"),
)
_FIELDS: Final = {
    FaultCode.INVALID_NAME: "name",
    FaultCode.USER_EXISTS: "name",
    FaultCode.INVALID_PASSWORD: "password",
    FaultCode.WEAK_PASSWORD: "password",
}


async def list_users(visit: Visit) -> Response:
    """The users and the keys of the account."""
    return visit.page(
        "users/list.html",
        users=await visit.provisioning.users.of(visit.account.id),
        keys=(await visit.provisioning.api_keys.of(visit.account.id))[::-1],
        now=visit.desk.clock.now(),
    )


async def ask_new(visit: Visit) -> Response:
    """The form of a new user."""
    return _new_page(visit, Form({"role": Role.OPERATOR.value}))


async def add(visit: Visit) -> Response:
    """Create a user with a role in the account; a generated password is shown once."""
    form = await visit.form()
    role = role_of(form)
    if role is not None:
        memberships = (Membership(visit.account.id, role),)
        try:
            issued = await visit.provisioning.users.add(
                form.text("name"), form["password"] or None, memberships
            )
        except ProvisioningFault as fault:
            form.refuse(fault, _FIELDS)
        else:
            return _issued_page(visit, issued.user, issued.password, f"{issued.user.name} can sign in")
    return _new_page(visit, form, 422)


async def show(visit: Visit) -> Response:
    """One user."""
    user = await _member(visit)
    return _detail_page(visit, user, Form({"role": str(user.principal.role_in(visit.account.id) or "")}))


async def change(visit: Visit) -> Response:
    """Give a user another role in the account."""
    user, form = await _member(visit), await visit.form()
    role = role_of(form)
    if role is None:
        return _detail_page(visit, user, form, 422)
    try:
        await visit.provisioning.users.set_role(user.name, visit.account.id, role)
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return _detail_page(visit, user, form, 409)
    return visit.go(f"users/{user.id}", f"{user.name} is {role.value} now.")


async def enable(visit: Visit) -> Response:
    """Switch a user on or off."""
    user, enabled = await _member(visit), (await visit.form())["enabled"] == "yes"
    await visit.provisioning.users.enable(user.name, enabled=enabled)
    return visit.go(f"users/{user.id}", f"{user.name} is switched {'on' if enabled else 'off'}.")


async def set_password(visit: Visit) -> Response:
    """Give a user a generated password, shown once."""
    user = await _member(visit)
    issued = await visit.provisioning.users.set_password(user.name, None)
    return _issued_page(visit, issued.user, issued.password, f"{user.name} has a new password")


async def ask_remove(visit: Visit) -> Response:
    """Say what taking a user out means."""
    user = await _member(visit)
    return visit.dialog("users/remove.html", user=user, is_last=not _has_more(user))


async def remove(visit: Visit) -> Response:
    """Take a user out of the account; who has no other is removed."""
    user = await _member(visit)
    if _has_more(user):
        await visit.provisioning.users.set_role(user.name, visit.account.id, None)
    else:
        await visit.provisioning.users.remove(user.name)
    return visit.go("users", f"{user.name} is removed.")


def role_of(form: Form) -> Role | None:
    """The role that was chosen; None when it is none: then its error is set."""
    for role in Role:
        if role.value == form["role"]:
            return role
    form.errors["role"] = "Choose a role."
    return None


def _has_more(user: User) -> bool:
    """Whether a user is somebody beyond this account."""
    return len(user.memberships) > 1 or user.is_installer


async def _member(visit: Visit) -> User:
    wanted = visit.number("user")
    for user in await visit.provisioning.users.of(visit.account.id):
        if user.id == wanted:
            return user
    raise ProvisioningFault(FaultCode.UNKNOWN_USER, f"There is no user {wanted} in this account.")


def _new_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page("users/new.html", status, form=form, roles=ROLES)


def _detail_page(visit: Visit, user: User, form: Form, status: int = 200) -> Response:
    is_self = visit.principal.id == str(user.id)
    return visit.page("users/detail.html", status, user=user, form=form, roles=ROLES, is_self=is_self)


def _issued_page(visit: Visit, user: User, password: str | None, title: str) -> Response:
    return visit.page("users/issued.html", user=user, password=password, title=title)


PAGES: Final = (
    Page("GET", "users", Permission.ADMINISTER, list_users),
    Page("GET", "users/new", Permission.ADMINISTER, ask_new),
    Page("POST", "users", Permission.ADMINISTER, add),
    Page("GET", "users/{user:int}", Permission.ADMINISTER, show),
    Page("POST", "users/{user:int}", Permission.ADMINISTER, change),
    Page("POST", "users/{user:int}/enabled", Permission.ADMINISTER, enable),
    Page("POST", "users/{user:int}/password", Permission.ADMINISTER, set_password),
    Page("GET", "users/{user:int}/remove", Permission.ADMINISTER, ask_remove),
    Page("POST", "users/{user:int}/remove", Permission.ADMINISTER, remove),
)
