"""``trunkline credential import``: credentials from a CSV file, with a report of each refused line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import CommandFault
from trunkline.cli.output import Json, say, show_json, show_table
from trunkline.provisioning.credential_import import ImportedLine


def import_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file; - reads standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the lines.")] = False,
    json: Json = False,
) -> None:
    """Import credentials from CSV.

    Lines are username,realm,password or username,realm,hash1,hash1b[,domain]; a first line may name the columns.
    Right lines are written even when others are refused; the exit code is 2 when any was.
    """
    refused: list[ImportedLine] = []

    def report(line: ImportedLine) -> None:
        if line.fault is not None:
            refused.append(line)

    async def work(here: Installation) -> int:
        with _lines(file) as lines:
            return await here.provisioning.credential_import.run(here.account.id, lines, report, dry=dry_run)

    try:
        written = with_installation(context, work)
    except UnicodeDecodeError:
        raise CommandFault(f"{file} is not in UTF-8; save it as UTF-8 and import it again.") from None
    _tell(written, refused, dry_run=dry_run, json=json)
    if refused:
        raise typer.Exit(2)


def _tell(written: int, refused: list[ImportedLine], *, dry_run: bool, json: bool) -> None:
    if json:
        show_json({
            "written": 0 if dry_run else written,
            "right": written,
            "refused": [
                {"line": line.number, "username": line.username, "realm": line.realm, "code": line.fault.code,
                 "reason": line.fault.sentence}
                for line in refused if line.fault is not None
            ],
        })  # fmt: skip
        return
    if refused:
        show_table(
            ("LINE", "USER", "REALM", "WHY NOT"),
            [
                (line.number, line.username, line.realm, line.fault and line.fault.sentence)
                for line in refused
            ],
            empty="",
        )
    done = "would be imported" if dry_run else "imported"
    say(f"{written} credential{'' if written == 1 else 's'} {done}, {len(refused)} refused.")


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    if str(path) == "-":
        yield iter(sys.stdin)
        return
    try:
        file = path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise CommandFault(f"{path} cannot be read: {error.strerror}; check its name.") from None
    with file:
        if sys.stderr.isatty():
            with _progress(file, path.stat().st_size) as lines:
                yield lines
        else:
            yield iter(file)


@contextmanager
def _progress(file: TextIO, size: int) -> Iterator[Iterator[str]]:
    from rich.console import Console  # noqa: PLC0415 - only people see it
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Importing", total=size)

        def advancing() -> Iterator[str]:
            for line in file:
                progress.advance(task, len(line.encode()))
                yield line

        yield advancing()
