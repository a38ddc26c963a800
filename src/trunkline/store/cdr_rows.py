"""Call detail records as rows, and read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from trunkline.domain.cdr import Cdr, CdrLeg, EndCause, TrunkAttempt
from trunkline.domain.media import MediaStatistics, SideStatistics
from trunkline.store.batches import RowValues


def row_of(cdr: Cdr, node: str, seen_at: float | None) -> RowValues:
    """The row in the order of the table's columns."""
    return (
        cdr.call_id, node, cdr.sip_call_id, cdr.account_id, cdr.credential_id, cdr.inbound_trunk_id,
        cdr.caller, cdr.callee, cdr.source, cdr.user_agent,
        cdr.started_at, cdr.rang_at, cdr.answered_at, cdr.ended_at, seen_at,
        None if cdr.end_cause is None else cdr.end_cause.value,
        cdr.status, cdr.rejection, cdr.detail,
        json.dumps([[attempt.trunk_id, attempt.uri, attempt.status] for attempt in cdr.attempts]),
        cdr.trunk_id, _media_text(cdr.media), json.dumps(cdr.tags) if cdr.tags else "{}", cdr.route,
        json.dumps([[leg.name, leg.sip_call_id, leg.transport, leg.host, leg.port, leg.is_uas] for leg in cdr.legs]),
    )  # fmt: skip


def cdr_of(row: Sequence[Any]) -> Cdr:
    """A record read back."""
    (
        call_id, _, sip_call_id, account_id, credential_id, inbound_trunk_id, caller, callee, source, user_agent,
        started_at, rang_at, answered_at, ended_at, _, end_cause, status, rejection, detail, attempts, trunk_id,
        media, tags, route, legs,
    ) = row  # fmt: skip
    return Cdr(
        call_id=call_id,
        sip_call_id=sip_call_id,
        account_id=account_id,
        credential_id=credential_id,
        inbound_trunk_id=inbound_trunk_id,
        caller=caller,
        callee=callee,
        source=source,
        user_agent=user_agent,
        started_at=started_at,
        rang_at=rang_at,
        answered_at=answered_at,
        ended_at=ended_at,
        end_cause=None if end_cause is None else EndCause(end_cause),
        status=status,
        rejection=rejection,
        detail=detail,
        attempts=tuple(TrunkAttempt(*attempt) for attempt in json.loads(attempts)),
        trunk_id=trunk_id,
        media=_media(media),
        tags=json.loads(tags),
        route=route,
        legs=tuple(CdrLeg(*leg) for leg in json.loads(legs)),
    )


def _media_text(media: MediaStatistics | None) -> str | None:
    return None if media is None else json.dumps(asdict(media))


def _media(text: str | None) -> MediaStatistics | None:
    if text is None:
        return None
    figures: dict[str, Any] = json.loads(text)
    for side in ("caller", "callee"):
        figures[side] = SideStatistics(**_known(SideStatistics, figures.get(side, {})))
    return MediaStatistics(**_known(MediaStatistics, figures))


def _known(kind: type[Any], figures: dict[str, Any]) -> dict[str, Any]:
    """Only what this version knows: rows of another version may have more."""
    names = {field.name for field in fields(kind)}
    return {name: figure for name, figure in figures.items() if name in names}
