"""`/metrics`: what Prometheus collects, read from the tables at the moment it asks.

Calls to vendors are counters that all processes have written; everything else is a gauge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from market_pipeline.monitor.services import Reading, Served, Services
from market_pipeline.queue import queue_stats, silent_daemons
from market_pipeline.storage.database import Connection
from market_pipeline.tracking.attempt_totals import attempt_totals
from market_pipeline.tracking.failed_symbols import count_failed_symbols
from market_pipeline.tracking.gates import gate_status
from market_pipeline.tracking.history import last_executions
from market_pipeline.tracking.quality import quality_summary
from market_pipeline.tracking.staleness import STATUSES, freshness_summary

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(services: Served, connection: Reading) -> Response:
    registry = CollectorRegistry()
    registry.register(_Collected(services, connection))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@dataclass(eq=False)  # a registry wants it hashable
class _Collected(Collector):
    services: Services
    connection: Connection

    def collect(self) -> Iterator[Metric]:
        yield from self._vendors()
        yield from self._data()
        yield from self._executions()
        yield from self._queue()

    def _vendors(self) -> Iterator[Metric]:
        calls = CounterMetricFamily(
            "market_pipeline_attempts", "Calls to vendors.", labels=["provider", "data_type", "outcome"]
        )
        seconds = HistogramMetricFamily(
            "market_pipeline_response_seconds", "Time that vendors took to answer.", labels=["provider", "data_type"]
        )
        for one in attempt_totals(self.connection):
            for outcome, count in one.outcomes.items():
                calls.add_metric([one.provider, one.data_type, outcome], count)
            buckets = [(f"{bound:g}", count) for bound, count in one.buckets] + [("+Inf", sum(one.outcomes.values()))]
            seconds.add_metric([one.provider, one.data_type], buckets, sum_value=one.total_seconds)
        yield calls
        yield seconds
        state = GaugeMetricFamily(
            "market_pipeline_gate_open",
            "1 where a vendor's endpoint may be called.",
            labels=["provider", "endpoint", "state"],
        )
        quota = GaugeMetricFamily("market_pipeline_quota_left", "Calls left of the quota.", labels=["provider"])
        flight = GaugeMetricFamily(
            "market_pipeline_calls_in_flight", "Slots held by all processes.", labels=["provider"]
        )
        vendors = {}
        for gate in gate_status(self.connection):
            state.add_metric([gate.name, gate.scope or "", gate.state], float(gate.state in ("closed", "half_open")))
            vendors[gate.name] = gate
        for name, gate in vendors.items():
            flight.add_metric([name], gate.active_count)
            if gate.quota_left is not None:
                quota.add_metric([name], gate.quota_left)
        yield from (state, quota, flight)

    def _data(self) -> Iterator[Metric]:
        fresh = GaugeMetricFamily(
            "market_pipeline_symbols", "Symbols by how fresh their data is.", labels=["data_type", "status"]
        )
        for name, counts in freshness_summary(self.connection).items():
            for status in STATUSES:
                fresh.add_metric([name, status], counts[f"{status}_count"])  # type: ignore[literal-required]
        failed = GaugeMetricFamily(
            "market_pipeline_failed_symbols", "Symbols that no vendor answered for.", labels=["data_type", "state"]
        )
        for data_type, state, count in count_failed_symbols(self.connection):
            failed.add_metric([data_type, state], count)
        yield from (fresh, failed)
        quality = quality_summary(self.connection)
        if quality.avg_quality_score is not None:
            yield GaugeMetricFamily("market_pipeline_quality_score", "Average, from 0 to 1.", quality.avg_quality_score)

    def _executions(self) -> Iterator[Metric]:
        names = {
            "started_timestamp_seconds": "When it started.",
            "duration_seconds": "How long it took.",
            "rows": "Rows that it stored.",
            "symbols": "Symbols that it was about.",
            "failed_symbols": "Symbols that it could not fetch.",
        }
        families = {
            name: GaugeMetricFamily(
                f"market_pipeline_last_execution_{name}",
                f"Of the last finished execution: {text}",
                labels=["data_type"],
            )
            for name, text in names.items()
        }
        for one in last_executions(self.connection):
            values = (
                one.started_at.timestamp(),
                one.duration_seconds,
                one.total_records_processed,
                one.total_symbols,
                one.failed_symbols,
            )
            for family, value in zip(families.values(), values, strict=True):
                if value is not None:
                    family.add_metric([one.data_type], value)
        yield from families.values()

    def _queue(self) -> Iterator[Metric]:
        stats = queue_stats(self.services.instance)
        depth = GaugeMetricFamily("market_pipeline_runs", "Dagster's runs that are kept.", labels=["status"])
        for status in ("pending", "processing", "completed", "failed", "cancelled"):
            depth.add_metric([status], getattr(stats, status))
        yield depth
        yield GaugeMetricFamily(
            "market_pipeline_scheduler_running",
            "1 while Dagster's daemon sends heartbeats.",
            float(not silent_daemons(self.services.instance)),
        )
