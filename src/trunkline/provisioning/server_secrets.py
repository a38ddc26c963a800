"""Secrets of the server itself, such as the one that signs its tokens: made at first use, the same on every node."""

from __future__ import annotations

from trunkline.domain.clock import Clock
from trunkline.provisioning.ports import ProvisioningStore
from trunkline.provisioning.tokens import Tokens


class ServerSecrets:
    """Reads each secret once."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens
        self._known: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes:
        """The secret of this name; it is made when there is none."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = (await self._stored(name)).encode()
        return known

    async def _stored(self, name: str) -> str:
        async with self._store.reading() as rows:
            secret = await rows.server_keys.get(name)
        if secret is not None:
            return secret
        async with self._store.writing() as rows:
            secret = await rows.server_keys.get(name)
            if secret is None:
                secret = self._tokens.key_secret()
                await rows.server_keys.add(name, secret, self._clock.now())
            return secret
