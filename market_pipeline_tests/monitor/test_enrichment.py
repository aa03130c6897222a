"""`/api/v1/enrichment`: the documented shapes over a real enrichment in which one symbol failed, and its controls."""

from collections.abc import Iterator
from typing import Any

import pytest

from market_pipeline.monitor.dagster_control import Automation
from market_pipeline_tests.monitor.conftest import Monitor, Serving
from market_pipeline_tests.orchestration.conftest import NOW, Runs, definitions_at

DASHBOARD = "/api/v1/enrichment/dashboard"


@pytest.fixture
def enriched(serving: Serving, runs: Runs, environment: pytest.MonkeyPatch) -> Iterator[Monitor]:
    environment.setenv("HISTORY_SESSIONS", "20")
    environment.setattr("market_pipeline.enrichment.pool.FIRST_WAIT", 0.01)
    runs.track("ZZTOP")
    job = definitions_at(lambda: NOW).resolve_job_def("enrichment")
    assert job.execute_in_process(instance=runs.instance).success
    with serving(runs.database, lambda: NOW) as found:
        found.switchboard.on["enrichment_schedule"] = True
        yield found


def got(monitor: Monitor, path: str, **parameters: Any) -> Any:
    answer = monitor.client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shape(found: Any) -> Any:
    """The keys of an answer, all the way down; of a list those of its first entry."""
    if isinstance(found, dict):
        return {key: shape(value) for key, value in found.items()}
    return [shape(found[0])] if isinstance(found, list) and found else None


def test_the_overview_has_the_documented_shape(enriched: Monitor) -> None:
    found = got(enriched, f"{DASHBOARD}/overview")
    assert shape(found) == {
        "timestamp": None,
        "scheduler": dict.fromkeys(["running", "last_enrichment_time", "next_enrichment_time"]),
        "last_job": dict.fromkeys(
            ["started_at", "completed_at", "duration_seconds", "successful", "failed", "retried"]
        ),
        "metrics": {
            "fetch_pipeline": dict.fromkeys(
                ["total_fetches", "successful", "success_rate", "avg_response_time_ms", "api_quota_remaining"]
            ),
            "compute_pipeline": dict.fromkeys(
                ["total_computations", "successful", "success_rate", "avg_computation_time_ms"]
            ),
            "data_quality": dict.fromkeys(["symbols_tracked", "avg_validation_rate", "avg_quality_score"]),
        },
        "job_queue": [dict.fromkeys(["symbol", "status", "retry_count"])],
    }
    assert (found["last_job"]["successful"], found["last_job"]["failed"]) == (4, 1)
    assert {one["symbol"]: one["status"] for one in found["job_queue"]}["ZZTOP"] == "failed"
    quality = found["metrics"]["data_quality"]
    assert quality["symbols_tracked"] == 5
    assert 0 < quality["avg_quality_score"] <= 1


def test_the_status_of_a_symbol_has_the_documented_shape(enriched: Monitor) -> None:
    found = got(enriched, f"{DASHBOARD}/job-status/aapl")
    names = ["symbol", "status", "retry_count", "last_error", "started_at", "completed_at", "timestamp"]
    assert list(found) == names
    assert (found["symbol"], found["status"], found["last_error"]) == ("AAPL", "completed", None)
    assert "prices" in got(enriched, f"{DASHBOARD}/job-status/ZZTOP")["last_error"]
    assert enriched.client.get(f"{DASHBOARD}/job-status/NVDA").status_code == 404


def test_metrics_and_health_have_the_documented_shapes(enriched: Monitor) -> None:
    assert set(got(enriched, f"{DASHBOARD}/metrics")) == {
        "fetch_pipeline",
        "compute_pipeline",
        "data_quality",
        "timestamp",
    }
    health = got(enriched, f"{DASHBOARD}/health")
    assert shape(health) == {
        **dict.fromkeys(["timestamp", "health_status", "running", "scheduler_running", "last_enrichment_time"]),
        "issues": [None],
        "config": dict.fromkeys(["enrichment_hour", "enrichment_minute", "max_concurrent_symbols", "max_retries"]),
    }
    assert (health["health_status"], health["running"]) == ("critical", False), "no daemon runs here"
    assert any("1 of 5 symbols failed" in issue for issue in health["issues"])
    assert (health["config"]["enrichment_hour"], health["config"]["max_retries"]) == (1, 3)


def test_history_has_the_documented_shape(enriched: Monitor) -> None:
    found = got(enriched, "/api/v1/enrichment/history", limit=5)
    assert found["count"] == 1
    (job,) = found["jobs"]
    assert (job["successful"], job["failed"], job["total_records_inserted"]) == (4, 1, 80)
    assert list(job) == [
        "started_at",
        "completed_at",
        "duration_seconds",
        "successful",
        "failed",
        "total_records_inserted",
        "total_records_updated",
    ]


def test_some_symbols_or_an_asset_class_or_all_are_enriched_at_once(enriched: Monitor) -> None:
    some = enriched.client.post("/api/v1/enrichment/trigger?symbols=aapl&symbols=MSFT")
    assert some.status_code == 202
    found = some.json()
    assert (found["status"], found["symbols_to_process"], found["manual_trigger"]) == ("triggered", 2, True)
    assert list(found["result_summary"]) == ["successful", "failed", "duration_seconds"]
    assert enriched.client.post("/api/v1/enrichment/trigger?asset_class=stock").json()["symbols_to_process"] == 5
    assert [(job, config) for job, config, _ in enriched.switchboard.launched] == [
        ("enrichment", {"symbols": ["AAPL", "MSFT"]}),
        ("enrichment", {}),
    ]
    for query in ("symbols=NVDA", "asset_class=bond"):
        assert enriched.client.post(f"/api/v1/enrichment/trigger?{query}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_is_paused_and_resumed(enriched: Monitor, method: str) -> None:
    assert enriched.client.request(method, "/api/v1/enrichment/pause").json()["status"] == "paused"
    switched = {one.name: one.running for one in enriched.switchboard.automations()}
    assert switched == {"stock_quotes_schedule": True, "news_schedule": False, "enrichment_schedule": False}
    assert any("paused" in issue for issue in got(enriched, f"{DASHBOARD}/health")["issues"])
    assert enriched.client.request(method, "/api/v1/enrichment/resume").json()["status"] == "running"
    assert (
        Automation("schedule", "enrichment_schedule", True, "enrichment_schedule") in enriched.switchboard.automations()
    )
    evil = enriched.client.get("/api/v1/enrichment/pause", headers={"Sec-Fetch-Site": "cross-site"})
    assert evil.status_code == 403
