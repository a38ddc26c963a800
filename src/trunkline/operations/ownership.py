"""Whose an address-of-record is: nothing is shown to another account."""

from __future__ import annotations

from typing import Protocol

from trunkline.domain.credential import Credential
from trunkline.domain.realm import Realm


class Owners(Protocol):
    """Port: who owns what; :class:`~trunkline.domain.directory.Directory` is one."""

    def realm(self, name: str) -> Realm | None:
        """The realm with this FQDN; None when there is none."""
        ...

    def credential(self, aor: str) -> Credential | None:
        """The credential with the key ``composite@realm``; None when there is none."""
        ...


def account_of_aor(owners: Owners, aor: str) -> int | None:
    """The account that an address-of-record (``composite@realm``) belongs to; None when it is nobody's here.

    An unknown user of a realm belongs to the realm's account: its owner wants to see who knocks.
    """
    credential = owners.credential(aor)
    if credential is not None:
        return credential.account_id
    realm = owners.realm(aor.rpartition("@")[2].lower())
    return realm.account_id if realm is not None else None


def normalised_aor(text: str) -> str:
    """An address-of-record as people write it (``sip:`` before it, the realm in any case) as its key."""
    user, at, realm = text.strip().removeprefix("sips:").removeprefix("sip:").rpartition("@")
    return f"{user}{at}{realm.lower()}"
