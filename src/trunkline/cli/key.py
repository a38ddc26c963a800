"""``trunkline key``: add, list and revoke API keys."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from trunkline.cli.documents import key_document
from trunkline.cli.installation import with_installation
from trunkline.cli.output import Json, clock, say, show_json, show_table
from trunkline.domain.api_key import ApiKey
from trunkline.domain.role import Role

app = typer.Typer(help="API keys: what programs sign in with.", no_args_is_help=True, add_completion=False)

DAY_S = 86_400.0


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people.")],
    role: Annotated[Role, typer.Option("--role", help="What the key may do in the account.")],
    expires_days: Annotated[
        float | None,
        typer.Option(
            "--expires-days",
            metavar="N",
            min=0.001,
            max=36_500,
            help="Days that it works. Default: until revoked.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Add a key to the account (the first one, or that of the global --account)."""
    expires_at = None if expires_days is None else time.time() + expires_days * DAY_S
    issued = with_installation(
        context,
        lambda here: here.provisioning.api_keys.add(here.account.id, name, role, expires_at=expires_at),
    )
    if json:
        show_json(key_document(issued.key) | {"secret": issued.secret, "bearer": issued.bearer})
        return
    say(f"API key {issued.key.name} added: {role.value} of {issued.key.account_id}.")
    say(f"Id:     {issued.key.id}")
    say(f"Secret: {issued.secret}")
    say("It is shown only this once. Use both as user name and password (HTTP Basic, OAuth2 client), or as")
    say(f"Authorization: Bearer {issued.bearer}")


@app.command("list")
def list_keys(context: typer.Context, json: Json = False) -> None:
    """List the keys of the account, the revoked ones too."""
    keys = with_installation(context, lambda here: here.provisioning.api_keys.of(here.account.id))
    if json:
        show_json([key_document(key) for key in keys])
        return
    now = time.time()
    show_table(
        ("ID", "NAME", "ROLE", "STATE", "EXPIRES", "LAST USED"),
        [
            (
                key.id,
                key.name,
                key.role.value,
                _state(key, now),
                clock(key.expires_at),
                clock(key.last_used_at),
            )
            for key in keys
        ],
        empty="There is no API key yet; add one with: trunkline key add NAME --role operator",
    )


@app.command("revoke")
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, or its name.")],
) -> None:
    """Let a key open nothing any more."""
    revoked = with_installation(context, lambda here: here.provisioning.api_keys.revoke(here.account.id, key))
    say(f"API key {revoked.name} ({revoked.id}) revoked.")


def _state(key: ApiKey, now: float) -> str:
    if key.revoked:
        return "revoked"
    return "works" if key.works(now) else "expired"
