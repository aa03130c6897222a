"""In what vendors' records about the same thing are meant to differ: every exception, each with its reason.

Here belong the table and the reading of it.  How records are compared belongs to `agreement.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

FLOATS = Decimal("1e-9")
"""Relative: JSON numbers have about 16 digits, of which quotients and factors of 100 may cost a few."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Some fields of some endpoints, which may be off by `within`, or differ in any way without it."""

    of: str
    """Patterns of endpoints, separated by spaces: `finviz.*`."""
    fields: str
    """Patterns of fields, or of what else a finding can be about."""
    why: str
    within: str | None = None
    """In the field's unit, in seconds for a time; "0.5%" is a part of the value."""
    rows: str = "*"
    """Patterns of rows' keys, or of symbols: `BRK.B*`."""


DELAYED: Mapping[str, timedelta] = {"cboe": timedelta(minutes=15)}
"""Vendors that tell what was true some time ago: they are asked that much later, so that all speak of one moment."""

UNASKED: Mapping[str, str] = {
    "tiingo.CryptoDaily": "coins, of which the synthetic market has none",
    "tiingo.CryptoHourly": "coins, of which the synthetic market has none",
}
"""Endpoints that serve no question about companies, and why."""

_SPELLING = "as the vendor spells it"
_PREMIUM = "in no free plan: the vendor refuses free keys, and so does the simulator"
_PERIODS = "*/metrics/quarter/* */metrics/year/*"
_ROUNDED_PERCENT = "a percentage with two decimals"

DIFFERENCES: Mapping[str, tuple[Difference, ...]] = {
    "stock_quotes": (
        Difference("*", "flags", "what is odd about one vendor's way of quoting"),
        Difference("alpha_vantage.GlobalQuote polygon.PreviousClose", "no_data", "of the day before until the close"),
        Difference("nasdaq.* finviz.*", "change_percent", _ROUNDED_PERCENT, within="0.005"),
        Difference("tiingo.IexQuotes", "volume", "the IEX's own share of the day's volume"),
        Difference("twelve_data.Quote", "as_of", "the beginning of the minute of the last trade", within="60"),
        Difference("finviz.Screener", "as_of", "the page has no time: that of the fetch, and flagged so"),
    ),
    "company_info": (
        Difference("*", "exchange sector industry country address", _SPELLING),
        Difference("finviz.*", "market_cap shares_outstanding", "three digits at least: 1.25B", within="0.5%"),
    ),
    "historical_prices": (
        Difference("alpha_vantage.DailyFull alpha_vantage.DailyAdjusted", "not_entitled", _PREMIUM),
        Difference("cboe.Historical", "open high low close", "adjusted prices in whole cents", within="0.005"),
        Difference(
            "yahoo.* fmp.* polygon.* nasdaq.* twelve_data.* finnhub.DailyCandles",
            "open high low close",
            "adjusted prices with four decimals",
            within="0.00005",
        ),
    ),
    "options_chain": (
        Difference("alpha_vantage.RealtimeOptions", "not_entitled", _PREMIUM),
        Difference("alpha_vantage.*", "gamma", "five decimals", within="0.000005"),
    ),
    "earnings": (
        Difference(
            "nasdaq.* twelve_data.* eodhd.EarningsHistory", "surprise_percent", _ROUNDED_PERCENT, within="0.005"
        ),
        Difference(
            "finnhub.* alpha_vantage.* eodhd.EarningsCalendar", "surprise_percent", "four decimals", within="0.00005"
        ),
    ),
    "dividends": (
        Difference("nasdaq.Dividends", "unknown_symbol", "only of shares that Nasdaq lists", rows="BRK.B VZ"),
        Difference("yahoo.*", "amount", "adjusted amounts with six decimals", within="0.0000005"),
    ),
    "fundamentals": (
        Difference(
            "sec_edgar.CompanyFacts",
            "lacks",
            "no quarterly report is filed for the last quarter of a year",
            rows="*/income/quarter/* */cash_flow/quarter/*",
        ),
        Difference("finviz.*", "market_cap", "three digits at least: 1.25B", within="0.5%"),
        Difference(
            "finviz.*",
            "pe_ratio forward_pe peg_ratio price_to_* debt_to_equity current_ratio",
            "two decimals",
            within="0.005",
        ),
        Difference("finviz.*", "*_margin dividend_yield payout_ratio return_on_*", _ROUNDED_PERCENT, within="0.00005"),
        Difference("alpha_vantage.* eodhd.*", "*", "four decimals", within="0.00005"),
        Difference("finnhub.*", "*", "four decimals", within="0.00005"),
        Difference(
            "finnhub.*",
            "enterprise_value ev_to_ebitda",
            "at the price of the day of the filing, not of the period's last",
            rows=_PERIODS,
        ),
        Difference("finnhub.*", "return_on_*", "in quarters of the last twelve months", rows="*/metrics/quarter/*"),
    ),
    "news": (
        Difference("finviz.*", "published_at", "to the minute", within="60"),
        Difference("tiingo.*", "source", "the publisher's domain instead of its name"),
    ),
    "economic_events": (
        Difference(
            "alpha_vantage.EconomicSeries fred.*",
            "event",
            "their own names: FRED's of publications and series, not of calendars' figures",
        ),
        Difference("finviz.*", "lacks", "a calendar of the US only", rows="*/EU/* */JP/* */GB/*"),
        Difference("*", "period", "as the vendor writes it: 2026-06, Jun"),
    ),
}
"""By data type.  An entry without which nothing would be found fails the test, too."""


def spared(meant: Collection[Difference], source: str, row: str, field: str) -> bool:
    """Whether whatever is found about a field is meant."""
    return any(one.within is None and _is_about(one, source, row, field) for one in meant)


def slack(meant: Collection[Difference], source: str, row: str, field: str, value: Any) -> Decimal:
    """How far a value may be from the true one, in its unit, seconds for a time."""
    size = abs(Decimal(value)) if isinstance(value, int | Decimal) else Decimal(0)
    stated = [one.within for one in meant if one.within is not None and _is_about(one, source, row, field)]
    return max(
        (size * Decimal(within[:-1]) / 100 if within.endswith("%") else Decimal(within) for within in stated),
        default=size * FLOATS,
    )


def _is_about(one: Difference, source: str, row: str, field: str) -> bool:
    return _among(source, one.of) and _among(field, one.fields) and _among(row, one.rows)


@cache
def _among(name: str, patterns: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns.split())
