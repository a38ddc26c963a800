"""``trunkline explain``: why a device or a call was refused, in people's words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from trunkline.cli.installation import Installation, SystemClock, with_installation
from trunkline.cli.invocation import CommandFault
from trunkline.cli.output import Json, show_json, tell
from trunkline.domain.directory import Directory
from trunkline.operations.attempts import AttemptFinder, KnownForm
from trunkline.operations.diagnosis import Diagnosis, DiagnosisOfRefusals
from trunkline.operations.events import EventHub

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    context: typer.Context,
    refusal: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Number of a refused registration ('trunkline registrations --events --kind refused' shows them), "
            "or id of a call ('trunkline cdrs --json').",
        ),
    ],
    json: Json = False,
) -> None:
    """Say why a device or a call was refused, and how to mend it.

    Reads the disk. What a device hashed instead of its password only the running server can tell: ask the dashboard's
    hash doctor, or the JSON API.
    """

    async def work(here: Installation) -> Diagnosis | None:
        doctor = await _doctor(here)
        if refusal.isdecimal():
            return await doctor.of_registration(here.account.id, int(refusal))
        return await doctor.of_call(here.account.id, refusal)

    found = with_installation(context, work)
    if found is None:
        raise CommandFault(
            f"The account has no refusal '{refusal}'; 'trunkline registrations --events --kind refused' and "
            "'trunkline cdrs --json' show the ids."
        )
    if json:
        show_json(asdict(found))
    else:
        _show(found)


async def _doctor(here: Installation) -> DiagnosisOfRefusals:
    """The diagnosis over what is on disk; attempts are in the memory of a running server only."""
    from trunkline.store.cdr_listing import SqlCdrSearch  # noqa: PLC0415 - by need: see installation
    from trunkline.store.directory_feed import DirectoryFeed  # noqa: PLC0415
    from trunkline.store.registration_events import SqlRegistrationTimeline  # noqa: PLC0415

    directory = Directory()
    await DirectoryFeed(here.database, directory).load()
    return DiagnosisOfRefusals(
        directory=directory,
        timeline=SqlRegistrationTimeline(here.database),
        cdrs=SqlCdrSearch(here.database),
        events=EventHub(SystemClock()),
        attempts=AttemptFinder(None),
        forms=_no_forms,
    )


def _no_forms(_username: str, _realm: str, _domain: str, _password: str) -> tuple[KnownForm, ...]:
    """None is needed: there is no attempt to compare with."""
    return ()


def _show(diagnosis: Diagnosis) -> None:
    tell(f"{diagnosis.aor or 'Somebody'}: {diagnosis.cause.value} ({diagnosis.code})")
    tell(diagnosis.sentence)
    for fact in diagnosis.facts:
        tell(fact)
    if diagnosis.cure:
        tell(f"To mend it: {diagnosis.cure}")
