"""All use cases of provisioning over one store."""

from __future__ import annotations

from trunkline.domain.clock import Clock
from trunkline.provisioning.accounts import AccountProvisioning
from trunkline.provisioning.applications import ApplicationProvisioning
from trunkline.provisioning.credential_batch import CredentialBatch
from trunkline.provisioning.credential_import import CredentialImport
from trunkline.provisioning.credential_listing import CredentialListing
from trunkline.provisioning.credentials import CredentialProvisioning
from trunkline.provisioning.numbers import NumberProvisioning
from trunkline.provisioning.ports import ProvisioningStore
from trunkline.provisioning.realms import RealmNaming, RealmProvisioning
from trunkline.provisioning.tokens import RandomTokens, Tokens
from trunkline.provisioning.trunks import TrunkProvisioning


class Provisioning:
    """The only writer of accounts, realms, credentials, applications, trunks and numbers."""

    def __init__(
        self, store: ProvisioningStore, clock: Clock, naming: RealmNaming, tokens: Tokens | None = None
    ) -> None:
        source = tokens or RandomTokens()
        self.accounts = AccountProvisioning(store, clock, source)
        self.realms = RealmProvisioning(store, clock, naming)
        self.credentials = CredentialProvisioning(store, clock, source)
        self.credential_batch = CredentialBatch(store, clock, source)
        self.credential_import = CredentialImport(store, clock, source)
        self.credential_listing = CredentialListing(store)
        self.applications = ApplicationProvisioning(store, clock, source)
        self.trunks = TrunkProvisioning(store, clock)
        self.numbers = NumberProvisioning(store, clock)
