"""A long page is written some documents at a time, and reads as if it had been written at once."""

import asyncio

import pytest

from trunkline.api.native.documents import WRITTEN_AT_ONCE, Document, Page, answer, moment, page_answer


class Thing(Document):
    name: str
    at: object
    more: list[int]


def thing(number):
    return Thing(name=f'\u20ac "{number}"\u2028', at=moment(1_700_000_000.25 + number), more=[number] * 2)


@pytest.mark.parametrize("count", [0, 1, WRITTEN_AT_ONCE, 3 * WRITTEN_AT_ONCE + 1])
@pytest.mark.parametrize("following", [None, 'MTAw"\u20ac'])
async def test_it_says_what_a_page_says(count, following):
    written = await page_answer(thing, range(count), following)
    whole = answer(Page[Thing](items=[thing(number) for number in range(count)], next=following))
    assert written.headers["content-type"] == whole.headers["content-type"]
    assert Page[Thing].model_validate_json(written.body) == Page[Thing].model_validate_json(whole.body)
    if following is None:
        assert written.body == whole.body


async def test_others_have_their_turn_meanwhile():
    made = []
    seen = set()

    async def somebody_else():
        while len(made) < 4 * WRITTEN_AT_ONCE:
            seen.add(len(made))
            await asyncio.sleep(0)

    def make(number):
        made.append(number)
        return thing(number)

    await asyncio.gather(page_answer(make, range(4 * WRITTEN_AT_ONCE), None), somebody_else())
    assert seen >= {WRITTEN_AT_ONCE, 2 * WRITTEN_AT_ONCE, 3 * WRITTEN_AT_ONCE}
