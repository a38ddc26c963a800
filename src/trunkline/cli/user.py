"""``trunkline user``: add, list and remove people who sign in, set their passwords and roles."""

from __future__ import annotations

from typing import Annotated

import typer

from trunkline.cli.documents import user_document
from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import CommandFault
from trunkline.cli.output import Json, clock, say, show_json, show_table
from trunkline.cli.passwords import PasswordStdin, read_password
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role
from trunkline.domain.user import User
from trunkline.provisioning.users import IssuedUser

app = typer.Typer(
    help="Users: people who sign in to the dashboard and the APIs.",
    no_args_is_help=True,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name; case does not count.")]
RoleOption = Annotated[
    Role, typer.Option("--role", help="What the user may do in the account (the first one, or --account).")
]
Generate = Annotated[bool, typer.Option("--generate", help="Make up a password and print it once.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: RoleOption,
    account: Annotated[
        int | None,
        typer.Option("--account", metavar="ID", help="Account of the role. Default: the first one."),
    ] = None,
    installer: Annotated[
        bool, typer.Option("--installer", help="Let the user own every account and the installation.")
    ] = False,
    password_stdin: PasswordStdin = False,
    generate: Generate = False,
    json: Json = False,
) -> None:
    """Add a user. The first one of all owns the installation."""
    password = _password(from_stdin=password_stdin, generate=generate)

    async def work(here: Installation) -> IssuedUser:
        membership = Membership(here.account.id if account is None else account, role)
        return await here.provisioning.users.add(name, password, (membership,), is_installer=installer)

    _tell(with_installation(context, work), "added", json=json)


@app.command("list")
def list_users(context: typer.Context, json: Json = False) -> None:
    """List all users of the installation."""
    users = with_installation(context, lambda here: here.provisioning.users.all())
    if json:
        show_json([user_document(user) for user in users])
        return
    show_table(
        ("NAME", "ROLES", "ENABLED", "LAST SEEN"),
        [(user.name, _roles(user), user.enabled, clock(user.last_seen_at)) for user in users],
        empty="There is no user yet; add one with: trunkline user add NAME --role owner --generate",
    )


@app.command("change")
def change(
    context: typer.Context,
    name: Name,
    role: Annotated[
        Role | None, typer.Option("--role", help="Another role in the account (the first one, or --account).")
    ] = None,
    no_role: Annotated[bool, typer.Option("--no-role", help="Take the user out of the account.")] = False,
    account: Annotated[
        int | None,
        typer.Option("--account", metavar="ID", help="Account of the role. Default: the first one."),
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Switch the user on or off.")
    ] = None,
    installer: Annotated[
        bool | None,
        typer.Option("--installer/--no-installer", help="Whether the user owns the installation."),
    ] = None,
    json: Json = False,
) -> None:
    """Change what a user may do; what is not given stays."""
    if role is not None and no_role:
        raise CommandFault("Give either --role or --no-role.")

    async def work(here: Installation) -> User:
        users = here.provisioning.users
        changed = await users.find(name)
        if installer is not None:
            changed = await users.set_installer(name, is_installer=installer)
        if role is not None or no_role:
            changed = await users.set_role(name, here.account.id if account is None else account, role)
        if enabled is not None:
            changed = await users.enable(name, enabled=enabled)
        return changed

    _tell(IssuedUser(with_installation(context, work), None), "changed", json=json)


@app.command("passwd")
def set_password(
    context: typer.Context,
    name: Name,
    password_stdin: PasswordStdin = False,
    generate: Generate = False,
    json: Json = False,
) -> None:
    """Give a user another password. Browsers and tokens of his are signed out."""
    password = _password(from_stdin=password_stdin, generate=generate)
    issued = with_installation(context, lambda here: here.provisioning.users.set_password(name, password))
    _tell(issued, "has another password", json=json)


@app.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Remove a user."""
    removed = with_installation(context, lambda here: here.provisioning.users.remove(name))
    say(f"User {removed.name} removed.")


def _password(*, from_stdin: bool, generate: bool) -> str | None:
    """The password that was given; None: one shall be made up."""
    if generate and from_stdin:
        raise CommandFault("Give one password only: --password-stdin or --generate.")
    return None if generate else read_password(from_stdin=from_stdin, otherwise=" or --generate")


def _roles(user: User) -> str:
    roles = [f"{one.role.value} of {one.account_id}" for one in user.memberships]
    return ", ".join(["owner of the installation", *roles] if user.is_installer else roles)


def _tell(issued: IssuedUser, done: str, *, json: bool) -> None:
    if json:
        document = user_document(issued.user)
        if issued.password is not None:
            document["password"] = issued.password
        show_json(document)
        return
    say(f"User {issued.user.name} {done}: {_roles(issued.user)}.")
    if issued.password is not None:
        say(f"Password: {issued.password}")
        say("It is shown only this once; only its hash is kept.")
