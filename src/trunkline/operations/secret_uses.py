"""Uses of rotating secrets: which of the two a credential's devices still prove themselves with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from trunkline.domain.credential import Credential

MOST: Final = 20_000


Use = Callable[[int, int, float], None]
"""Hears of a use: the credential's id, the generation of the secret (0 the newest), and when."""


class SecretUses:
    """Remembers in memory, of a bounded number of credentials; ``write`` hears of each use, to keep it over a restart."""

    def __init__(self, write: Use | None = None) -> None:
        self._last: dict[tuple[int, int], float] = {}
        self._write = write

    def load(self, uses: Iterable[tuple[int, int, float]]) -> None:
        """Take in what was kept, the oldest use first, before any other is heard of."""
        self._last = {(credential_id, generation): at for credential_id, generation, at in uses}

    def used(self, credential_id: int, generation: int, at: float) -> None:
        """This generation (0 the newest) was used at this time."""
        key = (credential_id, generation)
        self._last.pop(key, None)
        self._last[key] = at  # the latest stands last
        if len(self._last) > MOST:
            del self._last[next(iter(self._last))]
        if self._write is not None:
            self._write(credential_id, generation, at)

    def last_used(self, credential: Credential) -> tuple[float | None, ...]:
        """When each secret of a credential was used last; None where it was not since the last rotation.

        Only uses of rotating secrets are told. Those before the rotation were of other generations.
        """
        rotated_at = credential.secrets[0].created_at
        found = (self._last.get((credential.id, generation)) for generation in range(len(credential.secrets)))
        return tuple(at if at is not None and at >= rotated_at else None for at in found)
