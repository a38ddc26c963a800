"""Pipelining commands and matching their answers."""

from hypothesis import given
from hypothesis import strategies as st

from trunkline.media.channel import CommandChannel, LineSplitter, NoticeReader


class Wire:
    """A transport that keeps what is written, and the loop's ``call_soon``."""

    def __init__(self) -> None:
        self.now = 100.0
        self.writes: list[str] = []
        self.due = []
        self.closed = 0
        self.is_closing = False
        self.channel = CommandChannel(lambda: self.now, self.due.append, self._on_closed)
        self.channel.connection_made(self)

    def write(self, data: bytes) -> None:
        self.writes.append(data.decode())

    def close(self) -> None:
        self.is_closing = True

    def tick(self) -> None:
        due, self.due[:] = list(self.due), []
        for each in due:
            each()

    def _on_closed(self) -> None:
        self.closed += 1


def test_commands_of_one_tick_leave_in_one_write():
    wire = Wire()
    for number in range(3):
        wire.channel.submit(f"V{number}", lambda _: None)
    assert wire.writes == []
    wire.tick()
    assert wire.writes == ["V0\nV1\nV2\n"]


def test_answers_go_to_their_commands_in_order():
    wire, got = Wire(), []
    for name in "abc":
        wire.channel.submit(name, lambda line, name=name: got.append((name, line)))
    wire.tick()
    wire.channel.data_received(b"1\n2")
    assert got == [("a", "1")]
    wire.channel.data_received(b"2\n3\n")
    assert got == [("a", "1"), ("b", "22"), ("c", "3")]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30))
def test_matching_does_not_depend_on_how_answers_are_cut(sizes):
    wire, got = Wire(), []
    for _ in range(20):
        wire.channel.submit("V", got.append)
    wire.tick()
    stream = "".join(f"answer {number}\n" for number in range(20)).encode()
    position = turn = 0
    while position < len(stream):
        size = sizes[turn % len(sizes)]
        wire.channel.data_received(stream[position : position + size])
        position, turn = position + size, turn + 1
    assert got == [f"answer {number}" for number in range(20)]


def test_no_more_commands_are_under_way_than_the_engine_can_answer_unread():
    wire, got = Wire(), []
    for _ in range(200):
        wire.channel.submit("V", got.append)
    wire.tick()
    assert wire.writes[0].count("\n") == 64
    while len(got) < 200:
        under_way = sum(write.count("\n") for write in wire.writes) - len(got)
        assert 0 < under_way <= 64
        wire.channel.data_received(b"0\n" * 10)
        wire.tick()
    assert wire.channel.is_idle


def test_the_engines_end_answers_what_is_pending_and_unsent_with_none():
    wire, got = Wire(), []
    for number in range(70):
        wire.channel.submit("V", lambda line, number=number: got.append((number, line)))
    wire.tick()
    wire.channel.connection_lost(None)
    assert got == [(number, None) for number in range(70)]
    assert wire.closed == 1


def test_a_command_to_a_closed_channel_is_answered_none_later():
    wire, got = Wire(), []
    wire.channel.close()
    wire.channel.submit("V", got.append)
    assert got == []
    wire.tick()
    assert got == [None]
    assert wire.closed == 0


def test_an_answer_to_no_command_ends_the_channel():
    wire = Wire()
    wire.channel.data_received(b"0\n")
    assert wire.closed == 1
    assert wire.is_closing


def test_an_answer_without_end_ends_the_channel():
    wire = Wire()
    wire.channel.submit("V", lambda _: None)
    wire.channel.data_received(b"x" * 70000)
    assert wire.closed == 1


def test_one_faulty_callback_does_not_cost_the_others_their_answers():
    wire, got = Wire(), []

    def faulty(_line):
        raise ZeroDivisionError

    wire.channel.submit("a", faulty)
    wire.channel.submit("b", got.append)
    wire.tick()
    wire.channel.data_received(b"1\n2\n")
    assert got == ["2"]


def test_the_oldest_command_tells_how_long_it_waits():
    wire = Wire()
    assert wire.channel.waiting_s() == 0
    wire.channel.submit("a", lambda _: None)
    wire.tick()
    wire.now += 2
    wire.channel.submit("b", lambda _: None)
    wire.tick()
    assert wire.channel.waiting_s() == 2
    wire.channel.data_received(b"0\n")
    assert wire.channel.waiting_s() == 0
    wire.now += 1
    assert wire.channel.waiting_s() == 1


def test_notices_are_handed_on_by_line_even_after_a_faulty_handler():
    got = []

    def handler(line):
        got.append(line)
        if line == "one":
            raise ZeroDivisionError

    reader = NoticeReader(handler)
    reader.data_received(b"one\ntw")
    reader.data_received(b"o\n")
    assert got == ["one", "two"]


def test_lines_are_cut_wherever_the_bytes_are_cut():
    splitter = LineSplitter()
    assert splitter.feed(b"a\r\nb") == ["a"]
    assert splitter.feed(b"c\n\n") == ["bc", ""]
