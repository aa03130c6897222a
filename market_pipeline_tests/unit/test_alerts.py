"""The alert rules: what is wrong, from which threshold on, and how it is put."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.tracking.alert_delivery import MOST_LINES, Recipient, recipients, told
from market_pipeline.tracking.alert_log import KnownAlert
from market_pipeline.tracking.alerts import Counted, Snapshot, alerts

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("snapshot", "found"),
    [
        (Snapshot(), []),
        (Snapshot(silent_daemons=("SCHEDULER",)), [("SchedulerNotRunning", "SCHEDULER", "critical")]),
        (Snapshot(stopped_schedules=("news_schedule",)), [("SchedulerNotRunning", "news_schedule", "critical")]),
        (Snapshot(failed_runs={"news_job": "no vendor"}), [("RunFailed", "news_job", "warning")]),
        (Snapshot(last_enrichment=Counted(1000, 5)), []),
        (Snapshot(last_enrichment=Counted(1000, 6)), [("EnrichmentJobFailed", "enrichment", "warning")]),
        (Snapshot(last_fetches={"news": Counted(100, 10)}), []),
        (Snapshot(last_fetches={"news": Counted(100, 11)}), [("HighFailureRate", "news", "warning")]),
        (Snapshot(last_fetches={"news": Counted(0, 0)}), []),
        (Snapshot(run_seconds={"news_job": 1800.0}), []),
        (Snapshot(run_seconds={"news_job": 1800.5}), [("LongDuration", "news_job", "warning")]),
        (Snapshot(quality_score=0.85), []),
        (Snapshot(quality_score=0.8499), [("LowDataQuality", "", "warning")]),
        (Snapshot(quality_score=0.0), [("LowDataQuality", "", "warning")]),
        (Snapshot(freshness={"news": Counted(50, 5)}), []),
        (Snapshot(freshness={"news": Counted(50, 6)}), [("StaleData", "news", "warning")]),
    ],
)
def test_a_rule_holds_beyond_its_threshold_and_not_before(
    snapshot: Snapshot, found: list[tuple[str, str, str]]
) -> None:
    assert [(one.name, one.subject, one.severity) for one in alerts(snapshot)] == found


def test_what_is_wrong_in_several_ways_is_told_in_each() -> None:
    found = alerts(Snapshot(last_fetches={"news": Counted(4, 4), "dividends": Counted(4, 3)}, quality_score=0.2))
    assert [one.message for one in found] == [
        "4 of 4 symbols failed in the last run of news (more than 10%)",
        "3 of 4 symbols failed in the last run of dividends (more than 10%)",
        "the average quality of data is 0.20 (less than 0.85)",
    ]


LATE = KnownAlert(
    alert_id=1,
    name="LongDuration",
    subject="news_job",
    severity="warning",
    message="the last run of news_job takes or took 31 minutes (more than 30)",
    first_seen_at=NOON,
    last_seen_at=NOON,
    closed_at=None,
    notified_at=None,
)


def test_a_message_tells_what_is_new_first_and_then_what_is_over() -> None:
    over = replace(LATE, name="LowDataQuality", message="bad", closed_at=NOON + timedelta(hours=1))
    assert told([over, LATE]) == (
        "market_pipeline alerts: 1 new, 1 over",
        "[WARNING] LongDuration: the last run of news_job takes or took 31 minutes (more than 30) (since 2026-11-20 12:00 UTC)\n"
        "[OVER] LowDataQuality: bad (since 2026-11-20 12:00 UTC)",
    )
    assert told([over])[0] == "market_pipeline alerts: 1 over"


def test_a_message_about_very_many_alerts_stays_readable() -> None:
    title, text = told([LATE] * 25)
    assert title == "market_pipeline alerts: 25 new"
    assert text.splitlines()[MOST_LINES:] == ["… and 5 more"]


def test_recipients_are_separated_by_white_space_and_never_shown() -> None:
    found = recipients("json://one:sesame@example.com/a,b\n  slack://token \tjson://one:sesame@example.com/a,b")
    assert found == [Recipient("json://one:sesame@example.com/a,b"), Recipient("slack://token")]
    assert "sesame" not in repr(found)
    assert len({one.id for one in found}) == 2
    assert recipients("") == []
