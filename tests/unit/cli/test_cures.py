"""What the command line adds to the sentences of use cases, so that they can be mended there."""

import re

import pytest
import typer

from trunkline.cli.cures import CURES, with_cure
from trunkline.cli.program import app
from trunkline.provisioning.faults import FaultCode

LIST = "There is no realm 'x'; 'trunkline realm list' shows them."


def test_the_sentence_goes_on_to_the_command():
    assert with_cure("There is no realm 'x'.", FaultCode.UNKNOWN_REALM) == LIST
    assert with_cure("Realm a still has 1 credential; remove them first.", FaultCode.REALM_IN_USE) == (
        "Realm a still has 1 credential; remove them first, or remove them with it by --force."
    )


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("A limit is above 0.", FaultCode.INVALID_LIMIT),
        ("There are several webhooks to 'x'; give an id.", FaultCode.UNKNOWN_WEBHOOK),
        ("Something else.", None),
        ("Something else.", ""),
    ],
)
def test_a_sentence_that_needs_no_more_stays_as_it_is(sentence, code):
    assert with_cure(sentence, code) == sentence


@pytest.mark.parametrize("code", sorted(CURES))
def test_every_cure_is_of_a_fault_and_names_what_there_is(code):
    assert FaultCode(code)
    cure = CURES[code]
    commands = re.findall(r"'trunkline ([^']+)'", cure)
    assert commands or "--force" in cure or "--fqdn" in cure
    for command in commands:
        found = typer.main.get_command(app)
        for word in command.split():
            if word.startswith("--"):
                known = {one for option in found.params for one in (*option.opts, *option.secondary_opts)}
                assert word in known
            elif word.islower() and hasattr(found, "get_command"):
                found = found.get_command(typer.Context(found), word)
                assert found is not None, command
