"""The program, as people run it and, where many runs are needed, in this process."""

import json
import os
import subprocess
import sys

import pytest

from trunkline.cli import main


class Outcome:
    """What a run left behind."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def document(self):
        """Its output as JSON."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def run(data, tmp_path):
    """Run the program in a process of its own."""

    def run(*arguments, text="", environment=None):
        command = [sys.executable, "-m", "trunkline", "--data", data, *arguments]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60,
            env=os.environ | (environment or {}),
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def call(data, capsys, monkeypatch):
    """Run the program within this process."""

    def call(*arguments, text=""):
        class Pipe:
            def __init__(self):
                self.lines = text.splitlines(keepends=True)

            def readline(self):
                return self.lines.pop(0) if self.lines else ""

            def __iter__(self):
                return iter(self.lines)

            def isatty(self):
                return False

        monkeypatch.setattr(sys, "stdin", Pipe())
        code = main(["--data", str(data), *arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call
