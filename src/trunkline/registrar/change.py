"""What a Contact value of a REGISTER asks for: which binding it stands for, and what is to be done with it."""

from __future__ import annotations

from typing import Final

from trunkline.domain.binding import Binding
from trunkline.registrar.contact import Contact
from trunkline.sip.uri import equivalent, parse_uri


class Change:
    """What is to be done for one Contact value, once all of them are found to be right.

    ``contact`` is None where the device wrote the very value that the binding holds.
    """

    def __init__(self, binding: Binding | None, contact: Contact | None, expires: int, reg_id: int) -> None:
        self.binding: Final = binding
        self.contact: Final = contact
        self.expires: Final = expires
        self.reg_id: Final = reg_id


def matching(contact: Contact, reg_id: int, bindings: list[Binding], *, is_only: bool) -> Binding | None:
    """The binding that a Contact value stands for; None when it is a new one.

    A flow is known by instance and reg-id (RFC 5626 §6), a contact by its URI (RFC 3261 §19.1.4), and a device that
    comes back with its one contact changed by its instance, so that it takes its old place.
    """
    if reg_id:
        for binding in bindings:
            if binding.reg_id == reg_id and binding.instance == contact.instance:
                return binding
    uri = None
    for binding in bindings:
        if reg_id and binding.reg_id:
            continue
        if binding.uri == contact.uri:
            return binding
        if uri is None:
            uri = parse_uri(contact.uri)
        if equivalent(uri, parse_uri(binding.uri)):
            return binding
    if contact.instance and is_only and not reg_id:
        for binding in bindings:
            if binding.instance == contact.instance and not binding.reg_id:
                return binding
    return None


def speak_of_one(left: Change, right: Change) -> bool:
    """Whether two values of one request mean the same binding."""
    if left.binding is not None or right.binding is not None:
        return left.binding is right.binding
    if left.contact is None or right.contact is None or left.reg_id != right.reg_id:
        return False
    return left.contact.uri == right.contact.uri


def says_the_same(contact: Contact, reg_id: int, binding: Binding) -> bool:
    """Whether a Contact value describes the binding as it is."""
    return contact.text == binding.contact and contact.q == binding.q and reg_id == binding.reg_id
