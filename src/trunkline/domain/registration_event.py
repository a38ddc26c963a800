"""Registration events: what became of a device's registration, for people who ask why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RegistrationEventKind(Enum):
    """What happened."""

    REGISTERED = "registered"
    REFRESHED = "refreshed"
    MOVED = "moved"
    EXPIRED = "expired"
    UNREGISTERED = "unregistered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RegistrationEvent:
    """One event of an address-of-record (``composite@realm``) at epoch seconds ``at``.

    ``flow`` is where the REGISTER came from, ``detail`` the diagnosis of a refusal; both may be empty.
    """

    at: float
    aor: str
    kind: RegistrationEventKind
    contact: str = ""
    flow: str = ""
    user_agent: str = ""
    detail: str = ""
