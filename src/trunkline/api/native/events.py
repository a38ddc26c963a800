"""The events of an account as a stream (server-sent events), with heartbeats, and from where a client left off."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse

from trunkline.api.authentication import authenticate
from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import Asked, AskedNow
from trunkline.api.native.schemas.rejections import event_document
from trunkline.api.rate_limit import TooManyRequests
from trunkline.domain.role import Permission
from trunkline.operations.events import Event, EventKind, Subscription
from trunkline.provisioning.wrong_tries import TooManyTries

router: Final = APIRouter(route_class=NativeRoute, tags=["Events"], prefix="/accounts/{account}/events")

HEARTBEAT_S: Final = 15.0
"""So long a stream is silent at most: proxies would close it, and clients would not learn that it died."""

MOST_STREAMS: Final = 20
"""Streams of one principal at a time."""

_SSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "`id`, `event` (its kind) and `data` (JSON) of each event; a comment at least every 15 s.",
    }
}
_EventId = Annotated[str, Query(max_length=20, pattern=r"^[0-9]*$")]


@router.get("", response_class=Response, responses=_SSE)
async def stream_events(
    asked: AskedNow,
    kinds: Annotated[
        list[EventKind], Query(description="Only these; all when left out.", max_length=20)
    ] = [],  # noqa: B006 - not changed
    last_event_id: Annotated[
        str, Header(max_length=20, pattern=r"^[0-9]*$", description="The last id that you saw.")
    ] = "",
    after: Annotated[_EventId, Query(description="The same, for who cannot send header fields.")] = "",
) -> Response:
    """What happens in the account, as it happens: registrations, calls, refusals, limits, changes.

    With `Last-Event-ID`, what happened meanwhile comes first, as far as it is remembered (the last 2,000 events of the
    server). When you read too slowly, events are lost, and an event `missed` tells how many.
    """
    _count(asked, 1)
    text = last_event_id or after
    subscription = asked.operations.events.subscribe(
        account_id=asked.account_id,
        kinds=frozenset(kind.value for kind in kinds) or None,
        after_id=int(text) if text else None,
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(asked, subscription), 200, headers, "text/event-stream")


async def _stream(asked: Asked, subscription: Subscription) -> AsyncIterator[str]:
    missed = 0
    checked_at = asked.clock.now()
    try:
        yield "retry: 3000\n\n"
        while not subscription.is_closed:
            event = await subscription.next(HEARTBEAT_S)
            if asked.clock.now() - checked_at >= HEARTBEAT_S:
                checked_at = asked.clock.now()
                if not await _may_still(asked):
                    return
            if subscription.missed > missed:
                yield f'event: missed\ndata: {{"missed":{subscription.missed - missed}}}\n\n'
                missed = subscription.missed
            yield ": nothing new\n\n" if event is None else _printed(event)
    finally:
        subscription.close()
        _count(asked, -1)


async def _may_still(asked: Asked) -> bool:
    """Whether who listens is still somebody, and still allowed to."""
    request = asked.request
    request.state.principal = None
    try:
        principal = await authenticate(request)
    except (TooManyRequests, TooManyTries):
        return True
    return principal is not None and principal.may(Permission.READ, asked.account_id)


def _printed(event: Event) -> str:
    data = event_document(event).model_dump(mode="json")
    return f"id: {event.id}\nevent: {event.kind.value}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _count(asked: Asked, by: int) -> None:
    """Count the streams of a principal. Raises TooManyRequests when one more would be too many."""
    streams = cast("Counter[str]", asked.request.app.state.streams)
    name = asked.principal.id or asked.principal.name
    if by > 0 and streams[name] >= MOST_STREAMS:
        raise TooManyRequests(HEARTBEAT_S)
    streams[name] += by
    if streams[name] <= 0:
        del streams[name]
