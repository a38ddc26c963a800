"""Browsers that a user has proved himself in."""

import pytest

from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.sign_ins import IDLE_S, LONGEST_S

HERE = "192.0.2.1"


@pytest.fixture
async def root(provisioning):
    return (await provisioning.users.add("root", None)).user


@pytest.fixture
def sign_ins(store, clock, tokens, hashes):
    return AccessControl(store, clock, tokens, hashes).sign_ins


async def test_a_browser_is_known_again_by_its_cookie_alone(sign_ins, root, store):
    begun = await sign_ins.begin(root.id, HERE, "Browser/1.0" * 50)
    assert begun.cookie not in repr(begun)
    assert begun.cookie not in repr(store.shelves)
    assert len(begun.sign_in.user_agent) == 200
    principal, sign_in = await sign_ins.by_cookie(begun.cookie)
    assert (principal, sign_in) == (root.principal, begun.sign_in)
    assert await sign_ins.by_cookie(begun.sign_in.digest) is None
    assert await sign_ins.by_cookie("") is None


async def test_a_browser_that_asks_stays_signed_in_but_not_for_ever(sign_ins, root, clock):
    begun = await sign_ins.begin(root.id, HERE, "")
    started = clock.now()
    while clock.now() < started + LONGEST_S - IDLE_S / 2:
        clock.time += IDLE_S / 2
        assert await sign_ins.by_cookie(begun.cookie) is not None
    clock.time = started + LONGEST_S
    assert await sign_ins.by_cookie(begun.cookie) is None


async def test_a_browser_that_asks_nothing_is_signed_out(sign_ins, root, clock, store):
    begun = await sign_ins.begin(root.id, HERE, "")
    clock.time += IDLE_S
    assert await sign_ins.by_cookie(begun.cookie) is None
    assert await sign_ins.of(root.id) == []
    await sign_ins.begin(root.id, HERE, "")
    assert len(store.shelves.sign_ins) == 1


async def test_last_use_is_written_once_a_minute(sign_ins, root, clock, store):
    begun = await sign_ins.begin(root.id, HERE, "")
    clock.time += 59
    await sign_ins.by_cookie(begun.cookie)
    assert store.shelves.sign_ins[begun.sign_in.digest] == begun.sign_in
    clock.time += 1
    await sign_ins.by_cookie(begun.cookie)
    assert store.shelves.sign_ins[begun.sign_in.digest].seen_at == clock.now()
    assert store.shelves.users[root.id].last_seen_at == clock.now()


async def test_signing_out_another_password_and_being_switched_off_end_sign_ins(sign_ins, root, provisioning):
    await provisioning.users.add("eve", None, is_installer=True)
    first, second = [await sign_ins.begin(root.id, HERE, "") for _ in range(2)]
    await sign_ins.end(first.cookie)
    assert await sign_ins.by_cookie(first.cookie) is None
    assert await sign_ins.of(root.id) == [second.sign_in]
    await provisioning.users.set_password("root", None)
    assert await sign_ins.by_cookie(second.cookie) is None
    third = await sign_ins.begin(root.id, HERE, "")
    await provisioning.users.enable("root", enabled=False)
    await provisioning.users.enable("root", enabled=True)
    assert await sign_ins.by_cookie(third.cookie) is None
