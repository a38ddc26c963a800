"""Printing rtpproxy's commands."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.media import RemoteMedia, Side
from trunkline.media import commands
from trunkline.media.commands import CommandError, PartyCommand, check_remote, set_party

NOTIFY = "fd:6"


def party(**changes) -> PartyCommand:
    fields = {
        "stream": "s1",
        "party": Side.CALLER,
        "opener": Side.CALLER,
        "interface": "ip4",
        "destination": None,
        "trusted": False,
        "payload_types": (),
        "telephone_event": None,
    }
    return PartyCommand(**(fields | changes))


def where(address: str, port: int = 4000, **changes):
    return check_remote(RemoteMedia(address, port, trusted=False, **changes), loopback=False)


def test_the_opener_is_told_of_with_u_and_a_notice_target():
    line = set_party(party(destination=where("192.0.2.7"), payload_types=(0, 8, 101)), NOTIFY)
    assert line == "Uc0,8,101l{ip4} s1 192.0.2.7 4000 a b fd:6 silent.s1"


def test_the_other_party_is_told_of_with_l_and_the_openers_tag_first():
    line = set_party(party(party=Side.CALLEE, destination=where("192.0.2.8")), NOTIFY)
    assert line == "Ll{ip4} s1 192.0.2.8 4000 a b"


def test_a_stream_opened_by_the_callee_has_its_tag_first():
    assert set_party(party(party=Side.CALLEE, opener=Side.CALLEE), NOTIFY).startswith(
        "Ul{ip4} s1 0.0.0.0 0 b a "
    )
    assert set_party(party(party=Side.CALLER, opener=Side.CALLEE), NOTIFY) == "Ll{ip4} s1 0.0.0.0 0 b a"


def test_a_trusted_ipv6_party_is_asymmetric_and_of_its_family():
    line = set_party(party(destination=where("2001:db8::5"), trusted=True), NOTIFY)
    assert line.startswith("Ua6l{ip4} s1 2001:db8::5 4000 a b ")


def test_a_mapped_ipv4_address_is_ipv4():
    assert str(where("::ffff:192.0.2.9").address) == "192.0.2.9"


def test_digits_are_watched_for_and_still_relayed():
    line = set_party(party(party=Side.CALLEE, telephone_event=101), NOTIFY)
    assert line.endswith(" && M3:1 digit.b.s1 101")


def test_packet_time_silence_limit_and_new_port_are_printed():
    line = set_party(party(packet_time_ms=20, silence_s=60, new_port=True), NOTIFY)
    assert line == "Unz20l{ip4} s1 0.0.0.0 0 a b fd:6 silent.s1 && S ttl=60"


@pytest.mark.parametrize(("address", "port"), [("192.0.2.1", 0), ("0.0.0.0", 4000), ("::", 4000)])
def test_port_zero_and_the_all_zero_address_mean_hold(address, port):
    assert check_remote(RemoteMedia(address, port, trusted=True), loopback=False) is None


@pytest.mark.parametrize(
    "address",
    ["host.example", "999.1.1.1", "", "224.0.0.1", "ff02::1", "255.255.255.255", "fe80::1%eth0", "fe80::1%a b",
     "192.0.2.1 ", "192.0.2.1\n", "127.0.0.1", "::1", "::ffff:127.0.0.1", "1.2.3"],
)  # fmt: skip
def test_what_is_no_address_of_one_other_host_is_refused(address):
    with pytest.raises(CommandError):
        where(address)


def test_this_machine_is_allowed_where_parties_live_on_it():
    remote = RemoteMedia("127.0.0.1", 4000, trusted=True)
    assert check_remote(remote, loopback=True) is not None


@pytest.mark.parametrize("port", [-1, 1, 53, 123, 1023, 65535, 70000])
def test_ports_out_of_range_are_refused(port):
    with pytest.raises(CommandError):
        where("192.0.2.1", port)


@pytest.mark.parametrize("changes", [{"payload_types": (128,)}, {"telephone_event": -1}])
def test_payload_types_out_of_range_are_refused(changes):
    with pytest.raises(CommandError):
        where("192.0.2.1", **changes)


def test_the_other_commands_print_as_the_engine_reads_them():
    assert commands.play("s1", Side.CALLEE, "/srv/prompts/tone", -1) == "P-1 s1 /srv/prompts/tone session b a"
    assert commands.stop_play("s1", Side.CALLER) == "S s1 a b"
    assert commands.record("s1", Side.CALLEE, "s1-b-1") == "C s1 s1-b-1 b a"
    assert commands.stop_record("s1", Side.CALLEE) == "N s1 b a"
    assert commands.delete("s1", Side.CALLEE) == "D s1 b a"
    assert commands.query("s1", Side.CALLER).startswith("Qv s1 a b nrelayed ")


def test_a_query_asks_for_no_more_names_than_the_engine_takes():
    assert len(commands.query("s1", Side.CALLER).split()) - 4 <= 11


@pytest.mark.parametrize("prompt", ["../secret", "a/../../b", "with space", "line\nX", "", "ünicode"])
def test_prompts_that_are_no_plain_path_are_refused(prompt):
    with pytest.raises(CommandError):
        commands.play("s1", Side.CALLER, prompt, 1)


def test_a_prompt_played_no_times_is_refused():
    with pytest.raises(CommandError):
        commands.play("s1", Side.CALLER, "tone", 0)


@pytest.mark.parametrize("name", ["../esc", "a b", "a/b", "", "a.b", "-" + "x" * 90])
def test_recording_names_that_leave_their_folder_are_refused(name):
    with pytest.raises(CommandError):
        commands.record("s1", Side.CALLER, name)


WORD = re.compile(r"[!-~]+")


def assert_one_command(line: str, words: int) -> None:
    first = line.split(" && ", maxsplit=1)[0]
    assert line.isascii()
    assert line.isprintable()
    assert len(first.split(" ")) == words
    assert all(WORD.fullmatch(word) for word in line.split(" "))


@given(stream=st.text(max_size=50), prompt=st.text(max_size=50), repeat=st.integers(-3, 10**7))
def test_no_text_makes_more_words_of_a_play_command(stream, prompt, repeat):
    try:
        line = commands.play(stream, Side.CALLER, prompt, repeat)
    except CommandError:
        return
    assert_one_command(line, 6)


@given(
    stream=st.text(max_size=50),
    interface=st.text(max_size=40),
    address=st.one_of(st.text(max_size=30), st.ip_addresses().map(str)),
    port=st.integers(-5, 70000),
    payload_types=st.lists(st.integers(-1, 130), max_size=5).map(tuple),
    event=st.one_of(st.none(), st.integers(-1, 130)),
    notify=st.one_of(st.just(NOTIFY), st.text(max_size=10)),
)
def test_no_text_makes_more_words_of_a_party_command(
    stream, interface, address, port, payload_types, event, notify
):
    try:
        remote = RemoteMedia(address, port, trusted=True, payload_types=payload_types, telephone_event=event)
        command = party(
            stream=stream,
            interface=interface,
            destination=check_remote(remote, loopback=True),
            payload_types=payload_types,
            telephone_event=event,
        )
        line = set_party(command, notify)
    except CommandError:
        return
    assert_one_command(line, 8)
