"""Options of limits, the same for credentials and trunks."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from trunkline.domain.limits import Limits

MaxCalls = Annotated[
    int | None, typer.Option("--max-calls", metavar="N", help="Concurrent calls at most; 0: no bound.")
]
CallsPerSecond = Annotated[
    float | None,
    typer.Option("--calls-per-second", metavar="X", help="New calls a second at most; 0: no bound."),
]
LongestCall = Annotated[
    int | None, typer.Option("--longest-call", metavar="SECONDS", help="Longest call; 0: no bound.")
]
Destinations = Annotated[
    list[str] | None,
    typer.Option(
        "--destination", metavar="PREFIX", help="Allow +1, forbid -+1900; may be repeated; none: all."
    ),
]
Devices = Annotated[
    int | None,
    typer.Option("--devices", metavar="N", help="Devices that may register; 0: the server's bound."),
]


def changed_limits(
    limits: Limits, *, max_calls: int | None, calls_per_second: float | None, longest_call: int | None,
    destinations: list[str] | None, devices: int | None = None,
) -> Limits:  # fmt: skip
    """The limits with what was given; what was not stays, and 0 (or the one destination ``none``) takes a bound off."""
    changed = limits
    if max_calls is not None:
        changed = replace(changed, concurrent_calls=max_calls or None)
    if calls_per_second is not None:
        changed = replace(changed, calls_per_second=calls_per_second or None)
    if longest_call is not None:
        changed = replace(changed, longest_call_s=longest_call or None)
    if destinations:
        changed = replace(changed, destinations=() if destinations == ["none"] else tuple(destinations))
    if devices is not None:
        changed = replace(changed, bindings=devices or None)
    return changed
