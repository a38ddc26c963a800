"""What pages hear of an account."""

import json
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException

from fakes.clock import FakeClock
from trunkline.dashboard import event_stream
from trunkline.dashboard.event_stream import EventStreams
from trunkline.operations.events import EventHub, EventKind


class Listening:
    """A visit as far as the stream asks it."""

    def __init__(self, hub, clock, *, account=1, last="", **query):
        self.desk = SimpleNamespace(operations=SimpleNamespace(events=hub) if hub else None, clock=clock)
        self.account = SimpleNamespace(id=account)
        self.request = SimpleNamespace(headers={"last-event-id": last})
        self._query = query
        self.is_in = True

    def query(self, name):
        return self._query.get(name, "")

    async def is_still_signed_in(self):
        return self.is_in


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def hub(clock):
    return EventHub(clock)


async def heard(response, count):
    """The first texts of a stream, which is closed then."""
    pieces = response.body_iterator
    texts = [await anext(pieces) for _ in range(count)]
    await pieces.aclose()
    return texts


async def test_events_of_the_account_are_told_and_no_others(hub, clock):
    response = await EventStreams().stream(Listening(hub, clock, kinds="registered"))
    hub.publish(EventKind.REGISTERED, "mallory@biloxi.example", 2)
    hub.publish(EventKind.EXPIRED, "bob@atlanta.example", 1)
    event = hub.publish(EventKind.REGISTERED, "alice@atlanta.example", 1)
    retry, text = await heard(response, 2)
    assert retry == "retry: 3000\n\n"
    head, kind, data = text.rstrip("\n").split("\n")
    assert (head, kind) == (f"id: {event.id}", "event: registered")
    assert json.loads(data.removeprefix("data: "))["subject"] == "alice@atlanta.example"


async def test_what_a_device_says_stays_on_its_line(hub, clock):
    response = await EventStreams().stream(Listening(hub, clock))
    hub.publish(EventKind.REGISTERED, "alice\n\nevent: call-ended", 1)
    _, text = await heard(response, 2)
    assert len(text.rstrip("\n").split("\n")) == 3


async def test_a_browser_that_comes_again_hears_what_it_missed(hub, clock):
    first = hub.publish(EventKind.REGISTERED, "alice@atlanta.example", 1)
    hub.publish(EventKind.EXPIRED, "alice@atlanta.example", 1)
    response = await EventStreams().stream(Listening(hub, clock, last=str(first.id)))
    _, text = await heard(response, 2)
    assert "event: expired" in text


async def test_a_page_hears_what_happened_while_it_was_on_its_way(hub, clock):
    seen = hub.publish(EventKind.REGISTERED, "alice@atlanta.example", 1)
    assert hub.last_id == seen.id
    hub.publish(EventKind.EXPIRED, "alice@atlanta.example", 1)
    response = await EventStreams().stream(Listening(hub, clock, after=str(seen.id)))
    _, text = await heard(response, 2)
    assert "event: expired" in text


async def test_the_stream_ends_with_the_sign_in(hub, clock):
    visit = Listening(hub, clock)
    response = await EventStreams().stream(visit)
    pieces = response.body_iterator
    await anext(pieces)
    visit.is_in = False
    clock.advance(20)
    hub.publish(EventKind.REGISTERED, "alice@atlanta.example", 1)
    with pytest.raises(StopAsyncIteration):
        await anext(pieces)


async def test_streams_are_bounded_and_an_ended_one_makes_room(hub, clock, monkeypatch):
    monkeypatch.setattr(event_stream, "MOST", 1)
    streams = EventStreams()
    response = await streams.stream(Listening(hub, clock))
    await anext(response.body_iterator)
    with pytest.raises(HTTPException):
        await streams.stream(Listening(hub, clock))
    await response.body_iterator.aclose()
    await streams.stream(Listening(hub, clock))


async def test_without_a_running_server_a_browser_does_not_ask_again(clock):
    assert (await EventStreams().stream(Listening(None, clock))).status_code == 204
