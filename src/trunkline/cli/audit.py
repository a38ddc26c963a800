"""``trunkline audit``: who changed what, when, and from where."""

from __future__ import annotations

import json as json_text
import time
from typing import Annotated

import typer

from trunkline.cli.documents import audit_document
from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import invocation
from trunkline.cli.output import Json, clock, show_json, show_table
from trunkline.cli.times import past_instant
from trunkline.domain.audit import AuditEntry, FieldChange
from trunkline.provisioning.access_ports import AuditQuery

app = typer.Typer(add_completion=False)

_LONGEST_VALUE = 40


@app.command()
def audit(
    context: typer.Context,
    noun: Annotated[
        str, typer.Option("--noun", metavar="KIND", help="Only realm, credential, user ...")
    ] = "",
    key: Annotated[str, typer.Option("--key", metavar="KEY", help="Only this one: a name, an address.")] = "",
    actor: Annotated[str, typer.Option("--actor", metavar="NAME", help="Only what this one did.")] = "",
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only from then on: 2026-01-31, or 2h.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many.")
    ] = 50,
    json: Json = False,
) -> None:
    """Show what was changed, the newest first: in every account, or in that of the global --account."""
    chosen = invocation(context).account_id
    query = AuditQuery(
        account_id=chosen, noun=noun, key=key, actor_name=actor, limit=limit,
        since=0.0 if since is None else past_instant(since, time.time()),
    )  # fmt: skip

    async def read(here: Installation) -> list[AuditEntry]:
        return await here.provisioning.audit.page(query)

    entries = with_installation(context, read)
    if json:
        show_json([audit_document(entry) for entry in entries])
        return
    show_table(
        ("AT", "WHO", "FROM", "DID", "WHAT", "CHANGES"),
        [
            (
                clock(entry.at),
                f"{entry.actor_name} ({entry.actor_kind.value})",
                entry.source,
                entry.action.value,
                f"{entry.noun} {entry.key}",
                ", ".join(map(_shown, entry.changes)),
            )
            for entry in entries
        ],
        empty="Nothing that was asked for was changed yet; leave options out to see more.",
    )


def _shown(change: FieldChange) -> str:
    if change.old is None:
        return f"{change.name}: {_value(change.new)}"
    return f"{change.name}: {_value(change.old)} -> {_value(change.new)}"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json_text.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
