"""Reading the audit log: each account's by its owners, the installation's by who owns it."""

from __future__ import annotations

from trunkline.domain.audit import AuditEntry
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.provisioning.ports import ProvisioningStore

MAX_PAGE = 1000


class AuditTrail:
    """What was changed, by whom."""

    def __init__(self, store: ProvisioningStore) -> None:
        self._store = store

    async def page(self, query: AuditQuery) -> list[AuditEntry]:
        """The entries that a query asks for, the newest first. Raises ProvisioningFault for who may not see them."""
        async with self._store.reading() as rows:
            return await rows.audit.page(query)
