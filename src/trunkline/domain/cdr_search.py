"""Searches in call detail records: what is asked for, and a page of what was found."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.domain.cdr import Cdr, EndCause


@dataclass(frozen=True, slots=True)
class CdrFilter:
    """Which records are wanted; what is None or empty does not count.

    ``since`` (included) and ``until`` (not included) bound the start, in epoch seconds. ``party`` is a piece of
    the caller or callee; ``trunk_id`` the trunk a call came in from or went out through; ``source`` a piece of the
    caller's address or User-Agent; ``sip_call_id`` the whole Call-ID of any of its legs; ``at_least_s`` and
    ``at_most_s`` bound the seconds from answer to end.
    """

    account_id: int | None = None
    credential_id: int | None = None
    trunk_id: int | None = None
    since: float | None = None
    until: float | None = None
    party: str = ""
    end_cause: EndCause | None = None
    rejection: str = ""
    answered: bool | None = None
    source: str = ""
    sip_call_id: str = ""
    status: int | None = None
    at_least_s: float | None = None
    at_most_s: float | None = None


@dataclass(frozen=True, slots=True)
class CdrPage:
    """Some records, and where to go on: ``after`` is empty behind the last."""

    cdrs: tuple[Cdr, ...]
    after: str
