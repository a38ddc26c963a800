"""Realms: the protection space of a digest and the SIP host that devices register at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""One DNS label, lower case (RFC 1123 §2.1)."""


@dataclass(frozen=True, slots=True)
class Realm:
    """A realm of an account. Exactly one realm of an account is its default.

    ``name`` is the fully qualified domain name, lower case: digest realm and SIP host alike. ``label`` is the
    short name it was made from, empty when the operator gave the whole name.
    """

    id: int
    account_id: int
    name: str
    label: str
    is_default: bool
    description: str
    created_at: float

    @property
    def sip_host(self) -> str:
        """The host part of this realm's addresses-of-record."""
        return self.name


def realm_name(
    label: str, account_label: str, base_domain: str, form: str = "{name}.{account}.{base}"
) -> str:
    """The FQDN of a realm made from its label; ``form`` is the installation's setting."""
    return form.format(name=label, account=account_label, base=base_domain).lower()


def realm_name_fault(name: str) -> str | None:
    """Say in a sentence why a string is no usable FQDN; None when it is one."""
    if len(name) > 253:
        return f"a realm name has at most 253 characters, this one has {len(name)}"
    labels = name.split(".")
    if len(labels) < 2:
        return f"'{name}' is not a fully qualified name: it needs at least one dot"
    for label in labels:
        if not LABEL.fullmatch(label):
            return f"'{label}' is not a DNS label: letters, digits and inner hyphens, at most 63 of them"
    return None
