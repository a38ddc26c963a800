"""``trunkline hash``: the digest hashes of a password, and what a hash is made of."""

from __future__ import annotations

from typing import Annotated

import typer

from trunkline.cli.output import Json, say, show_json
from trunkline.cli.passwords import PasswordStdin, read_password
from trunkline.provisioning.hashes import HashForm, Recognition, Use, hash_forms, recognise
from trunkline.provisioning.secret_input import check_password
from trunkline.provisioning.usernames import check_username

app = typer.Typer(add_completion=False)


@app.command()
def print_hashes(
    username: Annotated[str, typer.Argument(metavar="USER", help="User name of the credential.")],
    realm: Annotated[str, typer.Option("--realm", metavar="FQDN", help="The realm's whole name.")],
    domain: Annotated[str, typer.Option("--domain", metavar="DOMAIN", help="The credential's domain.")] = "",
    password_stdin: PasswordStdin = False,
    check: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="HASH", help="Say what this hash is; may be repeated."),
    ] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the password in the hashed strings.")
    ] = False,
    json: Json = False,
) -> None:
    """Print Hash1 and Hash1b of a password with the strings they hash, or say what a given hash is.

    Works without any data folder; the realm need not exist here. Exits with 1 when a checked hash is not usable.
    """
    check_username(username, domain)
    password = read_password(from_stdin=password_stdin, confirm=not check)
    check_password(password)
    name = realm.lower().rstrip(".")
    forms = hash_forms(username, name, domain, password, reveal=reveal)
    checked = [
        (text, recognise(text, username, name, domain, password, reveal=reveal)) for text in check or ()
    ]
    if json:
        show_json(
            {
                "hashes": [_document(form) for form in forms],
                "checked": [_recognition_document(text, recognition) for text, recognition in checked],
            }
        )
    elif checked:
        for text, recognition in checked:
            say(f"{text}\n  {recognition.sentence}")
            if recognition.form is not None:
                say(f"  it hashes {recognition.form.hashed}")
    else:
        _show(forms)
    if any(not _is_usable(recognition) for _, recognition in checked):
        raise typer.Exit(1)


def _show(forms: tuple[HashForm, ...]) -> None:
    for form in forms:
        if form.algorithm == "MD5":
            say(f"{form.name}  {form.value}\n  of {form.hashed}\n  {form.note}")
    say("With the password known, these are stored as well:")
    for form in forms:
        if form.algorithm != "MD5":
            say(f"  {form.algorithm:<11} {form.name:<6} {form.value}")


def _is_usable(recognition: Recognition) -> bool:
    return recognition.intact and recognition.form is not None and recognition.form.use is not Use.NONE


def _document(form: HashForm) -> dict[str, str]:
    return {
        "name": form.name,
        "algorithm": form.algorithm,
        "formula": form.formula,
        "hashed": form.hashed,
        "value": form.value,
        "note": form.note,
    }


def _recognition_document(text: str, recognition: Recognition) -> dict[str, object]:
    return {
        "given": text,
        "form": None if recognition.form is None else _document(recognition.form),
        "usable": _is_usable(recognition),
        "sentence": recognition.sentence,
    }
