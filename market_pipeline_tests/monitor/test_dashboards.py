"""The Grafana dashboard and the Prometheus rules of deploy/: they ask only for metrics and labels that there are."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from market_pipeline.settings import PROJECT_ROOT
from market_pipeline_tests.monitor.conftest import Monitor

RULES: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "deploy/prometheus/alerts.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((PROJECT_ROOT / "deploy/grafana/market_pipeline.json").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
NEVER_HERE = {"market_pipeline_quality_score", "market_pipeline_quota_left"}
"""Metrics that a pipeline may be without: before quality was measured, without a vendor that has a quota."""


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in ALERTS)
    yield from (target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])


@pytest.fixture
def labels(monitor: Monitor) -> dict[str, set[str]]:
    """The labels of each sample that the monitor tells, by its name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(monitor.client.get("/metrics").text):
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    return found


def test_every_metric_that_they_ask_for_is_told_with_the_labels_they_use(labels: dict[str, set[str]]) -> None:
    asked = {name for expression in expressions() for name in re.findall(r"\bmarket_pipeline_\w+", expression)}
    assert asked - NEVER_HERE <= set(labels)
    for expression in expressions():
        for name, selector in re.findall(r"\b(market_pipeline_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= labels[name]


def test_the_alerts_are_the_documented_ones_and_those_of_staleness() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names))
    documented = {"SchedulerNotRunning", "EnrichmentJobFailed", "HighFailureRate", "LongDuration", "LowDataQuality"}
    assert set(names) >= documented | {"StaleData"}
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"].endswith(".")
        assert re.search(r"[<>]|==", rule["expr"])


def test_the_monitor_is_scraped_under_the_name_that_the_alert_about_it_asks_for() -> None:
    configuration = yaml.safe_load((PROJECT_ROOT / "deploy/prometheus/prometheus.yaml").read_text())
    (scraped,) = configuration["scrape_configs"]
    assert {job for rule in ALERTS for job in re.findall(r'job="(\w+)"', rule["expr"])} == {scraped["job_name"]}
    assert "credentials_file" in scraped["authorization"]
    for name in configuration["rule_files"]:
        assert (PROJECT_ROOT / "deploy/prometheus" / name).is_file()


def test_the_panels_have_places_of_their_own_and_a_data_source_that_can_be_chosen() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
