"""Credentials as XML: what is sent, and what is shown."""

from __future__ import annotations

import re
from typing import Final

from trunkline.api.bandwidth_dashboard.errors import DashboardFault, required
from trunkline.api.bandwidth_dashboard.xml_reading import Fields, MalformedXml
from trunkline.api.bandwidth_dashboard.xml_writing import element, leaf, leaf_unless_empty
from trunkline.domain.credential import Credential
from trunkline.domain.realm import Realm
from trunkline.provisioning.credential_batch import NewCredential
from trunkline.provisioning.secret_input import Hashes

MASK: Final = "*" * 32
"""Printed for a hash where hashes are not shown; it is no hash, so that nothing can write it back by accident."""

NO_APPLICATION: Final = "remove"

_HASHES: Final = frozenset({"Hash1", "Hash1b"})
_ECHOED: Final = (
    "Id", "RealmId", "UserName", "Domain", "Hash1", "Hash1b", "Realm", "HttpVoiceV2AppId",
)  # fmt: skip
_ALIASES: Final = {"Hash1b": ("Hash1b", "Hash2")}
"""Guides and pages say Hash2 for what is Hash1b on the wire."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read_new(fields: Fields, realm: Realm | None) -> NewCredential:
    """A credential to create, in this realm or where it says itself. Raises DashboardFault and MalformedXml."""
    username = text_of(fields, "UserName")
    if not username:
        raise required("UserName")
    hashes = read_hashes(fields)
    application = read_application(fields) or ""
    where = text_of(fields, "Realm") or text_of(fields, "RealmId") or ""
    if realm is not None:
        require_realm(fields, realm)
        where = realm.name
    return NewCredential(username, hashes, text_of(fields, "Domain") or "", where, application)


def read_hashes(fields: Fields) -> Hashes:
    """The hashes, whose form the use case checks. Raises DashboardFault when there is no Hash1."""
    hash1 = text_of(fields, "Hash1")
    if not hash1:
        raise required("Hash1")
    return Hashes(hash1, text_of(fields, "Hash1b") or None)


def read_application(fields: Fields) -> str | None:
    """The id of the application; empty for none, None when the document says nothing. Raises DashboardFault."""
    given = text_of(fields, "HttpVoiceV2AppId")
    if not given:
        return given
    if given.lower() == NO_APPLICATION:
        return ""
    if not _UUID.fullmatch(given):
        raise DashboardFault(23020, f"HttpVoiceV2AppId '{given[:64]}' is not a UUID")
    return given.lower()


def require_realm(fields: Fields, realm: Realm) -> None:
    """Raise DashboardFault when the document names another realm than this one; it may repeat it in any form."""
    name = text_of(fields, "Realm") or realm.name
    realm_id = text_of(fields, "RealmId") or str(realm.id)
    if name.lower().rstrip(".") not in {realm.name, realm.label, str(realm.id)} or realm_id != str(realm.id):
        raise DashboardFault(23018, f"The credential names another realm than {realm.name}")


def text_of(fields: Fields, name: str) -> str | None:
    """The text of an element of a credential. Raises MalformedXml."""
    return fields.text(*_ALIASES.get(name, (name,)))


def echo(fields: Fields, *, shows_hashes: bool) -> str:
    """What was sent, as it is printed beside an error."""
    leaves = []
    for name in _ECHOED:
        try:
            text = text_of(fields, name)
        except MalformedXml:
            continue
        if text is not None:
            leaves.append(leaf(name, MASK if name in _HASHES and text and not shows_hashes else text))
    return element("SipCredential", *leaves)


def show(credential: Credential, *, shows_hashes: bool) -> str:
    """A credential that exists."""
    md5 = credential.secrets[0].md5
    return element(
        "SipCredential",
        leaf("Id", credential.id),
        leaf("RealmId", credential.realm_id),
        leaf("UserName", credential.username),
        leaf_unless_empty("Domain", credential.domain),
        leaf("Hash1", md5.hash1 if shows_hashes else MASK),
        leaf_unless_empty("Hash1b", md5.hash1b and (md5.hash1b if shows_hashes else MASK)),
        leaf("Realm", credential.realm_name),
        leaf_unless_empty("HttpVoiceV2AppId", credential.application_id),
    )
