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
        session: date = self._calendar.date_to_session(today.isoformat(), "previous").date()
        if now < self.opens(session):
            session = self._calendar.previous_session(session.isoformat()).date()
        return session

    def opens(self, session: date) -> datetime:
        return _utc(self._calendar.session_open(session.isoformat()))

    def closes(self, session: date) -> datetime:
        """The close of a session: 13:00 in New York on half days, else 16:00."""
        return _utc(self._calendar.session_close(session.isoformat()))

    def is_open(self, now: datetime) -> bool:
        session = self.current(now)
        return self.opens(session) <= now < self.closes(session)

    def next_open(self, now: datetime) -> datetime:
        following = self._calendar.next_session(self.current(now).isoformat())
        return self.opens(following.date())

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


def _utc(stamp: Any) -> datetime:
    found: datetime = stamp.to_pydatetime().astimezone(UTC)
    return found
