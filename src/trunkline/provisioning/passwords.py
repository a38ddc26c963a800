"""Passwords of users: what is asked of them, and their argon2id hashes, made and checked in threads."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.wrong_tries import TooManyTries

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_Result = TypeVar("_Result")

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
"""Long enough for a sentence, short enough that hashing one is no attack."""

_TOO_FEW_SIGNS: Final = 4
_TELLING_NAME: Final = 4

_PASSES: Final = 2
_MEMORY_KIB: Final = 19_456
_LANES: Final = 1
_MOST_WAITING: Final = 64
_NICENESS: Final = 10


class PasswordHashes:
    """Makes and checks argon2id hashes, one at a time in a thread that gives way to all others: calls come first.

    Of those that wait, so many that it takes seconds, no more are taken on. The parameters are those that OWASP's password storage guide names for servers: 19 MiB, two passes, one lane.
    """

    def __init__(self, *, passes: int = _PASSES, memory_kib: int = _MEMORY_KIB) -> None:
        self._passes = passes
        self._memory_kib = memory_kib
        self._waiting = 0
        self._of_nobody = ""

    async def make(self, password: str) -> str:
        """The hash of a password, with its salt and parameters."""
        return await self._in_turn(self._made, password)

    async def fits(self, password: str, password_hash: str) -> bool:
        """Whether a password has this hash. An empty hash fits nothing, but that takes as long to find.

        Raises TooManyTries when many others wait for the same.
        """
        if self._waiting >= _MOST_WAITING:
            raise TooManyTries(_MOST_WAITING / 20)
        if not self._of_nobody:
            self._of_nobody = await self.make("nobody has this password")
        fits = await self._in_turn(self._verify, password, password_hash or self._of_nobody)
        return fits and bool(password_hash)

    async def _in_turn(self, work: Callable[..., _Result], *arguments: str) -> _Result:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
        finally:
            self._waiting -= 1

    @cached_property
    def _thread(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "passwords", _give_way)

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


def _give_way() -> None:
    """Lower the priority of this thread; where that is not possible, it has that of the others."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


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
