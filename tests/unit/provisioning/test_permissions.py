"""Who may do what: each role, each permission, the own account and a foreign one."""

import pytest

from trunkline.domain.principal import SYSTEM, Membership, Principal, PrincipalKind
from trunkline.domain.role import Permission, Role, allows

OWN = 1_000_001
FOREIGN = 1_000_002

ALLOWED = {
    Role.VIEWER: {"read"},
    Role.OPERATOR: {"read", "hashes", "provision", "operate"},
    Role.OWNER: {"read", "hashes", "provision", "operate", "administer"},
}
KINDS = [PrincipalKind.USER, PrincipalKind.KEY, PrincipalKind.TOKEN]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_allows_its_own_in_its_own_account_and_nothing_elsewhere(role, permission, kind):
    principal = Principal(kind, "7", "alice", (Membership(OWN, role),))
    assert principal.may(permission, OWN) is (permission.value in ALLOWED[role])
    assert principal.may(permission, FOREIGN) is False
    assert allows(role, permission) is (permission.value in ALLOWED[role])


@pytest.mark.parametrize("permission", Permission)
def test_whoever_has_no_role_may_nothing(permission):
    assert not Principal(PrincipalKind.USER, "7", "mallory").may(permission, OWN)


@pytest.mark.parametrize("permission", Permission)
def test_the_installer_may_everything_everywhere(permission):
    installer = Principal(PrincipalKind.USER, "1", "root", is_installer=True)
    assert installer.may(permission, OWN)
    assert installer.may(permission, FOREIGN)
    assert SYSTEM.may(permission, FOREIGN)


def test_roles_differ_from_account_to_account():
    principal = Principal(
        PrincipalKind.USER, "7", "alice", (Membership(OWN, Role.OWNER), Membership(FOREIGN, Role.VIEWER))
    )
    assert principal.accounts() == (OWN, FOREIGN)
    assert principal.role_in(FOREIGN) is Role.VIEWER
    assert principal.may(Permission.ADMINISTER, OWN)
    assert not principal.may(Permission.PROVISION, FOREIGN)
    assert principal.role_in(3) is None
