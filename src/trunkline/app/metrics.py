"""Prometheus metrics: read off the server's own counters when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from trunkline.app.server import Server


class ServerMetrics(Collector):
    """Collects from one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> Iterable[Metric]:
        """Every metric with its value now."""
        server, counts, edge = self._server, self._server.counts, self._server.edge.counters
        yield _gauge("trunkline_calls", "Calls that run now.", len(server.exchange.calls))
        yield _gauge("trunkline_bindings", "Registered devices.", len(server.bindings))
        yield _gauge("trunkline_sip_transactions", "SIP transactions.", server.endpoint.live_transactions)
        yield _gauge("trunkline_sip_connections", "Open stream connections.", edge.connections)
        yield _gauges("trunkline_table_entries", "Entries of tables of calls.", "table", _tables(server))
        yield _gauge("trunkline_directory_change", "Number of the last change in effect.", server.feed.seen)
        resting = server.exchange.address_rests.count(server.clock.now())
        yield _gauge("trunkline_trunk_addresses_resting", "Addresses of trunks left alone now.", resting)
        yield _counters(
            "trunkline_trunk_address_rests",
            "Times a trunk's address was found failing.",
            "why",
            counts.address_rests,
        )
        yield _gauge("trunkline_media_streams", "Streams in the media engine.", server.engine.open_streams)
        yield _gauge("trunkline_media_up", "Whether the media engine runs.", int(server.engine.is_running))
        yield _gauge("trunkline_cdrs_waiting", "CDRs that are not on disk yet.", server.cdr_writer.waiting)
        yield _gauge("trunkline_bindings_waiting", "Bindings not on disk yet.", server.binding_writer.waiting)
        yield _counters("trunkline_registers", "REGISTERs by status answered.", "status", counts.registers)
        yield _counters("trunkline_refusals", "Refusals by rejection code.", "code", counts.refusals)
        yield _counters("trunkline_calls_ended", "Calls by end cause.", "cause", counts.calls_ended)
        yield _counters(
            "trunkline_registration_events",
            "What became of registrations.",
            "kind",
            counts.registration_events,
        )
        yield _counters("trunkline_malformed", "Unreadable SIP messages by fault.", "fault", counts.malformed)
        yield _counters("trunkline_sip_received", "SIP messages received.", "transport", edge.received)
        yield _counters("trunkline_sip_sent", "SIP messages sent.", "transport", edge.sent)
        yield _counters("trunkline_sip_dropped", "Datagrams and connections dropped.", "reason", edge.dropped)
        yield _counter("trunkline_answered_seconds", "Seconds of answered calls.", counts.answered_seconds)
        yield _counter("trunkline_faults", "Faults of the server's own.", counts.faults)
        yield _counter("trunkline_media_restarts", "Restarts of the media engine.", server.engine.restarts)
        yield from _webhooks(server)
        yield _counter("trunkline_http_outages", "Requests that found no database.", counts.http_outages)
        yield _counter("trunkline_database_failures", "Failed writes.", _database_failures(server))


def _tables(server: Server) -> dict[str, int]:
    """What calls leave behind until they are over, and nothing may leave behind for good."""
    exchange = server.exchange
    return {
        "legs": len(exchange.legs),
        "anchors": len(exchange.anchors),
        "limits": len(exchange.limits.holders),
        "timers": len(exchange.timers),
    }


def _database_failures(server: Server) -> int:
    writers = (server.cdr_writer, server.binding_writer, server.event_writer, server.webhooks.outbox)
    return sum(writer.failures for writer in writers)


def _webhooks(server: Server) -> Iterable[Metric]:
    """What became of the events that webhooks want."""
    courier, recorder = server.webhooks.courier, server.webhooks.recorder
    yield _gauge(
        "trunkline_webhooks_change",
        "Grows with each change of webhooks in effect.",
        server.webhooks.table.version,
    )
    yield _gauge("trunkline_webhooks_waiting", "Deliveries that wait.", server.webhooks.waiting)
    yield _gauge("trunkline_webhooks_failing", "Webhooks that fail now.", courier.resting)
    yield _counter("trunkline_webhooks_delivered", "Deliveries that arrived.", courier.delivered)
    yield _counter("trunkline_webhooks_failed", "Attempts that failed.", courier.failed)
    yield _counter("trunkline_webhooks_given_up", "Deliveries given up.", courier.given_up)
    yield _counter("trunkline_webhooks_dropped", "Events dropped: too many waited.", recorder.dropped)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _gauges(name: str, text: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=value)


def _counters(
    name: str, text: str, label: str, values: Mapping[int | str, int] | Mapping[int, int] | Mapping[str, int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([str(key)], value)
    return family


def metrics_text(server: Server) -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServerMetrics(server))
    return generate_latest(registry)
