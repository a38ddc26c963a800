"""What every command is called with: the data folder and the account that were chosen before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options; None where they were not given."""

    data_dir: Path | None
    account_id: int | None


class CommandFault(Exception):  # noqa: N818 - the caller's, not ours
    """Options that make no sense together, or a file that cannot be read; ``sentence`` says how to mend it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def invocation(context: typer.Context) -> Invocation:
    """The global options of a command that runs."""
    found = context.obj
    assert isinstance(found, Invocation)
    return found
