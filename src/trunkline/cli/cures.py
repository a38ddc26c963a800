"""How a fault of the use cases is mended on the command line: what their sentences, made for every surface, leave out."""

from __future__ import annotations

from typing import Final

CURES: Final[dict[str, str]] = {
    "unknown-account": "; 'trunkline account list' shows them.",
    "unknown-realm": "; 'trunkline realm list' shows them.",
    "unknown-credential": "; 'trunkline credential list' shows them.",
    "unknown-application": "; 'trunkline application list' shows them.",
    "unknown-trunk": "; 'trunkline trunk list' shows them.",
    "unknown-number": "; 'trunkline number list' shows its numbers.",
    "unknown-user": "; 'trunkline user list' shows them.",
    "unknown-key": "; 'trunkline key list' shows them.",
    "unknown-webhook": "; 'trunkline webhook list' shows them.",
    "no-default-realm": "; add one with 'trunkline realm add NAME'.",
    "invalid-realm-name": "; a whole name is given with --fqdn.",
    "invalid-hash": "; 'trunkline hash' prints both hashes.",
    "realm-in-use": ", or remove them with it by --force.",
    "credential-in-use": ", or remove the number with it by --force.",
    "trunk-in-use": ", or remove the number with it by --force.",
    "webhook-off": " with 'trunkline webhook change WEBHOOK --enable'.",
    "last-owner": " with 'trunkline user change NAME --role owner'.",
    "last-installer": " with 'trunkline user change NAME --installer'.",
}
"""By the code of a fault, how its sentence ends here. (The codes are text, so that no start pays for the use cases.)"""


def with_cure(sentence: str, code: object) -> str:
    """The sentence of a fault, going on to the command that mends it.

    One that already says what to do instead (behind a semicolon) gets no second advice.
    """
    cure = CURES.get(str(code), "")
    if not cure or (cure.startswith(";") and ";" in sentence):
        return sentence
    return sentence.removesuffix(".") + cure
