"""The one timer of the event loop, set by the driver."""

from __future__ import annotations

import pytest

from fakes.call_world import World
from trunkline.app.counts import Counts
from trunkline.app.driver import Driver
from trunkline.registrar.admission import AdmissionBucket
from trunkline.registrar.registrar import Registrar, RegistrarPolicy


class Handle:
    def __init__(self, delay, callback):
        self.delay = delay
        self.callback = callback
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True


class Loop:
    """Remembers what is to be called when."""

    def __init__(self):
        self.handles = []

    def call_later(self, delay, callback):
        self.handles.append(Handle(delay, callback))
        return self.handles[-1]

    @property
    def waiting(self):
        return [handle for handle in self.handles if not handle.is_cancelled]


class Desk:
    def __init__(self):
        self.world = World()
        exchange = self.world.exchange
        registrar = Registrar(
            exchange.authenticator, self.world.location, RegistrarPolicy(), self.world.random,
            AdmissionBucket(100, 100), lambda _event: None,
        )  # fmt: skip
        self.loop = Loop()
        self.timers = self.world.endpoint.timers
        self.driver = Driver(self.world.endpoint, registrar, exchange, self.world.clock, Counts())
        self.driver.attach(None, self.loop)

    def start(self, seconds):
        timer = self.timers.start(self.world.now + seconds, "nobody's", self)
        self.driver.settle()
        return timer

    def fire(self):
        (handle,) = self.loop.waiting
        self.loop.handles.clear()
        self.world.clock.time += handle.delay
        handle.callback()


@pytest.fixture
def desk():
    return Desk()


def test_the_loop_waits_for_the_timer_that_is_due_first(desk):
    desk.start(5.0)
    desk.start(0.5)
    desk.start(1.0)
    (handle,) = desk.loop.waiting
    assert handle.delay == pytest.approx(0.5)


def test_timers_due_close_together_share_a_wake_up(desk):
    timers = [desk.start(0.001 * number) for number in range(10)]
    desk.fire()
    assert not any(timer.is_pending for timer in timers)
    assert desk.loop.waiting == []


def test_the_next_timer_is_waited_for_when_one_has_fired(desk):
    first, second = desk.start(0.5), desk.start(0.505)
    desk.fire()
    assert (first.is_pending, second.is_pending) == (False, True)
    desk.fire()
    assert not second.is_pending


def test_no_timer_is_kept_waiting_for_long(desk):
    timer = desk.start(0.0)
    (handle,) = desk.loop.waiting
    assert handle.delay <= 0.02
    desk.fire()
    assert not timer.is_pending
