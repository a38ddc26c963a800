"""A ladder as a page draws it: columns for the parties, a row for each step, and where its arrow begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkline.operations.ladder import HERE, Ladder, LadderMessage
from trunkline.operations.pages import in_pieces

_MAX_LABEL: Final = 60
_AT_ONCE: Final = 40


@dataclass(frozen=True, slots=True)
class Column:
    """A party: what it is called, where it is, and the middle of its column in percent of the drawing's width."""

    title: str
    address: str
    at: float


@dataclass(frozen=True, slots=True)
class Row:
    """A step of a call, ``after_ms`` milliseconds from its start.

    A message has an arrow from ``start`` to ``end`` (percent of the width), a ``label`` at ``middle``, the ``way`` in
    words for those who see no arrow, its masked ``text``, and a ``tone`` that says what became of it. A note has only
    its ``label``.
    """

    id: str
    after_ms: int
    label: str
    way: str = ""
    start: float = 0.0
    end: float = 0.0
    text: str = ""
    tone: str = "decision"

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class LadderView:
    """See the module."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    is_captured: bool


async def view_of(ladder: Ladder) -> LadderView:
    """The drawing of a ladder: the caller on the left, the server beside it, whom it called on the right.

    Long ones are worked out some messages at a time: calls go on in between.
    """
    names = [lane.name for lane in ladder.lanes]
    caller = [name for name in names if name == "caller"]
    order = [*caller, HERE, *(name for name in names if name not in caller)]
    places = {name: round((number + 0.5) / len(order) * 100, 2) for number, name in enumerate(order)}
    addresses = {lane.name: lane.address for lane in ladder.lanes}
    columns = tuple(Column(title_of(name), addresses.get(name, ""), places[name]) for name in order)
    steps: list[tuple[float, Row]] = [
        (note.at, Row(f"note-{number}", _after(ladder, note.at), visible(note.text)))
        for number, note in enumerate(ladder.notes)
    ]
    async for piece in in_pieces(tuple(enumerate(ladder.messages)), _AT_ONCE):
        steps += [(message.at, _row(ladder, message, number, places)) for number, message in piece]
    steps.sort(key=lambda step: step[0])
    return LadderView(columns, tuple(row for _, row in steps), ladder.is_captured)


def title_of(lane: str) -> str:
    """What a column is called."""
    return lane.replace("-", " ").capitalize()


def visible(text: str) -> str:
    """Text without anything that steers: what has no shape of its own, or turns a line round, is a replacement character."""
    if all(map(str.isprintable, text.split("\n"))):
        return text
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def _after(ladder: Ladder, at: float) -> int:
    return round((at - ladder.started_at) * 1000)


def _row(ladder: Ladder, message: LadderMessage, number: int, places: dict[str, float]) -> Row:
    label, tone = _label(message)
    return Row(
        f"message-{number}",
        _after(ladder, message.at),
        label,
        f"{title_of(message.sender)} to {title_of(message.receiver)}",
        places.get(message.sender, 50.0),
        places.get(message.receiver, 50.0),
        visible(message.text),
        tone,
    )


def _label(message: LadderMessage) -> tuple[str, str]:
    """What stands on an arrow: the method, or the status with the method that it answers; and its tone."""
    first = visible(message.first_line)
    has_media = " (SDP)" if b"\r\n\r\nv=0" in message.data else ""
    if not first.startswith("SIP/2.0 "):
        return f"{first.partition(' ')[0][:_MAX_LABEL]}{has_media}", "request"
    status = first[8:]
    tone = {"1": "provisional", "2": "success", "3": "provisional"}.get(status[:1], "failure")
    if status[:3] in {"401", "407"}:
        tone = "provisional"  # asking who it is refuses nobody
    return f"{status[:_MAX_LABEL]}{has_media} · {_method(message.text)}", tone


def _method(text: str) -> str:
    """The method that a response answers; empty where it has none."""
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "cseq":
            return value.split()[-1][:20] if value.split() else ""
    return ""
