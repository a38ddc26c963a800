"""Parties that are gone without a BYE."""

from __future__ import annotations

from typing import Final

from trunkline.calls.ending import leg_ended, send_bye
from trunkline.calls.events import LegHungUp
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg, LegState
from trunkline.domain.cdr import EndCause

DEAD_DIALOG: Final = frozenset({408, 481})
"""Finals to a request within a dialog that mean the dialog is gone (RFC 3261 §12.2.1.2)."""


def lose(exchange: Exchange, leg: Leg, cause: EndCause) -> None:
    """End the dialog of a party that is gone; the program hears that it hung up."""
    if leg.state is not LegState.ANSWERED:
        return
    send_bye(exchange, leg)
    exchange.post(leg.call, LegHungUp(leg.name, cause))
    leg_ended(exchange, leg, cause)
