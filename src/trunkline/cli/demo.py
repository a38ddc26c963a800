"""``trunkline demo``: a server with a carrier, a provider and a telephone, shown at work."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from trunkline.cli.invocation import CommandFault

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    stay: Annotated[bool, typer.Option("--stay", help="Leave the server running until Ctrl-C.")] = False,
) -> None:
    """Register a device, place the provider's authenticated calls, check that both sides hear each other."""
    import uvloop  # noqa: PLC0415 - what a server needs is slow to import

    from trunkline.app.log_lines import set_up_logging  # noqa: PLC0415
    from trunkline.demo.party import DemoFailedError  # noqa: PLC0415

    set_up_logging("people", "warning")
    with tempfile.TemporaryDirectory(prefix="trunkline-demo-") as folder:
        try:
            uvloop.run(_show(Path(folder), stay=stay))
        except DemoFailedError as error:
            raise CommandFault(f"The demonstration failed: {error}.") from error
        except KeyboardInterrupt:
            return


async def _show(folder: Path, *, stay: bool) -> None:
    import asyncio  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from trunkline.demo.story import clear_away, tell  # noqa: PLC0415

    console = Console(highlight=False)
    scene = await tell(folder, console)
    try:
        console.print("\n[bold green]Everything arrived.[/bold green]")
        if stay:
            console.print(f"The server stays at udp:127.0.0.1:{scene.sip_port}. Look at it with")
            console.print(f"  trunkline --data {folder} cdrs\nCtrl-C ends it.")
            await asyncio.Event().wait()
    finally:
        await clear_away(scene)
