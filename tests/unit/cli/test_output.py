"""What commands print."""

import json

from trunkline.cli.output import instant, show_fields, show_json, show_table, tell


def test_a_table_in_a_pipe_is_plain_and_never_cut(capsys):
    show_table(("ID", "NAME"), [(1, "x" * 300), (2, True), (3, None)], empty="none")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["ID", "NAME"], ["1", "x" * 300], ["2", "yes"], ["3"]]


def test_brackets_are_no_markup(capsys):
    show_table(("CONTACT",), [("<sip:alice@[2001:db8::1]> [bold]",)], empty="none")
    assert "[2001:db8::1]> [bold]" in capsys.readouterr().out


def test_what_came_from_the_wire_cannot_steer_the_terminal(capsys):
    show_table(("DEVICE",), [("\x1b[2Jgone",)], empty="none")
    show_fields([("device", "\x1b]0;title\x07")])
    assert "\x1b" not in capsys.readouterr().out


def test_an_empty_table_says_what_to_do(capsys):
    show_table(("ID",), [], empty="There is nothing.")
    assert capsys.readouterr().out == "There is nothing.\n"


def test_json_keeps_every_letter(capsys):
    show_json({"name": "Grüße"})
    out = capsys.readouterr().out
    assert "Grüße" in out
    assert json.loads(out) == {"name": "Grüße"}


def test_instants_are_rfc_3339_in_utc():
    assert instant(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"
    assert instant(None) is None


def test_a_line_that_quotes_strangers_does_not_steer_the_terminal(capsys):
    tell("phone \x1b[2J at sip:bob@192.0.2.1\r\u202e")
    assert capsys.readouterr().out == "phone \ufffd[2J at sip:bob@192.0.2.1\ufffd\ufffd\n"
