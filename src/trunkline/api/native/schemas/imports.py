"""Imports of credentials on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, instant, moment
from trunkline.provisioning.credential_import import ImportedLine
from trunkline.provisioning.import_table import ImportProgress, ImportState


class ImportDocument(Document):
    """How an import goes. It is remembered until the server stops."""

    id: int = Field(examples=[1])
    state: ImportState
    dry: bool = Field(description="The lines are only checked.")
    total: int = Field(description="Lines that were sent, that of the column names included.")
    done: int = Field(description="Lines that were looked at.")
    written: int = Field(description="Credentials that were written, or would have been.")
    refused: int = Field(description="Lines that were not taken; see its `lines`.")
    sentence: str = Field(description="Why it failed.")
    started_at: Instant
    ended_at: Instant | None


class ImportLineDocument(Document):
    """A line that was not taken."""

    line: int = Field(examples=[3], description="Counted from 1, that of the column names included.")
    username: str = Field(examples=["alice"])
    realm: str = Field(examples=["desk.0a1b2c.auth.example.net"])
    code: str = Field(examples=["credential-exists"])
    sentence: str


def import_document(progress: ImportProgress) -> ImportDocument:
    """An import as it is shown."""
    return ImportDocument(
        id=progress.id,
        state=progress.state,
        dry=progress.dry,
        total=progress.total,
        done=progress.done,
        written=progress.written,
        refused=len(progress.refused),
        sentence=progress.sentence,
        started_at=moment(progress.started_at),
        ended_at=instant(progress.ended_at),
    )


def import_line_document(line: ImportedLine) -> ImportLineDocument:
    """A refused line as it is shown."""
    fault = line.fault
    return ImportLineDocument(
        line=line.number,
        username=line.username[:320],
        realm=line.realm[:320],
        code="" if fault is None else fault.code.value,
        sentence="" if fault is None else fault.sentence,
    )
