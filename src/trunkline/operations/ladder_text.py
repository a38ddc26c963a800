"""Ladders as text that can be pasted into a letter."""

from __future__ import annotations

from datetime import UTC, datetime

from trunkline.operations.ladder import HERE, Ladder, LadderMessage, LadderNote


def print_ladder(ladder: Ladder, *, with_messages: bool = True) -> str:
    """The ladder a line for each step, with times in UTC; behind it every message in full.

    Characters that could steer a terminal are shown as replacement characters.
    """
    lines = [f"Call {ladder.call_id}", *(f"  {lane.name:<10} {lane.address}" for lane in ladder.lanes), ""]
    steps: list[tuple[float, str]] = [(note.at, _note(note)) for note in ladder.notes]
    steps += [(message.at, _step(message)) for message in ladder.messages]
    lines += [text for _, text in sorted(steps, key=lambda step: step[0])]
    if not ladder.is_captured:
        lines += ["", "No message of this call is kept (any more)."]
    if with_messages:
        for message in ladder.messages:
            lines += ["", f"{'-' * 20} {_step(message)} ({_way(message)})", message.text]
    return "\n".join(_plain(line) for line in lines) + "\n"


def _note(note: LadderNote) -> str:
    return f"{_clock(note.at)}  * {note.text}"


def _step(message: LadderMessage) -> str:
    arrow = f"{HERE} -> {message.lane}" if message.is_sent else f"{message.lane} -> {HERE}"
    return f"{_clock(message.at)}  {arrow:<24} {message.first_line}"


def _way(message: LadderMessage) -> str:
    local, remote = (f"{host}:{port}" for host, port in (message.local, message.remote))
    return (
        f"{message.transport} {local} > {remote}"
        if message.is_sent
        else f"{message.transport} {remote} > {local}"
    )


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)
