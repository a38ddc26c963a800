"""Which operation takes which permission: the one table that the routes obey and that the tests walk."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from trunkline.domain.role import Permission


class Reach(StrEnum):
    """What an operation works on."""

    SELF = "self"
    """Whoever asks; every principal may."""

    ACCOUNT = "account"
    """The account of the path."""

    INSTALLATION = "installation"
    """The whole installation, which only its owner may touch."""


ANYBODY: Final[dict[str, Permission]] = {"show_me": Permission.READ, "list_accounts": Permission.READ}
"""Operations of :attr:`Reach.SELF`: what they show is limited to what the principal may read."""

OF_INSTALLATION: Final[dict[str, Permission]] = {
    "add_account": Permission.INSTALL,
    "list_all_users": Permission.INSTALL,
}

OF_ACCOUNT: Final[dict[str, Permission]] = {
    "show_account": Permission.READ,
    "change_account": Permission.ADMINISTER,
    "list_users": Permission.ADMINISTER,
    "add_user": Permission.ADMINISTER,
    "show_user": Permission.ADMINISTER,
    "change_user": Permission.ADMINISTER,
    "set_user_password": Permission.ADMINISTER,
    "remove_user": Permission.ADMINISTER,
    "list_keys": Permission.ADMINISTER,
    "add_key": Permission.ADMINISTER,
    "show_key": Permission.ADMINISTER,
    "revoke_key": Permission.ADMINISTER,
    "list_audit": Permission.ADMINISTER,
    "list_realms": Permission.READ,
    "add_realm": Permission.PROVISION,
    "show_realm": Permission.READ,
    "change_realm": Permission.PROVISION,
    "remove_realm": Permission.PROVISION,
    "list_credentials": Permission.READ,
    "add_credential": Permission.PROVISION,
    "show_credential": Permission.READ,
    "show_credential_hashes": Permission.HASHES,
    "change_credential": Permission.PROVISION,
    "rotate_credential": Permission.PROVISION,
    "remove_credential": Permission.PROVISION,
    "export_credentials": Permission.READ,
    "start_import": Permission.PROVISION,
    "list_imports": Permission.PROVISION,
    "show_import": Permission.PROVISION,
    "list_import_lines": Permission.PROVISION,
    "list_applications": Permission.READ,
    "add_application": Permission.PROVISION,
    "show_application": Permission.READ,
    "change_application": Permission.PROVISION,
    "remove_application": Permission.PROVISION,
    "list_trunks": Permission.READ,
    "add_trunk": Permission.PROVISION,
    "show_trunk": Permission.READ,
    "change_trunk": Permission.PROVISION,
    "remove_trunk": Permission.PROVISION,
    "list_numbers": Permission.READ,
    "add_number": Permission.PROVISION,
    "show_number": Permission.READ,
    "change_number": Permission.PROVISION,
    "remove_number": Permission.PROVISION,
    "list_registrations": Permission.READ,
    "show_registration": Permission.READ,
    "show_timeline": Permission.READ,
    "unregister": Permission.OPERATE,
    "list_registration_events": Permission.READ,
    "show_overview": Permission.READ,
    "list_minutes": Permission.READ,
    "list_calls": Permission.READ,
    "show_call": Permission.READ,
    "hang_up_call": Permission.OPERATE,
    "show_ladder": Permission.READ,
    "show_ladder_text": Permission.READ,
    "show_ladder_pcap": Permission.READ,
    "list_cdrs": Permission.READ,
    "export_cdrs": Permission.READ,
    "show_cdr": Permission.READ,
    "stream_events": Permission.READ,
    "list_webhooks": Permission.READ,
    "add_webhook": Permission.PROVISION,
    "show_webhook": Permission.READ,
    "change_webhook": Permission.PROVISION,
    "rotate_webhook_secret": Permission.PROVISION,
    "test_webhook": Permission.PROVISION,
    "list_deliveries": Permission.READ,
    "show_delivery": Permission.READ,
    "remove_webhook": Permission.PROVISION,
    "list_rejection_codes": Permission.READ,
    "list_rejections": Permission.READ,
    "diagnose": Permission.READ,
    "dry_run": Permission.OPERATE,
    "hash_password": Permission.READ,
    "recognise_hash": Permission.READ,
}
"""Operations of :attr:`Reach.ACCOUNT`."""

ACCESS: Final[dict[str, tuple[Reach, Permission]]] = {
    **{name: (Reach.SELF, permission) for name, permission in ANYBODY.items()},
    **{name: (Reach.INSTALLATION, permission) for name, permission in OF_INSTALLATION.items()},
    **{name: (Reach.ACCOUNT, permission) for name, permission in OF_ACCOUNT.items()},
}
"""Every operation by its id."""
