"""The hash doctor on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Flag, Line, Wish
from trunkline.provisioning.hashes import HashForm, Recognition, Use


class HashWish(Wish):
    """What to hash. Nothing of it is kept."""

    username: Line = Field(examples=["alice"])
    realm: Line = Field(examples=["desk.0a1b2c.auth.example.net"])
    domain: Line = Field("", examples=[""])
    password: Line = Field(examples=["correct-horse-battery"])
    reveal: Flag = Field(False, description="Show the hashed string with the password in it.")


class RecognitionWish(HashWish):
    """A hash, and what it should have been made of."""

    hash: Line = Field(examples=["fe438bddfc087dda89d29e637f5684ab"])


class HashFormDocument(Document):
    """One way to make a hash of a password."""

    name: str = Field(examples=["Hash1"])
    algorithm: str = Field(examples=["MD5"])
    formula: str = Field(examples=["user:realm:password"])
    hashed: str = Field(examples=["alice:desk.0a1b2c.auth.example.net:********"])
    value: str = Field(examples=["fe438bddfc087dda89d29e637f5684ab"])
    use: Use = Field(description="Where such a hash belongs.")
    note: str


class HashFormsDocument(Document):
    """Every hash that this server stores of a password."""

    forms: list[HashFormDocument]


class RecognitionDocument(Document):
    """What a hash turned out to be."""

    form: HashFormDocument | None = Field(description="null: no known form of this password makes it.")
    intact: bool = Field(description="False: it lost a digit.")
    works: bool = Field(description="Whether a device can be let in by it.")
    sentence: str


def hash_form_document(form: HashForm) -> HashFormDocument:
    """A form as it is shown."""
    return HashFormDocument(
        name=form.name,
        algorithm=form.algorithm,
        formula=form.formula,
        hashed=form.hashed,
        value=form.value,
        use=form.use,
        note=form.note,
    )


def recognition_document(found: Recognition) -> RecognitionDocument:
    """A recognition as it is shown."""
    form = found.form
    return RecognitionDocument(
        form=None if form is None else hash_form_document(form),
        intact=found.intact,
        works=form is not None and found.intact and form.use is not Use.NONE,
        sentence=found.sentence,
    )
