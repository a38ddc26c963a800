"""``trunkline number``: add, list, point and remove numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from trunkline.cli.documents import number_document
from trunkline.cli.installation import with_installation
from trunkline.cli.output import Json, say, show_json, show_table
from trunkline.domain.number import DestinationKind, Number

app = typer.Typer(
    help="Numbers: what the account owns, and where calls to them go.",
    no_args_is_help=True,
    add_completion=False,
)

NumberText = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as +15550100199.")]
To = Annotated[
    str, typer.Option("--to", metavar="DESTINATION", help="sip:USER@REALM, app:NAME or trunk:NAME.")
]

_SIGNS = {
    DestinationKind.DEVICE: "sip:",
    DestinationKind.APPLICATION: "app:",
    DestinationKind.TRUNK: "trunk:",
}


@app.command("add")
def add(context: typer.Context, number: NumberText, to: To, json: Json = False) -> None:
    """Own a number and say where it leads."""
    added = with_installation(
        context, lambda here: here.provisioning.numbers.add(here.account.id, number, to)
    )
    _tell(added, json=json)


@app.command("list")
def list_numbers(context: typer.Context, json: Json = False) -> None:
    """List the numbers."""
    numbers = with_installation(context, lambda here: here.provisioning.numbers.of(here.account.id))
    if json:
        show_json([number_document(number) for number in numbers])
        return
    show_table(
        ("NUMBER", "LEADS TO"),
        [(number.e164, _destination(number)) for number in numbers],
        empty="There is no number yet; add one with: trunkline number add +15550100199 --to sip:USER@REALM",
    )


@app.command("point")
def point(context: typer.Context, number: NumberText, to: To, json: Json = False) -> None:
    """Let a number lead elsewhere."""
    changed = with_installation(
        context, lambda here: here.provisioning.numbers.point(here.account.id, number, to)
    )
    _tell(changed, json=json)


@app.command("remove")
def remove(context: typer.Context, number: NumberText) -> None:
    """Give a number up."""
    removed = with_installation(
        context, lambda here: here.provisioning.numbers.remove(here.account.id, number)
    )
    say(f"Number {removed.e164} removed.")


def _destination(number: Number) -> str:
    return f"{_SIGNS[number.destination.kind]}{number.destination.value}"


def _tell(number: Number, *, json: bool) -> None:
    if json:
        show_json(number_document(number))
        return
    say(f"Number {number.e164} leads to {_destination(number)}.")
