"""All use cases of provisioning over one store."""

from __future__ import annotations

from typing import Final, Self

from trunkline.domain.clock import Clock
from trunkline.domain.principal import SYSTEM, Principal
from trunkline.provisioning.accounts import AccountProvisioning
from trunkline.provisioning.api_keys import ApiKeyProvisioning
from trunkline.provisioning.applications import ApplicationProvisioning
from trunkline.provisioning.audit_trail import AuditTrail
from trunkline.provisioning.audited_store import AuditedStore
from trunkline.provisioning.change_description import AuditedNoun
from trunkline.provisioning.credential_batch import CredentialBatch
from trunkline.provisioning.credential_import import CredentialImport
from trunkline.provisioning.credential_listing import CredentialListing
from trunkline.provisioning.credentials import CredentialProvisioning
from trunkline.provisioning.idempotency import IdempotencyKeys
from trunkline.provisioning.numbers import NumberProvisioning
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.ports import ProvisioningStore
from trunkline.provisioning.realms import RealmNaming, RealmProvisioning
from trunkline.provisioning.tokens import RandomTokens, Tokens
from trunkline.provisioning.trunks import TrunkProvisioning
from trunkline.provisioning.users import UserProvisioning
from trunkline.provisioning.webhooks import WebhookProvisioning


class Provisioning:
    """The only writer of everything provisioned, in the hands of a principal: the server itself, until told otherwise.

    Whatever is written leaves an audit entry, and is refused when the principal may not; users, keys and the audit
    log are read by owners only. What else may be *read* is asked of the principal by who shows it.
    """

    def __init__(
        self,
        store: ProvisioningStore,
        clock: Clock,
        naming: RealmNaming,
        tokens: Tokens | None = None,
        *,
        hashes: PasswordHashes | None = None,
        principal: Principal = SYSTEM,
        source: str = "",
        expected: AuditedNoun | None = None,
    ) -> None:
        random = tokens or RandomTokens()
        passwords = hashes or PasswordHashes()
        audited = AuditedStore(store, principal, source, clock, expected)
        self._store = store
        self._clock = clock
        self._naming = naming
        self._tokens = random
        self._hashes = passwords
        self.principal: Final = principal
        self.accounts = AccountProvisioning(audited, clock, random)
        self.realms = RealmProvisioning(audited, clock, naming)
        self.credentials = CredentialProvisioning(audited, clock, random)
        self.credential_batch = CredentialBatch(audited, clock, random)
        self.credential_import = CredentialImport(audited, clock, random)
        self.credential_listing = CredentialListing(audited)
        self.applications = ApplicationProvisioning(audited, clock, random)
        self.trunks = TrunkProvisioning(audited, clock)
        self.numbers = NumberProvisioning(audited, clock)
        self.users = UserProvisioning(audited, clock, random, passwords)
        self.api_keys = ApiKeyProvisioning(audited, clock, random)
        self.webhooks = WebhookProvisioning(audited, clock, random)
        self.audit = AuditTrail(audited)
        self.idempotency = IdempotencyKeys(store, clock, principal)

    def acting_as(self, principal: Principal, source: str, *, expected: AuditedNoun | None = None) -> Self:
        """The same use cases in the hands of somebody who asks from this address.

        ``expected`` is a noun as he has seen it: a change of it is refused when it is another by now.
        """
        return type(self)(
            self._store,
            self._clock,
            self._naming,
            self._tokens,
            hashes=self._hashes,
            principal=principal,
            source=source,
            expected=expected,
        )
