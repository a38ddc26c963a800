"""Cursors: where a list goes on. To clients they are opaque."""

from __future__ import annotations

import base64
import binascii
import bisect
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Query

from trunkline.api.native.documents import LARGEST_ID
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

LARGEST_PAGE: Final = 200
"""A page is made in one go: longer ones would let calls wait."""

_LONGEST: Final = 1200

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="At most so many items.")]
After = Annotated[
    str,
    Query(max_length=_LONGEST, description="The `next` of the page before; leave it out to begin."),
]
Search = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["alice"])]

_T = TypeVar("_T")


def cursor(position: str | int) -> str:
    """A position as clients see it."""
    return base64.urlsafe_b64encode(str(position).encode("utf-8", "surrogateescape")).decode().rstrip("=")


def position(after: str) -> str:
    """The position that a cursor stands for; empty for the beginning. Raises ProvisioningFault."""
    try:
        padded = after + "=" * (-len(after) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        raise invalid_cursor() from None
    if "\0" in text or (after and not text):
        raise invalid_cursor()
    return text


def number(after: str) -> int:
    """The id that a cursor stands for; 0 for the beginning. Raises ProvisioningFault."""
    text = position(after)
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= LARGEST_ID):
        raise invalid_cursor()
    return int(text)


def invalid_cursor() -> ProvisioningFault:
    """Say that a cursor is none that a page gave."""
    return ProvisioningFault(
        FaultCode.INVALID_CURSOR, "This is no position in this list; give the 'next' of the page before."
    )


def part(
    rows: Sequence[_T], key: Callable[[_T], int | str], after: str, limit: int
) -> tuple[Sequence[_T], str | None]:
    """A page of a list that is there as a whole, in the order of its keys, and the cursor to what follows."""
    ordered = sorted(rows, key=key)
    start = 0
    if after:
        at: int | str = number(after) if ordered and isinstance(key(ordered[0]), int) else position(after)
        start = bisect.bisect_right(ordered, at, key=key)
    shown = ordered[start : start + limit]
    more = len(ordered) > start + limit
    return shown, cursor(key(shown[-1])) if more else None
