"""Asks the HTTP server: one after the other to measure each answer, or side by side until told to stop."""

import http.client
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PATIENCE_S = 60.0
NICER = 5  # the clients step back for the SIP generator, which shares their core


class WrongAnswerError(Exception):
    """The server answered with another status than the one that was expected."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request that can be sent again and again."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""
    status: int = 200


class Connection:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(self, question: Question) -> tuple[float, bytes]:
        """Seconds until the whole answer was there, and its body. Raises WrongAnswerError."""
        begun = time.perf_counter()
        self._http.request(question.method, question.path, question.body or None, dict(question.headers))
        answer = self._http.getresponse()
        body = answer.read()
        took = time.perf_counter() - begun
        if answer.status != question.status:
            raise WrongAnswerError(f"{question.method} {question.path}: {answer.status} {body[:300]!r}")
        return took, body

    def close(self) -> None:
        """Close it."""
        self._http.close()


@dataclass(slots=True)
class Crowd:
    """Connections that ask all at once, each its own questions in turn, from ``start`` to ``stop``."""

    port: int
    questions: Sequence[Sequence[Question]]
    answered: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)
    _begun: float = 0.0

    def start(self) -> None:
        """Begin to ask."""
        self._counts = [0] * len(self.questions)
        self._begun = time.perf_counter()
        for index in range(len(self.questions)):
            thread = threading.Thread(target=self._ask, args=(index,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> float:
        """Let every last answer come; requests answered per second."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self.seconds = time.perf_counter() - self._begun
        self.answered = sum(self._counts)
        if self.faults:
            raise WrongAnswerError(self.faults[0])
        return self.answered / self.seconds

    def _ask(self, index: int) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICER)
        connection = Connection(self.port)
        own = self.questions[index]
        try:
            while not self._stop.is_set():
                connection.ask(own[self._counts[index] % len(own)])
                self._counts[index] += 1
        except (OSError, http.client.HTTPException, WrongAnswerError) as fault:
            self.faults.append(str(fault))
        finally:
            connection.close()
