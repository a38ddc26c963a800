"""Numbers: E.164 numbers that an account owns, and where calls to them go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DestinationKind(Enum):
    """What a number leads to."""

    DEVICE = "device"
    APPLICATION = "application"
    TRUNK = "trunk"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a number leads: an address-of-record key, an application id, or a trunk id as text."""

    kind: DestinationKind
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """An owned number with its ``+``."""

    e164: str
    account_id: int
    destination: Destination
    created_at: float = 0.0
