"""DNS answers remembered for as long as they hold. Pure: ``now`` is given, in monotonic seconds."""

from __future__ import annotations

from typing import Final

from trunkline.sip.locating import Question, Record

_MIN_TTL_S: Final = 5.0
_MAX_TTL_S: Final = 3_600.0
_MAX_ABSENT_TTL_S: Final = 300.0
_STALE_S: Final = 86_400.0
_FAILED_TTL_S: Final = 5.0


class _Entry:
    def __init__(self, records: tuple[Record, ...], expires_at: float, stale_until: float) -> None:
        self.records: Final = records
        self.expires_at = expires_at
        self.stale_until: Final = stale_until


class AnswerCache:
    """Answers by question, the oldest forgotten first when there are more than ``max_answers``."""

    def __init__(self, max_answers: int = 10_000) -> None:
        self._max_answers: Final = max_answers
        self._entries: Final[dict[Question, _Entry]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, question: Question, now: float) -> tuple[Record, ...] | None:
        """Return an answer that still holds, empty when there are no such records; None when nothing is known."""
        entry = self._entries.get(question)
        return entry.records if entry is not None and entry.expires_at > now else None

    def put(self, question: Question, records: tuple[Record, ...], ttl_s: float, now: float) -> None:
        """Remember an answer for its time to live, kept within bounds."""
        longest = _MAX_TTL_S if records else _MAX_ABSENT_TTL_S
        expires_at = now + min(max(ttl_s, _MIN_TTL_S), longest)
        self._enter(question, _Entry(records, expires_at, expires_at + _STALE_S if records else expires_at))

    def put_failure(self, question: Question, now: float) -> tuple[Record, ...]:
        """Remember that nobody could answer, and return what to go by: the last answer, if not a day old (RFC 8767)."""
        entry = self._entries.get(question)
        if entry is not None and entry.stale_until > now:
            entry.expires_at = now + _FAILED_TTL_S
            return entry.records
        self._enter(question, _Entry((), now + _FAILED_TTL_S, 0.0))
        return ()

    def _enter(self, question: Question, entry: _Entry) -> None:
        self._entries.pop(question, None)
        while len(self._entries) >= self._max_answers:
            del self._entries[next(iter(self._entries))]
        self._entries[question] = entry
