"""Read what rtpproxy answers and announces: ports, figures, errors, silence and digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from trunkline.domain.media import (
    DigitReceived,
    LocalMedia,
    MediaFailure,
    MediaFailureCause,
    Side,
    SideStatistics,
    StreamSilent,
)

_ERROR: Final = re.compile(r"E([0-9]{1,4})")
# "can't create listener": no free port pair, or no free file descriptor.
_NO_LISTENER: Final = frozenset({71, 72})
_MEANINGS: Final = {50: "no such stream", 60: "no prompt in a codec of the party", 35: "no codecs were given"}
_PORT: Final = re.compile(r"[0-9]{1,5}")
_SILENT: Final = re.compile(r"silent\.([A-Za-z0-9-]{1,40})")
_DIGIT: Final = re.compile(r"digit\.([ab])\.([A-Za-z0-9-]{1,40}) ([0-9*#A-D]) [0-9]{1,3} ([0-9]{1,5}) [01]")
# RFC 4733 §2.1: the clock of events is the audio's; that of every telephone codec ticks 8 times a millisecond.
_TICKS_PER_MS: Final = 8

UNAVAILABLE: Final = MediaFailure(MediaFailureCause.UNAVAILABLE)
"""The answer to every command that the engine took to its grave."""


@dataclass(frozen=True, slots=True)
class PartyFigures:
    """One answer to a query: what a party sent, and the totals of the whole stream."""

    side: SideStatistics
    relayed: int
    dropped: int


def read_port(line: str | None) -> LocalMedia | MediaFailure:
    """Read the answer to ``U`` or ``L``: ``port address [6]``, then the answers of what was appended."""
    if line is None:
        return UNAVAILABLE
    words = line.partition("&&")[0].split()
    if words == ["0"]:
        return refused("no such stream")
    if len(words) >= 2 and _PORT.fullmatch(words[0]) and 0 < int(words[0]) < 65536:
        try:
            return LocalMedia(_address(words[1]), int(words[0]))
        except ValueError:
            pass
    return _failure(line)


@lru_cache(maxsize=64)
def _address(text: str) -> str:
    return str(ip_address(text))


def is_exhausted(line: str | None) -> bool:
    """Whether the engine found no free port."""
    error = _ERROR.match(line) if line is not None else None
    return error is not None and int(error[1]) in _NO_LISTENER


def appended_failed(line: str | None) -> bool:
    """Whether something appended to an otherwise good ``U`` or ``L`` was refused."""
    return line is not None and any(part.strip().startswith("-") for part in line.split("&&")[1:])


def read_done(line: str | None) -> MediaFailure | None:
    """Read the answer of a command that answers ``0`` when it was done; None is success."""
    if line is None:
        return UNAVAILABLE
    return None if line == "0" else _failure(line)


def read_figures(line: str | None) -> PartyFigures | MediaFailure:
    """Read the answer to a query. Jitter comes in ticks of an 8 kHz clock (measured, not documented)."""
    if line is None:
        return UNAVAILABLE
    figures = dict(word.split("=", 1) for word in line.split() if "=" in word)
    try:
        return PartyFigures(
            SideStatistics(
                received=int(figures["rtpa_nrcvd"]),
                lost=int(figures["rtpa_nlost"]),
                duplicates=int(figures["rtpa_ndups"]),
                jitter_ms=float(figures["rtpa_javg"]) / _TICKS_PER_MS,
                jitter_max_ms=float(figures["rtpa_jmax"]) / _TICKS_PER_MS,
            ),
            relayed=int(figures["nrelayed"]),
            dropped=int(figures["ndropped"]),
        )
    except (KeyError, ValueError):
        return _failure(line)


def read_notice(line: str) -> StreamSilent | DigitReceived | None:
    """Read a notice; None for what is no event of ours (a flash, an unknown event number)."""
    if silent := _SILENT.fullmatch(line):
        return StreamSilent(silent[1])
    if digit := _DIGIT.fullmatch(line):
        return DigitReceived(digit[2], Side(digit[1]), digit[3], int(digit[4]) // _TICKS_PER_MS)
    return None


def refused(detail: str) -> MediaFailure:
    """Make the failure of a request that the engine would not or must not serve."""
    return MediaFailure(MediaFailureCause.REFUSED, detail)


def _failure(line: str) -> MediaFailure:
    error = _ERROR.match(line)
    code = int(error[1]) if error else None
    if code in _NO_LISTENER:
        return MediaFailure(MediaFailureCause.EXHAUSTED, line[:80])
    meaning = _MEANINGS.get(code, "") if code is not None else "an answer that was not understood"
    return refused(f"{line[:80]!r} {meaning}".rstrip())
