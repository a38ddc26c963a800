"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest

from trunkline.settings import (
    FILE_NAME,
    SettingsFault,
    default_data_dir,
    parse_port_range,
    read_settings,
    settings_in_effect,
)


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / FILE_NAME).write_text(text)

    return write


def test_everything_has_a_default(tmp_path):
    settings = read_settings(tmp_path)
    assert settings.data_dir == tmp_path
    assert settings.registrar.min_expires_s == 60
    assert settings.registrar.default_expires_s == 3600
    assert settings.registrar.max_expires_s == 7200
    assert settings.database_url.get_secret_value() == ""
    assert settings.sip.listeners == ("udp:0.0.0.0:5060", "tcp:0.0.0.0:5060")


def test_options_win_over_the_environment_and_it_over_files(tmp_path, write, monkeypatch):
    write(
        'base_domain = "file.example"\nnode = "file"\n[registrar]\nmin_expires_s = 30\ndefault_expires_s = 100\n'
    )
    secret = tmp_path / "secret"
    secret.write_text("named-file\n")
    monkeypatch.setenv("TRUNKLINE_NODE_FILE", str(secret))
    assert read_settings(tmp_path).node == "named-file"
    monkeypatch.setenv("TRUNKLINE_NODE", "environment")
    monkeypatch.setenv("TRUNKLINE_REGISTRAR__MIN_EXPIRES_S", "40")
    settings = read_settings(tmp_path)
    assert settings.base_domain == "file.example"
    assert settings.node == "environment"
    assert (settings.registrar.min_expires_s, settings.registrar.default_expires_s) == (40, 100)
    assert read_settings(tmp_path, node="option").node == "option"
    assert read_settings(tmp_path, registrar={"min_expires_s": 50}).registrar.min_expires_s == 50


def test_lists_in_the_environment_are_separated_by_commas(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUNKLINE_SIP__LISTENERS", "udp:192.0.2.1:5060, tcp:[2001:db8::1]:5061")
    assert read_settings(tmp_path).sip.listeners == (
        "udp:192.0.2.1:5060",
        "tcp:[2001:db8::1]:5061",
    )


def test_the_data_folder_is_the_environments_or_by_xdg(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "trunkline"
    assert read_settings().data_dir == tmp_path / "trunkline"
    monkeypatch.setenv("TRUNKLINE_DATA_DIR", str(tmp_path / "other"))
    assert read_settings().data_dir == tmp_path / "other"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_data_dir() == Path.home() / ".local/share/trunkline"


def test_settings_cannot_be_changed(tmp_path):
    settings = read_settings(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.node = "x"
    with pytest.raises(ValueError, match="frozen"):
        settings.sip.drain_s = 1.0


def test_a_secret_does_not_show(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUNKLINE_DATABASE_URL", "postgresql://trunkline:s3cret@db.example/trunkline")
    assert "s3cret" not in repr(read_settings(tmp_path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("bar = 1", "'bar' is no setting"),
        ("[registrar]\nfoo = 2", "'registrar.foo' is no setting"),
        ("[registrar]\nmin_expires_s = 9000", "must not grow smaller"),
        ("[registrar]\nmin_expires_s = 'many'", "registrar.min_expires_s is wrong"),
        ("[sip]\nlisteners = ['sctp:0.0.0.0:5060']", "sip.listeners is wrong"),
        ("[rtp]\nports = '40000-30000'", "is no range of ports"),
        ("[log]\nformat = 'xml'", "log.format is wrong"),
        ("realm_form = 'all.{base}'", "it must hold {name}"),
        ("realm_form = '{name}.{color}'", "use only {name}, {account} and {base}"),
        ("base_domain = 'not a domain'", "write a domain such as"),
        ("sip = 1", "setting sip is wrong"),
        ("= 1", "is no TOML"),
    ],
)
def test_wrong_files_are_refused_in_a_sentence(tmp_path, write, text, reason):
    write(text)
    with pytest.raises(SettingsFault) as fault:
        read_settings(tmp_path)
    assert reason in fault.value.sentence
    assert "\n" not in fault.value.sentence


@pytest.mark.parametrize(
    "name", ["TRUNKLINE_COLOR", "TRUNKLINE_SIP", "TRUNKLINE_SIP__COLOR", "trunkline_color"]
)
def test_unknown_variables_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsFault, match=f"{name} is no setting"):
        read_settings(tmp_path)


def test_a_named_file_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUNKLINE_DATABASE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsFault, match="TRUNKLINE_DATABASE_URL_FILE names"):
        read_settings(tmp_path)


@pytest.mark.parametrize("text", ["", "30000", "80-90", "30000-70000", "30000-30000", "a-b"])
def test_what_is_no_port_range_is_refused(text):
    with pytest.raises(ValueError, match="is no range of ports"):
        parse_port_range(text)


def test_a_port_range_is_split():
    assert parse_port_range("30000-40000") == (30000, 40000)


def test_what_is_in_effect_is_named_as_in_the_file_and_shows_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUNKLINE_DATABASE_URL", "postgresql://trunkline:secret@db/trunkline")
    found = dict(settings_in_effect(read_settings(tmp_path)))
    assert found["registrar.max_expires_s"] == "7200"
    assert found["sip.listeners"] == "udp:0.0.0.0:5060, tcp:0.0.0.0:5060"
    assert found["calls.longest_call_s"] == ""
    assert found["log.trace_sip"] == "false"
    assert found["database_url"] == "********"
