"""Pings that keep NAT mappings of registered UDP flows open, and find those that are dead (RFC 5626 §4.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from trunkline.sip.flow import Flow

_PING: Final = b"\r\n\r\n"


class KeepaliveWheel:
    """Which flows are to be pinged when. Pure: ``now`` is given, in monotonic seconds.

    Time is a wheel of slots that turns once in ``interval_s``; each flow sits in one slot, so that the pings
    of any number of flows are spread evenly, and turning costs only what is pinged. ``max_unanswered`` pings in a row
    without ``answered`` make a flow dead; 0 when pings are of a kind that nobody answers.
    """

    def __init__(self, interval_s: float = 25.0, slots: int = 250, max_unanswered: int = 0) -> None:
        if interval_s <= 0 or slots < 1:
            raise ValueError("a keepalive wheel needs an interval above 0 and a slot")
        self.slot_s: Final = interval_s / slots
        self._max_unanswered: Final = max_unanswered
        self._slots: Final[list[dict[Flow, None]]] = [{} for _ in range(slots)]
        self._slot_of: Final[dict[Flow, int]] = {}
        self._unanswered: Final[dict[Flow, int]] = {}
        self._next_slot = 0
        self._turned_to: int | None = None

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, flow: Flow) -> bool:
        return flow in self._slot_of

    def add(self, flow: Flow) -> None:
        """Ping a flow from now on; adding it again changes nothing."""
        if flow in self._slot_of:
            return
        slot = self._next_slot
        self._next_slot = (slot + 1) % len(self._slots)
        self._slots[slot][flow] = None
        self._slot_of[flow] = slot

    def remove(self, flow: Flow) -> None:
        """Ping a flow no more; removing one that is not there changes nothing."""
        slot = self._slot_of.pop(flow, None)
        if slot is not None:
            del self._slots[slot][flow]
            self._unanswered.pop(flow, None)

    def answered(self, flow: Flow) -> None:
        """Take note that a flow is alive: anything that came over it since the last ping says so."""
        self._unanswered.pop(flow, None)

    def turn(self, now: float) -> tuple[list[Flow], list[Flow]]:
        """Return the flows to ping now and those found dead, which are removed.

        After a pause longer than the interval every flow comes up once, not once per turn missed.
        """
        tick = int(now / self.slot_s)
        if self._turned_to is None:
            self._turned_to = tick
        passed = min(tick - self._turned_to, len(self._slots))
        self._turned_to = tick
        pings: list[Flow] = []
        dead: list[Flow] = []
        for step in range(passed):
            self._turn_slot(self._slots[(tick - step) % len(self._slots)], pings, dead)
        for flow in dead:
            self.remove(flow)
        return pings, dead

    def _turn_slot(self, slot: dict[Flow, None], pings: list[Flow], dead: list[Flow]) -> None:
        if not self._max_unanswered:
            pings.extend(slot)
            return
        for flow in slot:
            unanswered = self._unanswered.get(flow, 0)
            if unanswered >= self._max_unanswered:
                dead.append(flow)
            else:
                self._unanswered[flow] = unanswered + 1
                pings.append(flow)


class Keepalive:
    """Turns a wheel with the event loop's clock and sends its pings, while there are flows to ping."""

    def __init__(
        self,
        wheel: KeepaliveWheel,
        send: Callable[[Flow, bytes], None],
        flow_closed: Callable[[Flow, str], None],
        ping: Callable[[Flow], None] | None = None,
    ) -> None:
        """Ping by ``send`` of a double CRLF, or by ``ping`` (an OPTIONS, say) when that is given."""
        self._wheel: Final = wheel
        self._send: Final = send
        self._flow_closed: Final = flow_closed
        self._ping: Final = ping
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.pings_sent = 0
        self.flows_dead = 0

    def start(self) -> None:
        """Begin to ping."""
        self._loop = asyncio.get_running_loop()
        self._turn()

    def stop(self) -> None:
        """Ping no more."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def add(self, flow: Flow) -> None:
        """Keep a registered flow open; a connection has the kernel's keepalive and is left alone."""
        if not flow.is_reliable:
            self._wheel.add(flow)

    def remove(self, flow: Flow) -> None:
        """Let go of a flow whose last binding has gone."""
        self._wheel.remove(flow)

    def answered(self, flow: Flow) -> None:
        """Take note that a flow is alive."""
        self._wheel.answered(flow)

    def _turn(self) -> None:
        if self._loop is None:
            return
        self._timer = self._loop.call_later(self._wheel.slot_s, self._turn)
        pings, dead = self._wheel.turn(self._loop.time())
        self.pings_sent += len(pings)
        self.flows_dead += len(dead)
        for flow in pings:
            if self._ping is not None:
                self._ping(flow)
            else:
                self._send(flow, _PING)
        for flow in dead:
            self._flow_closed(flow, "pings went unanswered")
