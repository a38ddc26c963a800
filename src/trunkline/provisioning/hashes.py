"""The hash doctor: every digest hash of a password with the string it hashes, and what a given hash is made of.

Guides of the original service contradict each other on the second hash: one separates by ``:`` where ``@``
belongs, an older one hashes the domain where the realm belongs, and one prints a hash that lost a digit. All
of these are recognised here, so that an operator learns what went wrong instead of seeing 403.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkline.domain.credential import HashPair
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

MD5_DIGITS: Final = 32
SHA256_DIGITS: Final = 64
MASK: Final = "********"

ALGORITHMS: Final = {"md5": "MD5", "sha256": "SHA-256", "sha512_256": "SHA-512-256"}
"""hashlib's name of each digest algorithm, and RFC 8760's."""


class Use(StrEnum):
    """Where a hash can be stored."""

    HASH1 = "hash1"
    HASH1B = "hash1b"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class HashForm:
    """One way to make a hash of a password.

    ``hashed`` is the string that goes into the hash, with the password masked unless it was asked for;
    ``use`` says where such a hash belongs, ``note`` what it answers or what is wrong with it.
    """

    name: str
    algorithm: str
    formula: str
    hashed: str
    value: str
    use: Use
    note: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a hash turned out to be. ``form`` is None when no known form makes it."""

    form: HashForm | None
    intact: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A form before the hashing: what stands before the password, and what behind it."""

    name: str
    formula: str
    head: str
    use: Use
    note: str
    tail: str = ""


def hash_forms(
    username: str, realm: str, domain: str, password: str, *, reveal: bool = False
) -> tuple[HashForm, ...]:
    """Hash1 and Hash1b in every algorithm: those that this server stores and matches."""
    recipes = _stored_recipes(username, realm, domain)
    return tuple(
        _form(recipe, algorithm, password, reveal=reveal) for algorithm in ALGORITHMS for recipe in recipes
    )


def known_forms(username: str, realm: str, domain: str, password: str) -> tuple[HashForm, ...]:
    """Every form of a hash that is known, those that no device's digest matches among them; the password is masked."""
    return tuple(_all_forms(username, realm, domain, password, reveal=False))


def recognise(
    given: str, username: str, realm: str, domain: str, password: str, *, reveal: bool = False
) -> Recognition:
    """Name the form of a hash, or say that no known form of this password makes it.

    Upper-case digits are taken; a hash that lacks one digit is recognised and explained.
    """
    text = given.strip().lower()
    forms = list(_all_forms(username, realm, domain, password, reveal=reveal))
    for form in forms:
        if form.value == text:
            return Recognition(form, intact=True, sentence=_explained(form))
    for form in forms:
        if _lacks_one_digit(text, form.value):
            return Recognition(
                form,
                intact=False,
                sentence=f"This is {form.name} ({form.algorithm}) with one digit lost: it has {len(text)} digits "
                f"instead of {len(form.value)}. The whole hash is {form.value}.",
            )
    return Recognition(None, intact=True, sentence=_unrecognised(text))


def given_hash_pair(hash1: str, hash1b: str | None) -> HashPair:
    """The MD5 hashes that an operator gave, in lower case; Hash1b may be left out (None or blank).

    Raises ProvisioningFault when they cannot be ones.
    """
    second = _md5_digits("Hash1b", hash1b) if hash1b and not hash1b.isspace() else None
    pair = HashPair(_md5_digits("Hash1", hash1), second)
    if pair.hash1 == pair.hash1b:
        raise ProvisioningFault(
            FaultCode.INVALID_HASH,
            "Hash1 and Hash1b are the same, which they never are: Hash1b is the hash of "
            "'user@realm:realm:password'.",
        )
    return pair


def _md5_digits(name: str, text: str) -> str:
    digits = text.strip().lower()
    if not digits:
        raise ProvisioningFault(
            FaultCode.INVALID_HASH,
            f"{name} is missing: it answers devices that send their plain user name, which nearly all do.",
        )
    if not re.fullmatch(r"[0-9a-f]+", digits):
        raise ProvisioningFault(
            FaultCode.INVALID_HASH,
            f"{name} has characters that are no hexadecimal digits; an MD5 hash is 32 of 0-9 and a-f.",
        )
    if len(digits) != MD5_DIGITS:
        hint = " one was probably lost in copying;" if len(digits) == MD5_DIGITS - 1 else ""
        raise ProvisioningFault(
            FaultCode.INVALID_HASH,
            f"{name} has {len(digits)} hexadecimal digits, an MD5 hash has {MD5_DIGITS};{hint} copy it again.",
        )
    return digits


def _stored_recipes(username: str, realm: str, domain: str) -> tuple[_Recipe, _Recipe]:
    composite = f"{username}@{domain}" if domain else username
    user = "user@domain" if domain else "user"
    return (
        _Recipe(
            "Hash1",
            f"{user}:realm:password",
            f"{composite}:{realm}:",
            Use.HASH1,
            f"answers devices that send the digest username {composite}",
        ),
        _Recipe(
            "Hash1b",
            f"{user}@realm:realm:password",
            f"{composite}@{realm}:{realm}:",
            Use.HASH1B,
            f"answers devices that send the digest username {composite}@{realm}",
        ),
    )


def _mistaken_recipes(username: str, realm: str, domain: str) -> Iterator[_Recipe]:
    composite = f"{username}@{domain}" if domain else username
    user = "user@domain" if domain else "user"
    for recipe in _stored_recipes(username, realm, domain):
        yield _Recipe(
            f"{recipe.name} with a line end",
            f"{recipe.formula}\\n",
            recipe.head,
            Use.NONE,
            "the line end was hashed too (echo without -n), no device's digest matches it",
            "\n",
        )
    label = realm.partition(".")[0]
    if label != realm:
        for recipe in _stored_recipes(username, label, domain):
            yield _Recipe(
                f"{recipe.name} of the short realm name",
                recipe.formula,
                recipe.head,
                Use.NONE,
                f"it was made with '{label}'; the realm of the digest is the whole name {realm}",
            )
    for name in dict.fromkeys(filter(None, (domain, realm))):
        yield _Recipe(
            "Hash1b with a colon",
            f"{user}:realm:{'domain' if name == domain else 'realm'}:password",
            f"{composite}:{realm}:{name}:",
            Use.NONE,
            "some guides print ':' where '@' belongs, no device's digest matches it",
        )
    if domain:
        yield _Recipe(
            "Hash1b of the older guide",
            "user@domain@realm:domain:password",
            f"{composite}@{realm}:{domain}:",
            Use.NONE,
            "an older guide hashes the domain where the realm belongs, no device's digest matches it",
        )
        yield _Recipe(
            "Hash1 of the domain",
            "user:domain:password",
            f"{username}:{domain}:",
            Use.NONE,
            f"it was made for the digest realm {domain}; the realm of the digest is {realm}",
        )
        for recipe in _stored_recipes(username, realm, ""):
            yield _Recipe(
                f"{recipe.name} without the domain",
                recipe.formula,
                recipe.head,
                Use.NONE,
                f"it was made without the domain {domain}; leave the domain out of the credential or hash again",
            )


def _all_forms(username: str, realm: str, domain: str, password: str, *, reveal: bool) -> Iterator[HashForm]:
    yield from hash_forms(username, realm, domain, password, reveal=reveal)
    recipes: Iterable[_Recipe] = tuple(_mistaken_recipes(username, realm, domain))
    for algorithm in ALGORITHMS:
        for recipe in recipes:
            yield _form(recipe, algorithm, password, reveal=reveal)


def _form(recipe: _Recipe, algorithm: str, password: str, *, reveal: bool) -> HashForm:
    text = f"{recipe.head}{password}{recipe.tail}"
    return HashForm(
        name=recipe.name,
        algorithm=ALGORITHMS[algorithm],
        formula=recipe.formula,
        hashed=f"{recipe.head}{password if reveal else MASK}",
        value=hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest(),
        use=recipe.use,
        note=recipe.note,
    )


def _lacks_one_digit(text: str, value: str) -> bool:
    if len(text) != len(value) - 1:
        return False
    at = next(
        (i for i, (given, right) in enumerate(zip(text, value, strict=False)) if given != right), len(text)
    )
    return text[at:] == value[at + 1 :]


def _explained(form: HashForm) -> str:
    if form.use is Use.NONE:
        return f"This is {form.name} ({form.algorithm}, {form.formula}): {form.note}."
    return f"This is {form.name} ({form.algorithm}): it {form.note}."


def _unrecognised(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]+", text):
        return "This is no hash: a hash has only the digits 0-9 and a-f."
    if len(text) not in {MD5_DIGITS, SHA256_DIGITS}:
        return (
            f"This is no whole hash: it has {len(text)} digits; MD5 has 32, SHA-256 and SHA-512-256 have 64."
        )
    return (
        "No known form of this password makes this hash: check the password, the user name (case counts), "
        "the domain and the realm."
    )
