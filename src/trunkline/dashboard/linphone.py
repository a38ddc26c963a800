"""Linphone's remote provisioning: the file that a phone fetches once, by QR code or link.

Source: liblinphone's documentation, "Remote provisioning" and "Provisioning configuration keys". It takes the hash of
the password instead of the password, so that nobody has to keep that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

from trunkline.domain.credential import Credential

MEDIA_TYPE: Final = "application/xml"
SCHEME: Final = "linphone-config:"
"""Before a link that Linphone itself shall open."""

_NAMESPACE: Final = "http://www.linphone.org/xsds/lpconfig.xsd"
_EXPIRES_S: Final = 3600


def linphone_settings(credential: Credential, user: str, server: str) -> bytes:
    """The settings of one account. ``user`` is its user part as in a URI, ``server`` the SIP URI of a listener."""
    realm = credential.realm_name
    config = ET.Element("config", {"xmlns": _NAMESPACE})
    _section(
        config,
        "proxy_0",
        {
            "reg_identity": f"sip:{user}@{realm}",
            "reg_proxy": f"sip:{realm}",
            "reg_route": f"<{server}>",
            "reg_sendregister": "1",
            "reg_expires": str(_EXPIRES_S),
            "realm": realm,
        },
    )
    _section(
        config,
        "auth_info_0",
        {
            "username": user,
            "userid": credential.composite,
            "ha1": credential.secrets[0].md5.hash1,
            "realm": realm,
            "domain": realm,
            "algorithm": "MD5",
        },
    )
    _section(config, "sip", {"default_proxy": "0"})
    # The link works once: the phone must not ask there again at its next start.
    _section(config, "misc", {"transient_provisioning": "1"})
    return bytes(ET.tostring(config, encoding="utf-8", xml_declaration=True))


def _section(config: ET.Element, name: str, entries: Mapping[str, str]) -> None:
    section = ET.SubElement(config, "section", {"name": name})
    for key, value in entries.items():
        ET.SubElement(section, "entry", {"name": key, "overwrite": "true"}).text = value
