"""The JSON of an event as receivers of webhooks get it."""

from __future__ import annotations

import json
from datetime import UTC, datetime


def event_body(
    event_id: int, kind: str, at: float, account_id: int | None, subject: str, data: object
) -> str:
    """What is posted of an event that happened at epoch seconds ``at``. Characters beyond ASCII are escaped."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document = {
        "id": event_id, "kind": kind, "at": moment, "account_id": account_id, "subject": subject, "data": data,
    }  # fmt: skip
    return json.dumps(document, separators=(",", ":"))
