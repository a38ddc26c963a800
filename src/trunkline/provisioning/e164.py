"""Telephone numbers as people write them, brought to E.164 form, or refused with a sentence."""

from __future__ import annotations

from trunkline.provisioning.faults import FaultCode, ProvisioningFault


def e164(text: str, country: str) -> str:
    """The E.164 form (with ``+``) of a number written internationally or as in ``country``.

    Raises ProvisioningFault when it is no possible number. Numbers that are possible but not assigned are
    taken: laboratories use them.
    """
    from trunkline.routing import numbering  # noqa: PLC0415 - its tables take longer to import than most commands to run

    number = numbering.e164(text, country)
    if isinstance(number, numbering.NumberFault):
        raise ProvisioningFault(
            FaultCode.INVALID_NUMBER,
            f"'{text}' cannot be used as a number: {number.value}; write it like +15550100199.",
        )
    return number


def is_country(code: str) -> bool:
    """Whether this is an ISO 3166 alpha-2 code (upper case) of a country with telephone numbers."""
    from trunkline.routing import numbering  # noqa: PLC0415 - see above

    return numbering.is_country(code)
