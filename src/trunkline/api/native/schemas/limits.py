"""Limits of credentials and trunks on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trunkline.api.native.documents import Document, Line, Wish
from trunkline.domain.limits import Limits

_Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
_Rate = Annotated[float, Field(strict=True, gt=0, le=1_000_000, allow_inf_nan=False)]


class LimitsDocument(Document):
    """Bounds on what it may do at once; null: no bound of its own."""

    concurrent_calls: int | None = Field(examples=[2])
    calls_per_second: float | None = Field(examples=[1.0])
    longest_call_s: int | None = Field(examples=[7200])
    destinations: list[str] = Field(
        examples=[["+1", "-+1900"]],
        description="`+1` allows, `-+1900` forbids; the longest that fits decides.",
    )
    bindings: int | None = Field(examples=[5], description="How many devices may register.")


class LimitsWish(Wish):
    """Bounds to set, all of them: what is left out is unbounded."""

    concurrent_calls: _Count | None = Field(default=None, examples=[2])
    calls_per_second: _Rate | None = Field(default=None, examples=[1.0])
    longest_call_s: _Count | None = Field(default=None, examples=[7200])
    destinations: Annotated[list[Line], Field(max_length=1000)] = Field(
        default_factory=list, examples=[["+1", "-+1900"]]
    )
    bindings: _Count | None = Field(default=None, examples=[5])


def limits_document(limits: Limits) -> LimitsDocument:
    """Limits as they are shown."""
    return LimitsDocument(
        concurrent_calls=limits.concurrent_calls,
        calls_per_second=limits.calls_per_second,
        longest_call_s=limits.longest_call_s,
        destinations=list(limits.destinations),
        bindings=limits.bindings,
    )


def wanted_limits(wish: LimitsWish) -> Limits:
    """Limits as they were sent."""
    return Limits(
        concurrent_calls=wish.concurrent_calls,
        calls_per_second=wish.calls_per_second,
        longest_call_s=wish.longest_call_s,
        destinations=tuple(wish.destinations),
        bindings=wish.bindings,
    )
