"""The JSON API: the documented paths and shapes, over a database that real runs have filled."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline_tests.monitor.conftest import Monitor
from market_pipeline_tests.orchestration.conftest import NOW


def got(monitor: Monitor, path: str, **parameters: Any) -> Any:
    answer = monitor.client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys(found: dict[str, Any]) -> list[str]:
    return list(found)


def test_scheduler_health_has_the_documented_shape(monitor: Monitor) -> None:
    found = got(monitor, "/api/v1/admin/scheduler-health")
    assert keys(found) == [
        "status",
        "timestamp",
        "last_execution",
        "stale_features_count",
        "recent_failures",
        "total_symbols_monitored",
    ]
    assert keys(found["last_execution"]) == [
        "execution_id",
        "started_at",
        "completed_at",
        "status",
        "successful_symbols",
        "failed_symbols",
    ]
    assert found["status"] == "degraded", "the hourly check has never run here"
    assert (found["last_execution"]["status"], found["last_execution"]["failed_symbols"]) == ("completed", 1)
    assert found["total_symbols_monitored"] == 5


def test_staleness_of_features_has_the_documented_shape(monitor: Monitor) -> None:
    found = got(monitor, "/api/v1/admin/features/staleness", limit=3)
    assert keys(found) == ["timestamp", "summary", "by_status"]
    assert keys(found["summary"]) == ["fresh_count", "aging_count", "stale_count", "missing_count", "total_monitored"]
    assert keys(found["by_status"]) == ["fresh", "aging", "stale", "missing"]


def test_execution_history_has_the_documented_shape_and_the_newest_first(monitor: Monitor) -> None:
    found = got(monitor, "/api/v1/admin/scheduler/execution-history", limit=1)
    (execution,) = found["executions"]
    assert keys(execution) == [
        "execution_id",
        "started_at",
        "completed_at",
        "duration_seconds",
        "total_symbols",
        "successful_symbols",
        "failed_symbols",
        "total_records_processed",
        "status",
        "error_message",
        "success_rate",
    ]
    assert (execution["total_symbols"], execution["success_rate"]) == (5, 80.0)


def test_an_execution_is_told_symbol_by_symbol(monitor: Monitor) -> None:
    (execution,) = got(monitor, "/api/v1/executions", data_type="company_info")
    detail = got(monitor, f"/api/v1/executions/{execution['execution_id']}")
    assert {one["symbol"]: one["status"] for one in detail["symbols"]} == {
        "AAPL": "completed",
        "JPM": "completed",
        "MSFT": "completed",
        "XOM": "completed",
        "ZZTOP": "failed",
    }
    assert monitor.client.get(f"/api/v1/executions/{uuid4()}").status_code == 404


def test_vendors_are_told_with_their_totals_history_gates_and_events(monitor: Monitor) -> None:
    found = got(monitor, "/api/v1/providers")
    asked = {one["provider"]: one["total_attempts"] for one in found["providers"]}
    assert found["totals"]["total_attempts"] == sum(asked.values()) > 0
    name = max(asked, key=lambda one: asked[one])
    detail = got(monitor, f"/api/v1/providers/{name}")
    assert detail["performance"]["total_attempts"] == asked[name]
    assert {gate["state"] for gate in detail["gates"]} <= {"closed", "open", "half_open", "cooldown", "limited"}
    (hour,) = got(monitor, f"/api/v1/providers/{name}/history", hours=24)
    assert hour["total_attempts"] == asked[name]
    assert got(monitor, "/api/v1/providers/events", limit=5) == []
    assert got(monitor, "/api/v1/providers/fred")["performance"] is None


def test_freshness_is_told_by_data_type_and_by_symbol(monitor: Monitor) -> None:
    by_type = got(monitor, "/api/v1/freshness")["data_types"]
    assert set(by_type) >= set(DATASETS)
    assert (by_type["company_info"]["stale_count"], by_type["company_info"]["missing_count"]) == (4, 1)
    report = got(monitor, "/api/v1/freshness/company_info", limit=2)
    assert len(report["by_status"]["stale"]) == 2
    assert [one["symbol"] for one in report["by_status"]["missing"]] == ["ZZTOP"]
    states = {one["data_type"]: one["status"] for one in got(monitor, "/api/v1/symbols/aapl/freshness")}
    assert (states["company_info"], states["news"]) == ("stale", "missing")
    assert monitor.client.get("/api/v1/freshness/weather").status_code == 404


def test_what_is_owed_is_told_and_can_be_made_due_at_once(monitor: Monitor) -> None:
    found = got(monitor, "/api/v1/failed-symbols", data_type="stock_quotes")["failed_symbols"]
    (owed,) = found
    assert (owed["symbol"], owed["state"], owed["attempts"]) == ("AAPL", "waiting", 1)
    assert owed["errors"] == {"finnhub": "unavailable: HTTP 503"}
    assert datetime.fromisoformat(owed["next_retry_at"]) > NOW
    answer = monitor.client.post("/api/v1/failed-symbols/retry", params={"data_type": "stock_quotes"})
    assert answer.json() == {"due": 1}
    (owed,) = got(monitor, "/api/v1/failed-symbols", data_type="stock_quotes")["failed_symbols"]
    assert datetime.fromisoformat(owed["next_retry_at"]) <= NOW


def test_attempts_are_filtered_and_come_page_by_page(monitor: Monitor) -> None:
    everything = got(monitor, "/api/v1/attempts", limit=500)["attempts"]
    pages, before = [], None
    while True:
        page = got(monitor, "/api/v1/attempts", limit=2, **({} if before is None else {"before": before}))
        pages += page["attempts"]
        before = page["next_before"]
        if before is None:
            break
    assert pages == everything != []
    of_zztop = got(monitor, "/api/v1/attempts", symbol="ZZTOP")["attempts"]
    assert of_zztop == [one for one in everything if "ZZTOP" in one["symbols"]] != []
    assert got(monitor, "/api/v1/attempts", outcome="rate_limited")["attempts"] == []


def test_symbols_are_added_imported_listed_and_removed(monitor: Monitor) -> None:
    assert monitor.client.post("/api/v1/symbols", json={"symbols": ["nvda", "BRK.B"]}).json() == {
        "changed": ["NVDA", "BRK.B"]
    }
    csv = b"symbol,name,sector\nIBM,International Business Machines,Technology\n"
    assert monitor.client.post("/api/v1/symbols/import", files={"file": csv}).json() == {"changed": ["IBM"]}
    assert monitor.client.delete("/api/v1/symbols/NVDA").json() == {"changed": ["NVDA"]}
    assert monitor.client.delete("/api/v1/symbols/NVDA").status_code == 404
    found = got(monitor, "/api/v1/symbols", limit=3, offset=1)
    assert found["total"] == 7
    assert [one["symbol"] for one in found["symbols"]] == ["BRK.B", "IBM", "JPM"]


def test_of_a_wrong_csv_nothing_is_imported(monitor: Monitor) -> None:
    for content, told in (
        (b"name\nApple", "the first line must name the columns"),
        (b"symbol\nAAPL\n<script>", "line 3"),
        (b"\xff\xfe\x00", "cannot be read as CSV"),
    ):
        answer = monitor.client.post("/api/v1/symbols/import", files={"file": content})
        assert answer.status_code == 400, content
        assert told in answer.json()["detail"]
        assert got(monitor, "/api/v1/symbols")["total"] == 5


def test_a_part_of_the_universe_is_refreshed_by_index_and_sector(monitor: Monitor) -> None:
    csv = b"symbol,sector,indices\nIBM,Technology,S&P 500\nCAT,Industrials,S&P 500\n"
    monitor.client.post("/api/v1/symbols/import", files={"file": csv})
    answer = monitor.client.post("/api/scheduler/refresh", json={"index": "S&P 500", "sector": "Technology"})
    assert answer.status_code == 202
    found = answer.json()
    assert (found["status"], found["symbols"], found["job"]) == ("queued", 1, "market_data_refresh")
    ((job, config, tags),) = monitor.switchboard.launched
    assert (job, config) == ("market_data_refresh", {"symbols": ["IBM"]})
    assert int(tags["dagster/priority"]) > 0
    assert got(monitor, f"/api/v1/tasks/{found['task_id']}")["status"] == "pending"
    assert "Technology" in monitor.client.post("/api/scheduler/refresh", json={"sector": "Tea"}).json()["detail"]


def test_everything_is_refreshed_whatever_was_answered_lately(monitor: Monitor) -> None:
    assert monitor.client.post("/api/scheduler/force-refresh").status_code == 202
    ((job, config, _),) = monitor.switchboard.launched
    assert (job, config) == ("market_data_refresh", {"use_cache": False})


def test_a_call_with_the_same_key_starts_one_run(monitor: Monitor) -> None:
    asked = {"symbols": ["AAPL"], "data_type": "news"}
    first, second, other = (
        monitor.client.post("/api/scheduler/refresh", json=asked, headers={"Idempotency-Key": key}).json()["task_id"]
        for key in ("monday-1", "monday-1", "monday-2")
    )
    assert first == second != other
    assert len(monitor.switchboard.launched) == 2
    assert monitor.switchboard.launched[0][1] == {"ops": {"news": {"config": {"symbols": ["AAPL"]}}}}


def test_a_key_that_was_used_for_something_else_is_refused(monitor: Monitor) -> None:
    def ask(path: str, **asked: Any) -> httpx.Response:
        return monitor.client.post(path, headers={"Idempotency-Key": "monday-1"}, **asked)

    assert ask("/api/scheduler/refresh", json={"symbols": ["AAPL"], "data_type": "news"}).status_code == 202
    for refused in (
        ask("/api/scheduler/refresh", json={"symbols": ["AAPL", "JPM"], "data_type": "news"}),
        ask("/api/scheduler/force-refresh"),
        ask("/api/v1/enrichment/trigger", params={"symbols": "AAPL"}),
    ):
        assert refused.status_code == 409
        assert "monday-1 belongs to an earlier request" in refused.json()["detail"]
    assert len(monitor.switchboard.launched) == 1


def test_what_has_failed_for_good_is_listed(monitor: Monitor) -> None:
    instance = monitor.switchboard.instance
    assert got(monitor, "/api/v1/tasks/failed") == []
    ids = [monitor.switchboard.launch("market_data_refresh", {}, {}) for _ in range(3)]
    for run_id in ids[:2]:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        instance.report_run_failed(run, "no vendor answers")
    instance.add_run_tags(ids[0], {"dagster/will_retry": "true"})
    (task,) = got(monitor, "/api/v1/tasks/failed")
    assert (task["id"], task["status"], task["error_message"]) == (ids[1], "failed", "no vendor answers")


def test_everything_is_switched_off_and_on(monitor: Monitor) -> None:
    assert monitor.client.post("/api/scheduler/stop").json()["changed"] == ["stock_quotes_schedule"]
    assert not any(monitor.switchboard.on.values())
    assert monitor.client.post("/api/scheduler/start").json()["status"] == "started"
    assert all(monitor.switchboard.on.values())
    status = got(monitor, "/api/scheduler/status")
    assert keys(status["queue"]) == ["pending", "processing", "completed", "failed"]
    assert status["running"] is False, "no daemon runs here"


def test_what_the_daemon_undoes_is_switched_again(monitor: Monitor) -> None:
    monitor.switchboard.undone = ["stock_quotes_schedule"] * 2
    assert monitor.client.post("/api/scheduler/stop").json()["changed"] == ["stock_quotes_schedule"]
    assert not any(monitor.switchboard.on.values())
    monitor.switchboard.undone = ["news_schedule"] * 20
    answer = monitor.client.post("/api/scheduler/start")
    assert answer.status_code == 409
    assert "news_schedule" in answer.json()["detail"]


def test_what_dagster_refuses_is_told(monitor: Monitor) -> None:
    answer = monitor.client.post(f"/api/v1/tasks/{uuid4()}/cancel")
    assert answer.status_code == 409
    assert "has ended" in answer.json()["detail"]
    assert monitor.client.get(f"/api/v1/tasks/{UUID(int=0)}").status_code == 404


def test_a_vendor_is_brought_back(monitor: Monitor) -> None:
    assert monitor.client.post("/api/v1/providers/yahoo/reset").json()["provider"] == "yahoo"
    answer = monitor.client.post("/api/v1/providers/nobody/reset")
    assert answer.status_code == 404
    assert all(name in answer.json()["detail"] for name in PROVIDERS)


def test_limits_are_bounded_and_wrong_parameters_are_named(monitor: Monitor) -> None:
    for path, name, value in (
        ("/api/v1/admin/features/staleness", "limit", 0),
        ("/api/v1/admin/features/staleness", "limit", 501),
        ("/api/v1/attempts", "limit", 10**9),
        ("/api/v1/attempts", "before", "';--"),
        ("/api/v1/failed-symbols", "state", "lost"),
        ("/api/v1/symbols", "offset", -1),
    ):
        answer = monitor.client.get(path, params={name: value})
        assert answer.status_code == 422, path
        assert answer.json()["detail"][0]["loc"] == ["query", name]
    answer = monitor.client.get("/api/v1/executions/nonsense")
    assert (answer.status_code, answer.json()["detail"][0]["loc"][0]) == (422, "path")


def test_what_is_no_text_for_the_database_is_the_callers_mistake(monitor: Monitor) -> None:
    for path in ("/api/v1/attempts?symbol=%00", "/freshness?after=%00", "/api/v1/symbols/%00/freshness"):
        answer = monitor.client.get(path)
        assert (answer.status_code, answer.json()["detail"][:11]) == (400, "a parameter"), path


def test_metrics_tell_of_vendors_data_runs_and_the_queue(monitor: Monitor) -> None:
    text = monitor.client.get("/metrics").text
    assert 'market_pipeline_symbols{data_type="company_info",status="stale"} 4.0' in text
    assert 'market_pipeline_failed_symbols{data_type="stock_quotes",state="waiting"} 1.0' in text
    assert 'market_pipeline_last_execution_failed_symbols{data_type="company_info"} 1.0' in text
    assert "market_pipeline_scheduler_running 0.0" in text
    counted = [line for line in text.splitlines() if line.startswith("market_pipeline_attempts_total{")]
    total = sum(float(line.split()[-1]) for line in counted)
    assert total == got(monitor, "/api/v1/providers")["totals"]["total_attempts"]
    for line in counted:
        assert 'data_type="company_info"' in line
