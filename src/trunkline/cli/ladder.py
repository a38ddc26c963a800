"""``trunkline ladder``: everything that was said about a call, as text or as a capture file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import CommandFault, invocation
from trunkline.cli.output import Json, instant, say, show_json
from trunkline.operations.ladder import Ladder, draw, unpack
from trunkline.operations.ladder_text import print_ladder
from trunkline.operations.pcap import write_pcap

app = typer.Typer(add_completion=False)


@app.command()
def show_ladder(
    context: typer.Context,
    call_id: Annotated[
        str, typer.Argument(metavar="CALL-ID", help="Id of the call, as 'trunkline cdrs --json' shows it.")
    ],
    pcap: Annotated[
        Path | None,
        typer.Option(
            "--pcap", metavar="FILE", dir_okay=False, help="Write a capture file for Wireshark instead."
        ),
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="The steps without the messages in full.")] = False,
    json: Json = False,
) -> None:
    """Show the ladder of a call that has ended: all messages of all its legs, decisions, RTP figures.

    Secrets are masked. A server keeps ladders for some days, and writes one a few seconds after the end of its call.
    """
    account_id = invocation(context).account_id
    ladder = with_installation(context, lambda here: _find(here, call_id, account_id))
    if ladder is None:
        raise CommandFault(f"There is no call '{call_id}'; 'trunkline cdrs --json' shows the ids.")
    if pcap is not None:
        try:
            pcap.write_bytes(write_pcap(ladder))
        except OSError as error:
            raise CommandFault(f"{pcap} cannot be written: {error.strerror}.") from None
        say(f"{len(ladder.messages)} messages written to {pcap}.")
    elif json:
        show_json(_document(ladder))
    else:
        say(print_ladder(ladder, with_messages=not brief).rstrip("\n"))


async def _find(here: Installation, call_id: str, account_id: int | None) -> Ladder | None:
    """The kept ladder, or the notes that the call's record still allows; None when there is no such call."""
    from trunkline.store.cdr_listing import find_cdr  # noqa: PLC0415 - by need: see installation
    from trunkline.store.ladders import SqlLadders  # noqa: PLC0415

    kept = await SqlLadders(here.database).find(call_id)
    if kept is not None:
        ladder = unpack(kept.packed)
    else:
        cdr = await find_cdr(here.database, call_id)
        if cdr is None:
            return None
        ladder = draw(cdr, (), bytes)
    return ladder if account_id in (None, ladder.account_id) else None


def _document(ladder: Ladder) -> dict[str, object]:
    return {
        "call_id": ladder.call_id,
        "account_id": ladder.account_id,
        "started_at": instant(ladder.started_at),
        "ended_at": instant(ladder.ended_at),
        "lanes": [{"name": lane.name, "address": lane.address} for lane in ladder.lanes],
        "notes": [{"at": instant(note.at), "text": note.text} for note in ladder.notes],
        "messages": [
            {
                "at": instant(one.at),
                "from": one.sender,
                "to": one.receiver,
                "transport": one.transport,
                "local": list(one.local),
                "remote": list(one.remote),
                "text": one.text,
            }
            for one in ladder.messages
        ],
    }
