"""Where a fault of the use cases is mended on these pages: a link beside the sentence, which is made for every surface."""

from __future__ import annotations

from typing import Final

from trunkline.provisioning.faults import FaultCode

CURES: Final[dict[FaultCode, tuple[str, str]]] = {
    FaultCode.UNKNOWN_REALM: ("All realms", "realms"),
    FaultCode.NO_DEFAULT_REALM: ("Add a realm", "realms/new"),
    FaultCode.UNKNOWN_CREDENTIAL: ("All credentials", "credentials"),
    FaultCode.UNKNOWN_APPLICATION: ("All applications", "applications"),
    FaultCode.UNKNOWN_TRUNK: ("All trunks", "trunks"),
    FaultCode.UNKNOWN_NUMBER: ("All numbers", "numbers"),
    FaultCode.UNKNOWN_USER: ("All users", "users"),
    FaultCode.UNKNOWN_KEY: ("All keys", "users"),
    FaultCode.UNKNOWN_WEBHOOK: ("All webhooks", "webhooks"),
    FaultCode.LAST_OWNER: ("All users", "users"),
    FaultCode.LAST_INSTALLER: ("All users", "users"),
}
"""What the link says, and where it leads below the account's address."""
