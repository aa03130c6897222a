"""Dates and times as vendors write them, turned into ours: exchange-local dates, and datetimes in UTC.

Every function takes whatever JSON or CSV can hold, answers None for the many spellings of "not there", and raises ValueError
for a value that is there and makes no sense; never anything else.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from market_pipeline.providers.normalise import number, text

NEW_YORK = ZoneInfo("America/New_York")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def day(value: Any) -> date | None:
    """A date from ISO text (a time behind it is cut off) or from US text 11/20/2026.  ValueError for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    written = text(value)
    if written is None or written.startswith("0000"):
        return None
    slashes = re.match(r"^(\d{1,2})/(\d{1,2})/(\d{4})$", written)
    if slashes is not None:
        return date(int(slashes[3]), int(slashes[1]), int(slashes[2]))
    return date.fromisoformat(written[:10])


def month(name: str) -> int:
    """1 to 12 from an English name of a month, short or long.  ValueError for anything else."""
    try:
        return _MONTHS.index(name[:3].lower()) + 1
    except ValueError as error:
        raise ValueError(f"{name[:20]!r} is no month") from error


def named_day(value: Any) -> date | None:
    """The date in words within a text: "Closed at Nov 20, 2026 4:00 PM ET"; None where it holds none."""
    found = re.search(r"\b([A-Za-z]{3,9})\.? (\d{1,2}), (\d{4})\b", text(value) or "")
    return None if found is None else date(int(found[3]), month(found[1]), int(found[2]))


def clock(value: Any) -> time | None:
    """The time of day within a text: "9:27 AM", "02:30PM", "16:05"; None where it holds none."""
    found = re.search(r"\b(\d{1,2}):(\d{2})\s?([ap]m)?", text(value) or "", re.I)
    if found is None:
        return None
    half = (found[3] or "").lower()
    hour = int(found[1]) % 12 + 12 * (half == "pm") if half else int(found[1])
    return time(hour, int(found[2]))


def epoch(value: Any) -> datetime | None:
    """A UTC time from seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size; None for 0."""
    found = number(value)
    if found is None or found == 0:  # vendors send 0 where there has been no trade
        return None
    seconds = found
    while abs(seconds) >= 10**11:  # 10**11 s is the year 5138: anything larger is in a smaller unit
        seconds /= 1000
    # timedelta, not fromtimestamp: the latter is limited by the platform for dates before 1970
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1_000_000))
    except OverflowError as error:
        raise ValueError(f"{found} is beyond the calendar") from error


def moment(value: Any, zone: tzinfo = NEW_YORK) -> datetime | None:
    """A UTC time from ISO text, also without separators (20261120T153000); text without an offset is read in `zone`."""
    written = text(value)
    if written is None:
        return None
    found = datetime.fromisoformat(written)
    try:
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{written!r} is beyond the calendar") from error


def local_midnight(session: date, zone: tzinfo = NEW_YORK) -> datetime:
    """Where a daily bar starts: midnight of its session in the exchange's zone, as UTC."""
    return datetime.combine(session, time.min, zone).astimezone(UTC)


def zone(name: Any) -> ZoneInfo:
    """The named time zone; New York where the vendor names none that is known."""
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return NEW_YORK
