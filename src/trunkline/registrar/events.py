"""What the registrar tells others: devices came, stayed, moved, went, or were refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from trunkline.domain.rejection import Rejection
from trunkline.sip.flow import Flow


class Departure(Enum):
    """Who removed a binding."""

    DEVICE = "device"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Registered:
    """A device has a new binding. ``contact`` is the URI as it wrote it, ``expires_at`` in epoch seconds."""

    aor: str
    contact: str
    flow: Flow
    user_agent: str
    expires_at: float


@dataclass(frozen=True)
class Refreshed:
    """A device prolonged its binding; told only to those who ask for it."""

    aor: str
    contact: str
    flow: Flow
    user_agent: str
    expires_at: float


@dataclass(frozen=True)
class Moved:
    """A device is reachable over another flow, or at another contact, than before."""

    aor: str
    contact: str
    flow: Flow
    user_agent: str
    expires_at: float
    old_contact: str
    old_flow: Flow


@dataclass(frozen=True)
class Expired:
    """A device did not refresh in time, or its flow broke (``flow_closed``)."""

    aor: str
    contact: str
    flow: Flow
    user_agent: str
    flow_closed: bool = False


@dataclass(frozen=True)
class Unregistered:
    """A binding was removed on purpose."""

    aor: str
    contact: str
    flow: Flow
    user_agent: str
    departure: Departure


@dataclass(frozen=True)
class RegistrationRefused:
    """A REGISTER was refused; ``aor`` is who the sender claimed to be, "" when unknown."""

    rejection: Rejection
    aor: str
    contact: str
    flow: Flow
    user_agent: str


RegistrarEvent = Registered | Refreshed | Moved | Expired | Unregistered | RegistrationRefused
EventListener = Callable[[RegistrarEvent], None]


def ignore_event(_event: RegistrarEvent) -> None:
    """Listen to nothing."""
