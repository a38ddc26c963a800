"""Voice applications: who decides what a call does, by webhook."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Application:
    """An application of an account. ``id`` is a UUID; URLs are empty where the operator gave none.

    Methods are POST or GET. The passwords are what this server gives to the application's: they have to be kept as they
    are, and are shown nowhere. ``callback_timeout_s`` None leaves it to the server how long an answer may take.
    """

    id: str
    account_id: int
    name: str
    call_initiated_url: str = ""
    call_status_url: str = ""
    callback_username: str = ""
    created_at: float = 0.0
    call_initiated_method: str = "POST"
    call_status_method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"
    callback_password: str = field(default="", repr=False)
    fallback_username: str = ""
    fallback_password: str = field(default="", repr=False)
    callback_timeout_s: float | None = None
