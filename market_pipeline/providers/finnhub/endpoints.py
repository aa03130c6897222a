"""What Finnhub is asked and how its answers are read: one class for an endpoint, ratios aside (metrics.py).

The vendor itself, its key and its errors belong to the package.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window, rows_of
from market_pipeline.providers.normalise import (
    NEW_YORK,
    add_up_dividends,
    canonical_symbol,
    country,
    day,
    epoch,
    integer,
    local_midnight,
    major_unit,
    moment,
    number,
    one_of,
    price,
    text,
)

UTC = ZoneInfo("UTC")
ONE_DAY = timedelta(days=1)
YEAR = timedelta(days=365)
INTRADAY_SPAN = timedelta(days=30)  # "only 1 month of intraday will be returned at a time"
PAYMENTS_A_YEAR = {"0": 1, "1": 12, "2": 4, "3": 2, "5": 6, "6": 3, "7": 52}  # 4 is "other or unknown"


class FinnhubEndpoint(Endpoint):
    """An endpoint for one symbol; its dates are exchange-local days, both included."""

    symbols_in: ClassVar[str | None] = "symbol"
    reach: ClassVar[tuple[timedelta, timedelta]] = (YEAR, YEAR)
    """What is asked for without a window: so far back and so far ahead."""

    def window(self, ask: Ask) -> Window:
        today = ask.now.astimezone(NEW_YORK).date()
        back, ahead = self.reach
        return ask.window if ask.window is not None else Window(today - back, today + ahead)


class DatedEndpoint(FinnhubEndpoint):
    """One that takes its window as the days `from` and `to`."""

    def params(self, ask: Ask) -> Mapping[str, str]:
        window = self.window(ask)
        return {"from": window.start.isoformat(), "to": window.end.isoformat()}


class Quote(FinnhubEndpoint):
    data_type = "stock_quotes"
    path = "/quote"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        traded_at = epoch(found["t"])
        if traded_at is None:  # the vendor's way of not knowing a symbol: every figure is 0
            raise UnknownSymbol(f"Finnhub has no quote for {ask.symbol}")
        row = {
            "symbol": ask.symbol,
            "as_of": traded_at,
            "session": traded_at.astimezone(NEW_YORK).date(),
            "price": number(found["c"]),
            "open": price(found.get("o")),
            "high": price(found.get("h")),
            "low": price(found.get("l")),
            "previous_close": price(found.get("pc")),
            "change": number(found.get("d")),
            "change_percent": number(found.get("dp")),
        }
        return Parsed([row])


class Profile(FinnhubEndpoint):
    data_type = "company_info"
    path = "/stock/profile2"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        if found == {}:
            raise UnknownSymbol(f"Finnhub has no profile of {ask.symbol}")
        row = {
            "symbol": ask.symbol,
            "name": text(found["name"]),
            "exchange": text(found.get("exchange")),
            "industry": text(found.get("finnhubIndustry")),
            "country": text(found.get("country")),
            "currency": major_unit(found.get("currency"))[0],
            "market_cap": millions(found.get("marketCapitalization")),
            "shares_outstanding": millions(found.get("shareOutstanding")),
            "website": text(found.get("weburl")),
            "phone": text(found.get("phone")),
            "ipo_date": day(found.get("ipo")),
        }
        return Parsed([row])


class Candles(FinnhubEndpoint):
    """Parallel arrays o, h, l, c, v and t; `from` and `to` are seconds since 1970."""

    data_type = "historical_prices"
    path = "/stock/candle"
    reach = (YEAR, timedelta(0))
    adjustment: ClassVar[str]

    def params(self, ask: Ask) -> Mapping[str, str]:
        window = self.window(ask)
        start, end = local_midnight(window.start), local_midnight(window.end + ONE_DAY) - timedelta(seconds=1)
        return {"from": str(int(start.timestamp())), "to": str(int(end.timestamp()))}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        if found["s"] == "no_data":
            return Parsed([])
        columns = zip(*(found[name] for name in "tohlcv"), strict=True)
        return Parsed([self.bar(ask.symbol, *values) for values in columns])

    def bar(self, symbol: str, at: Any, *values: Any) -> Row:
        session, bar_start = self.place(epoch(at))
        figures = zip(("open", "high", "low", "close", "volume"), map(number, values), strict=True)
        (timeframe,) = self.timeframes
        return {
            "symbol": symbol,
            "timeframe": timeframe,
            "bar_start": bar_start,
            "session": session,
            "adjustment": self.adjustment,
            **dict(figures),
        }

    def place(self, at: datetime | None) -> tuple[date | None, datetime | None]:
        """The session of a bar that is stamped `at`, and its start."""
        return (None, None) if at is None else (at.astimezone(NEW_YORK).date(), at)


class DailyCandles(Candles):
    fixed: ClassVar[Mapping[str, str]] = {"resolution": "D"}
    timeframes = ("1d",)
    adjustment = "split"

    def place(self, at: datetime | None) -> tuple[date | None, datetime | None]:
        # stamped with midnight of the session, in UTC or (older answers) in New York: the UTC date is right for both
        return (None, None) if at is None else (at.date(), local_midnight(at.date()))


class HourlyCandles(Candles):
    """Unadjusted, unlike the daily ones, and a month to a request."""

    fixed: ClassVar[Mapping[str, str]] = {"resolution": "60"}
    timeframes = ("1h",)
    adjustment = "raw"

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        window, found = self.window(ask), list[Request]()
        start = window.start
        while start <= window.end:
            end = min(start + INTRADAY_SPAN - ONE_DAY, window.end)
            found.extend(super().requests(replace(ask, window=Window(start, end))))
            start = end + ONE_DAY
        return tuple(found)


class EarningsCalendar(DatedEndpoint):
    """Reports past and expected; free keys get a month back.  Without a symbol it tells of all companies."""

    data_type = "earnings"
    path = "/calendar/earnings"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed([_reported(found) for found in rows_of(answer.json()["earningsCalendar"], "earningsCalendar")])


class MarketEarningsCalendar(EarningsCalendar):
    """Reports of all companies in a window: the same calendar, asked without a symbol."""

    symbols_in = None
    market_wide = True

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and ask.window is not None

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return None if "symbol" in params else super().match(path, params, now)


def _reported(found: Mapping[str, Any]) -> Row:
    return {
        "symbol": canonical_symbol(found["symbol"]),
        "report_date": day(found["date"]),
        "report_time": one_of(found.get("hour"), "bmo", "amc", "dmh"),
        "fiscal_year": _placed(found.get("year")),
        "fiscal_quarter": _placed(found.get("quarter")),
        "eps_estimate": number(found.get("epsEstimate")),
        "eps_actual": number(found.get("epsActual")),
        "revenue_estimate": number(found.get("revenueEstimate")),
        "revenue_actual": number(found.get("revenueActual")),
    }


def _placed(value: Any) -> int | None:
    """A fiscal year or quarter; None for the 0 of a report that the vendor has not placed."""
    found = integer(value)
    return None if found == 0 else found


class EarningsSurprises(FinnhubEndpoint):
    """Earnings per share by quarter, without the day of the report; free keys get the last four quarters."""

    data_type = "earnings"
    path = "/stock/earnings"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": ask.symbol,
                "period_end": day(found["period"]),
                "fiscal_year": _placed(found.get("year")),
                "fiscal_quarter": _placed(found.get("quarter")),
                "eps_estimate": number(found.get("estimate")),
                "eps_actual": number(found.get("actual")),
                "surprise_percent": number(found.get("surprisePercent")),
            }
            for found in rows_of(answer.json(), "earnings")
        ]
        return Parsed(rows)


class Dividends(DatedEndpoint):
    data_type = "dividends"
    path = "/stock/dividend"
    reach = (10 * YEAR, YEAR)  # 30 years are offered: older ones do not change any more

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = rows_of(answer.json(), "dividends")
        return Parsed(add_up_dividends(self.payment(ask.symbol, one) for one in found))

    def payment(self, symbol: str, found: Mapping[str, Any]) -> Row:
        currency, unit = major_unit(found.get("currency"))
        amount = price(found.get("amount"))
        return {
            "symbol": symbol,
            "ex_date": day(found["date"]),
            "amount": None if amount is None else amount * unit,
            "adjustment": "raw",
            "declaration_date": day(found.get("declarationDate")),
            "record_date": day(found.get("recordDate")),
            "pay_date": day(found.get("payDate")),
            "frequency": PAYMENTS_A_YEAR.get(str(found.get("freq"))),
            "currency": currency,
        }


class CompanyNews(DatedEndpoint):
    """Articles of the past year about North American companies."""

    data_type = "news"
    path = "/company-news"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": ask.symbol,
                "published_at": epoch(found["datetime"]),
                "title": text(found["headline"]),
                "url": text(found["url"]),
                "summary": text(found.get("summary")),
                "source": text(found.get("source")),
                "related_symbols": _others(found.get("related"), ask.symbol),
            }
            for found in rows_of(answer.json(), "company-news")
        ]
        return Parsed(rows)


def _others(related: Any, symbol: str) -> tuple[str, ...]:
    named = (canonical_symbol(one) for one in (text(related) or "").split(","))
    return tuple(one for one in named if one is not None and one != symbol)


class EconomicCalendar(DatedEndpoint):
    """Releases in all countries; times are UTC."""

    data_type = "economic_events"
    path = "/calendar/economic"
    symbols_in = None
    market_wide = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": MARKET_WIDE,
                "event_at": moment(found.get("time"), UTC),
                "country": country(found["country"]),
                "event": text(found["event"]),
                "actual": number(found.get("actual")),
                "estimate": number(found.get("estimate")),
                "previous": number(found.get("prev")),
                "unit": text(found.get("unit")),
                "importance": one_of(found.get("impact"), "low", "medium", "high"),
            }
            for found in rows_of(answer.json()["economicCalendar"], "economicCalendar")
        ]
        return Parsed(rows)


def millions(value: Any) -> Decimal | None:
    """A figure that Finnhub gives in millions, in units."""
    found = number(value)
    return None if found is None else found * 1_000_000
