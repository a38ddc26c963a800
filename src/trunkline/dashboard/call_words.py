"""What ended a call, in words for people."""

from __future__ import annotations

from typing import Final

from trunkline.domain.cdr import EndCause

_WORDS: Final = {
    EndCause.OPERATOR: "operator hung up",
    EndCause.DRAINED: "server stopped",
    EndCause.INTERRUPTED: "cut by a restart",
    EndCause.MEDIA_SILENT: "no sound came",
    EndCause.MEDIA_LOST: "media engine lost",
    EndCause.PEER_LOST: "one side lost",
}
"""Where the cause's own name does not say it."""


def cause_words(cause: EndCause) -> str:
    """What ended a call."""
    return _WORDS.get(cause) or cause.value.replace("-", " ")
