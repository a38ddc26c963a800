"""Navigation: which pages stand on the left, in which order and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trunkline.domain.role import Permission

if TYPE_CHECKING:
    from trunkline.dashboard.visit import Visit


@dataclass(frozen=True, slots=True)
class Entry:
    """A page on the left: its name, its address below the account's, its icon, and who sees it."""

    name: str
    path: str
    symbol: str
    permission: Permission = Permission.READ

    def is_current(self, visit: Visit) -> bool:
        """Whether the visitor is there, or on a page below it."""
        return visit.is_at(self.path)


GROUPS: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    ("", (Entry("Overview", "", "overview"),)),
    (
        "Running",
        (Entry("Registrations", "registrations", "registration"), Entry("Calls", "calls", "call")),
    ),
    (
        "Provisioning",
        (
            Entry("SIP Credentials", "credentials", "key"),
            Entry("Realms", "realms", "realm"),
            Entry("Numbers", "numbers", "number"),
            Entry("Applications", "applications", "application"),
            Entry("Trunks", "trunks", "trunk"),
            Entry("Webhooks", "webhooks", "webhook"),
        ),
    ),
    (
        "Looking into it",
        (
            Entry("Hash doctor", "doctor", "doctor", Permission.HASHES),
            Entry("Dry run", "dry-run", "dry-run", Permission.OPERATE),
        ),
    ),
    (
        "Administration",
        (
            Entry("Users and keys", "users", "users", Permission.ADMINISTER),
            Entry("Audit", "audit", "audit", Permission.ADMINISTER),
            Entry("Settings", "settings", "settings", Permission.ADMINISTER),
        ),
    ),
)


def navigation(visit: Visit) -> list[tuple[str, list[Entry]]]:
    """The groups with the entries that a visitor may open; empty groups are left out."""
    groups = [(name, [entry for entry in entries if visit.may(entry.permission)]) for name, entries in GROUPS]
    return [(name, entries) for name, entries in groups if entries]
