"""The figures of each minute on disk: fills the port ``SampleStore`` of operations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import delete, select

from trunkline.operations.samples import Sample
from trunkline.store.batches import upsert_sql
from trunkline.store.database import Database
from trunkline.store.schema import samples as table


class SqlSamples:
    """Samples of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upsert = upsert_sql(table, database.placeholder)

    async def write(self, samples: Sequence[tuple[int, Sample]]) -> None:
        """See the port."""
        rows = [(account_id, sample.at, _figures(sample)) for account_id, sample in samples]
        if rows:
            async with self._database.writing() as connection:
                await connection.exec_driver_sql(self._upsert, rows)

    async def load(self, since: float) -> list[tuple[int, Sample]]:
        """See the port."""
        wanted = select(table).where(table.c.at >= since).order_by(table.c.at, table.c.account_id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        known = {one.name for one in fields(Sample)} - {"at"}
        return [
            (
                row.account_id,
                Sample(
                    row.at, **{name: one for name, one in json.loads(row.figures).items() if name in known}
                ),
            )
            for row in rows
        ]

    async def trim(self, before: float) -> None:
        """See the port."""
        async with self._database.writing() as connection:
            await connection.execute(delete(table).where(table.c.at < before))


def _figures(sample: Sample) -> str:
    figures = asdict(sample)
    del figures["at"]
    return json.dumps({name: one for name, one in figures.items() if one})
