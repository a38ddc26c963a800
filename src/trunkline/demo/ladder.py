"""A ladder: who sent which SIP message to whom, in the order it happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request
from trunkline.sip.parser import parse_message

WIDEST: Final = 38
NARROWEST: Final = 22
"""Characters of a column: what the terminal has room for, between these."""


@dataclass(frozen=True, slots=True)
class Step:
    """One message. ``at`` is in seconds since the ladder began."""

    at: float
    sender: str
    receiver: str
    text: str
    is_request: bool


class Ladder:
    """Collects steps; ``parties`` are its columns from left to right."""

    def __init__(self, parties: tuple[str, ...], began_at: float) -> None:
        self.parties: Final = parties
        self._began_at = began_at
        self.steps: list[Step] = []

    def note(self, sender: str, receiver: str, data: bytes, now: float) -> None:
        """Take down a message; what cannot be read is passed over."""
        try:
            message = parse_message(data)
        except ParseError:
            return
        if isinstance(message, Request):
            text = message.method
        else:
            text = f"{message.status} {message.reason}"
            if message.cseq_method not in ("INVITE", "REGISTER"):
                text += f" ({message.cseq_method})"
        if message.body:
            text += " +SDP"
        self.steps.append(Step(now - self._began_at, sender, receiver, text, isinstance(message, Request)))

    def show(self, console: Console, title: str, since: int = 0) -> None:
        """Draw the steps from ``since`` on."""
        used = [
            name
            for name in self.parties
            if any(name in (step.sender, step.receiver) for step in self.steps[since:])
        ]
        console.print(f"\n[bold]{title}[/bold]")
        column = max(NARROWEST, min(WIDEST, (console.width - 10) // len(used)))
        console.print(Text("         " + "".join(name.center(column) for name in used)))
        for step in self.steps[since:]:
            console.print(self._row(step, used, column), no_wrap=True, crop=False)

    def _row(self, step: Step, used: list[str], column: int) -> Text:
        left, right = sorted((used.index(step.sender), used.index(step.receiver)))
        width = (right - left) * column - 1
        label = f" {step.text} "[: width - 2].center(width - 1, "─")
        arrow = f"{label}▶" if used[left] == step.sender else f"◀{label}"
        cells = [" "] * (column * len(used))
        for index in range(len(used)):
            cells[index * column + column // 2] = "│"
        start = left * column + column // 2 + 1
        cells[start : start + width] = list(arrow)
        row = Text(f"{step.at * 1000:7.0f}  ", style="dim")
        row.append("".join(cells).rstrip(), style="cyan" if step.is_request else "green")
        return row
