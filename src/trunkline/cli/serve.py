"""``trunkline serve``: run the server, and say what it listens on and what to do next."""

from __future__ import annotations

import gc
import shlex
import sys
from typing import Annotated, Any, Final

import typer

from trunkline.cli.importing import importing_much
from trunkline.cli.invocation import CommandFault, invocation

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    context: typer.Context,
    sip: Annotated[
        list[str] | None,
        typer.Option(
            "--sip", metavar="LISTENER", help="Speak SIP at transport:address:port; may be given again."
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option("--http", metavar="ADDRESS:PORT", help="Health and metrics; 'none' for none."),
    ] = None,
    rtp_ports: Annotated[
        str | None, typer.Option("--rtp-ports", metavar="FIRST-LAST", help="UDP ports of media.")
    ] = None,
    rtp_address: Annotated[
        str | None, typer.Option("--rtp-address", metavar="ADDRESS", help="Local address of media.")
    ] = None,
    advertise: Annotated[
        str | None,
        typer.Option(
            "--advertise", metavar="ADDRESS", help="Address that media is to be sent to from outside."
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option("--log", metavar="people|json", help="Form of the log.")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning, error.")
    ] = None,
    trace_sip: Annotated[
        bool | None, typer.Option("--trace-sip", help="Log every SIP message, secrets masked.")
    ] = None,
) -> None:
    """Serve registrations and calls until SIGTERM."""
    with importing_much():
        from trunkline.app.log_lines import set_up_logging  # noqa: PLC0415 - what a server needs is slow to import
        from trunkline.app.running import run  # noqa: PLC0415
        from trunkline.edge.edge import ListenError  # noqa: PLC0415
        from trunkline.media.embedded import MediaEngineStartError  # noqa: PLC0415
        from trunkline.settings import read_settings  # noqa: PLC0415
    gc.freeze()  # modules stay: no collection need look through them while the server starts

    settings = read_settings(
        invocation(context).data_dir,
        **({"http": "" if http == "none" else http} if http is not None else {}),
        **_section("sip", listeners=tuple(sip) if sip else None),
        **_section("rtp", ports=rtp_ports, address=rtp_address, advertised_address=advertise),
        **_section("log", format=log_format, level=log_level, trace_sip=trace_sip),
    )
    set_up_logging(settings.log.format, settings.log.level)
    try:
        run(settings, _Greeting(_command(context)).greet)
    except (ListenError, MediaEngineStartError, ValueError, OSError) as error:
        raise CommandFault(str(error)) from error


def _section(name: str, **values: Any) -> dict[str, Any]:
    given = {key: value for key, value in values.items() if value is not None}
    return {name: given} if given else {}


def _command(context: typer.Context) -> str:
    """How the same data folder is worked on from another terminal."""
    folder = invocation(context).data_dir
    return "trunkline" if folder is None else f"trunkline --data {shlex.quote(str(folder))}"


class _Greeting:
    """Says in a few lines what there is, and what to do next."""

    def __init__(self, command: str) -> None:
        self._command: Final = command

    async def greet(self, server: Any, http: Any) -> None:
        """The server serves."""
        lines = [*_found(server, http), *await self._pages(http), *self._next_step(server)]
        print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201 - what the command is to say

    async def _pages(self, http: Any) -> list[str]:
        """Where to sign in, or how to make the first user.

        The setup link is as good as a password: it goes to a terminal, never into what may be kept as a log.
        """
        if http is None:
            return []
        if await http.has_users():
            return [f"  Open   {http.address}/"]
        lines = [f"First user: {self._command} user add admin --role owner --generate"]
        if sys.stderr.isatty():
            lines.append(f"        or open, once: {http.address}{http.setup_path}")
        return lines

    def _next_step(self, server: Any) -> list[str]:
        directory = server.directory
        if not directory.realms:
            return [f"Next: {self._command} realm add desk --default"]
        if not directory.credentials:
            realm = next(iter(directory.realms.values())).name
            return [f"Next: {self._command} credential add alice --realm {realm} --generate"]
        if not directory.trunks:
            return [f"Next: {self._command} trunk add carrier --target sip:ADDRESS, so that calls can leave"]
        counted = {
            "credentials": directory.credentials,
            "trunks": directory.trunks,
            "numbers": directory.numbers,
            "registered devices": server.bindings,
        }
        return ["  " + ", ".join(f"{len(nouns)} {name}" for name, nouns in counted.items())]


def _found(server: Any, http: Any) -> list[str]:
    lines = ["Trunkline is ready.", *(f"  SIP    {listener!r}" for listener in server.listeners)]
    if http is not None:
        lines.append(f"  HTTP   {http.scheme}://{http.shown}/health and /metrics")
    return lines
