"""The directory: everything provisioned, held in memory for the paths that may not wait.

The store fills it at the start and applies each change within a second (see ``docs/decisions``). Lookups
cost one dictionary access and take the same time whether or not the thing exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.credential import Credential
from trunkline.domain.number import Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import Trunk

Noun = Account | Realm | Credential | Application | Trunk | Number


@dataclass(frozen=True)
class Removed:
    """A noun is gone. ``kind`` is its class, ``key`` its id (a number's E.164 form)."""

    kind: type[Noun]
    key: int | str


Change = Noun | Removed


class Directory:
    """Accounts, realms, credentials, applications, trunks and numbers by the keys that calls ask for."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.realms: dict[int, Realm] = {}
        self.credentials: dict[int, Credential] = {}
        self.applications: dict[str, Application] = {}
        self.trunks: dict[int, Trunk] = {}
        self.numbers: dict[str, Number] = {}
        self._realm_by_name: dict[str, Realm] = {}
        self._default_realm: dict[int, Realm] = {}
        self._credential_by_aor: dict[str, Credential] = {}
        self._md5_only: dict[int, int] = {}
        self._trunks_by_account: dict[int, tuple[Trunk, ...]] = {}
        self._trunk_networks: list[tuple[IPv4Network | IPv6Network, Trunk]] = []
        self._trunk_by_address: dict[str, Trunk | None] = {}

    def apply(self, changes: Iterable[Change]) -> None:
        """Take in changed and removed nouns, in order."""
        trunks_changed = False
        for change in changes:
            self._forget(change)
            if not isinstance(change, Removed):
                self._remember(change)
            trunks_changed |= isinstance(change, Trunk) or (
                isinstance(change, Removed) and change.kind is Trunk
            )
        if trunks_changed:
            self._index_trunks()

    def realm(self, name: str) -> Realm | None:
        """The realm with this FQDN (lower case); None when there is none."""
        return self._realm_by_name.get(name)

    def default_realm(self, account_id: int | None = None) -> Realm | None:
        """The default realm of an account, or of the first account that has one; None when there is none."""
        if account_id is not None:
            return self._default_realm.get(account_id)
        return next(iter(self._default_realm.values()), None)

    def credential(self, aor: str) -> Credential | None:
        """The credential whose key ``composite@realm`` this is; None when there is none."""
        return self._credential_by_aor.get(aor)

    def needs_md5(self, realm_id: int) -> bool:
        """Whether a credential of this realm was given as MD5 hashes, so that SHA must not be offered there."""
        return realm_id in self._md5_only

    def number(self, e164: str) -> Number | None:
        """The owned number; None when nobody here owns it."""
        return self.numbers.get(e164)

    def trunks_of(self, account_id: int) -> tuple[Trunk, ...]:
        """The enabled trunks of an account."""
        return self._trunks_by_account.get(account_id, ())

    def trunk_from(self, address: str) -> Trunk | None:
        """The trunk whose inbound list holds this IP address (the narrowest network wins); None otherwise."""
        if address not in self._trunk_by_address:
            if len(self._trunk_by_address) > 4096:
                self._trunk_by_address.clear()
            self._trunk_by_address[address] = self._find_trunk(address)
        return self._trunk_by_address[address]

    def _find_trunk(self, address: str) -> Trunk | None:
        if not self._trunk_networks:
            return None
        ip = ip_address(address)
        return next((trunk for network, trunk in self._trunk_networks if ip in network), None)

    def _remember(self, noun: Noun) -> None:
        match noun:
            case Account():
                self.accounts[noun.id] = noun
            case Realm():
                self.realms[noun.id] = noun
                self._realm_by_name[noun.name] = noun
                if noun.is_default:
                    self._default_realm[noun.account_id] = noun
            case Credential():
                self.credentials[noun.id] = noun
                self._credential_by_aor[noun.aor] = noun
                self._count_md5_only(noun, 1)
            case Application():
                self.applications[noun.id] = noun
            case Trunk():
                self.trunks[noun.id] = noun
            case Number():
                self.numbers[noun.e164] = noun

    def _forget(self, change: Change) -> None:
        kind = change.kind if isinstance(change, Removed) else type(change)
        key: Any = (
            change.key if isinstance(change, Removed) else getattr(change, "e164" if kind is Number else "id")
        )
        if kind is Realm and (realm := self.realms.pop(key, None)):
            del self._realm_by_name[realm.name]
            if self._default_realm.get(realm.account_id) is realm:
                del self._default_realm[realm.account_id]
        elif kind is Credential and (credential := self.credentials.pop(key, None)):
            self._credential_by_aor.pop(credential.aor, None)
            self._count_md5_only(credential, -1)
        elif kind is Account:
            self.accounts.pop(key, None)
        elif kind is Application:
            self.applications.pop(key, None)
        elif kind is Trunk:
            self.trunks.pop(key, None)
        elif kind is Number:
            self.numbers.pop(key, None)

    def _count_md5_only(self, credential: Credential, step: int) -> None:
        if all(secret.sha256 and secret.sha512_256 for secret in credential.secrets):
            return
        count = self._md5_only.pop(credential.realm_id, 0) + step
        if count:
            self._md5_only[credential.realm_id] = count

    def _index_trunks(self) -> None:
        enabled = [trunk for trunk in self.trunks.values() if trunk.enabled]
        self._trunks_by_account = {
            account_id: tuple(trunk for trunk in enabled if trunk.account_id == account_id)
            for account_id in {trunk.account_id for trunk in enabled}
        }
        networks = [
            (ip_network(cidr, strict=False), trunk) for trunk in enabled for cidr in trunk.allowed_ips
        ]
        self._trunk_networks = sorted(networks, key=lambda entry: -entry[0].prefixlen)
        self._trunk_by_address.clear()
