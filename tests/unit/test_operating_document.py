"""What docs/operating.md says of settings and refusals is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from trunkline.domain import rejection
from trunkline.domain.rejection import Rejection
from trunkline.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"
REJECTIONS = [value for value in vars(rejection).values() if isinstance(value, Rejection)]


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of each row of the first table under a heading, back quotes undone."""
    _, found, rest = DOCUMENT.read_text().partition(f"\n## {heading}\n")
    assert found, f"there is no heading {heading}"
    for line in rest.partition("\n## ")[0].splitlines():
        if line.startswith("| `"):
            yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


def documented_settings() -> set[str]:
    """The keys; a name that begins with a dot continues the section of the one before it."""
    keys = set()
    for first, *_ in rows("Settings"):
        names = [name.strip() for name in first.split(",")]
        section = names[0].rpartition(".")[0]
        keys |= {section + name if name.startswith(".") else name for name in (names[0], *names[1:])}
    return keys


def keys_of(model: type[BaseModel], section: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys_of(field.annotation, f"{section}{name}.")
        else:
            yield f"{section}{name}"


def test_every_setting_is_documented_and_no_other() -> None:
    # The folder is where trunkline.toml lies, so it is no key of it.
    assert documented_settings() == set(keys_of(Settings)) - {"data_dir"}


@pytest.mark.parametrize("known", REJECTIONS, ids=lambda one: one.code)
def test_refusal_is_documented_as_it_is(known: Rejection) -> None:
    documented = {code: cells for code, *cells in rows("Refusals")}
    assert documented.get(known.code) == [
        str(known.status), known.sentence.replace("`", ""), known.cure.replace("`", "")
    ]  # fmt: skip


def test_no_refusal_is_documented_that_is_none() -> None:
    assert {code for code, *_ in rows("Refusals")} == {one.code for one in REJECTIONS}
