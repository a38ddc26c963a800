"""``trunkline calls``: the calls that are up now."""

from __future__ import annotations

import time

import typer

from trunkline.cli.documents import cdr_document
from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import invocation
from trunkline.cli.output import Json, clock, show_json, show_table
from trunkline.domain.cdr import Cdr

app = typer.Typer(add_completion=False)


@app.command()
def list_calls(context: typer.Context, json: Json = False) -> None:
    """List the answered calls that have not ended, of all accounts unless --account chooses one.

    A server that was killed leaves its calls in this list until it starts again.
    """
    calls = with_installation(context, lambda here: _open_calls(here, invocation(context).account_id))
    if json:
        show_json([cdr_document(cdr) for cdr in calls])
        return
    now = time.time()
    show_table(
        ("CALL", "ANSWERED", "FOR", "CALLER", "CALLEE", "FROM"),
        [
            (cdr.call_id, clock(cdr.answered_at), f"{max(0, round(now - (cdr.answered_at or now)))} s",
             cdr.caller, cdr.callee, cdr.source)
            for cdr in calls
        ],
        empty="No call is up; 'trunkline cdrs' lists those that have ended.",
    )  # fmt: skip


async def _open_calls(here: Installation, account_id: int | None) -> list[Cdr]:
    from trunkline.store.cdrs import open_calls  # noqa: PLC0415 - by need: see installation

    return await open_calls(here.database, account_id)
