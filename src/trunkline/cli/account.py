"""``trunkline account``: add, list and change accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from trunkline.cli.documents import account_document
from trunkline.cli.installation import with_installation
from trunkline.cli.output import Json, say, show_json, show_table
from trunkline.domain.account import Account

app = typer.Typer(
    help="Accounts: who owns realms, credentials, trunks and numbers.",
    no_args_is_help=True,
    add_completion=False,
)

CountryHelp = "Two letters, such as US: how national numbers are read."


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people.")],
    country: Annotated[str, typer.Option("--country", metavar="CODE", help=CountryHelp)] = "US",
    json: Json = False,
) -> None:
    """Add an account. The first one is there by itself."""
    _tell(
        with_installation(context, lambda here: here.provisioning.accounts.add(name, country)),
        "added",
        json=json,
    )


@app.command("list")
def list_accounts(context: typer.Context, json: Json = False) -> None:
    """List the accounts."""
    accounts = with_installation(context, lambda here: here.provisioning.accounts.all())
    if json:
        show_json([account_document(account) for account in accounts])
        return
    show_table(
        ("ID", "LABEL", "NAME", "COUNTRY"),
        [(account.id, account.label, account.name, account.country) for account in accounts],
        empty="",
    )


@app.command("change")
def change(
    context: typer.Context,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    country: Annotated[str | None, typer.Option("--country", metavar="CODE", help=CountryHelp)] = None,
    masks_hashes: Annotated[
        bool | None,
        typer.Option(
            "--mask-hashes/--show-hashes", help="Whether APIs hide Hash1 and Hash1b from everybody."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Change the account (the first one, or that of --account)."""
    changed = with_installation(
        context,
        lambda here: here.provisioning.accounts.change(
            here.account.id, name=name, country=country, masks_hashes=masks_hashes
        ),
    )
    _tell(changed, "changed", json=json)


def _tell(account: Account, done: str, *, json: bool) -> None:
    if json:
        show_json(account_document(account))
        return
    say(f"Account {account.id} ({account.name}, {account.country}, label {account.label}) {done}.")
