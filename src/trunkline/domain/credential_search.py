"""Which credentials somebody looks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CredentialSearch:
    """Fragments of names, in any case; all that are given must fit, an empty one fits everything.

    ``composite`` is looked for in ``user`` or ``user@domain``, ``realm`` in the realm's FQDN, ``application`` in
    the name of the application that calls go to.
    """

    composite: str = ""
    username: str = ""
    domain: str = ""
    realm: str = ""
    application: str = ""


EVERY_CREDENTIAL = CredentialSearch()
"""No condition at all."""
