"""Writers go on when the server knows what they wrote."""

import pytest

from contract import nouns
from fakes.provisioning_store import FakeProvisioningStore
from trunkline.app.prompt_store import PromptStore


async def test_the_server_catches_up_after_the_commit():
    store = FakeProvisioningStore()
    seen = []

    async def catch_up():
        async with store.reading() as rows:
            seen.append(await rows.accounts.all())

    prompt = PromptStore(store, catch_up)
    async with prompt.writing() as rows:
        await rows.accounts.add(nouns.ATLANTA)
        assert seen == []
    assert seen == [[nouns.ATLANTA]]
    async with prompt.reading() as rows:
        assert await rows.accounts.all() == [nouns.ATLANTA]
    assert len(seen) == 1


async def test_an_undone_change_is_not_waited_for():
    async def catch_up():
        pytest.fail("there is nothing to catch up with")

    with pytest.raises(ZeroDivisionError):
        async with PromptStore(FakeProvisioningStore(), catch_up).writing():
            raise ZeroDivisionError


async def test_a_server_that_cannot_catch_up_now_fails_no_writer():
    async def catch_up():
        raise OSError("the database is gone")

    store = FakeProvisioningStore()
    async with PromptStore(store, catch_up).writing() as rows:
        await rows.accounts.add(nouns.ATLANTA)
    async with store.reading() as rows:
        assert await rows.accounts.all() == [nouns.ATLANTA]
