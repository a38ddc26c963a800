"""Ladders: drawn, masked, kept, exported."""

import struct

import pytest

from fakes.clock import FakeClock
from fakes.operations import NOW, OURS, TCP, THEIRS, UDP, FakeCalls, FakeCdrs, cdr
from trunkline.app.masking import Masking, without_secrets
from trunkline.domain.cdr import CdrLeg, EndCause, TrunkAttempt
from trunkline.domain.media import MediaStatistics
from trunkline.operations.capture import Capture
from trunkline.operations.ladder import draw, pack, unpack
from trunkline.operations.ladder_text import print_ladder
from trunkline.operations.ladders import LadderPolicy, Ladders
from trunkline.operations.pcap import write_pcap
from trunkline.operations.ports import LiveCall
from trunkline.sip.flow import Flow, Listener

ALICE = Flow(UDP, "192.0.2.10", 5060)
CAROL = Flow(TCP, "198.51.100.7", 5061, 2)
LEGS = (
    CdrLeg("caller", "alices", "udp", "192.0.2.10", 5060, is_uas=True),
    CdrLeg("callee-1", "ours", "tcp", "198.51.100.7", 5061, is_uas=False),
)
CALL = cdr(
    "one", legs=LEGS, route="to +13125550199 through trunk chicago", answered_at=NOW + 2, ended_at=NOW + 5,
    end_cause=EndCause.CALLER_HUNG_UP, status=200, attempts=(TrunkAttempt(3, "sip:x@198.51.100.7", 200),),
    media=MediaStatistics(relayed=100),
)  # fmt: skip


def message(call_id="alices", first="INVITE sip:x@y SIP/2.0", headers="", body=""):
    return f"{first}\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}".encode()


SAID = [
    (NOW, False, ALICE, message(headers='Authorization: Digest response="0123"\r\n')),
    (NOW + 1, True, CAROL, message("ours")),
    (NOW + 2, True, ALICE, message(first="SIP/2.0 200 OK")),
]


def test_a_ladder_says_who_said_what_to_whom():
    ladder = draw(CALL, SAID, without_secrets)
    assert [(one.sender, one.receiver, one.first_line) for one in ladder.messages] == [
        ("caller", "trunkline", "INVITE sip:x@y SIP/2.0"),
        ("trunkline", "callee-1", "INVITE sip:x@y SIP/2.0"),
        ("trunkline", "caller", "SIP/2.0 200 OK"),
    ]
    assert [(lane.name, lane.address) for lane in ladder.lanes] == [
        ("caller", "udp:192.0.2.10:5060"), ("callee-1", "tcp:198.51.100.7:5061"),
    ]  # fmt: skip
    assert 'response="***"' in ladder.messages[0].text


def test_a_ladder_tells_decisions_figures_and_the_end():
    notes = [note.text for note in draw(CALL, SAID, without_secrets).notes]
    assert notes[0] == "admitted as credential 7: alice calls +13125550199"
    assert notes[1] == "routed to +13125550199 through trunk chicago"
    assert "tried trunk 3 at sip:x@198.51.100.7: 200" in notes
    assert any(note.startswith("RTP: 100 packets relayed") for note in notes)
    assert notes[-1] == "ended: caller-hung-up, status 200, 3.0 s"


def test_a_refused_call_says_why():
    refused = cdr("two", legs=LEGS[:1], rejection="no-trunk", detail="+1, 0 trunks", status=404)
    assert "refused: no-trunk +1, 0 trunks" in [
        note.text for note in draw(refused, [], without_secrets).notes
    ]


def test_a_strangers_message_with_the_callers_call_id_is_not_of_the_call():
    stranger = Flow(UDP, "192.0.2.66", 5060)
    ladder = draw(
        CALL, [*SAID, (NOW + 3, False, stranger, message(body="secret of another account"))], without_secrets
    )
    assert len(ladder.messages) == 3


def test_a_later_call_with_the_same_call_id_is_another():
    ladder = draw(CALL, [*SAID, (NOW + 300, False, ALICE, message())], without_secrets)
    assert len(ladder.messages) == 3


def test_of_a_very_long_call_the_middle_is_left_out():
    said = [(NOW + n / 1000, False, ALICE, message(headers=f"X-Number: {n}\r\n")) for n in range(3_000)]
    ladder = draw(CALL, said, without_secrets)
    assert len(ladder.messages) == 2_000
    assert [b"X-Number: 0\r" in ladder.messages[0].data, b"X-Number: 2999\r" in ladder.messages[-1].data] == [
        True,
        True,
    ]
    assert "1000 messages in the middle of the call are left out" in [note.text for note in ladder.notes]


def test_a_masked_body_has_its_own_length():
    body = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\n"
    (one,) = draw(CALL, [(NOW, False, ALICE, message(body=body))], without_secrets).messages
    head, _, shown = one.data.partition(b"\r\n\r\n")
    assert b"c2VjcmV0" not in shown
    assert f"Content-Length: {len(shown)}".encode() in head


def test_a_packed_ladder_comes_back_as_it_was():
    ladder = draw(CALL, [*SAID, (NOW + 3, False, ALICE, message(body="\0\u20ac"))], without_secrets)
    assert unpack(pack(ladder)) == ladder


def test_text_shows_steps_in_their_order_and_steers_no_terminal():
    hostile = (NOW + 3, False, ALICE, message(first="INVITE sip:\x1b[2J\u202e@y SIP/2.0"))
    text = print_ladder(draw(CALL, [*SAID, hostile], without_secrets))
    lines = text.splitlines()
    steps = [line for line in lines if line.startswith("2023-11-14")]
    assert [step[:23] for step in steps] == sorted(step[:23] for step in steps)
    assert "caller -> trunkline" in text
    assert "trunkline -> callee-1" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def checksum_is_right(octets):
    total = sum(struct.unpack(f"!{len(octets + b'x') // 2}H", octets + b"\0" * (len(octets) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


def packets(data):
    assert struct.unpack("<IHHiIII", data[:24]) == (0xA1B2C3D4, 2, 4, 0, 0, 65_575, 101)
    at = 24
    while at < len(data):
        seconds, micros, length, whole = struct.unpack("<IIII", data[at : at + 16])
        assert length == whole
        yield seconds + micros / 1e6, data[at + 16 : at + 16 + length]
        at += 16 + length


def test_a_capture_file_has_true_addresses_and_right_checksums():
    ladder = draw(CALL, SAID, without_secrets)
    found = list(packets(write_pcap(ladder)))
    assert [time for time, _ in found] == [NOW, NOW + 1, NOW + 2]
    for (_, packet), one in zip(found, ladder.messages, strict=True):
        assert checksum_is_right(packet[:20])
        assert checksum_is_right(packet[12:20] + struct.pack("!HH", 17, len(packet) - 20) + packet[20:])
        assert packet[28:] == one.data
    assert found[0][1][12:20] == bytes([192, 0, 2, 10, 203, 0, 113, 1])
    assert struct.unpack("!HH", found[1][1][20:24]) == (5060, 5061)


@pytest.mark.parametrize("ours", ["sip.example.net", "::", "2001:db8::1", "0.0.0.0"])
@pytest.mark.parametrize("theirs", ["2001:db8::9", "fe80::1%eth0", "192.0.2.10"])
def test_a_capture_file_can_be_made_of_any_addresses(ours, theirs):
    flow = Flow(Listener("tls", ours, 5061), theirs, 4000, 1)
    legs = (CdrLeg("caller", "alices", "tls", theirs, 4000, is_uas=True),)
    ladder = draw(cdr("x", legs=legs), [(NOW, False, flow, message())], without_secrets)
    ((_, packet),) = packets(write_pcap(ladder))
    assert packet[0] >> 4 == (6 if ":" in theirs else 4)
    if ":" in theirs:
        pseudo = packet[8:40] + struct.pack("!II", len(packet) - 40, 17)
        assert checksum_is_right(pseudo + packet[40:])


class LadderShelf:
    """A ``LadderStore``."""

    def __init__(self):
        self.held = {}
        self.trimmed = []
        self.fails = False

    async def keep(self, ladders):
        if self.fails:
            raise OSError("no disk")
        self.held.update({one.call_id: one for one in ladders})

    async def find(self, call_id):
        return self.held.get(call_id)

    async def trim(self, most, oldest):
        self.trimmed.append((most, oldest))


class Place:
    def __init__(self, *, live=(), past=(), policy=None):
        self.clock = FakeClock(NOW)
        self.capture = Capture(self.clock, 1, 3600)
        self.shelf = LadderShelf()
        self.live = FakeCalls(*live)
        self.ladders = Ladders(
            capture=self.capture, live=self.live, cdrs=FakeCdrs(*past), store=self.shelf, mask=without_secrets,
            clock=self.clock, policy=policy or LadderPolicy(),
        )  # fmt: skip

    def say(self):
        for _, is_sent, flow, data in SAID:
            (self.capture.sent if is_sent else self.capture.received)(flow, data)


async def test_a_running_call_has_a_ladder_for_its_account_only():
    here = Place(live=[LiveCall(cdr("one", legs=LEGS), "answered", ())])
    here.say()
    assert len((await here.ladders.of(OURS, "one")).messages) == 3
    for shown in (here.ladders.of, here.ladders.text, here.ladders.pcap):
        assert await shown(THEIRS, "one") is None
        assert await shown(OURS, "two") is None


async def test_the_ladder_of_an_ended_call_is_kept_and_shown_when_memory_has_forgotten():
    here = Place()
    here.say()
    here.ladders.ended(CALL)
    assert len((await here.ladders.of(OURS, "one")).messages) == 3
    assert await here.ladders.of(THEIRS, "one") is None
    await here.ladders.keep(NOW + 4, 10)
    assert here.shelf.held == {}
    await here.ladders.keep(NOW + 5, 10)
    here.capture.__init__(here.clock, 1, 3600)
    assert len((await here.ladders.of(OURS, "one")).messages) == 3
    assert await here.ladders.of(THEIRS, "one") is None
    assert (await here.ladders.text(OURS, "one")).startswith("Call one")
    assert here.shelf.trimmed == [(10_000, NOW - 7 * 86_400)]


async def test_a_past_call_without_messages_has_its_notes():
    here = Place(past=[CALL])
    ladder = await here.ladders.of(OURS, "one")
    assert not ladder.is_captured
    assert ladder.notes
    assert "No message of this call is kept" in print_ladder(ladder)
    assert await here.ladders.of(THEIRS, "one") is None


async def test_nothing_is_kept_when_the_operator_wants_none():
    here = Place(policy=LadderPolicy(kept=0))
    here.ladders.ended(CALL)
    await here.ladders.close()
    assert here.shelf.held == {}


async def test_a_failing_disk_loses_no_ladder_and_a_stop_keeps_what_waits():
    here = Place()
    here.shelf.fails = True
    here.say()
    here.ladders.ended(CALL)
    await here.ladders.close()
    here.shelf.fails = False
    await here.ladders.close()
    assert list(here.shelf.held) == ["one"]


async def test_a_ladder_that_cannot_be_drawn_holds_no_other_up():
    here = Place()
    here.say()
    here.ladders.ended(cdr("broken", legs=None, ended_at=NOW))
    here.ladders.ended(CALL)
    await here.ladders.close()
    assert list(here.shelf.held) == ["one"]


async def test_more_ended_calls_than_can_be_kept_lose_the_oldest_and_are_counted():
    here = Place()
    for n in range(502):
        here.ladders.ended(cdr(f"call-{n}", ended_at=NOW))
    assert here.ladders.dropped == 2
    await here.ladders.close()
    assert "call-1" not in here.shelf.held
    assert "call-501" in here.shelf.held


async def test_what_was_kept_when_more_was_shown_is_masked_as_it_would_be_now():
    here = Place()
    words = message(body="meet me at ten", headers="Content-Type: text/plain\r\n")
    here.capture.received(ALICE, words)
    here.ladders.ended(CALL)
    await here.ladders.close()
    assert "meet me at ten" in await here.ladders.text(OURS, "one")
    later = Ladders(
        capture=None, live=FakeCalls(), cdrs=FakeCdrs(), store=here.shelf, mask=Masking(), clock=here.clock,
        policy=LadderPolicy(),
    )  # fmt: skip
    assert "meet me at ten" not in await later.text(OURS, "one")
    assert b"meet me at ten" not in await later.pcap(OURS, "one")
