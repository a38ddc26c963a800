"""Call detail records: one for every attempt, written when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from trunkline.domain.media import MediaStatistics


class EndCause(Enum):
    """Why a call ended, in our words."""

    CALLER_HUNG_UP = "caller-hung-up"
    CALLEE_HUNG_UP = "callee-hung-up"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    TRANSFERRED = "transferred"
    TOO_LONG = "too-long"
    MEDIA_SILENT = "media-silent"
    MEDIA_LOST = "media-lost"
    PEER_LOST = "peer-lost"
    OPERATOR = "operator"
    DRAINED = "drained"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class TrunkAttempt:
    """One try at a callee: trunk id (None: a device), the URI asked, the final status, 0 for silence."""

    trunk_id: int | None
    uri: str
    status: int


@dataclass(frozen=True, slots=True)
class CdrLeg:
    """One side of a call, with the Call-ID of its dialog; ``is_uas``: the party invited us, and chose that Call-ID.

    ``name`` is caller, callee-1, joined-1 …; several addresses that were tried for one callee share its name.
    """

    name: str
    sip_call_id: str
    transport: str
    host: str
    port: int
    is_uas: bool

    @property
    def address(self) -> str:
        """``transport:host:port``, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{host}:{self.port}"


# Not frozen: to go past a frozen one's guard takes ten times as long, for each of two dozen fields.
@dataclass(slots=True)
class Cdr:
    """What is known of one call attempt; never changed once it is made.

    Times are epoch seconds, None where it did not come to that.

    ``call_id`` is ours; ``sip_call_id`` the caller leg's Call-ID. ``source`` is ``address:port`` of the
    caller, ``user_agent`` its own word. ``status`` is the final SIP status the caller got;
    ``rejection`` the code of our refusal, empty when it was none. ``route`` says in words where the call was led to,
    ``legs`` are all its sides in the order they came in.
    """

    call_id: str
    sip_call_id: str
    account_id: int | None
    credential_id: int | None
    inbound_trunk_id: int | None
    caller: str
    callee: str
    source: str
    user_agent: str
    started_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    end_cause: EndCause | None = None
    status: int = 0
    rejection: str = ""
    detail: str = ""
    attempts: tuple[TrunkAttempt, ...] = ()
    trunk_id: int | None = None
    media: MediaStatistics | None = None
    tags: dict[str, str] = field(default_factory=dict)
    route: str = ""
    legs: tuple[CdrLeg, ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds from answer to end; 0 for an unanswered call."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return self.ended_at - self.answered_at
