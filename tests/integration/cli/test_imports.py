"""What the program imports before it is known what it will do: little, as every start pays for it."""

import subprocess
import sys

import pytest

LARGE = ("fastapi", "pydantic_settings", "sqlalchemy", "uvicorn")

PROGRAM = """
import sys
from trunkline.cli import main
code = main(sys.argv[1:])
print(code, *sorted(name for name in {large} if name in sys.modules))
"""


@pytest.mark.parametrize("arguments", [("--help",), ("hash", "--help"), ("serve", "--help")])
def test_help_imports_neither_database_nor_web_server(arguments):
    command = [sys.executable, "-c", PROGRAM.format(large=LARGE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.splitlines()[-1] == "0", done.stdout + done.stderr
