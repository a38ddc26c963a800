"""The usual cast for tests of calls; after each test nothing may be left, and nothing shown to whom it does not concern."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakes.call_world import Cast, World, town


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = Cast(town())
    yield made
    made.world.check()


@pytest.fixture
def world(cast: Cast) -> World:
    return cast.world
