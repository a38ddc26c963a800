"""Accounts: who owns realms, credentials, trunks and numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """A customer of this installation.

    ``id`` is numeric, as in the paths of the REST APIs; ``label`` is the short hexadecimal name that becomes
    part of the account's realm names; ``country`` (ISO 3166 alpha-2) says how national numbers are read.
    ``masks_hashes``: no API shows the hashes of its credentials, not even to those who may see them.
    """

    id: int
    label: str
    name: str
    country: str
    created_at: float
    masks_hashes: bool = False
