"""Addresses of trunks that failed lately, and for how long they are left alone (RFC 3263 §4.3)."""

from __future__ import annotations

from typing import Final

from trunkline.sip.flow import Flow

_MOST: Final = 4_096

_Place = tuple[int, str, str, int]


class AddressRestTable:
    """Addresses by trunk: what one trunk is refused at an address says nothing of another account's trunk there."""

    def __init__(self) -> None:
        self._until: dict[_Place, float] = {}

    def __len__(self) -> int:
        """How many rest, or did until nobody has asked since."""
        return len(self._until)

    def rest(self, trunk_id: int, flow: Flow, until: float) -> bool:
        """Let an address rest; a rest that is already longer stays. Returns whether it is a new one."""
        place = (trunk_id, flow.transport, flow.host, flow.port)
        before = self._until.get(place)
        if before is None and len(self._until) >= _MOST:
            first = min(self._until, key=self._until.__getitem__)
            del self._until[first]
        self._until[place] = until if before is None else max(until, before)
        return before is None

    def end(self, trunk_id: int, flow: Flow) -> bool:
        """End an address' rest. Returns whether there was one."""
        return self._until.pop((trunk_id, flow.transport, flow.host, flow.port), None) is not None

    def resting_s(self, trunk_id: int, flow: Flow, now: float) -> float | None:
        """Seconds that an address still rests, 0 when the rest is over but not ended; None when it does not rest."""
        until = self._until.get((trunk_id, flow.transport, flow.host, flow.port))
        return None if until is None else max(until - now, 0.0)

    def of_trunk(self, trunk_id: int, now: float) -> dict[str, float]:
        """The addresses of a trunk that rest now, as ``transport:host:port``, with the seconds that they still do."""
        found: dict[str, float] = {}
        for (owner, transport, host, port), until in self._until.items():
            if owner == trunk_id and until > now:
                found[f"{transport}:{host}:{port}"] = until - now
        return found

    def count(self, now: float) -> int:
        """How many rest now."""
        return sum([until > now for until in self._until.values()])
