"""The sensor that refreshes what is stale: what, over which days, how much at once, and when it had better wait.

The database's clock is that of the machine, long after the simulated Friday: whatever was fetched then is stale by now.
"""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from market_pipeline.datasets import DATASETS, PartitionedBy
from market_pipeline.partitions import range_key
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import ROUTES
from market_pipeline.sensors.freshness import CATCH_UP, SYMBOLS_A_RUN, Group, freshness_sensor, grouped, partition, plan
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.overdue import Overdue
from market_pipeline_tests.orchestration.conftest import NOW, TRACKED, Runs, config_of, range_of

BY_SYMBOL = [name for name, one in DATASETS.items() if one.partitioned_by is PartitionedBy.SYMBOL]
MONDAY = datetime(2026, 6, 1, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _tracked_for_long(runs: Runs, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FRESHNESS_RUNS", "20")
    prepared_database(load_settings())  # which is told there what has to be fresh
    runs.rows("UPDATE tracked_symbols SET tracked_since = now() - interval '1 year' RETURNING 1")


def requests(runs: Runs, now: datetime = NOW) -> dict[str, dg.RunRequest]:
    found = runs.tick(freshness_sensor(lambda: now)).run_requests or ()
    return {"/".join([str(one.job_name).removesuffix("_job"), *config_of(one)["timeframes"]]): one for one in found}


def says(runs: Runs, now: datetime = NOW) -> str:
    return str(runs.tick(freshness_sensor(lambda: now)).skip_message)


def all_is_fresh(runs: Runs) -> None:
    """Everything that is expected counts as refreshed a moment ago."""
    runs.rows(
        "INSERT INTO data_freshness (data_type, symbol, timeframe, last_computed_at, data_point_count, fresh_until, stale_at,"
        " status, staleness_seconds, updated_at)"
        " SELECT data_type, symbol, timeframe, now(), 1, 'infinity', 'infinity', 'fresh', 0, now() FROM current_freshness"
        " ON CONFLICT (data_type, symbol, timeframe) DO UPDATE SET fresh_until = 'infinity', stale_at = 'infinity' RETURNING 1"
    )


def stale(runs: Runs, data_type: str, *symbols: str, since: datetime = NOW - timedelta(days=20)) -> None:
    """Of some symbols the data counts as that of `since`."""
    listed = ", ".join(f"'{symbol}'" for symbol in symbols)
    runs.rows(
        f"UPDATE data_freshness SET last_computed_at = '{since}', fresh_until = '{since}', stale_at = '{since}'"
        f" WHERE data_type = '{data_type}' AND symbol IN ({listed}) RETURNING 1"
    )


def test_what_was_never_fetched_is_refreshed_and_then_there(runs: Runs) -> None:
    found = requests(runs)
    # not quotes and chains: their schedules ask again within minutes
    assert set(found) == {"/".join((one.name, *one.timeframes[:1])) for one in DATASETS.values() if not one.live}
    for request in found.values():
        assert runs.requested(request).success
    assert set(runs.rows("SELECT data_type, symbol FROM data_freshness WHERE last_computed_at IS NOT NULL")) >= {
        *((data_type, symbol) for data_type in (*BY_SYMBOL, "historical_prices", "news") for symbol in TRACKED),
        ("economic_events", "*"),
    }


def test_only_what_is_stale_is_asked_for(runs: Runs) -> None:
    all_is_fresh(runs)
    assert says(runs) == "nothing is stale"
    stale(runs, "company_info", "JPM", "XOM")
    ((name, request),) = requests(runs).items()
    assert (name, config_of(request)["symbols"]) == ("company_info", ["JPM", "XOM"])


@pytest.mark.parametrize(
    ("since", "days"),
    [
        (datetime(2026, 5, 28, 20, 30, tzinfo=UTC), "2026-05-28...2026-05-29"),  # Friday was missed
        (datetime(2026, 5, 29, 20, 30, tzinfo=UTC), None),  # until Monday's close there is nothing newer
    ],
)
def test_a_session_that_was_missed_is_fetched_before_the_next_one_makes_it_a_gap(
    runs: Runs, since: datetime, days: str | None
) -> None:
    all_is_fresh(runs)
    runs.rows(
        f"UPDATE data_freshness SET last_computed_at = '{since}', fresh_until = now() - interval '1 hour'"
        " WHERE data_type = 'historical_prices' AND timeframe = '1d' RETURNING 1"
    )
    found = requests(runs, MONDAY)
    assert [range_key(range_of(request)) for request in found.values()] == ([] if days is None else [days])


@pytest.mark.parametrize(
    ("now", "since", "days"),
    [
        (MONDAY, datetime(2026, 5, 27, 20, 30, tzinfo=UTC), "2026-05-27...2026-05-29"),
        (MONDAY, datetime(2026, 5, 29, 20, 30, tzinfo=UTC), "2026-05-29"),
        # Ten sessions, Memorial Day is none.
        (MONDAY, datetime(2026, 1, 5, 20, 30, tzinfo=UTC), "2026-05-15...2026-05-29"),
        (MONDAY, None, "2026-05-29"),
        (MONDAY.replace(hour=20, minute=30), None, "2026-06-01"),
    ],
)
def test_bars_are_fetched_for_the_sessions_since_that_are_over(
    now: datetime, since: datetime | None, days: str
) -> None:
    one = Overdue(data_type="historical_prices", timeframe="1d", symbol="AAPL", last_computed_at=since)
    assert partition(DATASETS["historical_prices"], [one], Sessions(), now) == days


@pytest.mark.parametrize(
    ("data_type", "since", "days"),
    [
        ("news", None, "2026-05-31...2026-06-01"),
        ("news", datetime(2026, 5, 29, 12, tzinfo=UTC), "2026-05-29...2026-06-01"),
        ("news", datetime(2026, 1, 29, 12, tzinfo=UTC), "2026-05-21...2026-06-01"),
        ("economic_events", datetime(2026, 5, 29, 12, tzinfo=UTC), "2026-05-29...2026-06-15"),
        ("dividends", datetime(2026, 1, 29, 12, tzinfo=UTC), ""),
    ],
)
def test_days_are_fetched_from_where_the_oldest_data_ends(data_type: str, since: datetime | None, days: str) -> None:
    one = Overdue(data_type=data_type, timeframe="", symbol="AAPL", last_computed_at=since)
    newer = Overdue(data_type=data_type, timeframe="", symbol="MSFT", last_computed_at=MONDAY)
    assert partition(DATASETS[data_type], [one], Sessions(), MONDAY) == days
    if since is not None:
        assert partition(DATASETS[data_type], [one, newer], Sessions(), MONDAY) == days


def test_no_more_than_so_many_are_under_way_at_once_the_oldest_first(
    runs: Runs, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("FRESHNESS_RUNS", "2")
    all_is_fresh(runs)
    for days, data_type in enumerate(("dividends", "earnings", "company_info", "fundamentals"), start=1):
        stale(runs, data_type, "AAPL", since=NOW - timedelta(days=days))
    first = requests(runs)
    assert list(first) == ["fundamentals", "company_info"]
    queued = [runs.enqueue(request) for request in first.values()]
    assert requests(runs) == {}
    assert "dividends is stale: FRESHNESS_RUNS refreshes are queued or running" in says(runs)
    runs.instance.report_run_canceled(queued[0])
    assert list(requests(runs)) == ["earnings"]
    environment.setenv("FRESHNESS_RUNS", "0")
    assert requests(runs, NOW + timedelta(hours=2)) == {}


def test_a_data_type_is_refreshed_once_an_hour_also_when_its_run_broke_off(runs: Runs) -> None:
    all_is_fresh(runs)
    stale(runs, "company_info", "JPM")
    (request,) = requests(runs).values()
    assert requests(runs)["company_info"].run_key == request.run_key, (
        "a tick that was not completed is repeated as it was"
    )
    runs.instance.report_run_canceled(runs.enqueue(request))
    assert says(runs, NOW + timedelta(minutes=30)) == "company_info is stale: it was refreshed within this hour"
    assert list(requests(runs, NOW + timedelta(hours=1))) == ["company_info"]


@pytest.mark.parametrize("job_name", ["company_info_job", "market_data_refresh"])
def test_what_is_under_way_anyway_is_waited_for(runs: Runs, job_name: str) -> None:
    all_is_fresh(runs)
    stale(runs, "company_info", "JPM")
    run = runs.enqueue(dg.RunRequest(job_name=job_name, run_key="by its schedule"))
    assert says(runs) == "company_info is stale: its job is already queued or running"
    runs.instance.report_run_canceled(run)
    assert list(requests(runs)) == ["company_info"]


def test_nothing_is_asked_for_that_no_vendor_can_be_asked_for(runs: Runs) -> None:
    all_is_fresh(runs)
    stale(runs, "economic_events", "*")
    stale(runs, "company_info", "JPM")
    vendors = [PROVIDERS[name] for name in ROUTES["economic_events"]]
    scopes = [
        (vendor.name, endpoint.name) for vendor in vendors for endpoint in vendor.endpoints_for("economic_events")
    ]
    for vendor, scope in scopes:
        runs.rows(
            f"INSERT INTO provider_gates (provider, slots) VALUES ('{vendor}', 1) ON CONFLICT DO NOTHING RETURNING 1"
        )
        runs.rows(
            "INSERT INTO provider_scopes (provider, scope, state, away_until)"
            f" VALUES ('{vendor}', '{scope}', 'cooldown', now() + interval '1 hour') RETURNING 1"
        )
    assert list(requests(runs)) == ["company_info"]
    runs.rows(f"SELECT gate_reset('{scopes[-1][0]}', 'economic_events')")
    assert set(requests(runs)) == {"company_info", "economic_events"}
    for as_a_whole in ("throttled", "key_rejected"):
        runs.rows(
            f"UPDATE provider_gates SET state = '{as_a_whole}', away_until = now() + interval '1 minute' RETURNING 1"
        )
        assert list(requests(runs)) == ["company_info"]


def test_vendors_that_are_switched_off_do_not_count(runs: Runs, environment: pytest.MonkeyPatch) -> None:
    all_is_fresh(runs)
    stale(runs, "company_info", "JPM")
    for vendor in ROUTES["company_info"]:
        environment.setenv(f"{vendor.upper()}_ENABLED", "false")
    assert says(runs) == "company_info is stale: no vendor can be called for it now"


def test_what_has_failed_is_left_to_its_retries_for_a_day(runs: Runs) -> None:
    all_is_fresh(runs)
    stale(runs, "company_info", "JPM", "XOM")
    runs.fail("company_info", "JPM", at=NOW)
    (request,) = requests(runs).values()
    assert config_of(request)["symbols"] == ["XOM"]
    runs.rows("UPDATE failed_symbols SET state = 'exhausted', next_retry_at = NULL, last_failed_at = now() RETURNING 1")
    (request,) = requests(runs).values()
    assert config_of(request)["symbols"] == ["XOM"]
    runs.rows("UPDATE failed_symbols SET last_failed_at = now() - interval '25 hours' RETURNING 1")
    (request,) = requests(runs).values()
    assert config_of(request)["symbols"] == ["JPM", "XOM"]


def test_a_new_symbol_is_left_to_its_onboarding_and_a_removed_one_alone(runs: Runs) -> None:
    all_is_fresh(runs)
    runs.track("NVDA")
    assert says(runs) == "nothing is stale"
    stale(runs, "company_info", "JPM")
    runs.rows("UPDATE tracked_symbols SET active = false WHERE symbol = 'JPM' RETURNING 1")
    assert says(runs) == "nothing is stale"


def test_very_many_symbols_are_taken_the_oldest_first_so_many_a_run() -> None:
    many = [
        Overdue(
            data_type="dividends", timeframe="", symbol=f"S{number}", last_computed_at=NOW + timedelta(seconds=number)
        )
        for number in range(SYMBOLS_A_RUN + 1)
    ]
    (group,) = grouped(many, last_settled=NOW)
    assert group.overdue == tuple(many[:-1])


def test_a_reason_leaves_the_room_to_others() -> None:
    groups = [Group(name, "", ()) for name in ("earnings", "dividends", "fundamentals")]
    found = plan(groups, {groups[0]: "no vendor can be called for it now"}, room=1)
    assert found.refresh == [groups[1]]
    assert found.waiting == {
        "earnings": "no vendor can be called for it now",
        "fundamentals": "FRESHNESS_RUNS refreshes are queued or running",
    }


def test_catching_up_reaches_over_the_longest_holiday() -> None:
    sessions = Sessions("XSHG")  # Golden Week
    assert len(sessions.between(date(2026, 9, 28), date(2026, 10, 12))) <= CATCH_UP
