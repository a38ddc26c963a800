"""Passwords of users: what is asked of them, and their argon2id hashes, made and checked in threads."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Final

from trunkline.provisioning.faults import FaultCode, ProvisioningFault

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
"""Long enough for a sentence, short enough that hashing one is no attack."""

_TOO_FEW_SIGNS: Final = 4
_TELLING_NAME: Final = 4

_PASSES: Final = 2
_MEMORY_KIB: Final = 19_456
_LANES: Final = 1
_AT_A_TIME: Final = 2


class PasswordHashes:
    """Makes and checks argon2id hashes, two at a time at most: calls need the processor too.

    The parameters are those that OWASP's password storage guide names for servers: 19 MiB, two passes, one lane.
    """

    def __init__(self, *, passes: int = _PASSES, memory_kib: int = _MEMORY_KIB) -> None:
        self._passes = passes
        self._memory_kib = memory_kib
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._of_nobody = ""

    async def make(self, password: str) -> str:
        """The hash of a password, with its salt and parameters."""
        async with self._turns:
            return await asyncio.to_thread(self._made, password)

    async def fits(self, password: str, password_hash: str) -> bool:
        """Whether a password has this hash. An empty hash fits nothing, but that takes as long to find."""
        if not self._of_nobody:
            self._of_nobody = await self.make("nobody has this password")
        async with self._turns:
            fits = await asyncio.to_thread(self._verify, password, password_hash or self._of_nobody)
        return fits and bool(password_hash)

    @cached_property
    def _hasher(self) -> PasswordHasher:
        # Imported here: most commands hash no password, and start faster without it.
        from argon2 import PasswordHasher  # noqa: PLC0415
        from argon2.low_level import Type  # noqa: PLC0415

        return PasswordHasher(
            time_cost=self._passes, memory_cost=self._memory_kib, parallelism=_LANES, type=Type.ID
        )

    def _made(self, password: str) -> str:
        return self._hasher.hash(password)

    def _verify(self, password: str, password_hash: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def check_user_password(password: str, name: str) -> None:
    """Raise ProvisioningFault when a password is no good for a user of this name."""
    if len(password) > MAX_PASSWORD:
        raise _weak(f"The password has {len(password)} characters; at most {MAX_PASSWORD} are allowed.")
    if len(password) < MIN_PASSWORD:
        raise _weak(
            f"The password has {len(password)} characters; give at least {MIN_PASSWORD}, or let one be generated."
        )
    if not password.isprintable():
        raise _weak(
            "The password has a control character (perhaps a line end); use printable characters only."
        )
    holds_name = len(name) >= _TELLING_NAME and name.lower() in password.lower()
    if holds_name or len(set(password)) < _TOO_FEW_SIGNS:
        raise _weak(
            "The password has the user's name in it, or only a few signs; give another, or let one be generated."
        )


def _weak(sentence: str) -> ProvisioningFault:
    return ProvisioningFault(FaultCode.WEAK_PASSWORD, sentence)
