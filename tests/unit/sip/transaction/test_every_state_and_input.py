"""Every state of the four machines meets every input: the outcome is in a table, and so is every sequence's step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.sip_bench import Bench, alice_to_bob, bob_from_alice, make_request
from trunkline.sip.effects import RequestReceived, Send
from trunkline.sip.transaction.transaction import State, Transaction

CALLING = State.CALLING
TRYING = State.TRYING
PROCEEDING = State.PROCEEDING
COMPLETED = State.COMPLETED
ACCEPTED = State.ACCEPTED
CONFIRMED = State.CONFIRMED
TERMINATED = State.TERMINATED

Outcome = tuple[State, list[str]]
Table = dict[State, dict[str, Outcome]]


class Machine:
    """A transaction on a bench, and the inputs it can get by name."""

    def __init__(self, kind: str, transport: str) -> None:
        self.kind = kind
        method = "INVITE" if kind.startswith("invite") else "INFO"
        connection = 0 if transport == "udp" else 1
        self.transaction: Transaction
        if kind.endswith("client"):
            self.bench = Bench(alice_to_bob(transport, connection))
            self.transaction = self.bench.endpoint.send_request(make_request(method), self.bench.flow, 0.0)
        else:
            self.bench = Bench(bob_from_alice(transport, connection))
            self.request = make_request(method, branch="z9hG4bK1")
            (effect,) = self.bench.receive(self.request)
            assert isinstance(effect, RequestReceived)
            assert effect.transaction is not None
            self.transaction = effect.transaction
        self.bench.take()

    def feed(self, name: str) -> list[str]:
        """Give it an input; returns what came of it."""
        word, _, argument = name.partition(" ")
        INPUTS[word](self, argument)
        return self.bench.take()

    def receive_response(self, status: str) -> None:
        self.bench.receive(self.bench.answer(self.transaction.request, int(status)))

    def respond(self, status: str) -> None:
        response = self.bench.answer(self.transaction.request, int(status))
        self.bench.endpoint.respond(self.transaction, response, self.bench.now)

    def respond_reliably(self, status: str) -> None:
        response = self.bench.answer(self.transaction.request, int(status), body=b"v=0\r\n")
        self.bench.endpoint.respond_reliably(self.transaction, response, self.bench.now)

    def let_time_pass(self, _: str) -> None:
        due = self.bench.endpoint.next_timer()
        if due is not None:
            self.bench.advance(due - self.bench.now)

    def run_out(self, _: str) -> None:
        self.bench.advance(64.1)
        self.bench.log = self.bench.log[-1:]

    def repeat_request(self, _: str) -> None:
        self.bench.receive(self.request)

    def ack(self, branch: str) -> None:
        self.bench.receive(make_request("ACK", branch=branch, to_tag="bob"))

    def cancel(self, _: str) -> None:
        if self.kind == "invite client":
            self.bench.endpoint.cancel(self.transaction, self.bench.now)
        else:
            self.bench.receive(make_request("CANCEL", branch="z9hG4bK1"))

    def lose_flow(self, _: str) -> None:
        self.bench.endpoint.flow_closed(self.bench.flow, self.bench.now)

    def fail_to_send(self, _: str) -> None:
        data = next(effect.data for effect in self.bench.effects if isinstance(effect, Send))
        self.bench.endpoint.send_failed(self.bench.flow, data, self.bench.now)

    def end(self, _: str) -> None:
        self.transaction.end()


INPUTS: dict[str, Callable[[Machine, str], None]] = {
    "response": Machine.receive_response,
    "respond": Machine.respond,
    "reliably": Machine.respond_reliably,
    "timer": Machine.let_time_pass,
    "timeout": Machine.run_out,
    "request": Machine.repeat_request,
    "ack": Machine.ack,
    "cancel": Machine.cancel,
    "closed": Machine.lose_flow,
    "unsendable": Machine.fail_to_send,
    "end": Machine.end,
}

PATHS: dict[str, dict[State, list[str]]] = {
    "invite client": {
        CALLING: [],
        PROCEEDING: ["response 180"],
        ACCEPTED: ["response 200"],
        COMPLETED: ["response 486"],
        TERMINATED: ["timeout"],
    },
    "client": {
        TRYING: [],
        PROCEEDING: ["response 100"],
        COMPLETED: ["response 200"],
        TERMINATED: ["timeout"],
    },
    "invite server": {
        PROCEEDING: ["respond 180"],
        ACCEPTED: ["respond 200"],
        COMPLETED: ["respond 486"],
        CONFIRMED: ["respond 486", "ack z9hG4bK1"],
        TERMINATED: ["respond 486", "timeout"],
    },
    "server": {TRYING: [], PROCEEDING: ["respond 100"], COMPLETED: ["respond 200"], TERMINATED: ["timeout"]},
}

TABLES: dict[str, Table] = {
    "invite client": {
        CALLING: {
            "response 100": (PROCEEDING, ["user 100"]),
            "response 180": (PROCEEDING, ["user 180"]),
            "response 200": (ACCEPTED, ["user 200"]),
            "response 302": (COMPLETED, ["ACK", "user 302"]),
            "response 486": (COMPLETED, ["ACK", "user 486"]),
            "timer": (CALLING, ["INVITE"]),
            "timeout": (TERMINATED, ["timed out"]),
            "cancel": (CALLING, []),
            "unsendable": (TERMINATED, ["transport failed"]),
            "end": (TERMINATED, []),
        },
        PROCEEDING: {
            "response 100": (PROCEEDING, ["user 100"]),
            "response 180": (PROCEEDING, ["user 180"]),
            "response 200": (ACCEPTED, ["user 200"]),
            "response 302": (COMPLETED, ["ACK", "user 302"]),
            "response 486": (COMPLETED, ["ACK", "user 486"]),
            "timer": (PROCEEDING, []),
            "timeout": (PROCEEDING, []),
            "cancel": (PROCEEDING, ["CANCEL"]),
            "unsendable": (TERMINATED, ["transport failed"]),
            "end": (TERMINATED, []),
        },
        ACCEPTED: {
            "response 100": (ACCEPTED, []),
            "response 180": (ACCEPTED, []),
            "response 200": (ACCEPTED, ["user 200"]),
            "response 302": (ACCEPTED, []),
            "response 486": (ACCEPTED, []),
            "timer": (TERMINATED, []),
            "timeout": (TERMINATED, []),
            "cancel": (ACCEPTED, []),
            "unsendable": (ACCEPTED, []),
            "end": (TERMINATED, []),
        },
        COMPLETED: {
            "response 100": (COMPLETED, []),
            "response 180": (COMPLETED, []),
            "response 200": (COMPLETED, []),
            "response 302": (COMPLETED, ["ACK"]),
            "response 486": (COMPLETED, ["ACK"]),
            "timer": (TERMINATED, []),
            "timeout": (TERMINATED, []),
            "cancel": (COMPLETED, []),
            "unsendable": (COMPLETED, []),
            "end": (TERMINATED, []),
        },
    },
    "client": {
        TRYING: {
            "response 100": (PROCEEDING, ["user 100"]),
            "response 200": (COMPLETED, ["user 200"]),
            "response 503": (COMPLETED, ["user 503"]),
            "timer": (TRYING, ["INFO"]),
            "timeout": (TERMINATED, ["timed out"]),
            "unsendable": (TERMINATED, ["transport failed"]),
            "end": (TERMINATED, []),
        },
        PROCEEDING: {
            "response 100": (PROCEEDING, ["user 100"]),
            "response 200": (COMPLETED, ["user 200"]),
            "response 503": (COMPLETED, ["user 503"]),
            "timer": (PROCEEDING, ["INFO"]),
            "timeout": (TERMINATED, ["timed out"]),
            "unsendable": (TERMINATED, ["transport failed"]),
            "end": (TERMINATED, []),
        },
        COMPLETED: {
            "response 100": (COMPLETED, []),
            "response 200": (COMPLETED, []),
            "response 503": (COMPLETED, []),
            "timer": (TERMINATED, []),
            "timeout": (TERMINATED, []),
            "unsendable": (COMPLETED, []),
            "end": (TERMINATED, []),
        },
    },
    "invite server": {
        PROCEEDING: {
            "respond 100": (PROCEEDING, ["100"]),
            "respond 180": (PROCEEDING, ["180"]),
            "respond 200": (ACCEPTED, ["200"]),
            "respond 486": (COMPLETED, ["486"]),
            "reliably 183": (PROCEEDING, ["183"]),
            "request": (PROCEEDING, ["180"]),
            "ack z9hG4bK1": (PROCEEDING, []),
            "ack z9hG4bK2": (PROCEEDING, ["user ACK"]),
            "cancel": (PROCEEDING, ["200", "cancelled"]),
            "timer": (PROCEEDING, []),
            "timeout": (PROCEEDING, []),
            "end": (TERMINATED, []),
        },
        ACCEPTED: {
            "respond 100": (ACCEPTED, []),
            "respond 180": (ACCEPTED, []),
            "respond 200": (ACCEPTED, []),
            "respond 486": (ACCEPTED, []),
            "reliably 183": (ACCEPTED, []),
            "request": (ACCEPTED, []),
            "ack z9hG4bK1": (ACCEPTED, ["user ACK"]),
            "ack z9hG4bK2": (ACCEPTED, ["user ACK"]),
            "cancel": (ACCEPTED, ["200"]),
            "timer": (ACCEPTED, ["200"]),
            "timeout": (TERMINATED, ["ack missing"]),
            "end": (TERMINATED, []),
        },
        COMPLETED: {
            "respond 100": (COMPLETED, []),
            "respond 180": (COMPLETED, []),
            "respond 200": (COMPLETED, []),
            "respond 486": (COMPLETED, []),
            "reliably 183": (COMPLETED, []),
            "request": (COMPLETED, ["486"]),
            "ack z9hG4bK1": (CONFIRMED, []),
            "ack z9hG4bK2": (COMPLETED, ["user ACK"]),
            "cancel": (COMPLETED, ["200"]),
            "timer": (COMPLETED, ["486"]),
            "timeout": (TERMINATED, ["486"]),
            "end": (TERMINATED, []),
        },
        CONFIRMED: {
            "respond 100": (CONFIRMED, []),
            "respond 180": (CONFIRMED, []),
            "respond 200": (CONFIRMED, []),
            "respond 486": (CONFIRMED, []),
            "reliably 183": (CONFIRMED, []),
            "request": (CONFIRMED, []),
            "ack z9hG4bK1": (CONFIRMED, []),
            "ack z9hG4bK2": (CONFIRMED, ["user ACK"]),
            "cancel": (CONFIRMED, ["200"]),
            "timer": (TERMINATED, []),
            "timeout": (TERMINATED, []),
            "end": (TERMINATED, []),
        },
    },
    "server": {
        TRYING: {
            "respond 100": (PROCEEDING, ["100"]),
            "respond 200": (COMPLETED, ["200"]),
            "respond 404": (COMPLETED, ["404"]),
            "request": (TRYING, []),
            "timer": (TERMINATED, []),
            "timeout": (TERMINATED, []),
            "end": (TERMINATED, []),
        },
        PROCEEDING: {
            "respond 100": (PROCEEDING, ["100"]),
            "respond 200": (COMPLETED, ["200"]),
            "respond 404": (COMPLETED, ["404"]),
            "request": (PROCEEDING, ["100"]),
            "timer": (TERMINATED, []),
            "timeout": (TERMINATED, []),
            "end": (TERMINATED, []),
        },
        COMPLETED: {
            "respond 100": (COMPLETED, []),
            "respond 200": (COMPLETED, []),
            "respond 404": (COMPLETED, []),
            "request": (COMPLETED, ["200"]),
            "timer": (TERMINATED, []),
            "timeout": (TERMINATED, []),
            "end": (TERMINATED, []),
        },
    },
}

EVERY_CASE = [
    (kind, state, name)
    for kind, table in TABLES.items()
    for state, inputs in table.items()
    for name in inputs
]


@pytest.mark.parametrize(("kind", "state", "name"), EVERY_CASE)
def test_every_input_in_every_state_has_its_outcome(kind: str, state: State, name: str) -> None:
    machine = Machine(kind, "udp")
    for step in PATHS[kind][state]:
        machine.feed(step)
    assert machine.transaction.state is state
    outcome = (machine.feed(name), machine.transaction.state)
    new_state, labels = TABLES[kind][state][name]
    assert outcome == (labels, new_state)
    if new_state is TERMINATED and name != "cancel":
        assert len(machine.bench.endpoint.timers) == 0


@pytest.mark.parametrize("kind", TABLES)
def test_the_table_is_whole(kind: str) -> None:
    inputs = {frozenset(row) for row in TABLES[kind].values()}
    assert len(inputs) == 1
    assert set(TABLES[kind]) == set(PATHS[kind]) - {TERMINATED}


@pytest.mark.parametrize(
    ("kind", "name"),
    sorted(
        {(kind, name) for kind, _, name in EVERY_CASE if not name.startswith(("request", "ack", "cancel"))}
    ),
)
def test_nothing_comes_of_any_input_after_the_end(kind: str, name: str) -> None:
    machine = Machine(kind, "udp")
    for step in PATHS[kind][TERMINATED]:
        machine.feed(step)
    assert machine.transaction.state is TERMINATED
    assert machine.feed(name) == []
    assert machine.transaction.state is TERMINATED
    assert machine.bench.is_idle


LEGAL: dict[str, dict[State, set[State]]] = {
    kind: {state: {state, *(new for new, _ in row.values())} for state, row in table.items()}
    | {TERMINATED: {TERMINATED}}
    for kind, table in TABLES.items()
}
EXTRA_INPUTS = {
    "invite client": ["closed"],
    "client": ["closed"],
    "invite server": ["closed", "unsendable"],
    "server": ["closed", "unsendable"],
}
FINALS = {"timed out", "transport failed", "user 200", "user 302", "user 486", "user 503"}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("kind", TABLES)
@given(data=st.data())
def test_every_sequence_of_inputs_goes_by_legal_steps_and_leaves_no_timer(
    kind: str, transport: str, data: st.DataObject
) -> None:
    machine = Machine(kind, transport)
    names = sorted({name for row in TABLES[kind].values() for name in row} - {"end"}) + EXTRA_INPUTS[kind]
    told: list[str] = []
    for name in data.draw(st.lists(st.sampled_from(names), max_size=30)):
        before = machine.transaction.state
        if name == "unsendable" and not any(isinstance(effect, Send) for effect in machine.bench.effects):
            continue
        if before is TERMINATED and name.startswith(("request", "ack", "cancel")):
            continue  # that would be another transaction
        told += machine.feed(name)
        after = machine.transaction.state
        # Over a reliable transport the states that only absorb repetitions are passed in no time.
        passed = {TERMINATED} if transport == "tcp" else set()
        if name == "closed":
            passed.add(TERMINATED)
        assert after in LEGAL[kind][before] | passed
    if kind.endswith("client"):
        finals = [name for name in told if name in FINALS]
        assert len(finals) <= 1 or set(finals) == {"user 200"}
    machine.feed("cancel" if kind == "invite client" else "end")
    machine.feed("timeout")
    if kind == "invite client" and machine.transaction.state is PROCEEDING:
        machine.feed("timeout")
    assert machine.transaction.state is TERMINATED
    assert machine.bench.is_idle
