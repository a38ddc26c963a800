"""Written and dialled strings become E.164 numbers, or it is told what else they are.

The one place that asks libphonenumber's tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

MAX_DIALLED: Final = 64
"""Longer strings are user names, never numbers."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS: Final = re.compile(r"\+?[0-9]+")
_SEPARATORS: Final = str.maketrans("", "", " -.()/")
_EXTENSION_DIGITS: Final = 6
_EVERYWHERE_EMERGENCY: Final = frozenset({"112", "911"})


class NumberFault(Enum):
    """Why a text is no number that could be called."""

    NONE = "it is no telephone number"
    EXTENSION = "it has an extension"
    SHORT = "it is too short"
    LONG = "it is too long"
    COUNTRY_CODE = "its country code does not exist"
    LENGTH = "no number of its country has this length"


_FAULTS: Final[dict[int, NumberFault]] = {
    ValidationResult.TOO_SHORT: NumberFault.SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: NumberFault.SHORT,
    ValidationResult.TOO_LONG: NumberFault.LONG,
    ValidationResult.INVALID_COUNTRY_CODE: NumberFault.COUNTRY_CODE,
}


class DialledKind(Enum):
    """What a dialled string is."""

    NUMBER = "a telephone number"
    EMERGENCY = "an emergency number"
    SHORT = "a short number of its country"
    INCOMPLETE = "no complete telephone number"
    NAME = "a user name or extension"


@dataclass(frozen=True, slots=True)
class Dialled:
    """A dialled string that was understood.

    ``number`` is the E.164 form with ``+`` of a NUMBER, the digits of an emergency or short number, and
    otherwise what was dialled.
    """

    kind: DialledKind
    number: str


def e164(text: str, country: str) -> str | NumberFault:
    """The E.164 form (with ``+``) of a number written internationally or as in a country (ISO 3166 alpha-2, or empty).

    Numbers that are possible but not assigned are taken: laboratories use them.
    """
    number = _parsed(text, country)
    if number is None:
        return NumberFault.NONE
    if number.extension:
        return NumberFault.EXTENSION
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        return _FAULTS.get(reason, NumberFault.LENGTH)
    form = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return form if _E164.fullmatch(form) is not None else NumberFault.LENGTH


def is_country(code: str) -> bool:
    """Whether this is an ISO 3166 alpha-2 code (upper case) of a country with telephone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS


def normalise(dialled: str, country: str) -> Dialled:
    """Understand what was dialled in a country (ISO 3166 alpha-2; empty: only international forms are numbers).

    Accepted are ``+`` and the country's international prefix, ``00`` and ``011`` where the country's own plan
    makes nothing of them, national forms, visual separators, ``tel:`` and ``;phone-context=`` (RFC 3966).
    A number need only have a possible length, not be assigned. Emergency numbers are those of the country, and
    112 and 911 everywhere; an extension that looks like one is found by the device's name before this is asked.
    """
    if _E164.fullmatch(dialled) is not None:
        return Dialled(DialledKind.NUMBER, dialled)
    if len(dialled) > MAX_DIALLED:
        return Dialled(DialledKind.NAME, dialled)
    return _normalise(dialled, country)


@lru_cache(maxsize=4096)
def _normalise(dialled: str, country: str) -> Dialled:
    lowered = dialled.lower()
    if lowered.startswith("urn:service:sos"):
        return Dialled(DialledKind.EMERGENCY, lowered)
    bare, *parameters = lowered.removeprefix("tel:").split(";")
    digits = bare.translate(_SEPARATORS)
    if _DIGITS.fullmatch(digits) is None:
        return Dialled(DialledKind.NAME, dialled)
    if _is_emergency(digits.removeprefix("+"), country):
        return Dialled(DialledKind.EMERGENCY, digits.removeprefix("+"))
    if digits.startswith("+"):
        return _international(digits, dialled)
    in_context = _in_context(digits, dialled, parameters)
    if in_context is not None:
        return in_context
    if _is_short(digits, country):
        return Dialled(DialledKind.SHORT, digits)
    if len(digits) <= _EXTENSION_DIGITS:
        return Dialled(DialledKind.NAME, dialled)
    return _national(digits, country, dialled)


def _in_context(digits: str, dialled: str, parameters: list[str]) -> Dialled | None:
    """What a global ``phone-context`` makes of local digits; None when there is no such context.

    RFC 3966 §5.1.5 leaves open whether the context is the missing prefix or only says where the digits mean
    something: first they are joined, then the digits are read as dialled in the context's country.
    """
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        context = value.translate(_SEPARATORS)
        if name == "phone-context" and context.startswith("+") and _DIGITS.fullmatch(context):
            number = _possible(context + digits, "")
            place = _parsed(context, "")
            if number is None and place is not None:
                number = _possible(digits, phonenumbers.region_code_for_country_code(place.country_code or 0))
            return (
                Dialled(DialledKind.INCOMPLETE, dialled)
                if number is None
                else Dialled(DialledKind.NUMBER, number)
            )
    return None


def _international(digits: str, dialled: str) -> Dialled:
    number = _possible(digits, "")
    if number is None and _E164.fullmatch(digits) is not None:
        # A country code that the tables do not know (yet): the shape decides, as it does for undecorated numbers.
        number = digits
    return Dialled(DialledKind.INCOMPLETE, dialled) if number is None else Dialled(DialledKind.NUMBER, number)


def _national(digits: str, country: str, dialled: str) -> Dialled:
    number = _possible(digits, country) if country else None
    if number is None:
        for prefix in ("00", "011"):
            if digits.startswith(prefix):
                number = number or _possible(f"+{digits.removeprefix(prefix)}", "")
    return Dialled(DialledKind.INCOMPLETE, dialled) if number is None else Dialled(DialledKind.NUMBER, number)


def _possible(digits: str, country: str) -> str | None:
    """The E.164 form of digits that make a number of possible length; None for all else."""
    number = e164(digits, country)
    return None if isinstance(number, NumberFault) else number


def _parsed(digits: str, country: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, country or None)
    except phonenumbers.NumberParseException:
        return None


def _is_emergency(digits: str, country: str) -> bool:
    return digits in _EVERYWHERE_EMERGENCY or bool(
        country and len(digits) <= _EXTENSION_DIGITS and phonenumbers.is_emergency_number(digits, country)
    )


def _is_short(digits: str, country: str) -> bool:
    if not country or len(digits) > _EXTENSION_DIGITS:
        return False
    number = _parsed(digits, country)
    return number is not None and phonenumbers.is_valid_short_number_for_region(number, country)
