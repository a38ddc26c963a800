"""The location service in memory: which bindings an address-of-record has, and which of them are over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from trunkline.domain.binding import Binding
from trunkline.sip.flow import Flow

_MOST_SECONDS_SWEPT: Final = 10_000

OneOrMore = Binding | list[Binding]
"""A single binding stands for itself: hardly any address-of-record has two, and a list is 90 bytes."""


_LEFT_UNWRITTEN: Final = 0.1
"""The share of a binding's time that may be missing from the journal."""


class BindingJournal(Protocol):
    """Port: hears of every change, to write it behind. Calls are frequent and must not wait."""

    def changed(self, binding: Binding) -> None:
        """Take note that this binding was added or refreshed; it may change again before it is written."""
        ...

    def removed(self, binding: Binding) -> None:
        """Take note that this binding is gone: removed, expired, replaced or its flow closed."""
        ...


class NoJournal:
    """Keeps nothing."""

    def changed(self, binding: Binding) -> None:
        """Keep nothing."""

    def removed(self, binding: Binding) -> None:
        """Keep nothing."""


class BindingTable:
    """All bindings, by address-of-record, by flow, and by the second they end in.

    A refresh costs no move in the index of seconds: a binding that lives on when its second comes is put under its
    new one then.
    """

    def __init__(self, journal: BindingJournal) -> None:
        self._journal: Final = journal
        self._by_aor: dict[str, OneOrMore] = {}
        self._by_flow: dict[Flow, OneOrMore] = {}
        self._by_second: dict[int, set[Binding]] = {}
        self._swept = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def aor_count(self) -> int:
        """How many addresses-of-record have a binding."""
        return len(self._by_aor)

    def aors(self) -> list[str]:
        """Every address-of-record that has a binding, in no particular order; a new list."""
        return list(self._by_aor)

    def bindings_of(self, aor: str) -> list[Binding]:
        """The bindings of an address-of-record in the order they were added, some perhaps just over; a new list."""
        held = self._by_aor.get(aor)
        if held is None:
            return []
        if isinstance(held, Binding):
            return [held]
        return held.copy()

    def lookup(self, aor: str, now: float) -> list[Binding]:
        """The live bindings of an address-of-record, highest q first, newest first among equals."""
        found = [binding for binding in self.bindings_of(aor) if binding.expires_at > now]
        if len(found) > 1:
            found.sort(key=_preference)
        return found

    def is_reached_at(self, aor: str, host: str, now: float) -> bool:
        """Whether a device of this address-of-record is registered from this address."""
        for binding in self.bindings_of(aor):
            if binding.flow.host == host and binding.expires_at > now:
                return True
        return False

    def over_flow(self, flow: Flow) -> list[Binding]:
        """The bindings that requests reach over this flow; a new list."""
        held = self._by_flow.get(flow)
        if held is None:
            return []
        if isinstance(held, Binding):
            return [held]
        return held.copy()

    def add(self, binding: Binding) -> None:
        """Add a binding that is not yet here."""
        self._index(binding)
        self._tell_journal(binding)

    def refresh(
        self,
        binding: Binding,
        call_id: str,
        cseq: int,
        expires_at: float,
        flow: Flow,
        now: float,
        *,
        is_described_anew: bool = False,
    ) -> None:
        """Prolong a binding, or move it to another flow; ``is_described_anew``: something else of it has changed.

        The journal hears of it unless it was prolonged so lately that less than a tenth of its time would be missing
        from what the journal knows: devices that refresh every few seconds cost no disk.
        """
        binding.cseq = cseq
        is_new = is_described_anew
        if call_id != binding.call_id:
            binding.call_id = call_id
            is_new = True
        if flow != binding.flow:
            self._forget_flow(binding)
            binding.flow = flow
            self._remember_flow(binding)
            is_new = True
        binding.expires_at = expires_at
        if expires_at < binding.due - 1:
            self._forget_second(binding)
            self._remember_second(binding)
        missing = expires_at - binding.written_until
        if is_new or missing < 0.0 or missing > (expires_at - now) * _LEFT_UNWRITTEN:
            self._tell_journal(binding)

    def tell_all(self) -> None:
        """Tell the journal of every binding that it does not know to its full length: before a stop."""
        for binding in self.dump():
            if binding.expires_at != binding.written_until:
                self._tell_journal(binding)

    def _tell_journal(self, binding: Binding) -> None:
        binding.written_until = binding.expires_at
        self._journal.changed(binding)

    def remove(self, binding: Binding) -> None:
        """Remove a binding; nothing happens when it is not here."""
        if self._unindex(binding):
            self._journal.removed(binding)

    def expire(self, now: float) -> list[Binding]:
        """Remove and return what is over. To be called about once a second; costs what there is to remove."""
        expired: list[Binding] = []
        for second in self._seconds_until(int(now)):
            bucket = self._by_second.pop(second, None)
            if bucket is None:
                continue
            for binding in bucket:
                if binding.expires_at > now:
                    self._remember_second(binding)
                else:
                    binding.due = 0
                    expired.append(binding)
        for binding in expired:
            self.remove(binding)
        return expired

    def flow_closed(self, flow: Flow) -> list[Binding]:
        """Remove and return the bindings of a flow that is no more."""
        closed = self.over_flow(flow)
        for binding in closed:
            self.remove(binding)
        return closed

    def dump(self) -> list[Binding]:
        """Every binding."""
        found: list[Binding] = []
        for held in self._by_aor.values():
            if isinstance(held, Binding):
                found.append(held)
            else:
                found.extend(held)
        return found

    def load(self, bindings: Iterable[Binding], now: float) -> int:
        """Take in what was kept over a restart, less what is over; nothing is journalled. Returns how many."""
        before = self._count
        for binding in bindings:
            if binding.expires_at > now:
                self._index(binding)
        return self._count - before

    def _seconds_until(self, second: int) -> list[int]:
        """The seconds that have passed since the last time, oldest first."""
        begin = self._swept + 1
        self._swept = max(self._swept, second)
        if second - begin > _MOST_SECONDS_SWEPT:
            return sorted([due for due in self._by_second if due <= second])
        return list(range(begin, second + 1))

    def _index(self, binding: Binding) -> None:
        held = self._by_aor.get(binding.aor)
        if held is None:
            self._by_aor[binding.aor] = binding
        elif isinstance(held, Binding):
            self._by_aor[binding.aor] = [held, binding]
        else:
            held.append(binding)
        self._remember_flow(binding)
        self._remember_second(binding)
        self._count += 1

    def _unindex(self, binding: Binding) -> bool:
        """Take a binding out of every index; False when it is in none."""
        held = self._by_aor.get(binding.aor)
        if held is None:
            return False
        if isinstance(held, Binding):
            if held is not binding:
                return False
            del self._by_aor[binding.aor]
        else:
            if not _drop(held, binding):
                return False
            if len(held) == 1:
                self._by_aor[binding.aor] = held[0]
        self._forget_flow(binding)
        self._forget_second(binding)
        self._count -= 1
        return True

    def _remember_flow(self, binding: Binding) -> None:
        held = self._by_flow.get(binding.flow)
        if held is None:
            self._by_flow[binding.flow] = binding
        elif isinstance(held, Binding):
            self._by_flow[binding.flow] = [held, binding]
        else:
            held.append(binding)

    def _forget_flow(self, binding: Binding) -> None:
        held = self._by_flow.get(binding.flow)
        if held is None:
            return
        if isinstance(held, Binding):
            if held is binding:
                del self._by_flow[binding.flow]
        elif _drop(held, binding) and len(held) == 1:
            # The key may be the flow of the binding that went: it is replaced, so that it is not kept alive.
            del self._by_flow[binding.flow]
            self._by_flow[held[0].flow] = held[0]

    def _remember_second(self, binding: Binding) -> None:
        due = max(int(binding.expires_at), self._swept) + 1
        binding.due = due
        bucket = self._by_second.get(due)
        if bucket is None:
            bucket = set()
            self._by_second[due] = bucket
        bucket.add(binding)

    def _forget_second(self, binding: Binding) -> None:
        bucket = self._by_second.get(binding.due)
        if bucket is not None:
            bucket.discard(binding)
            if not bucket:
                del self._by_second[binding.due]
        binding.due = 0


def _preference(binding: Binding) -> tuple[int, float]:
    return -binding.q, -binding.registered_at


def _drop(held: list[Binding], binding: Binding) -> bool:
    for index, candidate in enumerate(held):
        if candidate is binding:
            del held[index]
            return True
    return False
