"""G.711, prompts and recordings."""

import math
import os
import struct
import subprocess
import sys
import wave
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.media.g711 import SILENCE, decode, encode
from trunkline.media.prompts import PromptError, PromptLibrary
from trunkline.media.recordings import RecordingsFolder, read_recording, write_wav

LAWS = (0, 8)


@pytest.mark.parametrize("law", LAWS)
def test_every_code_survives_decoding_and_encoding(law):
    codes = bytes(code for code in range(256) if not (law == 0 and code == 0x7F))  # µ-law has two zeros
    assert encode(decode(codes, law), law) == codes


@pytest.mark.parametrize(
    ("law", "sample", "code"),
    [
        (0, 0, 0xFF), (0, 32767, 0x80), (0, -32768, 0x00), (0, 1000, 0xCE),
        (8, 0, 0xD5), (8, -1, 0x55), (8, 32767, 0xAA), (8, -32768, 0x2A), (8, 1000, 0xFA),
    ],
)  # fmt: skip
def test_samples_get_the_codes_of_the_recommendation(law, sample, code):
    assert encode(array("h", [sample]), law) == bytes([code])


@given(st.lists(st.integers(-32768, 32767), max_size=50))
def test_what_comes_back_is_within_a_step_of_what_went_in(samples):
    for law in LAWS:
        back = decode(encode(array("h", samples), law), law)
        assert all(
            abs(a - b) <= max(16, abs(a) / 16) + 132 * (abs(a) > 32000)
            for a, b in zip(samples, back, strict=True)
        )


def test_silence_decodes_to_next_to_nothing():
    for law, code in SILENCE.items():
        assert abs(decode(bytes([code]), law)[0]) <= 8


def test_a_tone_is_written_once_in_both_laws_and_whole_packets(tmp_path):
    library = PromptLibrary(tmp_path / "prompts")
    name = library.tone([440, 480], 0.105)
    files = [tmp_path / "prompts" / f"{name}.{law}" for law in LAWS]
    assert [file.stat().st_size for file in files] == [960, 960]
    assert files[0].read_bytes()[840:] == b"\xff" * 120
    written = [file.stat().st_mtime_ns for file in files]
    assert library.tone([440, 480], 0.105) == name
    assert [file.stat().st_mtime_ns for file in files] == written
    assert sorted((tmp_path / "prompts").iterdir()) == sorted(files)


def test_a_tone_has_its_frequency_and_level(tmp_path):
    name = PromptLibrary(tmp_path).tone([1000], 1, level_dbfs=-6)
    sound = decode((tmp_path / f"{name}.8").read_bytes(), 8)
    crossings = sum((a < 0) != (b < 0) for a, b in pairwise(sound))
    assert crossings == pytest.approx(2000, abs=4)
    assert max(sound) == pytest.approx(32767 / 2, rel=0.05)


def test_no_frequency_is_silence(tmp_path):
    name = PromptLibrary(tmp_path).tone([], 0.02)
    assert (tmp_path / f"{name}.0").read_bytes() == b"\xff" * 160


@pytest.mark.parametrize("seconds", [0, -1, 1e9, math.nan])
def test_a_tone_without_a_length_is_refused(tmp_path, seconds):
    with pytest.raises(PromptError):
        PromptLibrary(tmp_path).tone([440], seconds)


def write_test_wav(path, samples, *, channels=1, rate=8000, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)


def test_a_wav_becomes_a_prompt_named_by_its_content(tmp_path):
    write_test_wav(tmp_path / "a.wav", array("h", [1000] * 320).tobytes())
    library = PromptLibrary(tmp_path / "prompts")
    name = library.wav(tmp_path / "a.wav")
    assert (tmp_path / "prompts" / f"{name}.0").read_bytes() == b"\xce" * 320
    (tmp_path / "a.wav").rename(tmp_path / "b.wav")
    assert library.wav(tmp_path / "b.wav") == name


@pytest.mark.parametrize("shape", [{"channels": 2}, {"rate": 44100}, {"width": 1}])
def test_a_wav_of_another_shape_is_refused_with_the_cure(tmp_path, shape):
    write_test_wav(tmp_path / "a.wav", bytes(320), **shape)
    with pytest.raises(PromptError, match="convert it to one channel of 16 bits at 8000 Hz"):
        PromptLibrary(tmp_path).wav(tmp_path / "a.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3 an MP3"])
def test_what_is_no_wav_is_refused(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(PromptError):
        PromptLibrary(tmp_path).wav(tmp_path / "a.wav")


def record(at, sequence, timestamp, payload, *, payload_type=0, ssrc=7, first=0x80, prefix=b""):
    packet = struct.pack("!BBHII", first, payload_type, sequence, timestamp, ssrc) + prefix + payload
    return bytes(20) + struct.pack("=dH", at, len(packet)) + packet


def test_a_recording_is_read_packet_by_packet(tmp_path):
    file = tmp_path / "x.rtp"
    extension = struct.pack("!HHI", 1, 1, 0)
    file.write_bytes(
        record(5.0, 1, 100, b"one")
        + record(5.1, 2, 260, b"two", first=0x90, prefix=extension)
        + record(5.2, 3, 420, b"xx\0\0\3", first=0xA0)
        + record(5.3, 4, 580, b"", first=0x00)
        + record(5.4, 5, 740, b"cut off")[:-2]
    )
    packets = list(read_recording(file))
    assert [(packet.at, packet.sequence, packet.payload) for packet in packets] == [
        (5.0, 1, b"one"),
        (5.1, 2, b"two"),
        (5.2, 3, b"xx"),
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_a_recording_without_raising(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("r") / "x.rtp"
    file.write_bytes(content)
    list(read_recording(file))


def test_two_sides_become_a_stereo_wav_in_step_with_loss_as_silence(tmp_path):
    loud = encode(array("h", [8000] * 160), 0)
    one, two = tmp_path / "a.rtp", tmp_path / "b.rtp"
    one.write_bytes(record(10.0, 1, 0, loud) + record(10.06, 3, 320, loud))
    two.write_bytes(
        record(10.02, 1, 9000, loud, payload_type=0) + record(10.04, 2, 9160, loud, payload_type=96)
    )
    assert write_wav(tmp_path / "out.wav", [one, two]) == pytest.approx(0.06)
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        sound = array("h", file.readframes(480))
    left, right = sound[0::2], sound[1::2]
    assert [left[at] > 7000 for at in (0, 159, 160, 319, 320, 479)] == [True, True, False, False, True, True]
    assert [right[at] > 7000 for at in (0, 159, 160, 319, 320, 479)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_unfinished_recordings_of_dead_engines_are_put_in_place(tmp_path):
    folder = tmp_path / "recordings"
    mine = RecordingsFolder(folder)
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    left = folder / ".spool" / f"{int(dead.stdout)}-1"
    alive = folder / ".spool" / f"{os.getppid()}-1"
    for spool in (left, alive):
        spool.mkdir(parents=True)
        (spool / f"from-{spool.name}.rtp").write_bytes(b"x")
    own = mine.prepare_spool()
    assert (folder / f"from-{left.name}.rtp").exists()
    assert not left.exists()
    assert (alive / f"from-{alive.name}.rtp").exists()
    (own / "s1-a-1.rtp").write_bytes(b"y")
    mine.clear_spool()
    assert (folder / "s1-a-1.rtp").read_bytes() == b"y"
    assert not own.exists()


def test_an_unfinished_recording_overwrites_nothing(tmp_path):
    mine = RecordingsFolder(tmp_path)
    own = mine.prepare_spool()
    (tmp_path / "s1-a-1.rtp").write_bytes(b"kept")
    (own / "s1-a-1.rtp").write_bytes(b"late")
    mine.clear_spool()
    assert (tmp_path / "s1-a-1.rtp").read_bytes() == b"kept"
    assert (own / "s1-a-1.rtp").read_bytes() == b"late"


def test_two_folders_of_one_process_have_spools_of_their_own(tmp_path):
    assert RecordingsFolder(tmp_path).prepare_spool() != RecordingsFolder(tmp_path).prepare_spool()
