"""Pings: OPTIONS to a device, which tells that it lives and keeps its router's way open."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.calls.exchange import Exchange
from trunkline.calls.requester import Requester
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import print_host
from trunkline.sip.message import Request, Response


class Pinger:
    """Sends OPTIONS over flows; ``answered`` hears of each that gets any response at all."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.answered: Callable[[Flow], None] = _nobody

    def ping(self, flow: Flow) -> None:
        """Ask the device at the far end of a flow for a sign of life."""
        exchange = self._exchange
        us = f"<sip:{flow.listener.sent_by}>"
        target = f"sip:{print_host(flow.host)}:{flow.port}"
        headers = [
            ("Max-Forwards", "1"),
            ("From", f"{us};tag={exchange.tokens()}"),
            ("To", f"<{target}>"),
            ("Call-ID", exchange.tokens()),
            ("CSeq", "1 OPTIONS"),
            ("Contact", us),
        ]
        request = Request("OPTIONS", target, headers)
        exchange.endpoint.send_request(request, flow, exchange.now()).user = _Ping(self, flow)
        exchange.settle()


class _Ping(Requester):
    """One ping on its way."""

    def __init__(self, pinger: Pinger, flow: Flow) -> None:
        self._pinger = pinger
        self._flow = flow

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - any answer is a sign of life
        self._pinger.answered(self._flow)

    def gave_up(self, status: int) -> None:
        """Silence is counted by whoever asked for the ping."""


def _nobody(flow: Flow) -> None:
    """Stand in until somebody wants to hear."""
