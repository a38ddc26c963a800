"""What all JSON documents have in common: their base classes, kinds of texts and times, and how they are sent."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*$"
"""Nothing that could steer a terminal, end a line, or be cut off at by a database."""

LARGEST_ID: Final = 2**53 - 1
"""What every client can hold in a number."""

Line = Annotated[str, StringConstraints(max_length=2048, pattern=NO_CONTROLS)]
"""Any text on one line."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=NO_CONTROLS)]
"""What something is called by."""

WRITTEN_AT_ONCE: Final = 25
"""Documents of a page: about a millisecond's work."""

Flag = StrictBool
Instant = Annotated[datetime, Field(examples=["2026-03-01T09:30:00.000Z"])]

_VOLATILE: Final[dict[str, Any]] = {
    "last_seen_at": True,
    "last_used_at": True,
    "standing": True,
    "credentials": True,
    "secrets": {"__all__": {"last_used_at"}},
}
"""Fields that change by themselves: they are no change of the resource."""


class Document(BaseModel):
    """Something that is sent."""

    model_config = ConfigDict(frozen=True)


class Wish(BaseModel):
    """Something that is received. Fields that nobody knows are refused, so that no misspelling goes unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_T = TypeVar("_T", bound=Document)
_Found = TypeVar("_Found")


class Page(Document, Generic[_T]):
    """A part of a list."""

    items: list[_T]
    next: str | None = Field(
        None,
        description="Give it as `after` to get the following items; null behind the last.",
        examples=["MTAw"],
    )


def instant(seconds: float | None) -> datetime | None:
    """Epoch seconds as a time in UTC, in whole milliseconds; None stays None."""
    return None if seconds is None else moment(seconds)


def moment(seconds: float) -> datetime:
    """Epoch seconds as a time in UTC, in whole milliseconds."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def answer(
    document: Document, status: int = 200, *, location: str = "", request: Request | None = None
) -> Response:
    """A document as a response; with a ``request``, as a resource that can be changed, with its entity tag."""
    body = document.model_dump_json().encode()
    headers: dict[str, str] = {}
    if location:
        headers["Location"] = location
    if request is not None:
        tag = entity_tag(document)
        headers["ETag"] = tag
        if request.method in {"GET", "HEAD"} and tag in tags_of(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")


async def page_answer(
    make: Callable[[_Found], Document], found: Sequence[_Found], following: str | None
) -> Response:
    """A :class:`Page` of documents as a response, written some at a time: SIP has its turn in between."""
    written: list[str] = []
    for start in range(0, len(found), WRITTEN_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        written += [make(one).model_dump_json() for one in found[start : start + WRITTEN_AT_ONCE]]
    body = f'{{"items":[{",".join(written)}],"next":{json.dumps(following)}}}'
    return Response(body.encode(), 200, media_type="application/json")


def nothing() -> Response:
    """The answer to what leaves nothing to say."""
    return Response(status_code=204)


def entity_tag(document: Document) -> str:
    """A strong entity tag of a resource (RFC 9110 §8.8.3): what changes by itself does not count."""
    text = document.model_dump_json(exclude=_VOLATILE)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def tags_of(header: str) -> set[str]:
    """The entity tags of an If-Match or If-None-Match; weak ones count as strong."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",") if tag.strip()}


def example(**fields: Any) -> ConfigDict:
    """The configuration of something that is received, with an example of the whole for those who read of it."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [fields]})
