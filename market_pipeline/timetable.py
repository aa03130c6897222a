"""When a data type is due on an exchange, and why it is not due now, in words for a person.

Here belongs what follows from a dataset's cadence and the exchange's calendar together.  Pure: the clock is the caller's.
"""

from datetime import UTC, date, datetime, time, timedelta

from market_pipeline.datasets import Cadence, Dataset, PartitionedBy
from market_pipeline.sessions import Sessions

WARM_AHEAD = timedelta(minutes=30)  # before the open: time for 500 symbols, and then quotes need the vendors' limits
# When the enrichment begins: the session before is settled, and what its own jobs have missed is made up for.
ENRICHMENT_AT = time(1, 30, tzinfo=UTC)
# After the close, as the daily schedule waits: a bar that is not there fails its partition.
SETTLING = timedelta(minutes=30)


def settled_sessions(sessions: Sessions, now: datetime, count: int) -> list[date]:
    """The last `count` sessions whose bars are there to be fetched."""
    return sessions.completed(now - SETTLING, count)


def cron_of(cadence: Cadence, sessions: Sessions) -> str:
    """The cron of a cadence, in the exchange's time zone.

    In market hours it has the hours and weekdays of ordinary sessions: what is left to skip are holidays and early closes.
    """
    if cadence.after_close is not None:
        due = datetime.combine(date.min, sessions.regular_close) + cadence.after_close
        return f"{due.minute} {due.hour} * * {_weekdays(sessions)}"
    hours = sessions.regular_hours
    if not cadence.market_hours_only or hours is None:
        return cadence.cron
    last = datetime.combine(date.max, hours[1]) - timedelta(minutes=1)  # at the close itself it is closed
    return f"{cadence.cron.split()[0]} {hours[0].hour}-{last.hour} * * {_weekdays(sessions)}"


def why_not_now(cadence: Cadence, sessions: Sessions, now: datetime) -> str | None:
    """Why a tick at `now` has nothing to do; None when it is due."""
    if cadence.after_close is not None:
        closed_for = now - sessions.closes(sessions.last_closed(now))
        return None if closed_for < timedelta(days=1) else why_closed(sessions, now)
    return why_closed(sessions, now) if cadence.market_hours_only and not sessions.is_open(now) else None


def is_warmed(dataset: Dataset) -> bool:
    """Whether answers of WARM_AHEAD before the open serve after it, and are worth having each day.

    Not what is kept by session: the day's has not begun.  Nor what is due once a week: its rows are good without.
    """
    lasts = dataset.cache_ttl is not None and dataset.cache_ttl > WARM_AHEAD
    return lasts and dataset.partitioned_by is not PartitionedBy.SESSION and dataset.cadence.every_day


def warming_cron(sessions: Sessions) -> str:
    """The cron of WARM_AHEAD before the usual open, in the exchange's time zone."""
    due = sessions.opens(sessions.last_known()).astimezone(sessions.timezone) - WARM_AHEAD
    days = "*" if sessions.regular_hours is None else _weekdays(sessions)  # who opens the evening before has others
    return f"{due.minute} {due.hour} * * {days}"


def why_not_warm(sessions: Sessions, now: datetime) -> str | None:
    """Why there is no open to prepare for at `now`; None when there is."""
    soon = sessions.next_open(now) - now <= 2 * WARM_AHEAD  # now and then one is late
    return None if soon else why_closed(sessions, now)


def why_closed(sessions: Sessions, now: datetime) -> str:
    """Why the exchange is closed at `now`, and when it opens again: `XNYS is closed: Thanksgiving; it opens again …`."""
    zone = sessions.timezone
    local = now.astimezone(zone)
    session = sessions.current(now)
    pause = sessions.break_of(session)
    if pause is not None and pause[0] <= now < pause[1]:
        return f"{sessions.exchange} has its break: it opens again at {pause[1].astimezone(zone):%H:%M} ({zone})"
    opens = sessions.next_open(now).astimezone(zone)
    again = f"it opens again on {opens:%A} {opens:%Y-%m-%d} at {opens:%H:%M} ({zone})"
    if local.date() == session and sessions.closes_early(session):
        name = sessions.early_close_name(session)
        closed = sessions.closes(session).astimezone(zone)
        return f"{sessions.exchange} closed early at {closed:%H:%M}{f': {name}' if name else ''}; {again}"
    return f"{sessions.exchange} is closed{_because(sessions, local, session)}; {again}"


def _because(sessions: Sessions, local: datetime, session: date) -> str:
    day = local.date()
    if day == session:
        return f" since {sessions.closes(session).astimezone(sessions.timezone):%H:%M}"
    if sessions.is_session(day):
        return ", not open yet"
    if day.weekday() not in sessions.weekdays:
        return ": weekend"
    return f": {sessions.holiday_name(day) or 'a holiday'}"


def cron_weekday(day: int) -> int:
    """A day of the week as cron counts it, Sunday being 0, of one as Python does, Monday being 0."""
    return (day + 1) % 7


def _weekdays(sessions: Sessions) -> str:
    """The weekdays of sessions as cron writes them: `1-5`, `0-4`, `*`."""
    days = sorted(map(cron_weekday, sessions.weekdays))
    if len(days) == 7:
        return "*"
    in_a_row = days == list(range(days[0], days[-1] + 1))
    return f"{days[0]}-{days[-1]}" if in_a_row else ",".join(map(str, days))
