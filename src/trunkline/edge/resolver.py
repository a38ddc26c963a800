"""Find the targets of a URI: RFC 3263 with a cache."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from trunkline.edge.answer_cache import AnswerCache
from trunkline.edge.dns_lookup import Lookup, LookupFailedError, SystemLookup
from trunkline.sip.flow import Listener
from trunkline.sip.locating import (
    AAAA,
    A,
    Located,
    Question,
    Record,
    Target,
    Wanted,
    locate,
    numeric_host,
    target_at,
)

_log: Final = logging.getLogger(__name__)

_MAX_WAITING: Final = 2_000

# RFC 6761 §6.4, and what WebSocket clients put into their Contact (RFC 7118 §5).
_LEADS_NOWHERE: Final = ".invalid"

Done = Callable[[list[Target]], None]


class Resolver:
    """Targets of URIs, in the order to try them.

    ``supported`` are our transports and ``families`` our kinds of address, the preferred ones first;
    ``towards`` takes both from listeners.
    """

    def __init__(
        self,
        supported: Sequence[str],
        families: Sequence[str] = (A, AAAA),
        lookup: Lookup | None = None,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._supported: Final = tuple(supported)
        self._families: Final = tuple(families)
        self._lookup: Final[Lookup] = lookup or SystemLookup()
        self._clock: Final = clock
        self._draw: Final = draw
        self._cache: Final = AnswerCache()
        self._asking: Final[dict[Question, asyncio.Task[None]]] = {}
        self._waiting: Final[set[asyncio.Task[None]]] = set()
        self.lookups = 0
        self.lookups_failed = 0

    @classmethod
    def towards(cls, listeners: Sequence[Listener], lookup: Lookup | None = None) -> Resolver:
        """Return a resolver for what these listeners can reach; an earlier listener is preferred to a later."""
        supported = tuple(dict.fromkeys(listener.transport for listener in listeners))
        families = tuple(dict.fromkeys(AAAA if listener.is_ipv6 else A for listener in listeners))
        return cls(supported, families, lookup)

    def stop(self) -> None:
        """Give up what is being looked up; nobody is told."""
        for task in (*self._waiting, *self._asking.values()):
            task.cancel()
        self._lookup.stop()

    def resolve(
        self, uri_host: str, uri_port: int | None, transport: str | None, secure: bool, done: Done
    ) -> None:
        """Call ``done`` with the targets, none when the URI leads nowhere.

        It is called before this returns when the host is an IP address or the answers are in the cache.
        """
        address = numeric_host(uri_host)
        if address is not None:
            target = target_at(address, uri_port, transport, secure, self._supported, self._families)
            done([] if target is None else [target])
            return
        host = uri_host.rstrip(".").lower()
        if not host or host == "invalid" or host.endswith(_LEADS_NOWHERE):
            done([])
            return
        wanted = Wanted(
            host=host,
            port=uri_port,
            transport=transport,
            secure=secure,
            supported=self._supported,
            families=self._families,
            plain=self._lookup.is_plain(host),
        )
        known: dict[Question, Sequence[Record]] = {}
        located = self._locate(wanted, known)
        if not located.missing:
            done(list(located.targets))
        elif len(self._waiting) >= _MAX_WAITING:
            _log.warning("too many names are being looked up: %s is not", host)
            done([])
        else:
            task = asyncio.get_running_loop().create_task(self._find(wanted, known, located, done))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    def _locate(self, wanted: Wanted, known: dict[Question, Sequence[Record]]) -> Located:
        """Go as far as the cache leads; ``known`` keeps what was used, so that nothing expires midway."""
        while True:
            located = locate(wanted, known, self._draw)
            now = self._clock()
            learned = False
            for question in located.missing:
                records = self._cache.get(question, now)
                if records is not None:
                    known[question] = records
                    learned = True
            if not learned:
                return located

    async def _find(
        self,
        wanted: Wanted,
        known: dict[Question, Sequence[Record]],
        located: Located,
        done: Done,
    ) -> None:
        targets: list[Target] = []
        try:
            while located.missing:
                await asyncio.gather(*[asyncio.shield(self._ask(question)) for question in located.missing])
                now = self._clock()
                for question in located.missing:
                    known[question] = self._cache.get(question, now) or ()
                located = self._locate(wanted, known)
            targets = list(located.targets)
        except Exception:  # noqa: BLE001
            _log.exception("looking up %s failed", wanted.host)
        done(targets)

    def _ask(self, question: Question) -> asyncio.Task[None]:
        """Return the one task that asks a question, however many wait for its answer."""
        task = self._asking.get(question)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._look_up(question))
            self._asking[question] = task
        return task

    async def _look_up(self, question: Question) -> None:
        self.lookups += 1
        try:
            found = await self._lookup.find(question)
        except LookupFailedError as error:
            self.lookups_failed += 1
            _log.info("no answer for %s %s: %s", question.kind, question.name, error)
            self._cache.put_failure(question, self._clock())
        else:
            self._cache.put(question, found.records, found.ttl_s, self._clock())
        finally:
            del self._asking[question]
