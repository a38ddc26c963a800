"""The courier: takes what is due out of the outbox, lets it be sent, and writes down what became of it.

Each webhook is a lane: one delivery at a time, in the order of the events, a few at a time while very many wait. A
receiver that fails is left alone for a
while, longer each time, and what failed waits by itself; as soon as something gets through again, all of it is due.
A delivery may arrive twice (when the server dies between the answer and its own note), but is not lost before it is
given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookStanding
from trunkline.webhooks.backoff import RetryPolicy, rest_s
from trunkline.webhooks.ports import Outbox, Pausing
from trunkline.webhooks.recorder import Recorder
from trunkline.webhooks.sender import Outcome, Sender
from trunkline.webhooks.table import WebhookTable

LOOK_EVERY_S: Final = 1.0
"""What other processes put into the outbox, and what comes due, is found so late at most."""

LANES_AT_ONCE: Final = 16
DELIVERIES_AT_ONCE: Final = 40
TURN_S: Final = 10.0
"""A lane gives its place to others after so many deliveries, or so long."""

PER_SECOND: Final = 100.0
"""Messages of all webhooks a second, in the long run: one costs a millisecond and a half of the processor that calls
need too."""

AHEAD_S: Final = 0.25
"""How far bursts may run ahead of that."""

WIDTH: Final = 8
"""Of a lane with more than it can hold, and a receiver that works, so many are sent side by side."""

FAILS_FROM: Final = 3
"""Failures on end from which a webhook is said to fail."""

EXPIRE_EVERY_S: Final = 600.0
TRIM_EVERY: Final = 100
CLOSING_S: Final = 2.0

_log: Final = logging.getLogger(__name__)


class Courier:
    """Sends until it is stopped. ``delivered``, ``failed`` (attempts) and ``given_up`` only grow."""

    def __init__(
        self,
        *,
        table: WebhookTable,
        outbox: Outbox,
        recorder: Recorder,
        sender: Sender,
        clock: Clock,
        pause: Pausing,
        chance: Callable[[], float],
        policy: RetryPolicy | None = None,
        per_second: float = PER_SECOND,
    ) -> None:
        self._table = table
        self._outbox = outbox
        self._recorder = recorder
        self._sender = sender
        self._clock = clock
        self._pause = pause
        self._chance = chance
        self._policy = policy or RetryPolicy()
        self._interval_s = 1.0 / per_second
        self._free_at = 0.0
        self._standings: dict[str, WebhookStanding] | None = None
        self._rest_until: dict[str, float] = {}
        self._since_trim: dict[str, int] = {}
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._bell = asyncio.Event()
        self._is_closing = False
        self._is_failing = False
        self._expired_at = 0.0
        self.delivered = 0
        self.failed = 0
        self.given_up = 0

    @property
    def resting(self) -> int:
        """How many webhooks fail now."""
        return sum(one.failures >= FAILS_FROM for one in (self._standings or {}).values())

    def wake(self) -> None:
        """Something may be due."""
        self._bell.set()

    async def run(self) -> None:
        """Look, send, and look again, until cancelled. An outage of the database is sat out."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - sending goes on when what is wrong is mended
                if not self._is_failing:
                    _log.warning("Webhooks wait: the outbox cannot be read (%s)", error)
                self._is_failing = True
            else:
                self._is_failing = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._bell.wait()
            self._bell.clear()

    async def close(self) -> None:
        """Let what is being sent come to its end, for a moment, and stop."""
        self._is_closing = True
        lanes = list(self._lanes.values())
        if lanes:
            _, late = await asyncio.wait(lanes, timeout=CLOSING_S)
            for lane in late:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
        await self._sender.close()

    async def idle(self) -> None:
        """Wait until nothing is being sent."""
        while self._lanes:
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def look(self) -> None:
        """Begin to send what is due, as far as there are places."""
        if self._standings is None:
            self._standings = await self._outbox.standings()
        await self._table.refresh()
        now = self._clock.now()
        if now - self._expired_at >= EXPIRE_EVERY_S:
            self._expired_at = now
            too_old = now - self._policy.give_up_s - EXPIRE_EVERY_S
            await self._outbox.expire(too_old, "It waited for too long: the webhook was off.")
        earliest = await self._outbox.earliest()
        if earliest is None:
            self._table.waiting.clear()
        if earliest is None or earliest > now:
            return
        lanes = sorted(await self._outbox.lanes(), key=lambda lane: lane[1])
        for webhook_id, due_at, waiting in lanes:
            webhook = self._table.get(webhook_id)
            if webhook is None:
                await self._forget(webhook_id)
                continue
            self._table.waiting[webhook_id] = waiting
            if webhook.is_served and due_at <= now:
                self._open(webhook_id, now)

    def _open(self, webhook_id: str, now: float) -> None:
        is_resting = self._rest_until.get(webhook_id, 0.0) > now
        if is_resting or self._is_closing or webhook_id in self._lanes or len(self._lanes) >= LANES_AT_ONCE:
            return
        lane = asyncio.get_running_loop().create_task(self._serve(webhook_id), name=f"webhook {webhook_id}")
        self._lanes[webhook_id] = lane
        lane.add_done_callback(lambda _: self._closed(webhook_id))

    def _closed(self, webhook_id: str) -> None:
        del self._lanes[webhook_id]
        self.wake()

    async def _forget(self, webhook_id: str) -> None:
        """Drop what nobody waits for any more. Whoever was added just now is known by now."""
        await self._table.refresh()
        if self._table.get(webhook_id) is None:
            await self._outbox.forget(webhook_id)
            self._rest_until.pop(webhook_id, None)
            if self._standings is not None:
                self._standings.pop(webhook_id, None)

    async def _serve(self, webhook_id: str) -> None:
        """Send what is due to one webhook, until something fails or its turn is over."""
        tried: list[Delivery] = []
        before = self._standing(webhook_id)
        outcome: Outcome | None = None
        until = self._clock.now() + TURN_S
        try:
            due = await self._outbox.due(webhook_id, self._clock.now(), DELIVERIES_AT_ONCE)
            width = WIDTH if len(due) == DELIVERIES_AT_ONCE and not before.failures else 1
            for start in range(0, len(due), width):
                webhook = self._table.get(webhook_id)
                if webhook is None or not webhook.is_served or self._is_closing:
                    break
                outcome = await self._send(webhook, due[start : start + width], tried)
                if not outcome.is_delivered or self._clock.now() >= until:
                    break
        except Exception:  # noqa: BLE001 - other lanes go on
            # Tried again after a rest, so that a fault of our own does not become a flood.
            self._rest_until[webhook_id] = self._clock.now() + rest_s(3, 0.0)
            _log.exception("A webhook could not be served")
        finally:
            await self._note(webhook_id, tried, outcome, before)

    async def _send(self, webhook: Webhook, group: Sequence[Delivery], tried: list[Delivery]) -> Outcome:
        """Send some side by side, and add what became of them; returns the worst outcome."""
        await self._pace(len(group))
        now = self._clock.now()
        outcomes = await asyncio.gather(*(self._sender.send(webhook, one, now) for one in group))
        # Failures last: one that got through beside them does not mean that the receiver works.
        for delivery, outcome in sorted(
            zip(group, outcomes, strict=True), key=lambda pair: not pair[1].is_delivered
        ):
            tried.append(self._judged(delivery, outcome))
        return min(outcomes, key=lambda one: one.is_delivered)

    async def _pace(self, count: int) -> None:
        """Wait for a turn among all lanes."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now - AHEAD_S) + count * self._interval_s
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)

    async def _note(
        self, webhook_id: str, tried: list[Delivery], outcome: Outcome | None, before: WebhookStanding
    ) -> None:
        webhook = self._table.get(webhook_id)
        if not tried or outcome is None or webhook is None:
            return
        after = self._standing(webhook_id)
        if not outcome.is_delivered:
            rest = max(rest_s(after.failures, self._chance()), outcome.retry_after_s)
            self._rest_until[webhook_id] = self._clock.now() + rest
        why = self._why_pause(after, outcome)
        if why:
            after = self._standings_now[webhook_id] = replace(after, failing_since=None, failures=0)
        try:
            await self._outbox.record(tried, after)
            over = sum(one.state is not DeliveryState.WAITING for one in tried)
            self._table.waiting[webhook_id] = max(0, self._table.waiting.get(webhook_id, 0) - over)
            if before.failures >= FAILS_FROM and tried[0].state is DeliveryState.DELIVERED:
                await self._outbox.hasten(webhook_id, self._clock.now())
            await self._trim(webhook_id, len(tried))
            if why:
                await self._pause(webhook_id, why)
                await self._table.refresh()
        except Exception as error:  # noqa: BLE001 - what is not noted is sent again: that is the promise
            self._rest_until[webhook_id] = self._clock.now() + rest_s(2, self._chance())
            _log.warning("What became of deliveries to %s could not be written: %s", webhook_id, error)
        self._tell(webhook, before, after, why)

    def _judged(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        """A delivery after an attempt; how its webhook fares is kept up."""
        now = self._clock.now()
        attempts = delivery.attempts + 1
        tried = replace(
            delivery, attempts=attempts, tried_at=now, status=outcome.status, detail=outcome.detail
        )
        standing = self._standing(delivery.webhook_id)
        standing = replace(
            standing,
            last_tried_at=now,
            last_status=outcome.status,
            last_detail=outcome.detail,
            dropped=standing.dropped + self._recorder.take_dropped(delivery.webhook_id),
        )
        if outcome.is_delivered:
            self.delivered += 1
            standing = replace(
                standing,
                failing_since=None,
                failures=0,
                last_delivered_at=now,
                delivered=standing.delivered + 1,
            )
            self._standings_now[delivery.webhook_id] = standing
            return replace(tried, state=DeliveryState.DELIVERED)
        self.failed += 1
        since = now if standing.failing_since is None else standing.failing_since
        next_at = self._policy.next_at(delivery.created_at, attempts, now, self._chance())
        is_over = next_at is None
        self.given_up += is_over
        self._standings_now[delivery.webhook_id] = replace(
            standing,
            failing_since=since,
            failures=standing.failures + 1,
            given_up=standing.given_up + is_over,
        )
        if next_at is None:
            return replace(tried, state=DeliveryState.FAILED)
        return replace(tried, next_at=next_at)

    def _why_pause(self, standing: WebhookStanding, outcome: Outcome) -> str:
        """Why a webhook is given up; empty when it is not."""
        if outcome.is_gone:
            return "The receiver answered 410 Gone: it wants nothing more."
        since = standing.failing_since
        if since is None or not self._policy.is_hopeless(since, standing.failures, self._clock.now()):
            return ""
        began = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"Nothing got through since {began}; the last of {standing.failures} tries: {outcome.detail}"

    async def _trim(self, webhook_id: str, tried: int) -> None:
        count = self._since_trim.get(webhook_id, 0) + tried
        if count >= TRIM_EVERY:
            count = 0
            await self._outbox.trim(webhook_id)
        self._since_trim[webhook_id] = count

    def _tell(self, webhook: Webhook, before: WebhookStanding, after: WebhookStanding, why: str) -> None:
        """A line when a webhook begins to fail, one when it works again, one when it is given up."""
        if why:
            _log.error("The webhook %s of account %d is paused: %s", webhook.id, webhook.account_id, why)
        elif before.failures < FAILS_FROM <= after.failures:
            _log.warning(
                "The webhook %s of account %d fails: %s It is tried again, less and less often.",
                webhook.id, webhook.account_id, after.last_detail,
            )  # fmt: skip
        elif after.failures == 0 and before.failures >= FAILS_FROM:
            _log.warning(
                "The webhook %s of account %d works again after %d failures",
                webhook.id, webhook.account_id, before.failures,
            )  # fmt: skip

    @property
    def _standings_now(self) -> dict[str, WebhookStanding]:
        assert self._standings is not None
        return self._standings

    def _standing(self, webhook_id: str) -> WebhookStanding:
        return self._standings_now.get(webhook_id) or WebhookStanding(webhook_id)
