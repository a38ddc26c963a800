"""Forms: what somebody typed, kept until it is right, with the sentence of what is wrong beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from trunkline.provisioning.faults import FaultCode, ProvisioningFault

MAX_FIELDS: Final = 500
MAX_BODY: Final = 262_144


class Form:
    """Values by field name (a field that was not sent is empty), and errors by field name.

    ``fault`` is what is wrong with no field in particular.
    """

    def __init__(self, values: Mapping[str, str] | None = None, **several: tuple[str, ...]) -> None:
        self._values: dict[str, tuple[str, ...]] = {name: (text,) for name, text in (values or {}).items()}
        self._values |= several
        self.errors: dict[str, str] = {}
        self.fault = ""

    @classmethod
    def of_text(cls, text: str) -> Form:
        """The form of a body of type application/x-www-form-urlencoded. Raises ValueError when there are too many fields."""
        several: dict[str, list[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS):
            several.setdefault(name, []).append(value.replace("\0", ""))  # databases do not take it
        form = cls()
        form._values = {name: tuple(values) for name, values in several.items()}
        return form

    def __getitem__(self, name: str) -> str:
        values = self._values.get(name)
        return values[0] if values else ""

    def text(self, name: str) -> str:
        """The value without white space around it."""
        return self[name].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field that is there several times."""
        return self._values.get(name, ())

    def words(self, name: str) -> tuple[str, ...]:
        """What stands in a field, separated by white space or commas."""
        return tuple(self[name].replace(",", " ").split())

    def is_checked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self[name])

    def whole(self, name: str) -> int | None:
        """A whole number; None where the field is empty, or where it is wrong: then its error is set."""
        number = self.decimal(name)
        if number is not None and number != int(number):
            self.errors[name] = "Write a whole number."
            return None
        return None if number is None else int(number)

    def decimal(self, name: str) -> float | None:
        """A number; None where the field is empty, or where it is wrong: then its error is set."""
        text = self.text(name)
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("inf")
        if not abs(number) < 1e12:
            self.errors[name] = f"'{text[:40]}' is no number; write it in digits."
            return None
        return number

    def refuse(self, fault: ProvisioningFault, fields: Mapping[FaultCode, str]) -> None:
        """Put what a use case says beside the field that it is about, or above all fields."""
        name = fields.get(fault.code)
        if name is None:
            self.fault = fault.sentence
        else:
            self.errors[name] = fault.sentence

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.errors and not self.fault


async def read_form(request: Request) -> Form:
    """The form of a request. Raises HTTPException when it is too large (413), no form (415) or broken (400)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"", "application/x-www-form-urlencoded"}:
        raise HTTPException(415, "Send a form (application/x-www-form-urlencoded).")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"A form has at most {MAX_BODY} bytes.")
    try:
        return Form.of_text(body.decode())
    except ValueError:
        raise HTTPException(400, f"The form is broken, or has more than {MAX_FIELDS} fields.") from None
