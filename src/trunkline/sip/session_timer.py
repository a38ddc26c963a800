"""Session timers: negotiating an interval and who refreshes, when to refresh, when to give up (RFC 4028)."""

from __future__ import annotations

from typing import Final

from trunkline.sip.errors import ParseError, ProtocolViolation
from trunkline.sip.grammar import decimal, parameter, parse_parameters
from trunkline.sip.message import Message, Request, Response

LEAST_INTERVAL_S: Final = 90
"""No interval may be shorter (§5), and what Min-SE means when it is absent."""

UAC: Final = "uac"
UAS: Final = "uas"

_LONGEST_INTERVAL_S: Final = 2**31 - 1


class SessionTimerPolicy:
    """What we want of session timers.

    The interval we offer and the shortest we accept, in seconds, and who refreshes where we, as the called
    side, may choose (``uac`` is the peer then).
    """

    def __init__(
        self, interval_s: int = 1800, min_interval_s: int = LEAST_INTERVAL_S, refresher: str = UAC
    ) -> None:
        self.min_interval_s: Final = max(min_interval_s, LEAST_INTERVAL_S)
        self.interval_s: Final = max(interval_s, self.min_interval_s)
        self.refresher: Final = refresher


class IntervalTooSmall(ProtocolViolation):
    """The peer asked for a shorter interval than we accept: answer 422 with ``Min-SE: min_interval_s`` (§6)."""

    def __init__(self, min_interval_s: int) -> None:
        super().__init__("Session Interval Too Small", 422)
        self.min_interval_s = min_interval_s


class SessionExpires:
    """A Session-Expires value: seconds, and ``uac``, ``uas`` or "" for who refreshes (§4)."""

    def __init__(self, interval_s: int, refresher: str = "") -> None:
        self.interval_s: Final = interval_s
        self.refresher: Final = refresher

    def __str__(self) -> str:
        return f"{self.interval_s};refresher={self.refresher}" if self.refresher else str(self.interval_s)


class SessionTimer:
    """The timer that a 2xx to an INVITE or UPDATE has set, counted from ``now``. Every later such 2xx makes another."""

    def __init__(self, interval_s: int, now: float, *, we_refresh: bool) -> None:
        self.interval_s: Final = interval_s
        self.we_refresh: Final = we_refresh
        self.refresh_at: Final = now + interval_s / 2
        self.expires_at: Final = now + interval_s - min(32.0, interval_s / 3)

    @property
    def due(self) -> float:
        """When something is to be done: refresh when it is ours to do, and else end the call (§10)."""
        return self.refresh_at if self.we_refresh else self.expires_at

    def refresh_headers(self) -> list[tuple[str, str]]:
        """What the refreshing request says: the same interval and the same refresher (§7.4)."""
        shown = SessionExpires(self.interval_s, UAC if self.we_refresh else UAS)
        return [("Session-Expires", str(shown))]


class AcceptedTimer:
    """What the called side answers: headers for its 2xx, and the timer it has to run."""

    def __init__(self, headers: list[tuple[str, str]], timer: SessionTimer) -> None:
        self.headers: Final = headers
        self.timer: Final = timer


def parse_session_expires(message: Message) -> SessionExpires | None:
    """Read Session-Expires; None when absent. Raises ParseError."""
    value = message.get("Session-Expires")
    if value is None:
        return None
    seconds, _, rest = value.partition(";")
    refresher = (parameter(parse_parameters(rest), "refresher") or "").lower()
    if refresher not in ("", UAC, UAS):
        raise ParseError("Bad Session-Expires")
    return SessionExpires(decimal(seconds, "Session-Expires", _LONGEST_INTERVAL_S), refresher)


def min_se_of(message: Message) -> int:
    """Read Min-SE: the shortest interval the peer, or a proxy between, bears; 90 when absent (§5). Raises ParseError."""
    value = message.get("Min-SE")
    if value is None:
        return LEAST_INTERVAL_S
    seconds = decimal(value.partition(";")[0], "Min-SE", _LONGEST_INTERVAL_S)
    return max(seconds, LEAST_INTERVAL_S)


def accept(request: Request, policy: SessionTimerPolicy, now: float) -> AcceptedTimer:
    """Answer an INVITE or UPDATE as the called side (§9).

    The interval is the shorter of theirs and ours, but not below either side's minimum. A peer that knows no session
    timers leaves the refreshing to us. Raises IntervalTooSmall, and ParseError for a bad header.
    """
    knows_timers = request.has_token("Supported", "timer") or request.has_token("Require", "timer")
    asked = parse_session_expires(request)
    least = max(min_se_of(request), policy.min_interval_s)
    interval_s = policy.interval_s
    refresher = ""
    if asked is not None:
        if asked.interval_s < policy.min_interval_s and knows_timers:
            raise IntervalTooSmall(policy.min_interval_s)
        interval_s = min(asked.interval_s, policy.interval_s)
        refresher = asked.refresher
    interval_s = max(interval_s, least)
    # §9, table 2: a refresher that was named is kept; one that cannot refresh is not chosen.
    if not knows_timers:
        refresher = UAS
    elif not refresher:
        refresher = policy.refresher
    headers = [("Session-Expires", str(SessionExpires(interval_s, refresher)))]
    if refresher == UAC:
        # §9: the caller must know that it is on it to refresh.
        headers.append(("Require", "timer"))
    return AcceptedTimer(headers, SessionTimer(interval_s, now, we_refresh=refresher == UAS))


def offer_headers(policy: SessionTimerPolicy, min_se_s: int = LEAST_INTERVAL_S) -> list[tuple[str, str]]:
    """Ask for a session timer as the calling side (§7.1).

    ``min_se_s`` is what a 422 demanded when the request is made again (§7.3). ``Supported: timer`` is not among the
    headers: it stands with the other option tags.
    """
    interval_s = max(policy.interval_s, min_se_s)
    headers = [("Session-Expires", str(interval_s))]
    least = max(policy.min_interval_s, min_se_s)
    if least > LEAST_INTERVAL_S:
        headers.append(("Min-SE", str(least)))
    return headers


def accepted(response: Response, now: float) -> SessionTimer | None:
    """Read the timer that a 2xx to our INVITE or UPDATE sets (§7.2); None when the session does not expire.

    Raises ParseError.
    """
    answer = parse_session_expires(response)
    if answer is None:
        return None
    interval_s = max(answer.interval_s, LEAST_INTERVAL_S)
    return SessionTimer(interval_s, now, we_refresh=answer.refresher != UAS)
