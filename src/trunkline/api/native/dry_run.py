"""The dry run of a call."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import answer
from trunkline.api.native.schemas.dry_run import DryRunDocument, DryRunWish, dry_run_document

router: Final = APIRouter(route_class=NativeRoute, tags=["Dry run"], prefix="/accounts/{account}/dry-run")


@router.post("", response_model=DryRunDocument)
async def dry_run(asked: AskedNow, wish: DryRunWish) -> Response:
    """What would happen to this call now, and why; nobody's telephone rings."""
    runner = asked.operations.dry_run
    if wish.trunk_id is not None:
        result = runner.of_trunk(asked.account_id, wish.trunk_id, wish.to, shown=wish.shown)
    else:
        result = runner.of_credential(asked.account_id, wish.aor, wish.to, shown=wish.shown)
    return answer(dry_run_document(result))
