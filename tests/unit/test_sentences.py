"""Sentences of the use cases are read on pages, in answers and at terminals: they name no command and no option."""

import ast
import re
from pathlib import Path

import pytest

from trunkline.cli.program import COMMANDS
from trunkline.operations.diagnosis import REJECTIONS

SOURCE = Path(__file__).parents[2] / "src" / "trunkline"
SHARED = ("domain", "provisioning", "calls", "registrar", "routing", "operations")
SURFACES = ("api", "dashboard")
WITH_COMMANDS = {"api/native/page.py", "dashboard/handover.py"}
"""Modules that print commands of curl on purpose."""

SIGN_IN = "dashboard/templates/sign_in/sign_in.html"
"""Who has no user yet and lost the link can only be helped by the command line."""

COMMAND = re.compile(rf"(?<![\w-])--[a-z][a-z-]+|\btrunkline (?:{'|'.join(COMMANDS)})\b")


def texts(path):
    """Every text of a module that is no docstring."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]


@pytest.mark.parametrize("package", SHARED + SURFACES)
def test_no_text_of_a_shared_layer_or_of_a_surface_without_commands_names_one(package):
    modules = sorted((SOURCE / package).rglob("*.py"))
    assert modules
    for module in modules:
        if module.relative_to(SOURCE).as_posix() not in WITH_COMMANDS:
            assert [text for text in texts(module) if COMMAND.search(text)] == [], module


def test_no_template_of_a_page_names_one_but_where_nothing_else_helps():
    named = {
        template.relative_to(SOURCE).as_posix()
        for template in (SOURCE / "dashboard" / "templates").rglob("*.html")
        if COMMAND.search(re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL))
    }
    assert named == {SIGN_IN}


@pytest.mark.parametrize("code", sorted(REJECTIONS))
def test_no_rejection_names_one(code):
    rejection = REJECTIONS[code]
    assert not COMMAND.search(f"{rejection.sentence} {rejection.cure}")


@pytest.mark.parametrize(
    "text", ["use --force.", "see 'trunkline realm list'.", "or (--fqdn)", "trunkline user add admin"]
)
def test_what_is_looked_for_would_be_found(text):
    assert COMMAND.search(text)
