"""Passwords from people and programs: typed unseen, or the first line of standard input; never an argument."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from trunkline.cli.invocation import CommandFault

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]


def read_password(
    *, from_stdin: bool, prompt: str = "Password", confirm: bool = True, otherwise: str = ""
) -> str:
    """A password. ``otherwise`` says what else may be given where nobody can type one. Raises CommandFault."""
    if from_stdin:
        line = sys.stdin.readline()
        if not line:
            raise CommandFault(
                "Standard input is empty; pipe the password into it, as in: echo PASSWORD | trunkline ..."
            )
        return line.rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandFault(f"No password is given; use --password-stdin{otherwise}.")
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm))
