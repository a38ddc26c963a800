"""Whether a principal may do something in an account, said in the one sentence that all hear who may not."""

from __future__ import annotations

from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import FaultCode, ProvisioningFault


def check_permission(principal: Principal, permission: Permission, account_id: int) -> None:
    """Raise ProvisioningFault unless the principal may do this in an account."""
    if not principal.may(permission, account_id):
        raise ProvisioningFault(
            FaultCode.FORBIDDEN,
            f"{principal.name} may not do this in account {account_id}: it takes the permission to "
            f"{permission.value}; ask an owner of the account.",
        )


def check_installer(principal: Principal) -> None:
    """Raise ProvisioningFault unless the principal owns the installation."""
    if not principal.is_installer:
        raise ProvisioningFault(
            FaultCode.FORBIDDEN,
            f"{principal.name} may not do this: it concerns every account; ask an owner of the installation.",
        )
