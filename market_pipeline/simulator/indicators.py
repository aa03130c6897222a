"""The economic series there are, and the rule by which each is released. One row of INDICATORS is one series.

The rules are the agencies' habits, not their published calendars: payrolls on the first Friday, claims on Thursdays, and so on.
What a release says is in economics.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Literal

from market_pipeline.simulator.trading_days import month_end

Importance = Literal["low", "medium", "high"]
DayRule = Callable[[int, int], date]

ZONES = {"US": "America/New_York", "EU": "Europe/Berlin", "UK": "Europe/London", "JP": "Asia/Tokyo"}
CURRENCIES = {"US": "USD", "EU": "EUR", "UK": "GBP", "JP": "JPY"}
TUE, WED, THU, FRI = 1, 2, 3, 4

_EVERY_MONTH = tuple(range(1, 13))
_QUARTERLY = (1, 4, 7, 10)
_MID_QUARTER = (2, 5, 8, 11)
_FOMC = (1, 3, 5, 6, 7, 9, 11, 12)
_ECB_BOJ = (1, 3, 4, 6, 7, 9, 10, 12)
_BOE = (2, 3, 5, 6, 8, 9, 11, 12)
_ABOUT: dict[int, Literal["month", "quarter", "decision"]] = {12: "month", 4: "quarter", 8: "decision"}


@dataclass(frozen=True, slots=True)
class Indicator:
    """One series.

    code: begins with the country; day: the day of the release in a given year and month, None for every Thursday; at: local
    time; months: those with a release, 12 a year for monthly figures, 4 for quarterly ones, 8 for central banks' decisions;
    lag: months between the month or quarter a value is about and its release. level, spread: mean and standard deviation of
    the values, in `unit`; step: the precision they are published with.
    """

    code: str
    event: str
    day: DayRule | None
    at: time
    unit: str
    importance: Importance
    level: float
    spread: float
    step: float
    months: tuple[int, ...] = _EVERY_MONTH
    lag: int = 1

    @property
    def country(self) -> str:
        """US, EU, UK or JP."""
        return self.code[:2]

    @property
    def about(self) -> Literal["week", "month", "quarter", "decision"]:
        """What a value describes; a decision holds from its day on."""
        return "week" if self.day is None else _ABOUT[len(self.months)]


def nth(count: int, weekday: int) -> DayRule:
    """The count-th Monday (0) to Sunday (6) of a month; -1 is the last one."""

    def day(year: int, month: int) -> date:
        if count < 0:
            last = month_end(year, month)
            return last - timedelta(days=(last.weekday() - weekday) % 7)
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))

    return day


def workday(count: int) -> DayRule:
    """The count-th Monday-to-Friday day of a month."""

    def day(year: int, month: int) -> date:
        days = (date(year, month, 1) + timedelta(days=offset) for offset in range(28))
        return [found for found in days if found.weekday() <= FRI][count - 1]

    return day


# fmt: off
INDICATORS = (
    Indicator("US_NONFARM_PAYROLLS", "Nonfarm Payrolls", nth(1, FRI), time(8, 30), "K", "high", 150, 80, 1),
    Indicator("US_UNEMPLOYMENT_RATE", "Unemployment Rate", nth(1, FRI), time(8, 30), "%", "high", 4.2, 0.4, 0.1),
    Indicator("US_HOURLY_EARNINGS_MOM", "Average Hourly Earnings MoM", nth(1, FRI), time(8, 30), "%", "medium", 0.3, 0.1, 0.1),
    Indicator("US_CPI_YOY", "CPI YoY", workday(8), time(8, 30), "%", "high", 2.8, 0.5, 0.1),
    Indicator("US_CPI_MOM", "CPI MoM", workday(8), time(8, 30), "%", "high", 0.2, 0.15, 0.1),
    Indicator("US_CORE_CPI_YOY", "Core CPI YoY", workday(8), time(8, 30), "%", "high", 3.0, 0.4, 0.1),
    Indicator("US_PPI_MOM", "PPI MoM", workday(9), time(8, 30), "%", "medium", 0.2, 0.25, 0.1),
    Indicator("US_RETAIL_SALES_MOM", "Retail Sales MoM", workday(11), time(8, 30), "%", "high", 0.3, 0.5, 0.1),
    Indicator("US_INDUSTRIAL_OUTPUT_MOM", "Industrial Production MoM", workday(12), time(9, 15), "%", "medium", 0.1, 0.4, 0.1),
    Indicator("US_HOUSING_STARTS", "Housing Starts", workday(13), time(8, 30), "K", "medium", 1380, 70, 1),
    Indicator("US_DURABLE_GOODS_MOM", "Durable Goods Orders MoM", nth(4, WED), time(8, 30), "%", "medium", 0.3, 1.5, 0.1),
    Indicator("US_CB_CONFIDENCE", "CB Consumer Confidence", nth(-1, TUE), time(10, 0), "index", "medium", 100, 7, 0.1, lag=0),
    Indicator("US_MICHIGAN_SENTIMENT", "Michigan Sentiment", nth(2, FRI), time(10, 0), "index", "medium", 70, 7, 0.1, lag=0),
    Indicator("US_PCE_PRICE_INDEX_YOY", "PCE Price Index YoY", nth(-1, FRI), time(8, 30), "%", "high", 2.5, 0.4, 0.1),
    Indicator("US_ISM_MANUFACTURING_PMI", "ISM Manufacturing PMI", workday(1), time(10, 0), "index", "high", 49.5, 2, 0.1),
    Indicator("US_ISM_SERVICES_PMI", "ISM Services PMI", workday(3), time(10, 0), "index", "high", 52.5, 1.8, 0.1),
    Indicator("US_GDP_QOQ", "GDP Growth Rate QoQ (Advance)", nth(-1, THU), time(8, 30), "%", "high", 2.2, 1.1, 0.1, _QUARTERLY),
    Indicator("US_INITIAL_JOBLESS_CLAIMS", "Initial Jobless Claims", None, time(8, 30), "K", "medium", 225, 15, 1),
    Indicator("US_FED_FUNDS_RATE", "Fed Interest Rate Decision", nth(3, WED), time(14, 0), "%", "high", 3.75, 0.35, 0.25, _FOMC),
    Indicator("EU_CPI_YOY", "CPI YoY (Flash)", workday(2), time(11, 0), "%", "high", 2.3, 0.4, 0.1),
    Indicator("EU_GDP_QOQ", "GDP Growth Rate QoQ (Flash)", nth(-1, TUE), time(11, 0), "%", "medium", 0.3, 0.2, 0.1, _QUARTERLY),
    Indicator("EU_DEPOSIT_RATE", "ECB Deposit Facility Rate", nth(2, THU), time(14, 15), "%", "high", 2.25, 0.3, 0.25, _ECB_BOJ),
    Indicator("UK_CPI_YOY", "CPI YoY", nth(3, WED), time(7, 0), "%", "high", 2.9, 0.5, 0.1),
    Indicator("UK_GDP_MOM", "GDP MoM", nth(2, FRI), time(7, 0), "%", "medium", 0.1, 0.2, 0.1, lag=2),
    Indicator("UK_BANK_RATE", "BoE Interest Rate Decision", nth(1, THU), time(12, 0), "%", "high", 4.0, 0.3, 0.25, _BOE),
    Indicator("JP_TOKYO_CPI_YOY", "Tokyo CPI YoY", nth(-1, FRI), time(8, 30), "%", "medium", 2.4, 0.4, 0.1, lag=0),
    Indicator("JP_GDP_QOQ", "GDP Growth Rate QoQ", workday(10), time(8, 50), "%", "medium", 0.2, 0.4, 0.1, _MID_QUARTER, lag=2),
    Indicator("JP_BOJ_RATE", "BoJ Interest Rate Decision", nth(3, FRI), time(12, 0), "%", "high", 0.5, 0.2, 0.25, _ECB_BOJ),
)
# fmt: on
