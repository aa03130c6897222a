"""The exchange calendar as plain Python lists, so that a session is found by bisection in under a microsecond.

Sessions, holidays and early closes are exchange_calendars' own; this module only unpacks them once, over a fixed span of
years (the library's default span moves with today's date, which would make answers depend on when they are asked).
It also says what "aware datetime" means for the whole simulator. No prices here.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2045, 12, 31)

MarketState = Literal["PRE", "REGULAR", "POST", "CLOSED"]

# Extended hours of the US exchanges, local time: 04:00 to 20:00, and to 17:00 after an early close.
_PRE_MARKET_HOUR = 4
_POST_MARKET_HOUR = 20
_POST_MARKET_HOUR_AFTER_EARLY_CLOSE = 17
_EARLY_CLOSE_HOUR = 14


def in_utc(at: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a datetime without a time zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: pass an aware datetime, for example with tzinfo=UTC")
    return at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class SessionHours:
    """One session: its date, and its open and close as UTC datetimes."""

    session: date
    open: datetime
    close: datetime


class TradingDays:
    """The sessions of one exchange from 1990 to 2045, addressed by position (0 is the first session of 1990)."""

    def __init__(self, calendar: str = "XNYS") -> None:
        self._name = calendar

    @cached_property
    def _unpacked(self) -> tuple[list[date], list[datetime], list[datetime], ZoneInfo]:
        import exchange_calendars  # 0.7 s with pandas: only when a session is first asked for

        calendar = exchange_calendars.get_calendar(self._name, start=FIRST_DAY, end=LAST_DAY)
        sessions = [session.date() for session in calendar.sessions]
        opens = [moment.to_pydatetime().astimezone(UTC) for moment in calendar.opens]
        closes = [moment.to_pydatetime().astimezone(UTC) for moment in calendar.closes]
        return sessions, opens, closes, ZoneInfo(str(calendar.tz))

    @cached_property
    def sessions(self) -> list[date]:
        """Every session, oldest first."""
        return self._unpacked[0]

    @cached_property
    def opens(self) -> list[datetime]:
        """The open of each session, UTC."""
        return self._unpacked[1]

    @cached_property
    def closes(self) -> list[datetime]:
        """The close of each session, UTC."""
        return self._unpacked[2]

    @cached_property
    def minutes(self) -> list[int]:
        """The length of each session in minutes: 390, or 210 on an early close."""
        spans = zip(self.opens, self.closes, strict=True)
        return [int((closed - opened).total_seconds()) // 60 for opened, closed in spans]

    @cached_property
    def years(self) -> dict[int, range]:
        """The positions of each year's sessions."""
        return {
            year: self.positions(date(year, 1, 1), date(year, 12, 31))
            for year in range(self.sessions[0].year, self.sessions[-1].year + 1)
        }

    @cached_property
    def zone(self) -> ZoneInfo:
        """The exchange's time zone."""
        return self._unpacked[3]

    def position(self, session: date) -> int:
        """Where this session is. Raises ValueError when the day is not a session."""
        position = bisect_left(self.sessions, session)
        if position == len(self.sessions) or self.sessions[position] != session:
            raise ValueError(f"{session} is not a session of {self._name}")
        return position

    def positions(self, start: date, end: date) -> range:
        """The positions of the sessions from start to end, both included."""
        return range(bisect_left(self.sessions, start), bisect_right(self.sessions, end))

    def on_or_after(self, day: date) -> date:
        """The first session on or after the day, at most the last one of the calendar."""
        return self.sessions[min(bisect_left(self.sessions, day), len(self.sessions) - 1)]

    def on_or_before(self, day: date) -> date:
        """The last session on or before the day, at least the first one of the calendar."""
        return self.sessions[max(bisect_right(self.sessions, day) - 1, 0)]

    def shifted(self, session: date, count: int) -> date:
        """The session `count` sessions after this one (before it when negative), within the calendar."""
        position = bisect_left(self.sessions, session) + count
        return self.sessions[max(0, min(position, len(self.sessions) - 1))]

    def opened_by(self, at: datetime) -> int:
        """The position of the last session that has opened at this moment, -1 when none has.

        Raises ValueError past the end of the calendar, where every answer would silently be the last session's.
        """
        if at.date() > LAST_DAY:
            raise ValueError(f"{at.date()} is past {LAST_DAY}, the last day of the synthetic market")
        return bisect_right(self.opens, at) - 1

    def hours(self, session: date) -> SessionHours:
        """The open and close of a session. Raises ValueError when the day is not a session."""
        position = self.position(session)
        return SessionHours(session, self.opens[position], self.closes[position])

    def at_local_time(self, day: date, hour: int, minute: int = 0) -> datetime:
        """The moment at which clocks at the exchange show this time on this day, in UTC."""
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(UTC)

    def market_state(self, at: datetime) -> MarketState:
        """Whether the exchange is in its pre-market, regular, post-market hours, or closed."""
        local = in_utc(at).astimezone(self.zone)
        position = bisect_left(self.sessions, local.date())
        if position == len(self.sessions) or self.sessions[position] != local.date():
            return "CLOSED"
        if self.opens[position] <= at < self.closes[position]:
            return "REGULAR"
        if at < self.opens[position]:
            return "PRE" if local.hour >= _PRE_MARKET_HOUR else "CLOSED"
        early = self.closes[position].astimezone(self.zone).hour < _EARLY_CLOSE_HOUR
        last_hour = _POST_MARKET_HOUR_AFTER_EARLY_CLOSE if early else _POST_MARKET_HOUR
        return "POST" if local.hour < last_hour else "CLOSED"


def month_end(year: int, month: int) -> date:
    """The last day of a month; months beyond 12 or below 1 run into the next or an earlier year."""
    following = year * 12 + month
    return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
