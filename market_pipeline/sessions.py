"""The exchange's calendar: which days are sessions, which one is current, whether it is open.

Here belong questions about trading days and hours, answered by exchange_calendars.  Partitions and schedules ask them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

FIRST_SESSION = date(2015, 1, 2)
"""The first session partition: ten years and more of history, at about 252 partitions a year."""


class UnknownExchange(Exception):
    """The setting EXCHANGE is no code of exchange_calendars, or of an exchange whose past it does not know."""


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
        return list(_between(self.exchange, start, end))

    def last_known(self) -> date:
        """The last session the calendar knows: about a year ahead."""
        last: date = self._calendar.last_session.date()
        return last

    def current(self, now: datetime) -> date:
        """The session that is open, else the last one that was: on a Saturday, and on Monday at 8:00, Friday."""
        day = now.astimezone(self.timezone).date() + timedelta(days=1)  # some open on the evening before
        session = _session_until(self.exchange, day)
        while now < self.opens(session):
            session = _session_until(self.exchange, session - timedelta(days=1))
        return session

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

    def break_of(self, session: date) -> tuple[datetime, datetime] | None:
        """The lunch break of a session, on the exchanges that have one."""
        return _break(self.exchange, session)

    def is_open(self, now: datetime) -> bool:
        session = self.current(now)
        pause = self.break_of(session)
        in_break = pause is not None and pause[0] <= now < pause[1]
        return self.opens(session) <= now < self.closes(session) and not in_break

    def after(self, session: date) -> date:
        """The session that follows one."""
        return _session_after(self.exchange, session)

    def next_open(self, now: datetime) -> datetime:
        """When the session after the current one opens."""
        return self.opens(self.after(self.current(now)))

    def last_closed(self, now: datetime) -> date:
        """The last session that is over."""
        session = self.current(now)
        return session if now >= self.closes(session) else _session_until(self.exchange, session - timedelta(days=1))

    def starts(self, day: date) -> datetime:
        """Midnight of the exchange, with which a day begins: 23 or 25 hours before the next one when clocks change."""
        return datetime(day.year, day.month, day.day, tzinfo=self.timezone).astimezone(UTC)

    @property
    def regular_hours(self) -> tuple[time, time] | None:
        """Open and close of an ordinary session, exchange-local; None where a session reaches over midnight."""
        if self._calendar.open_offset or self._calendar.close_offset:
            return None
        return self._calendar.open_times[-1][1], self.regular_close

    @property
    def regular_close(self) -> time:
        """When an ordinary session closes, exchange-local."""
        close: time = self._calendar.close_times[-1][1]
        return close

    @property
    def weekdays(self) -> frozenset[int]:
        """The days of the week (Monday is 0) on which there are sessions."""
        return _weekdays(self)

    def last_of_year(self, year: int) -> date:
        return self.between(date(year, 12, 15), date(year, 12, 31))[-1]

    def holidays(self, start: date, end: date) -> list[date]:
        """The days from `start` to `end` without a session, those of the weekend aside."""
        sessions, weekdays = set(self.between(start, end)), self.weekdays
        days = (start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
        return [day for day in days if day.weekday() in weekdays and day not in sessions]

    def holiday_name(self, day: date) -> str | None:
        """What is celebrated on a day without a session; None for one that the calendar gives no name."""
        return _named(self.exchange, day, early=False)

    def closes_early(self, session: date) -> bool:
        return session.isoformat() in self._calendar.early_closes

    def early_close_name(self, session: date) -> str | None:
        """Why a session closes early; None where the calendar does not say."""
        return _named(self.exchange, session, early=True)

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
    except ValueError as error:  # some calendars begin later
        raise UnknownExchange(
            f"EXCHANGE={code!r}: sessions are kept from {FIRST_SESSION:%Y} on. {str(error)[:200]}"
        ) from None


# The calendar answers by way of pandas, at some 0.2 ms a question; a run asks the same few questions for each symbol.


@lru_cache(64)
def _between(code: str, start: date, end: date) -> tuple[date, ...]:
    stamps = _calendar(code).sessions_in_range(start.isoformat(), end.isoformat())
    return tuple(stamp.date() for stamp in stamps)


@lru_cache(1024)
def _hours(code: str, session: date) -> tuple[datetime, datetime]:
    calendar, name = _calendar(code), session.isoformat()
    return _utc(calendar.session_open(name)), _utc(calendar.session_close(name))


@lru_cache(1024)
def _break(code: str, session: date) -> tuple[datetime, datetime] | None:
    calendar, name = _calendar(code), session.isoformat()
    if not calendar.session_has_break(name):
        return None
    return _utc(calendar.session_break_start(name)), _utc(calendar.session_break_end(name))


@lru_cache(1024)
def _session_until(code: str, day: date) -> date:
    """The last session up to a day, that day included."""
    session: date = _calendar(code).date_to_session(day.isoformat(), "previous").date()
    return session


@lru_cache(1024)
def _session_after(code: str, session: date) -> date:
    following: date = _calendar(code).next_session(session.isoformat()).date()
    return following


@lru_cache
def _weekdays(sessions: Sessions) -> frozenset[int]:
    return frozenset(day.weekday() for day in sessions.between(FIRST_SESSION, sessions.last_known()))


@lru_cache
def _named(code: str, day: date, *, early: bool) -> str | None:
    """A day's name among the holidays or the early closes; there, None or a weekday may stand in a calendar's place."""
    calendar = _calendar(code)
    named = [holidays for _, holidays in calendar.special_closes] if early else [calendar.regular_holidays]
    for holidays in named:
        if hasattr(holidays, "holidays"):
            names = holidays.holidays(day.isoformat(), day.isoformat(), return_name=True)
            if len(names):
                return str(names.iloc[0])
    return None


def _utc(stamp: Any) -> datetime:
    found: datetime = stamp.to_pydatetime().astimezone(UTC)
    return found
