"""The exchange's calendar: which days are sessions, which one is current, whether it is open.

Here belong questions about trading days, answered by exchange_calendars.  Partitions and schedules ask them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

FIRST_SESSION = date(2015, 1, 2)
"""The first session partition: ten years and more of history, at about 252 partitions a year."""


class UnknownExchange(Exception):
    """The setting EXCHANGE is no code of exchange_calendars."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one exchange.  Dates are exchange-local, times are UTC.

    Raises UnknownExchange at the first question where the code is unknown.
    """

    exchange: str = "XNYS"

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(str(self._calendar.tz))

    def is_session(self, day: date) -> bool:
        return bool(self._calendar.is_session(day.isoformat()))

    def between(self, start: date, end: date) -> list[date]:
        """The sessions from `start` to `end`, both included."""
        return [stamp.date() for stamp in self._calendar.sessions_in_range(start.isoformat(), end.isoformat())]

    def last_known(self) -> date:
        """The last session the calendar knows: about a year ahead."""
        last: date = self._calendar.last_session.date()
        return last

    def current(self, now: datetime) -> date:
        """The session that is open, else the last one that was: on a Saturday, and on Monday at 8:00, Friday."""
        today = now.astimezone(self.timezone).date()
        session = _session_until(self.exchange, today)
        return session if now >= self.opens(session) else _session_until(self.exchange, session - timedelta(days=1))

    def completed(self, now: datetime, count: int) -> list[date]:
        """The last `count` sessions that have closed; fewer where sessions are not known so far back."""
        current = self.current(now)
        stop = -1 if now < self.closes(current) else None
        return self.between(FIRST_SESSION, current)[:stop][-count:] if count else []

    def opens(self, session: date) -> datetime:
        return _hours(self.exchange, session)[0]

    def closes(self, session: date) -> datetime:
        """The close of a session: 13:00 in New York on half days, else 16:00."""
        return _hours(self.exchange, session)[1]

    def is_open(self, now: datetime) -> bool:
        session = self.current(now)
        return self.opens(session) <= now < self.closes(session)

    def after(self, session: date) -> date:
        """The session that follows one."""
        return _session_after(self.exchange, session)

    def next_open(self, now: datetime) -> datetime:
        return self.opens(self.after(self.current(now)))

    def starts(self, day: date) -> datetime:
        """Midnight of the exchange, with which a day begins: 23 or 25 hours before the next one when clocks change."""
        return datetime(day.year, day.month, day.day, tzinfo=self.timezone).astimezone(UTC)

    def holidays(self, start: date, end: date) -> list[date]:
        """Weekdays from `start` to `end` on which the exchange is closed."""
        sessions = set(self.between(start, end))
        days = (start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
        return [day for day in days if day.weekday() < 5 and day not in sessions]

    @property
    def _calendar(self) -> Any:
        return _calendar(self.exchange)


@lru_cache
def _calendar(code: str) -> Any:
    # imported here: it takes most of a second, which commands that never look at the calendar need not pay
    import exchange_calendars

    try:
        return exchange_calendars.get_calendar(code, start=(FIRST_SESSION - timedelta(days=30)).isoformat())
    except exchange_calendars.errors.InvalidCalendarName:
        raise UnknownExchange(
            f"EXCHANGE={code!r} is no exchange that exchange_calendars knows: XNYS, XNAS, XLON, XTKS, … are accepted"
        ) from None


# The calendar answers by way of pandas, at some 0.2 ms a question; a run asks the same few questions for each symbol.


@lru_cache(1024)
def _hours(code: str, session: date) -> tuple[datetime, datetime]:
    calendar, name = _calendar(code), session.isoformat()
    return _utc(calendar.session_open(name)), _utc(calendar.session_close(name))


@lru_cache(1024)
def _session_until(code: str, day: date) -> date:
    """The last session up to a day, that day included."""
    session: date = _calendar(code).date_to_session(day.isoformat(), "previous").date()
    return session


@lru_cache(1024)
def _session_after(code: str, session: date) -> date:
    following: date = _calendar(code).next_session(session.isoformat()).date()
    return following


def _utc(stamp: Any) -> datetime:
    found: datetime = stamp.to_pydatetime().astimezone(UTC)
    return found
