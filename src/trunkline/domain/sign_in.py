"""Sign-ins: browsers that a user has proved himself in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser's leave to act for a user until it expires.

    ``digest`` is the SHA-256 of what its cookie holds; the cookie itself is known to the browser alone. Times are
    epoch seconds; ``seen_at`` is a minute late at most.
    """

    digest: str = field(repr=False)
    user_id: int
    created_at: float
    seen_at: float
    expires_at: float
    source: str
    user_agent: str
