"""The dry run: what would happen to a call now, and why, without making it."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission
from trunkline.operations.dry_run import DryRunResult

CREDENTIAL: Final = "credential"
SUGGESTED: Final = 20
_MAX: Final = 300


async def ask(visit: Visit) -> Response:
    """The form, and what came of it: it changes nothing, so that its address can be passed on."""
    form = Form({name: visit.query(name)[:_MAX] for name in ("source", "credential", "to", "shown")})
    trunks = await visit.provisioning.trunks.of(visit.account.id)
    credentials = await visit.provisioning.credentials.page(visit.account.id, limit=SUGGESTED)
    sources = [
        (CREDENTIAL, "a SIP credential"),
        *((str(trunk.id), f"trunk {trunk.name}") for trunk in trunks),
    ]
    result = _result(visit, form) if form["to"] else None
    return visit.page(
        "dry_run/dry_run.html",
        200 if form.is_right else 422,
        form=form,
        result=result,
        sources=sources,
        credentials=[one.aor for one in credentials],
    )


def _result(visit: Visit, form: Form) -> DryRunResult | None:
    run, account = visit.operations.dry_run, visit.account.id
    source = form["source"] or CREDENTIAL
    if source.isascii() and source.isdecimal() and len(source) < 18:
        return run.of_trunk(account, int(source), form["to"], shown=form["shown"])
    if not form["credential"]:
        form.errors["credential"] = "Say who calls: a user name and a realm, such as alice@desk.example."
        return None
    return run.of_credential(account, form["credential"], form["to"], shown=form["shown"])


PAGES: Final = (Page("GET", "dry-run", Permission.OPERATE, ask),)
