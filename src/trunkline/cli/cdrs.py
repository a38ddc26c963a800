"""``trunkline cdrs``: call detail records."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from trunkline.cli.documents import cdr_document
from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import invocation
from trunkline.cli.output import Json, clock, say, show_json, show_table
from trunkline.cli.times import past_instant
from trunkline.domain.cdr import Cdr, EndCause
from trunkline.domain.cdr_search import CdrFilter, CdrPage

_NO_CALL_YET: Final = "There are no calls yet; place one by dialling USER@REALM of a registered device from another, or see 'trunkline demo'."

app = typer.Typer(add_completion=False)


@app.command()
def list_records(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Begun at or after: 2h, 2026-01-31T18:00.")
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Begun before.")] = "",
    party: Annotated[
        str, typer.Option("--party", metavar="TEXT", help="A piece of the caller or callee.")
    ] = "",
    cause: Annotated[EndCause | None, typer.Option("--cause", help="Ended for this cause.")] = None,
    rejection: Annotated[
        str, typer.Option("--rejection", metavar="CODE", help="Refused with this code.")
    ] = "",
    trunk: Annotated[
        str, typer.Option("--trunk", metavar="TRUNK", help="In or out through this trunk.")
    ] = "",
    credential: Annotated[
        str, typer.Option("--credential", metavar="USER", help="Placed by this credential.")
    ] = "",
    answered: Annotated[bool | None, typer.Option("--answered/--unanswered", help="Only such calls.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Records of a page.")] = 50,
    after: Annotated[
        str, typer.Option("--after", metavar="PAGE", help="Go on where the page before ended.")
    ] = "",
    json: Json = False,
) -> None:
    """List call detail records, the newest first; of all accounts unless --account chooses one."""
    now = time.time()
    started_since = past_instant(since, now) if since else None
    started_until = past_instant(until, now) if until else None

    async def work(here: Installation) -> tuple[CdrPage, bool]:
        from trunkline.store.cdr_listing import list_cdrs  # noqa: PLC0415 - by need: see installation

        provisioning, account_id = here.provisioning, here.account.id
        wanted = CdrFilter(
            account_id=invocation(context).account_id,
            credential_id=(await provisioning.credentials.find(account_id, credential)).id if credential else None,
            trunk_id=(await provisioning.trunks.find(account_id, trunk)).id if trunk else None,
            since=started_since, until=started_until, party=party, end_cause=cause, rejection=rejection,
            answered=answered,
        )  # fmt: skip
        page = await list_cdrs(here.database, wanted, after=after, limit=limit)
        return page, bool(page.cdrs or (await list_cdrs(here.database, CdrFilter(), limit=1)).cdrs)

    page, has_any = with_installation(context, work)
    _show(page, has_any=has_any, json=json)


def _show(page: CdrPage, *, has_any: bool, json: bool) -> None:
    if json:
        show_json({"cdrs": [cdr_document(cdr) for cdr in page.cdrs], "after": page.after or None})
        return
    show_table(
        ("STARTED", "CALLER", "CALLEE", "SECONDS", "ENDED", "STATUS", "DETAIL"),
        [
            (clock(cdr.started_at), cdr.caller, cdr.callee, f"{cdr.duration_s:.0f}", _ended(cdr), cdr.status or "",
             cdr.rejection or cdr.detail)
            for cdr in page.cdrs
        ],
        empty="No call fits." if has_any else _NO_CALL_YET,
    )  # fmt: skip
    if page.after:
        say(f"More: --after '{page.after}'")


def _ended(cdr: Cdr) -> str:
    return "up" if cdr.end_cause is None else cdr.end_cause.value
