"""Idempotency keys: a request that comes again under its key is not done again, but answered as the first time."""

from __future__ import annotations

from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.idempotency import IdempotentRequest
from trunkline.domain.principal import Principal
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore

KEPT_S: Final = 86_400.0
"""So long an answer is given again."""

FORGOTTEN_S: Final = 120.0
"""A request that has no answer for so long never gets one: the server stopped in the middle of it."""

MAX_KEY: Final = 200


class IdempotencyKeys:
    """The keys of one principal; nobody else's are touched."""

    def __init__(self, store: ProvisioningStore, clock: Clock, principal: Principal) -> None:
        self._store = store
        self._clock = clock
        # A token stands for the user or key that it was issued to, and has its keys.
        self._principal = principal.id or principal.name

    async def begin(self, key: str, digest: str) -> IdempotentRequest | None:
        """Take a key for a request with this digest; the request of the first time when it was answered already.

        Raises ProvisioningFault when the key stands for another request, or that request is still being answered.
        """
        if not key or len(key) > MAX_KEY or not key.isprintable():
            raise ProvisioningFault(
                FaultCode.INVALID_IDEMPOTENCY_KEY,
                f"An idempotency key has 1 to {MAX_KEY} printable characters; a random UUID is a good one.",
            )
        now = self._clock.now()
        async with self._store.writing() as rows:
            requests = rows.idempotent_requests
            await requests.remove_older(now - KEPT_S)
            known = await requests.get(self._principal, key)
            if known is not None and known.status is None and known.at <= now - FORGOTTEN_S:
                await requests.remove(self._principal, key)
                known = None
            if known is None:
                await requests.add(IdempotentRequest(self._principal, key, digest, None, "", "", now))
                return None
        if known.digest != digest:
            raise ProvisioningFault(
                FaultCode.IDEMPOTENCY_KEY_REUSED,
                "This idempotency key stands for another request; use a fresh one for each request.",
            )
        if known.status is None:
            raise ProvisioningFault(
                FaultCode.IDEMPOTENCY_KEY_IN_USE,
                "The request under this idempotency key is still being answered; ask again in a moment.",
            )
        return known

    async def finish(self, key: str, status: int, content_type: str, body: str) -> None:
        """Keep the answer of a request. It must hold no secret."""
        async with self._store.writing() as rows:
            await rows.idempotent_requests.answered(self._principal, key, status, content_type, body)

    async def forget(self, key: str) -> None:
        """Let a key go: its request was refused, and may be tried again."""
        async with self._store.writing() as rows:
            await rows.idempotent_requests.remove(self._principal, key)
