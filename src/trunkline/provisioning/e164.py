"""Telephone numbers as people write them, brought to E.164 form with the help of libphonenumber's tables."""

from __future__ import annotations

from trunkline.provisioning.faults import FaultCode, ProvisioningFault


def e164(text: str, country: str) -> str:
    """The E.164 form (with ``+``) of a number written internationally or as in ``country``.

    Raises ProvisioningFault when it is no possible number. Numbers that are possible but not assigned are
    taken: laboratories use them.
    """
    import phonenumbers  # noqa: PLC0415 - its tables take longer to import than most commands to run

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise _invalid(text, "it is no telephone number") from None
    if number.extension:
        raise _invalid(text, "it has an extension")
    match phonenumbers.is_possible_number_with_reason(number):
        case phonenumbers.ValidationResult.IS_POSSIBLE:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        case phonenumbers.ValidationResult.TOO_SHORT | phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            raise _invalid(text, "it is too short")
        case phonenumbers.ValidationResult.TOO_LONG:
            raise _invalid(text, "it is too long")
        case phonenumbers.ValidationResult.INVALID_COUNTRY_CODE:
            raise _invalid(text, "its country code does not exist")
    raise _invalid(text, "no number of its country has this length")


def is_country(code: str) -> bool:
    """Whether this is an ISO 3166 alpha-2 code (upper case) of a country with telephone numbers."""
    import phonenumbers  # noqa: PLC0415 - see above

    return code in phonenumbers.SUPPORTED_REGIONS


def _invalid(text: str, why: str) -> ProvisioningFault:
    return ProvisioningFault(
        FaultCode.INVALID_NUMBER, f"'{text}' cannot be used as a number: {why}; write it like +15550100199."
    )
