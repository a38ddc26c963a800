"""What an operator may say about media, and what rtpproxy is told of it."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from trunkline.media.process import LogRouter, proxy_arguments
from trunkline.media.settings import MediaInterface, MediaSettings

FOLDERS = (Path("recordings"), Path("prompts"))


@pytest.mark.parametrize(
    ("name", "address", "advertised"),
    [
        ("", "192.0.2.1", None),
        ("none", "192.0.2.1", None),
        ("a b", "192.0.2.1", None),
        ("1wan", "192.0.2.1", None),
        ("ip4", "host.example", None),
        ("ip4", "0.0.0.0", None),
        ("ip6", "::", None),
        ("ip6", "fe80::1%eth0", None),
        ("ip4", "192.0.2.1", "2001:db8::1"),
        ("ip4", "192.0.2.1", "host.example"),
    ],
)
def test_interfaces_that_cannot_work_are_refused(name, address, advertised):
    with pytest.raises(ValueError):
        MediaInterface(name, address, advertised)


@pytest.mark.parametrize(
    "changes",
    [
        {"interfaces": ()},
        {"interfaces": (MediaInterface("a", "192.0.2.1"), MediaInterface("a", "192.0.2.2"))},
        {"port_min": 80},
        {"port_max": 70000},
        {"port_min": 30000, "port_max": 30001},
        {"silence_timeout_s": 0},
        {"log_level": "loud"},
    ],
)
def test_settings_that_cannot_work_are_refused(changes):
    with pytest.raises(ValueError):
        MediaSettings(*FOLDERS, **changes)


def test_capacity_counts_four_ports_a_stream_on_each_address():
    assert MediaSettings(*FOLDERS, port_min=30000, port_max=30999).stream_capacity == 250
    two = (MediaInterface("lan", "10.0.0.5"), MediaInterface("wan", "192.0.2.1"))
    assert MediaSettings(*FOLDERS, two, port_min=30000, port_max=30999).stream_capacity == 500


def test_a_facing_is_an_interface_name_before_it_is_a_family():
    interfaces = (
        MediaInterface("lan", "10.0.0.5"),
        MediaInterface("ip4", "192.0.2.1"),
        MediaInterface("six", "2001:db8::1"),
    )
    settings = MediaSettings(*FOLDERS, interfaces)
    assert settings.interface_facing("ip4") is interfaces[1]
    assert settings.interface_facing("ip6") is interfaces[2]
    assert settings.interface_facing("lan") is interfaces[0]
    assert settings.interface_facing("wan") is None


def test_rtpproxy_is_told_of_networks_ports_limits_and_folders():
    interfaces = (
        MediaInterface("lan", "10.0.0.5"),
        MediaInterface("wan", "10.0.0.5", "203.0.113.5"),
        MediaInterface("six", "2001:db8:0:0::1"),
    )
    settings = MediaSettings(*FOLDERS, interfaces, port_min=20000, port_max=29999, silence_timeout_s=30)
    arguments = proxy_arguments(settings, Path("spool"))
    assert " ".join(arguments["extra_args"]) == (
        "-F -R -m 20000 -M 29999 -l lan@10.0.0.5 -l wan@10.0.0.5=203.0.113.5 -6 six@2001:db8::1 -l none@127.0.0.1"
    )
    assert (arguments["ttl"], arguments["setup_ttl"]) == (30, 300)
    assert (arguments["rec_spool_dir"], arguments["rec_final_dir"]) == ("spool", "recordings")
    assert "acct_csv" not in arguments["modules"]


def test_the_engines_log_lines_keep_their_level():
    router = LogRouter(lambda: 0.0)
    with capture_logs() as logs:
        router.log("ERR:s1:rtpp_create_listener:321: can't create listener")
        router.log("WARN:GLOBAL:main:1: \x1b[2Jhello")
        router.log("Traceback (most recent call last):")
        router.log("")
    assert [(log["log_level"], log["message"]) for log in logs] == [
        ("error", "can't create listener"),
        ("warning", "?[2Jhello"),
        ("warning", "Traceback (most recent call last):"),
    ]
    assert logs[0]["stream"] == "s1"
    assert router.last_words() == "can't create listener; ?[2Jhello; Traceback (most recent call last):"


def test_a_flood_of_log_lines_is_cut_and_counted():
    now = [0.0]
    router = LogRouter(lambda: now[0])
    with capture_logs() as logs:
        for _ in range(100):
            router.log("ERR:s1:f:1: again")
        now[0] = 1.0
        router.log("ERR:s1:f:1: again")
    assert len(logs) == 22
    assert logs[20]["lines"] == 80
