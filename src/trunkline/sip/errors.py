"""What can be wrong with a message, and whose fault it is."""

from __future__ import annotations


class SipError(Exception):
    """Root of everything the SIP core raises."""


class ParseError(SipError):
    """They sent something that breaks the grammar or a limit.

    ``status`` and ``reason`` are the answer a request deserves (RFC 3261 §21.4); ``silent`` asks for none:
    the message is dropped and counted.
    """

    def __init__(self, reason: str, status: int = 400, *, silent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.silent = silent


class ProtocolViolation(SipError):  # noqa: N818 - a violation is theirs, not an error of ours
    """A well-formed message that breaks a rule of its transaction or dialog; ``status`` is its answer."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class UsageError(SipError):
    """We called the core wrongly: a bug of ours, never answered as theirs."""
