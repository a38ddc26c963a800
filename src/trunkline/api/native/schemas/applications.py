"""Voice applications on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, Line, Wish, moment
from trunkline.domain.application import Application
from trunkline.provisioning.applications import ApplicationCallbacks

_Timeout = Annotated[float, Field(strict=True, ge=0, le=60, allow_inf_nan=False)]
_Method = Literal["GET", "POST"]


class ApplicationDocument(Document):
    """An application: who decides what a call does. Passwords are not shown."""

    id: str = Field(examples=["11111111-2222-4333-8444-555555555555"])
    name: str = Field(examples=["reception"])
    call_initiated_url: str = Field(examples=["https://app.example/calls"])
    call_initiated_method: str
    call_status_url: str = Field(examples=["https://app.example/status"])
    call_status_method: str
    fallback_url: str
    fallback_method: str
    callback_username: str
    has_callback_password: bool
    fallback_username: str
    has_fallback_password: bool
    callback_timeout_s: float | None = Field(description="null: the server decides.")
    created_at: Instant


class CallbacksWish(Wish):
    """How an application is called back; empty texts take away."""

    call_initiated_url: Line | None = Field(None, examples=["https://app.example/calls"])
    call_initiated_method: _Method | None = None
    call_status_url: Line | None = Field(None, examples=["https://app.example/status"])
    call_status_method: _Method | None = None
    callback_username: Line | None = None
    callback_password: Line | None = None
    fallback_url: Line | None = None
    fallback_method: _Method | None = None
    fallback_username: Line | None = None
    fallback_password: Line | None = None
    callback_timeout_s: _Timeout | None = Field(None, description="Seconds; 0 leaves it to the server.")


class NewApplication(CallbacksWish):
    """An application to create."""

    name: Line = Field(examples=["reception"])


class ApplicationChange(CallbacksWish):
    """What to change; what is left out stays. Another user name takes the old password away."""

    name: Line | None = None


def application_document(application: Application) -> ApplicationDocument:
    """An application as it is shown."""
    return ApplicationDocument(
        id=application.id,
        name=application.name,
        call_initiated_url=application.call_initiated_url,
        call_initiated_method=application.call_initiated_method,
        call_status_url=application.call_status_url,
        call_status_method=application.call_status_method,
        fallback_url=application.fallback_url,
        fallback_method=application.fallback_method,
        callback_username=application.callback_username,
        has_callback_password=bool(application.callback_password),
        fallback_username=application.fallback_username,
        has_fallback_password=bool(application.fallback_password),
        callback_timeout_s=application.callback_timeout_s,
        created_at=moment(application.created_at),
    )


def wanted_callbacks(wish: CallbacksWish) -> ApplicationCallbacks:
    """Callbacks as they were sent."""
    return ApplicationCallbacks(
        call_initiated_url=wish.call_initiated_url,
        call_initiated_method=wish.call_initiated_method,
        call_status_url=wish.call_status_url,
        call_status_method=wish.call_status_method,
        callback_username=wish.callback_username,
        callback_password=wish.callback_password,
        fallback_url=wish.fallback_url,
        fallback_method=wish.fallback_method,
        fallback_username=wish.fallback_username,
        fallback_password=wish.fallback_password,
        callback_timeout_s=wish.callback_timeout_s,
    )
