"""Idempotency keys: requests that a client may send again without their being done again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request under a key of its principal's choice, and the answer that it got.

    ``digest`` tells whether it is the same request; ``status`` is None while it is being answered.
    """

    principal: str
    key: str
    digest: str
    status: int | None
    content_type: str
    body: str
    at: float
