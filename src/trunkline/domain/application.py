"""Voice applications: who decides what a call does, by webhook."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Application:
    """An application of an account. ``id`` is a UUID; URLs are empty where the operator gave none."""

    id: str
    account_id: int
    name: str
    call_initiated_url: str = ""
    call_status_url: str = ""
    callback_username: str = ""
    created_at: float = 0.0
