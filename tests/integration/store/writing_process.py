"""A process that writes bindings and calls as a server does, and tells on standard output what it has done.

Run as a child: ``python writing_process.py DATA_DIR``. Each line is ``WHAT NUMBER MONOTONIC_TIME``.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

from trunkline.domain.binding import Binding
from trunkline.domain.cdr import Cdr
from trunkline.sip.flow import Flow, Listener
from trunkline.store.bindings import BindingWriter
from trunkline.store.cdrs import CdrWriter
from trunkline.store.database import Database

LISTENER = Listener("udp", "127.0.0.1", 5060)


class Clock:
    """The time of the day."""

    def now(self) -> float:
        return time.time()


def binding(number: int) -> Binding:
    uri = f"sip:user{number}@127.0.0.1:5070"
    flow = Flow(LISTENER, "127.0.0.1", 5070)
    now = time.time()
    return Binding(
        f"user{number}@atlanta.example",
        uri,
        f"<{uri}>",
        f"call-{number}",
        1,
        now + 3600,
        1000,
        flow,
        (),
        "",
        0,
        "",
        now,
    )


def answered_call(number: int) -> Cdr:
    now = time.time()
    return Cdr(
        call_id=f"call-{number}", sip_call_id=f"{number}@atlanta.example", account_id=1, credential_id=1, inbound_trunk_id=None,
        caller="alice", callee="bob", source="127.0.0.1:5070", user_agent="", started_at=now, answered_at=now, status=200,
    )  # fmt: skip


async def main() -> None:
    database = await Database.open(Path(sys.argv[1]))
    bindings, cdrs = BindingWriter(database), CdrWriter(database, Clock())
    bindings.start()
    cdrs.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    number = 0
    while not stop.is_set():
        bindings.changed(binding(number))
        cdrs.opened(answered_call(number))
        print("wrote", number, time.monotonic(), flush=True)  # noqa: T201 - the test reads it
        number += 1
        await asyncio.sleep(0.002)
    await bindings.close()
    await cdrs.close()
    await database.close()


asyncio.run(main())
