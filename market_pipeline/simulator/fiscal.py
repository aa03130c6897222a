"""When companies close their quarters and tell about them. Dates only, no numbers of dollars.

A fiscal quarter is one integer, fiscal year × 4 + (quarter - 1), so that "a year ago" is minus 4. A fiscal year bears the
number of the calendar year it ends in: Apple's fiscal 2025 ended in September 2025.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.listings import universe
from market_pipeline.simulator.trading_days import TradingDays, in_utc, month_end

DECEMBER = 12
# The last month of the fiscal year where it is not December (10-K cover pages).
_REAL_YEAR_ENDS = {
    "AAPL": 9, "ADBE": 11, "AVGO": 10, "COST": 8, "CRM": 1, "CSCO": 7, "DIS": 9, "HD": 1, "INTU": 7, "MSFT": 6, "NKE": 5,
    "NVDA": 1, "ORCL": 5, "PG": 6, "QCOM": 9, "SBUX": 9, "V": 9, "WMT": 1,
}  # fmt: skip
_MADE_UP_YEAR_ENDS = (12, 12, 12, 12, 12, 12, 12, 9, 6, 1)
_BEFORE_OPEN_HOUR = 7
_AFTER_CLOSE = (16, 5)
_FILED_AT = (16, 31)


def quarter_number(fiscal_year: int, quarter: int) -> int:
    """The integer for a fiscal year and its quarter 1 to 4."""
    return fiscal_year * 4 + quarter - 1


def fiscal_year(number: int) -> int:
    """The fiscal year a quarter belongs to."""
    return number // 4


def quarter_of_year(number: int) -> int:
    """Which quarter of its fiscal year it is, 1 to 4."""
    return number % 4 + 1


class FiscalCalendar:
    """Period ends, report dates and filing times of any known symbol."""

    def __init__(self, dice: Dice, days: TradingDays) -> None:
        self._dice = dice
        self._days = days
        self.year_end_month = lru_cache(maxsize=8192)(self._year_end_month)
        self.report_date = lru_cache(maxsize=32768)(self._report_date)

    def period_end(self, symbol: str, number: int) -> date:
        """The last day of a fiscal quarter."""
        months_before_year_end = 3 * (4 - quarter_of_year(number))
        return month_end(fiscal_year(number), self.year_end_month(symbol) - months_before_year_end)

    def period_start(self, symbol: str, number: int) -> date:
        """The first day of a fiscal quarter."""
        return self.period_end(symbol, number - 1) + timedelta(days=1)

    def quarter_at(self, symbol: str, day: date) -> int:
        """The fiscal quarter that a day is in."""
        months = day.year * 12 + day.month - self.year_end_month(symbol) - 1
        return quarter_number(months // 12 + 1, months % 12 // 3 + 1)

    def reports_before_open(self, symbol: str) -> bool:
        """Whether the company reports before the open (else after the close); a company keeps its habit."""
        return self._dice.uniform(0, 1, "report time", symbol) < 0.5

    def reported_at(self, symbol: str, number: int) -> datetime:
        """The moment of the earnings release, UTC: 07:00 before the open or 16:05 after the close, New York time."""
        day = self.report_date(symbol, number)
        if self.reports_before_open(symbol):
            return self._days.at_local_time(day, _BEFORE_OPEN_HOUR)
        return self._days.at_local_time(day, *_AFTER_CLOSE)

    def filed_at(self, symbol: str, number: int) -> datetime:
        """The moment the 10-Q, or the 10-K for a fourth quarter, is accepted by the SEC, UTC: 1 to 5 sessions later."""
        annual = quarter_of_year(number) == 4
        wait = self._dice.integer(2, 5, "filing", symbol, number) if annual else 1
        return self._days.at_local_time(self._days.shifted(self.report_date(symbol, number), wait), *_FILED_AT)

    def last_filed(self, symbol: str, as_of: datetime) -> int:
        """The latest quarter whose filing was public at this moment."""
        return self._last_public(symbol, as_of, self.filed_at)

    def last_reported(self, symbol: str, as_of: datetime) -> int:
        """The latest quarter whose earnings were released at this moment."""
        return self._last_public(symbol, as_of, self.reported_at)

    def _last_public(self, symbol: str, as_of: datetime, published_at: Callable[[str, int], datetime]) -> int:
        """Nothing is published later than two quarters after its own, so the third one back always is public."""
        current = self.quarter_at(symbol, in_utc(as_of).date())
        recent = range(current, current - 3, -1)
        return next((number for number in recent if published_at(symbol, number) <= as_of), current - 3)

    def _year_end_month(self, symbol: str) -> int:
        if symbol in universe():
            return _REAL_YEAR_ENDS.get(symbol, DECEMBER)
        return self._dice.pick(_MADE_UP_YEAR_ENDS, "fiscal year end", symbol)

    def _report_date(self, symbol: str, number: int) -> date:
        """A session 17 to 41 days after the period ends; a company keeps its pace, give or take two days."""
        pace = self._dice.integer(19, 33, "report pace", symbol)
        slower = 6 if quarter_of_year(number) == 4 else 0
        lag = pace + slower + self._dice.integer(-2, 2, "report lag", symbol, number)
        return self._days.on_or_after(self.period_end(symbol, number) + timedelta(days=lag))
