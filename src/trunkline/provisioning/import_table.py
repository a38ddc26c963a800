"""Imports of credentials that go on while somebody watches: their progress, and what became of each refused line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog

from trunkline.domain.clock import Clock
from trunkline.provisioning.credential_import import CredentialImport, ImportedLine
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

MOST_KEPT: Final = 50
"""Imports that are remembered, those of all accounts together; the oldest are forgotten first."""

MOST_RUNNING: Final = 2
"""Imports of one account at a time."""

_log: Final = structlog.get_logger("trunkline.import")


class ImportState(StrEnum):
    """How far an import is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class ImportProgress:
    """One import. ``sentence`` says why it failed; what was written before stays.

    ``total`` counts the lines that were sent, also those that name the columns or are empty; ``refused`` are those that were not taken; nothing is kept of the others.
    """

    id: int
    account_id: int
    dry: bool
    total: int
    started_at: float
    state: ImportState = ImportState.RUNNING
    ended_at: float | None = None
    done: int = 0
    written: int = 0
    refused: list[ImportedLine] = field(default_factory=list)
    sentence: str = ""

    def report(self, line: ImportedLine) -> None:
        """Take what became of a line."""
        self.done += 1
        if line.fault is None:
            self.written += 1
        else:
            self.refused.append(line)


class ImportTable:
    """The imports since the server started."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._imports: dict[int, ImportProgress] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_id = 0

    def start(
        self,
        importing: CredentialImport,
        account_id: int,
        lines: Sequence[str],
        *,
        unreadable: Iterable[ImportedLine] = (),
        dry: bool = False,
    ) -> ImportProgress:
        """Begin an import of CSV lines; ``unreadable`` are those that could not even be made such lines.

        ``dry``: they are only checked. Raises ProvisioningFault when too many imports of the account run.
        """
        running = [one for one in self.of(account_id) if one.state is ImportState.RUNNING]
        if len(running) >= MOST_RUNNING:
            raise ProvisioningFault(
                FaultCode.TOO_MANY_IMPORTS,
                f"{len(running)} imports run in this account; wait for one to end.",
            )
        self._last_id += 1
        refused = list(unreadable)
        progress = ImportProgress(
            self._last_id, account_id, dry, len(lines) + len(refused), self._clock.now(), done=len(refused),
            refused=refused,
        )  # fmt: skip
        self._imports[progress.id] = progress
        self._forget_oldest()
        task = asyncio.get_running_loop().create_task(self._run(importing, progress, lines))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return progress

    def of(self, account_id: int) -> list[ImportProgress]:
        """The imports of an account, the oldest first."""
        return [one for one in self._imports.values() if one.account_id == account_id]

    def get(self, account_id: int, import_id: int) -> ImportProgress:
        """An import. Raises ProvisioningFault when there is none, or it is another account's."""
        progress = self._imports.get(import_id)
        if progress is None or progress.account_id != account_id:
            raise ProvisioningFault(FaultCode.UNKNOWN_IMPORT, f"There is no import {import_id} (any more).")
        return progress

    async def _run(self, importing: CredentialImport, progress: ImportProgress, lines: Sequence[str]) -> None:
        try:
            await importing.run(progress.account_id, lines, progress.report, dry=progress.dry)
            progress.state, progress.done = ImportState.DONE, progress.total
        except ProvisioningFault as fault:
            progress.state, progress.sentence = ImportState.FAILED, fault.sentence
        except Exception as error:  # noqa: BLE001 - the boundary: nobody waits for this task
            progress.state, progress.sentence = (
                ImportState.FAILED,
                "The server has a fault of its own; see its log.",
            )
            _log.exception("import failed", error=str(error))
        progress.ended_at = self._clock.now()

    def _forget_oldest(self) -> None:
        for import_id, progress in list(self._imports.items()):
            if len(self._imports) <= MOST_KEPT:
                return
            if progress.state is not ImportState.RUNNING:
                del self._imports[import_id]
