"""The Replaces header field: an INVITE that takes the place of a dialog (RFC 3891)."""

from __future__ import annotations

from typing import Final

from trunkline.sip.dialog import DialogId
from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import parameter, parse_parameters
from trunkline.sip.message import Request


class Replaces:
    """Which dialog is to be replaced, as its other party names it: ``to_tag`` is the tag of whom this is sent to."""

    def __init__(self, call_id: str, to_tag: str, from_tag: str, *, early_only: bool = False) -> None:
        self.call_id: Final = call_id
        self.to_tag: Final = to_tag
        self.from_tag: Final = from_tag
        self.early_only: Final = early_only

    @property
    def dialog_id(self) -> DialogId:
        """The dialog as its receiver knows it (§3): to-tag is the local tag, from-tag the remote one."""
        return DialogId(self.call_id, self.to_tag, self.from_tag)

    def matches(self, dialog_id: DialogId) -> bool:
        """Whether this dialog is meant. A tag of ``0`` also means none, as with a peer of RFC 2543 (§6.1)."""
        return (
            self.call_id == dialog_id.call_id
            and _same_tag(self.to_tag, dialog_id.local_tag)
            and _same_tag(self.from_tag, dialog_id.remote_tag)
        )

    def __str__(self) -> str:
        flag = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{flag}"


def _same_tag(named: str, tag: str) -> bool:
    return named == tag or (named == "0" and not tag)


def parse_replaces(value: str) -> Replaces:
    """Read a Replaces value (§6.1). Raises ParseError; both tags must be there, once each."""
    call_id, _, rest = value.partition(";")
    call_id = call_id.strip()
    parameters = parse_parameters(rest)
    names = [name.lower() for name, _ in parameters]
    if not call_id or names.count("to-tag") != 1 or names.count("from-tag") != 1:
        raise ParseError("Bad Replaces")
    to_tag = parameter(parameters, "to-tag")
    from_tag = parameter(parameters, "from-tag")
    if not to_tag or not from_tag:
        raise ParseError("Bad Replaces")
    return Replaces(call_id, to_tag, from_tag, early_only="early-only" in names)


def replaces_of(request: Request) -> Replaces | None:
    """Read the Replaces of an INVITE; None when there is none. Raises ParseError, also in any other request (§3)."""
    value = request.get("Replaces")
    if value is None:
        return None
    if request.method != "INVITE":
        raise ParseError("Replaces Outside INVITE")
    return parse_replaces(value)
