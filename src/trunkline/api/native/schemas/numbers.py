"""Numbers on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, Line, Wish, moment
from trunkline.domain.number import DestinationKind, Number


class NumberDocument(Document):
    """A telephone number that the account owns."""

    number: str = Field(examples=["+15550100199"])
    kind: DestinationKind = Field(description="What it leads to.")
    destination: str = Field(
        examples=["alice@desk.0a1b2c.auth.example.net"],
        description="An address-of-record, an application's id or a trunk's id.",
    )
    created_at: Instant


class NewNumber(Wish):
    """A number to own."""

    number: Line = Field(examples=["+15550100199"])
    destination: Line = Field(
        examples=["sip:alice@desk"], description="`sip:USER@REALM`, `app:NAME` or `trunk:NAME`."
    )


class NumberChange(Wish):
    """Where a number leads from now on."""

    destination: Line = Field(examples=["app:reception"])


def number_document(number: Number) -> NumberDocument:
    """A number as it is shown."""
    return NumberDocument(
        number=number.e164,
        kind=number.destination.kind,
        destination=number.destination.value,
        created_at=moment(number.created_at),
    )
