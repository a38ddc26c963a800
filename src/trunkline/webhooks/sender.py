"""One attempt: a signed POST, within a time, to an address that the guard lets through; redirects are not followed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import httpcore
import httpx

from trunkline.domain.webhook import Delivery, Webhook
from trunkline.webhooks.address_guard import AddressGuard, AddressRefused
from trunkline.webhooks.guarded_transport import GuardedTransport
from trunkline.webhooks.signing import signed_headers

MAX_ANSWER: Final = 65_536
"""Octets of an answer that are read, so that its connection can be used again; nothing of them is kept."""

LONGEST_RETRY_AFTER_S: Final = 3600.0
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to. ``status`` is None without an answer; ``detail`` is empty when it was delivered.

    ``retry_after_s`` is how long the receiver wants to be left alone; 0 when it does not say.
    """

    status: int | None
    detail: str = ""
    retry_after_s: float = 0.0

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has it."""
        return not self.detail

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing more, ever."""
        return self.status == GONE


class Sender:
    """Posts deliveries. ``timeout_s`` bounds a whole attempt."""

    def __init__(
        self,
        guard: AddressGuard,
        *,
        timeout_s: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            transport=transport or GuardedTransport(guard),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Trunkline-Webhooks", "Accept": "*/*", "Accept-Encoding": "identity"},
        )

    async def prepare(self) -> None:
        """Load what the library loads when it is first used: 20 ms that calls would have to wait for."""
        await httpcore.AnyIOBackend().sleep(0)

    async def send(self, webhook: Webhook, delivery: Delivery, now: float) -> Outcome:
        """Try once. ``now`` is what the signature says; nothing is raised for what the receiver does."""
        body = delivery.body.encode()
        headers = {
            "Content-Type": "application/json",
            "trunkline-event": delivery.kind,
            "trunkline-attempt": str(delivery.attempts + 1),
            **signed_headers(webhook.signing_secrets(now), delivery.message_id, int(now), body),
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(webhook.url, headers, body)
        except TimeoutError:
            return Outcome(None, f"No whole answer came within {self._timeout_s:g} seconds.")
        except AddressRefused as refused:
            return Outcome(None, refused.sentence)
        except httpx.TimeoutException:
            return Outcome(None, f"No answer came within {self._timeout_s:g} seconds.")
        except httpx.ConnectError as error:
            return Outcome(None, f"No connection: {_reason(error)}.")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
            return Outcome(None, f"No whole answer: {_reason(error)}.")

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        async with self._client.stream("POST", url, headers=headers, content=body) as answer:
            size = 0
            async for piece in answer.aiter_raw():
                size += len(piece)
                if size > MAX_ANSWER:
                    break
            return _outcome(answer)


def _outcome(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    if 200 <= status < 300:
        return Outcome(status)
    if 300 <= status < 400:
        return Outcome(status, f"It answered {status}; redirects are not followed, give the URL itself.")
    return Outcome(status, f"It answered {status}.", _retry_after(answer.headers.get("retry-after", "")))


def _retry_after(text: str) -> float:
    return (
        min(float(text), LONGEST_RETRY_AFTER_S)
        if text.isascii() and text.isdecimal() and len(text) < 10
        else 0.0
    )


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")[:200]
