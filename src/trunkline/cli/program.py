"""The program: its commands, its global options, and how faults leave it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from trunkline.cli.cures import with_cure
from trunkline.cli.importing import importing_much
from trunkline.cli.invocation import Invocation

COMMANDS: Final[dict[str, str]] = {
    "serve": "trunkline.cli.serve",
    "doctor": "trunkline.cli.doctor",
    "demo": "trunkline.cli.demo",
    "realm": "trunkline.cli.realm",
    "credential": "trunkline.cli.credential",
    "trunk": "trunkline.cli.trunk",
    "number": "trunkline.cli.number",
    "application": "trunkline.cli.application",
    "account": "trunkline.cli.account",
    "user": "trunkline.cli.user",
    "key": "trunkline.cli.key",
    "webhook": "trunkline.cli.webhook",
    "audit": "trunkline.cli.audit",
    "hash": "trunkline.cli.hash",
    "explain": "trunkline.cli.explain",
    "registrations": "trunkline.cli.registrations",
    "calls": "trunkline.cli.calls",
    "cdrs": "trunkline.cli.cdrs",
    "ladder": "trunkline.cli.ladder",
    "dry-run": "trunkline.cli.dry_run",
}
"""Each command and the module whose ``app`` (a :class:`typer.Typer`) it is, in the order of the help."""

INPUT_FAULT: Final = 2
INTERRUPTED: Final = 130


class CommandsByNeed(TyperGroup):
    """Imports a command's module when the command is called, so that none pays for the others."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the help."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; None when there is none."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        with importing_much():
            command = typer.main.get_command(importlib.import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app: Final = typer.Typer(
    name="trunkline", cls=CommandsByNeed, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="A self-hosted SIP registrar and network bridge.",
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only this asks for it

        print(f"trunkline {version('trunkline')}")  # noqa: T201 - what was asked for
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Data folder. Default: TRUNKLINE_DATA_DIR, or by XDG.",
            file_okay=False,
        ),
    ] = None,
    account: Annotated[
        int | None,
        typer.Option("--account", metavar="ID", help="Account to work on. Default: the first one."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    context.obj = Invocation(data, account)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 done, 1 failed, 2 wrong input, 130 interrupted.

    Wrong input gets one sentence on standard error.
    """
    command = typer.main.get_command(app)
    try:
        result = command.main(
            args=None if arguments is None else list(arguments), prog_name="trunkline", standalone_mode=False
        )
    except typer.TyperException as error:
        return _refuse(_usage_sentence(error), error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:
        # Provisioning, settings and store say what is wrong in a sentence; importing them here would slow
        # down every start.
        sentence = getattr(error, "sentence", None)
        if not isinstance(sentence, str):
            raise
        return _refuse(with_cure(sentence, getattr(error, "code", "")), INPUT_FAULT)
    return result if isinstance(result, int) else 0


def _usage_sentence(error: typer.TyperException) -> str:
    """What is wrong with the words of a command, and where its help is. Empty when the help was shown just now."""
    message = error.format_message().strip().replace(": Value error, ", ": ")
    context = getattr(error, "ctx", None)
    if not message or context is None:
        return message
    end = " See" if message.endswith("?") else "; see"
    return f"{message.rstrip('.')}{end} '{context.command_path} --help'."


def _refuse(sentence: str, code: int) -> int:
    if sentence:
        print(f"trunkline: {' '.join(sentence.split())}", file=sys.stderr)  # noqa: T201 - what this function is for
    return code
