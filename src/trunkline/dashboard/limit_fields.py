"""The fields of limits, which credentials and trunks share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkline.dashboard.forms import Form
from trunkline.domain.limits import Limits
from trunkline.provisioning.faults import ProvisioningFault
from trunkline.provisioning.limits import check_limits

CALLS: Final = "concurrent_calls"
RATE: Final = "calls_per_second"
LONGEST: Final = "longest_call_s"
DEVICES: Final = "bindings"
DESTINATIONS: Final = "destinations"


def limits_of(form: Form) -> Limits:
    """The limits that a form names. What is wrong with one of them is put beside its field."""
    limits = Limits(
        concurrent_calls=form.whole(CALLS),
        calls_per_second=form.decimal(RATE),
        longest_call_s=form.whole(LONGEST),
        destinations=form.words(DESTINATIONS),
        bindings=form.whole(DEVICES),
    )
    alone = {
        CALLS: Limits(concurrent_calls=limits.concurrent_calls),
        RATE: Limits(calls_per_second=limits.calls_per_second),
        LONGEST: Limits(longest_call_s=limits.longest_call_s),
        DEVICES: Limits(bindings=limits.bindings),
        DESTINATIONS: Limits(destinations=limits.destinations),
    }
    for name, one in alone.items():
        try:
            check_limits(one)
        except ProvisioningFault as fault:
            form.errors.setdefault(name, fault.sentence)
    return limits


def limit_values(limits: Limits) -> Mapping[str, str]:
    """What stands in the fields for limits that are kept."""
    bounds = {
        CALLS: limits.concurrent_calls,
        RATE: limits.calls_per_second,
        LONGEST: limits.longest_call_s,
        DEVICES: limits.bindings,
    }
    values = {name: "" if bound is None else f"{bound:g}" for name, bound in bounds.items()}
    return {**values, DESTINATIONS: "\n".join(limits.destinations)}
