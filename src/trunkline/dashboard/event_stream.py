"""The event stream of pages: what happens in an account, as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission
from trunkline.operations.events import Event, Subscription

MOST: Final = 200
"""Streams at a time: each holds a connection, and calls need sockets too."""

_SIGN_OF_LIFE_S: Final = 15.0
_AGAIN_MS: Final = 3000


class EventStreams:
    """Gives browsers what they listen for."""

    def __init__(self) -> None:
        self._open = 0

    async def stream(self, visit: Visit) -> Response:
        """Events of the account from now on, or from behind the last one that the browser heard, or its page shows."""
        operations = visit.desk.operations
        if operations is None:
            return Response(status_code=204)  # a browser does not ask again
        if self._open >= MOST:
            raise HTTPException(503, "Too many pages are open; this one shows nothing live.")
        kinds = frozenset(filter(None, visit.query("kinds").split(",")))
        last = visit.request.headers.get("last-event-id") or visit.query("after")
        subscription = operations.events.subscribe(
            account_id=visit.account.id,
            kinds=kinds or None,
            after_id=int(last) if last.isascii() and last.isdecimal() and len(last) <= 18 else None,
        )
        headers = {"X-Accel-Buffering": "no"}  # a proxy shall pass each event on at once
        return StreamingResponse(self._told(visit, subscription), 200, headers, "text/event-stream")

    async def _told(self, visit: Visit, subscription: Subscription) -> AsyncIterator[str]:
        checked_at = visit.desk.clock.now()
        self._open += 1
        try:
            yield f"retry: {_AGAIN_MS}\n\n"
            while not subscription.is_closed:
                event = await subscription.next(_SIGN_OF_LIFE_S)
                now = visit.desk.clock.now()
                if now - checked_at >= _SIGN_OF_LIFE_S:
                    checked_at = now
                    if not await visit.is_still_signed_in():
                        return
                yield ": here\n\n" if event is None else _text(event)
        finally:
            self._open -= 1
            subscription.close()


def _text(event: Event) -> str:
    """An event as it goes over the wire; JSON keeps what a device said on one line."""
    data = json.dumps({"at": event.at, "kind": event.kind, "subject": event.subject})
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n"


PAGES: Final = (Page("GET", "events", Permission.READ, EventStreams().stream),)
