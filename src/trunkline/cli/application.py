"""``trunkline application``: add, list, change and remove voice applications."""

from __future__ import annotations

from typing import Annotated

import typer

from trunkline.cli.documents import application_document
from trunkline.cli.installation import with_installation
from trunkline.cli.output import Json, say, show_json, show_table
from trunkline.domain.application import Application

app = typer.Typer(
    help="Voice applications: webhooks that decide what calls do.", no_args_is_help=True, add_completion=False
)

Reference = Annotated[str, typer.Argument(metavar="APPLICATION", help="Name or id.")]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="Asked when a call comes in.")]
StatusUrl = Annotated[
    str | None, typer.Option("--status-url", metavar="URL", help="Told when a call has ended.")
]
Username = Annotated[
    str | None, typer.Option("--username", metavar="USER", help="User name of the callbacks.")
]


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people.")],
    url: Url = None,
    status_url: StatusUrl = None,
    username: Username = None,
    json: Json = False,
) -> None:
    """Add an application."""
    added = with_installation(
        context,
        lambda here: here.provisioning.applications.add(
            here.account.id, name, call_initiated_url=url or "", call_status_url=status_url or "",
            callback_username=username or "",
        ),
    )  # fmt: skip
    _tell(added, "added", json=json)


@app.command("list")
def list_applications(context: typer.Context, json: Json = False) -> None:
    """List the applications."""
    applications = with_installation(context, lambda here: here.provisioning.applications.of(here.account.id))
    if json:
        show_json([application_document(application) for application in applications])
        return
    show_table(
        ("ID", "NAME", "URL", "STATUS URL"),
        [(one.id, one.name, one.call_initiated_url, one.call_status_url) for one in applications],
        empty="There is no application yet; add one with: trunkline application add NAME --url URL",
    )


@app.command("change")
def change(
    context: typer.Context,
    application: Reference,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    url: Url = None,
    status_url: StatusUrl = None,
    username: Username = None,
    json: Json = False,
) -> None:
    """Change an application; what is not given stays, an empty URL takes it away."""
    changed = with_installation(
        context,
        lambda here: here.provisioning.applications.change(
            here.account.id, application, name=name, call_initiated_url=url, call_status_url=status_url,
            callback_username=username,
        ),
    )  # fmt: skip
    _tell(changed, "changed", json=json)


@app.command("remove")
def remove(context: typer.Context, application: Reference) -> None:
    """Remove an application that nothing leads to."""
    removed = with_installation(
        context, lambda here: here.provisioning.applications.remove(here.account.id, application)
    )
    say(f"Application {removed.name} removed.")


def _tell(application: Application, done: str, *, json: bool) -> None:
    if json:
        show_json(application_document(application))
        return
    say(f"Application {application.name} {done} (id {application.id}).")
