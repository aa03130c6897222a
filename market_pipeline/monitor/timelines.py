"""Rows of ticks: how vendors did hour by hour, and how executions went one after the other.  Pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from market_pipeline.monitor.charts import Tick, ticks
from market_pipeline.tracking.history import PastExecution
from market_pipeline.tracking.statistics import HistoryPoint

HOURS = 24
RUNS = 24  # of a data type
GOOD, HALF = 95.0, 50.0  # percent; below the half a breaker opens


def hours_until(now: datetime, span: timedelta) -> list[datetime]:
    """The beginnings of the hours of a span, the present one included, the oldest first."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [this_hour - timedelta(hours=back) for back in reversed(range(span // timedelta(hours=1)))]


def beats(history: Iterable[HistoryPoint], vendors: Iterable[str], now: datetime) -> dict[str, Markup]:
    """A tick for each of the last HOURS, for each vendor."""
    hours = hours_until(now, timedelta(hours=HOURS))
    known = {(one.provider, one.starts_at): one for one in history}
    return {
        name: ticks([_beat(known.get((name, hour)), hour) for hour in hours], f"{name}, success by hour")
        for name in vendors
    }


def _beat(point: HistoryPoint | None, hour: datetime) -> Tick:
    when = f"{hour:%H:%M} UTC"
    if point is None or point.success_rate is None:
        return Tick("none", f"{when}: no calls")
    kind = "good" if point.success_rate >= GOOD else "warn" if point.success_rate >= HALF else "bad"
    return Tick(kind, f"{when}: {point.success_rate:.1f} % of {point.total_attempts:,} calls")


def grid(newest_first: Iterable[PastExecution]) -> dict[str, Markup]:
    """A tick for each of the last RUNS executions of each data type, by name."""
    rows: defaultdict[str, list[Tick]] = defaultdict(list)
    for one in newest_first:
        if len(rows[one.data_type]) < RUNS:
            rows[one.data_type].append(_run(one))
    return {
        name: ticks([Tick("none", "no earlier one")] * (RUNS - len(row)) + row[::-1], f"{name}, the last executions")
        for name, row in sorted(rows.items())
    }


def _run(one: PastExecution) -> Tick:
    kind = "partial" if one.status == "completed" and one.failed_symbols else one.status
    done = f"{one.successful_symbols:,} of {one.total_symbols:,} symbols"
    return Tick(kind, f"{one.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {one.status}, {done}")
