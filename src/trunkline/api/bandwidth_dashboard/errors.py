"""Refusals as this API prints them: one table from our faults to its codes, and the two envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkline.api.bandwidth_dashboard.xml_writing import element, leaf
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
TOO_MANY: Final = 429


class DashboardFault(Exception):  # noqa: N818 - a fault is theirs, not an error of ours
    """A request cannot be done. ``code`` None: the service has no number for it, and prints none."""

    def __init__(self, code: int | None, text: str, status: int = BAD_REQUEST) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status


@dataclass(frozen=True, slots=True)
class WireCode:
    """How a fault is numbered. ``nested`` is the number below a realm's own credentials, where it differs."""

    code: int | None
    status: int = BAD_REQUEST
    nested: int | None = None


MALFORMED: Final = WireCode(None)
"""No number is known for it; the status and the sentence have to say it."""

WIRE_CODES: Final[dict[FaultCode, WireCode]] = {
    FaultCode.UNKNOWN_ACCOUNT: WireCode(4022, NOT_FOUND),
    FaultCode.UNKNOWN_REALM: WireCode(33001, NOT_FOUND),
    FaultCode.REALM_EXISTS: WireCode(33002),
    FaultCode.REALM_NAME_TOO_LONG: WireCode(33003),
    FaultCode.INVALID_REALM_NAME: WireCode(12673),
    FaultCode.REALM_NAME_FIXED: WireCode(33005),
    FaultCode.DEFAULT_REALM: WireCode(33006),
    FaultCode.REALM_IN_USE: WireCode(12666),
    FaultCode.NO_DEFAULT_REALM: WireCode(23021),
    FaultCode.UNKNOWN_CREDENTIAL: WireCode(23007, NOT_FOUND, nested=23025),
    FaultCode.CREDENTIAL_EXISTS: WireCode(23009, nested=23026),
    FaultCode.INVALID_USERNAME: WireCode(23016),
    FaultCode.USERNAME_TOO_LONG: WireCode(23002),
    FaultCode.INVALID_DOMAIN: WireCode(23015),
    FaultCode.INVALID_HASH: WireCode(23001),
    FaultCode.UNKNOWN_APPLICATION: WireCode(13629, NOT_FOUND),
    FaultCode.APPLICATION_IN_USE: WireCode(12107),
    FaultCode.INVALID_NAME: WireCode(12806),
    FaultCode.INVALID_URL: WireCode(12803),
    FaultCode.INVALID_METHOD: WireCode(12961),
    FaultCode.FORBIDDEN: WireCode(None, FORBIDDEN),
    FaultCode.TOO_MANY_TRIES: WireCode(None, TOO_MANY),
    FaultCode.TOO_MANY_REQUESTS: WireCode(None, TOO_MANY),
}
"""Faults that the original service numbers. Every other one is a 400 without a number."""

IN_A_CREDENTIAL: Final[dict[FaultCode, int]] = {
    FaultCode.UNKNOWN_REALM: 23017,
    FaultCode.UNKNOWN_APPLICATION: 23019,
}
"""What a credential refers to is missing: other numbers than where it is itself asked for, and no 404."""


def dashboard_fault(fault: ProvisioningFault, *, nested: bool = False) -> DashboardFault:
    """A fault of the use cases with its number and status."""
    wire = WIRE_CODES.get(fault.code, MALFORMED)
    code = wire.nested if nested and wire.nested is not None else wire.code
    return DashboardFault(code, _sentence(fault), wire.status)


def credential_fault(fault: ProvisioningFault, *, nested: bool = False) -> DashboardFault:
    """The same for a fault found in a credential that was sent."""
    if fault.code in IN_A_CREDENTIAL:
        return DashboardFault(IN_A_CREDENTIAL[fault.code], _sentence(fault))
    return dashboard_fault(fault, nested=nested)


def required(name: str) -> DashboardFault:
    """An element that must be there is not."""
    return DashboardFault(1003, f"{name} is required")


def response_status(code: int | None, text: str) -> str:
    """The single error: number, then text; clients read them in this order."""
    return element("ResponseStatus", *_code_and_text(code, text))


def error_item(fault: DashboardFault, echoed: str) -> str:
    """One error of a list, with what was refused."""
    return element("Error", *_code_and_text(fault.code, fault.text), echoed)


def _code_and_text(code: int | None, text: str) -> tuple[str, str]:
    return ("" if code is None else leaf("ErrorCode", code), leaf("Description", text))


def _sentence(fault: ProvisioningFault) -> str:
    if fault.code is FaultCode.INVALID_REALM_NAME:
        return "A realm name has letters, digits and inner hyphens only; give its short name, such as desk"
    return fault.sentence.removesuffix(".")
