"""Rules of limits: every bound is a positive number, every destination an E.164 prefix."""

from __future__ import annotations

import re
from typing import Final

from trunkline.domain.limits import Limits
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

UNLIMITED: Final = Limits()
"""No bound at all."""

DESTINATION: Final = re.compile(r"-?\+[1-9][0-9]{0,14}")


def check_limits(limits: Limits) -> None:
    """Raise ProvisioningFault when a bound makes no sense."""
    bounds: tuple[tuple[str, float | None], ...] = (
        ("concurrent calls", limits.concurrent_calls),
        ("calls per second", limits.calls_per_second),
        ("seconds of the longest call", limits.longest_call_s),
        ("devices", limits.bindings),
    )
    for what, bound in bounds:
        if bound is not None and not 0 < bound < float("inf"):
            raise ProvisioningFault(
                FaultCode.INVALID_LIMIT,
                f"The limit of {what} is {bound:g}; give a number above 0, or disable the credential or trunk instead.",
            )
    for destination in limits.destinations:
        if not DESTINATION.fullmatch(destination):
            raise ProvisioningFault(
                FaultCode.INVALID_LIMIT,
                f"'{destination}' is no destination; write a prefix to allow as +1 and one to forbid as -+1900.",
            )
