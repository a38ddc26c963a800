"""``trunkline realm``: add, list, change and remove realms."""

from __future__ import annotations

from typing import Annotated

import typer

from trunkline.cli.documents import realm_document
from trunkline.cli.installation import with_installation
from trunkline.cli.output import Json, say, show_json, show_table
from trunkline.domain.realm import Realm

app = typer.Typer(
    help="Realms: the domains that devices register at.", no_args_is_help=True, add_completion=False
)

RealmReference = Annotated[str, typer.Argument(metavar="REALM", help="Short name, whole name or id.")]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="A note for people.")]
Default = Annotated[bool, typer.Option("--default", help="Make it the default realm of the account.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Short name, such as desk.", show_default=False)
    ] = "",
    fqdn: Annotated[str, typer.Option("--fqdn", metavar="FQDN", help="A whole name instead.")] = "",
    default: Default = False,
    description: Description = None,
    json: Json = False,
) -> None:
    """Add a realm. The first of an account becomes its default."""
    realm = with_installation(
        context,
        lambda here: here.provisioning.realms.add(
            here.account.id, label=name, fqdn=fqdn, default=default, description=description or ""
        ),
    )
    _tell(realm, "added", json=json)


@app.command("list")
def list_realms(context: typer.Context, json: Json = False) -> None:
    """List the realms."""
    realms = with_installation(context, lambda here: here.provisioning.realms.of(here.account.id))
    if json:
        show_json([realm_document(realm, count) for realm, count in realms])
        return
    show_table(
        ("ID", "REALM", "NAME", "DEFAULT", "CREDENTIALS", "DESCRIPTION"),
        [
            (realm.id, realm.name, realm.label, realm.is_default, count, realm.description)
            for realm, count in realms
        ],
        empty="There is no realm yet; add one with: trunkline realm add NAME",
    )


@app.command("change")
def change(
    context: typer.Context,
    realm: RealmReference,
    default: Default = False,
    description: Description = None,
    json: Json = False,
) -> None:
    """Change a realm's description, or make it the default."""
    changed = with_installation(
        context,
        lambda here: here.provisioning.realms.change(
            here.account.id, realm, default=default, description=description
        ),
    )
    _tell(changed, "changed", json=json)


@app.command("remove")
def remove(
    context: typer.Context,
    realm: RealmReference,
    force: Annotated[
        bool, typer.Option("--force", help="Remove its credentials and their numbers too.")
    ] = False,
) -> None:
    """Remove a realm."""
    count = with_installation(
        context, lambda here: here.provisioning.realms.remove(here.account.id, realm, force=force)
    )
    say(f"Realm {realm} removed" + (f" with {count} credentials." if count else "."))


def _tell(realm: Realm, done: str, *, json: bool) -> None:
    if json:
        show_json(realm_document(realm))
        return
    say(f"Realm {realm.name} {done}{' (default)' if realm.is_default else ''}.")
