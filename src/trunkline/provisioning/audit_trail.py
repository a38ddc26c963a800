"""Reading the audit log: each account's by its owners, the installation's by who owns it."""

from __future__ import annotations

from trunkline.domain.audit import AuditEntry
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore

MAX_PAGE = 1000


class AuditTrail:
    """What was changed, by whom."""

    def __init__(self, store: ProvisioningStore, principal: Principal) -> None:
        self._store = store
        self._principal = principal

    async def page(self, query: AuditQuery) -> list[AuditEntry]:
        """The entries that a query asks for, the newest first. Raises ProvisioningFault for who may not see them."""
        account_id = query.account_id
        allowed = (
            self._principal.is_installer
            if account_id is None
            else self._principal.may(Permission.ADMINISTER, account_id)
        )
        if not allowed:
            raise ProvisioningFault(
                FaultCode.FORBIDDEN, "Only owners see the audit log, each that of his own account."
            )
        async with self._store.reading() as rows:
            return await rows.audit.page(query)
