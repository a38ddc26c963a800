"""What commands print: tables for people, JSON for programs, plain columns into pipes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

_UNPRINTABLE: Final = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What JSON may hold as it is and a terminal should not."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say(text: str) -> None:
    """One line for people."""
    print(text)  # noqa: T201 - what this function is for


def tell(text: str) -> None:
    """One line for people that quotes strangers: what could steer the terminal is replaced."""
    say(_text(text))


def show_json(document: Any) -> None:
    """A document for programs, which people look at too: what could steer their terminal is escaped."""
    say(_UNPRINTABLE.sub(_escaped, json.dumps(document, indent=2, ensure_ascii=False)))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A table; a line that says why where it has no rows."""
    if not rows:
        say(empty)
        return
    texts = [[_text(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _show_columns([list(columns), *texts])
        return
    from rich import box  # noqa: PLC0415 - only people at a terminal see it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in texts:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)


def _show_columns(rows: list[list[str]]) -> None:
    """Plain columns that are never cut, for pipes."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def show_fields(fields: Sequence[tuple[str, object]]) -> None:
    """One thing, a field a line."""
    width = max(len(name) for name, _ in fields)
    for name, value in fields:
        say(f"{name:<{width}}  {_text(value)}".rstrip())


def instant(seconds: float | None) -> str | None:
    """An instant for programs, by RFC 3339 in UTC; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(seconds: float | None) -> str:
    """An instant for people, in the local time; empty for None."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = str(cell)
    # What came from the wire must not steer the terminal.
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
