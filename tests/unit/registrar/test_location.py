"""The table of bindings: every index tells the same, and each change is journalled."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fakes.device import flow_of
from trunkline.domain.binding import Binding
from trunkline.registrar.location import BindingTable, NoJournal
from trunkline.sip.flow import Flow

NOW = 1_700_000_000.5
_ports = itertools.count(1024)


class Journal:
    def __init__(self) -> None:
        self.heard: list[tuple[str, Binding]] = []

    def changed(self, binding: Binding) -> None:
        self.heard.append(("changed", binding))

    def removed(self, binding: Binding) -> None:
        self.heard.append(("removed", binding))


def binding_of(
    aor: str = "alice@atlanta.example",
    *,
    expires_at: float = NOW + 60,
    q: int = 1000,
    flow: Flow | None = None,
    registered_at: float = NOW,
    instance: str = "",
) -> Binding:
    port = next(_ports)
    uri = f"sip:alice@192.0.2.7:{port}"
    return Binding(
        aor, uri, f"<{uri}>", "call", 1, expires_at, q, flow or flow_of(port=port % 60000), (), instance, 0, "", registered_at,
    )  # fmt: skip


def table_of(*bindings: Binding) -> BindingTable:
    table = BindingTable(NoJournal())
    for binding in bindings:
        table.add(binding)
    return table


def test_an_unknown_address_has_no_bindings():
    table = BindingTable(NoJournal())
    assert table.lookup("nobody@atlanta.example", NOW) == []
    assert table.bindings_of("nobody@atlanta.example") == []
    assert table.over_flow(flow_of()) == []


def test_lookup_puts_high_q_first_and_the_newest_among_equals():
    old, new, low = binding_of(), binding_of(registered_at=NOW + 5), binding_of(q=100, registered_at=NOW + 9)
    table = table_of(low, old, new)
    assert table.lookup(old.aor, NOW) == [new, old, low]
    assert table.bindings_of(old.aor) == [low, old, new]
    assert (len(table), table.aor_count) == (3, 1)


def test_lookup_leaves_out_what_is_over():
    over, live = binding_of(expires_at=NOW + 1), binding_of()
    assert table_of(over, live).lookup(live.aor, NOW + 1) == [live]


def test_lists_handed_out_are_not_the_tables_own():
    one, two = binding_of(), binding_of()
    table = table_of(one, two)
    table.bindings_of(one.aor).clear()
    table.over_flow(one.flow).clear()
    assert table.bindings_of(one.aor) == [one, two]


def test_bindings_expire_within_a_second_of_their_time():
    short, long = binding_of(expires_at=NOW + 10), binding_of("bob@biloxi.example", expires_at=NOW + 20)
    table = table_of(short, long)
    assert table.expire(NOW + 9) == []
    assert table.expire(NOW + 11) == [short]
    assert table.bindings_of(short.aor) == []
    assert table.expire(NOW + 21) == [long]
    assert (len(table), table.aor_count) == (0, 0)


def test_a_refreshed_binding_lives_on():
    binding = binding_of(expires_at=NOW + 10)
    table = table_of(binding)
    table.refresh(binding, "call", 2, NOW + 100, binding.flow, NOW)
    assert table.expire(NOW + 50) == []
    assert table.expire(NOW + 101) == [binding]


def test_a_binding_refreshed_for_a_shorter_time_ends_earlier():
    binding = binding_of(expires_at=NOW + 1000)
    table = table_of(binding)
    table.refresh(binding, "call", 2, NOW + 10, binding.flow, NOW)
    assert table.expire(NOW + 11) == [binding]


def test_a_long_pause_expires_everything_due_at_once():
    bindings = [binding_of(expires_at=NOW + seconds) for seconds in (5, 50_000, 500_000)]
    table = table_of(*bindings)
    assert table.expire(NOW + 100_000) == bindings[:2]
    assert table.expire(NOW + 600_000) == bindings[2:]


def test_a_binding_added_already_over_is_swept_at_the_next_second():
    table = BindingTable(NoJournal())
    table.expire(NOW + 100)
    late = binding_of(expires_at=NOW)
    table.add(late)
    assert table.expire(NOW + 101.1) == [late]


def test_a_closed_flow_takes_its_bindings_with_it():
    flow = flow_of(connection=7)
    one, two, other = binding_of(flow=flow), binding_of("bob@biloxi.example", flow=flow), binding_of()
    table = table_of(one, two, other)
    same = Flow(flow.listener, flow.host, flow.port, flow.connection)
    assert table.over_flow(same) == [one, two]
    assert table.flow_closed(same) == [one, two]
    assert table.dump() == [other]
    assert table.flow_closed(same) == []


def test_a_moved_binding_is_found_by_its_new_flow_only():
    binding = binding_of()
    table = table_of(binding)
    old, new = binding.flow, flow_of(connection=9)
    table.refresh(binding, "call", 2, NOW + 60, new, NOW)
    assert table.over_flow(old) == []
    assert table.over_flow(new) == [binding]


def test_every_change_is_journalled():
    journal = Journal()
    table = BindingTable(journal)
    one, two, three = binding_of(), binding_of(expires_at=NOW + 5), binding_of()
    for binding in (one, two, three):
        table.add(binding)
    table.refresh(one, "call-2", 2, NOW + 60, one.flow, NOW)
    table.remove(one)
    table.remove(one)
    table.expire(NOW + 6)
    table.flow_closed(three.flow)
    assert journal.heard == [
        ("changed", one), ("changed", two), ("changed", three), ("changed", one), ("removed", one), ("removed", two),
        ("removed", three),
    ]  # fmt: skip


def test_what_was_dumped_is_loaded_without_being_journalled():
    one, over = binding_of(), binding_of("bob@biloxi.example", expires_at=NOW - 1)
    journal = Journal()
    table = BindingTable(journal)
    assert table.load([one, over], NOW) == 1
    assert table.dump() == [one]
    assert journal.heard == []
    assert table.expire(NOW + 61) == [one]


class TableAgainstLists(RuleBasedStateMachine):
    """Whatever is done to the table, it holds what a plain list of bindings would."""

    @initialize()
    def begin(self) -> None:
        self.table = BindingTable(NoJournal())
        self.model: list[Binding] = []
        self.now = NOW
        self.flows = [flow_of(port=5060), flow_of(port=5061), flow_of(connection=3)]

    @rule(aor=st.sampled_from("abc"), seconds=st.integers(0, 40), flow=st.integers(0, 2), q=st.integers(0, 2))
    def add(self, aor, seconds, flow, q):
        binding = binding_of(
            aor, expires_at=self.now + seconds, flow=self.flows[flow], q=q, registered_at=self.now
        )
        self.table.add(binding)
        self.model.append(binding)

    @rule(pick=st.integers(0, 99), seconds=st.integers(0, 40), flow=st.integers(0, 2))
    def refresh(self, pick, seconds, flow):
        if self.model:
            binding = self.model[pick % len(self.model)]
            self.table.refresh(binding, "call", 2, self.now + seconds, self.flows[flow], self.now)

    @rule(pick=st.integers(0, 99))
    def remove(self, pick):
        if self.model:
            self.table.remove(self.model.pop(pick % len(self.model)))

    @rule(seconds=st.floats(0, 30))
    def pass_time(self, seconds):
        self.now += seconds
        expired = self.table.expire(self.now)
        assert all(binding.expires_at <= self.now for binding in expired)
        self.model = [binding for binding in self.model if binding not in expired]
        assert all(binding.expires_at > self.now - 1 for binding in self.model)

    @rule(flow=st.integers(0, 2))
    def close_flow(self, flow):
        closed = self.table.flow_closed(self.flows[flow])
        assert set(closed) == {binding for binding in self.model if binding.flow == self.flows[flow]}
        self.model = [binding for binding in self.model if binding not in closed]

    @invariant()
    def holds_the_same(self):
        if not hasattr(self, "table"):
            return
        assert len(self.table) == len(self.model)
        assert set(self.table.dump()) == set(self.model)
        assert self.table.aor_count == len({binding.aor for binding in self.model})
        for aor in "abc":
            live = [binding for binding in self.model if binding.aor == aor and binding.expires_at > self.now]
            best_first = sorted(live, key=lambda binding: (-binding.q, -binding.registered_at))
            found = self.table.lookup(aor, self.now)
            assert set(found) == set(live)
            assert [(b.q, b.registered_at) for b in found] == [(b.q, b.registered_at) for b in best_first]
        for flow in self.flows:
            assert set(self.table.over_flow(flow)) == {
                binding for binding in self.model if binding.flow == flow
            }


TableAgainstLists.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_the_table_agrees_with_lists = TableAgainstLists.TestCase


@pytest.mark.parametrize(
    ("seconds", "is_told"), [(1_000.0, False), (1_090.0, False), (1_120.0, True), (900.0, True)]
)
def test_a_refresh_that_hardly_prolongs_is_not_journalled(seconds, is_told):
    binding = binding_of(expires_at=NOW + 1_000)
    journal = Journal()
    table = BindingTable(journal)
    table.add(binding)
    table.refresh(binding, binding.call_id, 2, NOW + seconds, binding.flow, NOW)
    assert len(journal.heard) == (2 if is_told else 1)


def test_what_was_not_journalled_is_told_before_a_stop():
    prolonged, untouched = binding_of(expires_at=NOW + 1_000), binding_of("bob@biloxi.example")
    journal = Journal()
    table = BindingTable(journal)
    table.add(prolonged)
    table.add(untouched)
    table.refresh(prolonged, prolonged.call_id, 2, NOW + 1_050, prolonged.flow, NOW)
    table.tell_all()
    assert journal.heard[2:] == [("changed", prolonged)]


def test_a_binding_described_anew_is_journalled():
    binding = binding_of(expires_at=NOW + 1_000)
    journal = Journal()
    table = BindingTable(journal)
    table.add(binding)
    table.refresh(binding, binding.call_id, 2, NOW + 1_000, binding.flow, NOW, is_described_anew=True)
    assert journal.heard == [("changed", binding), ("changed", binding)]
