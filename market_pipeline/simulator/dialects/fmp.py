"""Financial Modeling Prep's dialect: lists of flat objects, newest first; what it does not know is [].

Shapes are those of recorded answers under /stable and, where none was recorded, of the documentation.  Statements and
ratios are in fmp_sheets.py.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.fmp_sheets import SHEETS, ratios_ttm, sheet, spelled
from market_pipeline.simulator.market import Bar, Dividend, EarningsReport, Listing, Timeframe

NEW_YORK = ZoneInfo("America/New_York")
FREQUENCIES = {12: "Monthly", 4: "Quarterly", 2: "Semi-Annual", 1: "Annual"}
INDICES = {"sp500": "S&P 500", "nasdaq": "Nasdaq 100", "dowjones": "Dow Jones"}
TIMEFRAMES: Mapping[str, Timeframe] = {"1hour": "1h", "5min": "5m", "1min": "1m"}
RETRY_AFTER = "100"  # what the standard header says whatever the wait is; the vendor's own hints are right
TIME = "%Y-%m-%d %H:%M:%S"
NEWS_A_PAGE = 20


class FmpDialect(Dialect):
    name = "fmp"
    premium = frozenset({"/batch-quote", "/historical-chart/{interval}", "/news/stock", "/economic-calendar"})

    def __init__(self) -> None:
        self.routes = (
            Route("/quote", per_symbol("symbol", quote)),
            Route("/batch-quote", per_symbol("symbols", quote)),
            Route("/profile", per_symbol("symbol", profile)),
            *(Route(f"/{name}-constituent", members(index)) for name, index in INDICES.items()),
            Route("/historical-price-eod/full", of_symbol(daily_prices)),
            Route("/historical-chart/{interval}", of_symbol(intraday_prices)),
            Route("/earnings", of_symbol(earnings)),
            Route("/earnings-calendar", earnings_calendar),
            Route("/dividends", of_symbol(dividends)),
            Route("/dividends-calendar", dividends_calendar),
            Route("/news/stock", stock_news),
            Route("/economic-calendar", economic_calendar),
            Route("/ratios-ttm", of_symbol(ratios_ttm)),
            *(Route(f"/{name}", of_symbol(sheet(name))) for name in SHEETS),
        )

    def key_of(self, call: Call) -> str | None:
        return call.params.get("apikey")

    def unauthenticated(self, call: Call) -> Reply:
        return _error("Invalid API KEY. Feel free to create a Free API Key or visit https://fmp.example/docs", 401)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        hints = {
            "X-Rate-Limit-Retry-After-Seconds": int(wait),
            "X-Rate-Limit-Retry-After-Milliseconds": int(wait * 1000) + 1,
        }
        headers = {name: str(value) for name, value in hints.items()} | {"Retry-After": RETRY_AFTER}
        return Reply({"Error Message": "Too Many Requests contact us to increase your limit", **hints}, 429, headers)

    def not_entitled(self, call: Call) -> Reply:
        told = "Exclusive Endpoint : This endpoint is not available under your current subscription"
        return Reply(f"{told} please visit our subscription page to upgrade your plan", 402)

    def not_found(self, call: Call) -> Reply:
        return Reply([], 404)


def _error(message: str, status: int) -> Reply:
    return Reply({"Error Message": message}, status)


def of_symbol(handler: Callable[[Call, str], list[dict[str, Any]]]) -> Callable[[Call], Reply]:
    """The list about the one symbol that is asked for; [] for a symbol that is unknown."""

    def answer(call: Call) -> Reply:
        symbol = _canonical(call.params.get("symbol", ""))
        return Reply(handler(call, symbol) if call.market.knows(symbol) else [])

    return answer


def per_symbol(parameter: str, handler: Callable[[Call, str], dict[str, Any]]) -> Callable[[Call], Reply]:
    """One object for each symbol in `parameter`; unknown ones are left out."""

    def answer(call: Call) -> Reply:
        return Reply([handler(call, symbol) for symbol in _known(call, parameter)])

    return answer


def _known(call: Call, parameter: str) -> list[str]:
    asked = (_canonical(symbol) for symbol in call.params.get(parameter, "").split(","))
    return [symbol for symbol in asked if call.market.knows(symbol)]


def _canonical(spelling: str) -> str:
    return spelling.strip().upper().replace("-", ".")


def _days(call: Call, back: int, ahead: int) -> tuple[date, date]:
    """The days `from` and `to`, or what is answered without them: so many days around today."""
    today = call.now.astimezone(NEW_YORK).date()
    try:
        return date.fromisoformat(call.params["from"]), date.fromisoformat(call.params["to"])
    except (KeyError, ValueError):
        return today - timedelta(days=back), today + timedelta(days=ahead)


def quote(call: Call, symbol: str) -> dict[str, Any]:
    found, ratios = call.market.quote(symbol, call.now), call.market.ratios(symbol, call.now)
    company = call.market.company(symbol, as_of=call.now)
    return {
        "symbol": spelled(symbol),
        "name": company.name,
        "price": found.price,
        "changePercentage": found.change_percent,
        "change": found.change,
        "volume": found.volume,
        "dayLow": found.low,
        "dayHigh": found.high,
        "yearHigh": ratios.week52_high,
        "yearLow": ratios.week52_low,
        "marketCap": ratios.market_cap,
        "priceAvg50": ratios.average_50d,
        "priceAvg200": ratios.average_200d,
        "exchange": company.exchange,
        "open": found.open,
        "previousClose": found.previous_close,
        "timestamp": int(found.as_of.timestamp()),
    }


def members(index: str) -> Callable[[Call], Reply]:
    """The members of an index."""

    def answer(call: Call) -> Reply:
        return Reply([_member(call, one) for one in call.market.constituents(index)])

    return answer


def _member(call: Call, listing: Listing) -> dict[str, Any]:
    company = call.market.company(listing.symbol, as_of=call.now)
    return {
        "symbol": spelled(listing.symbol),
        "name": listing.name,
        "sector": listing.sector,
        "subSector": listing.industry,
        "headQuarter": f"{company.city}, {company.state}",
        "dateFirstAdded": (company.ipo_date + timedelta(days=365)).isoformat(),
        "cik": listing.cik,
        "founded": str(company.ipo_date.year - 10),
    }


def profile(call: Call, symbol: str) -> dict[str, Any]:
    found, ratios = call.market.company(symbol, as_of=call.now), call.market.ratios(symbol, call.now)
    traded = call.market.quote(symbol, call.now)
    return {
        "symbol": spelled(symbol),
        "price": traded.price,
        "marketCap": ratios.market_cap,
        "beta": ratios.beta,
        "lastDividend": ratios.dividend_per_share,
        "range": f"{ratios.week52_low}-{ratios.week52_high}",
        "change": traded.change,
        "changePercentage": traded.change_percent,
        "volume": traded.volume,
        "averageVolume": ratios.average_volume_3m,
        "companyName": found.name,
        "currency": found.currency,
        "cik": found.cik,
        "isin": found.isin,
        "cusip": found.isin[2:11],
        "exchangeFullName": found.exchange,
        "exchange": found.exchange,
        "industry": found.industry,
        "website": found.website,
        "description": found.description,
        "ceo": found.ceo,
        "sector": found.sector,
        "country": found.country,
        "fullTimeEmployees": str(found.employees),
        "phone": found.phone,
        "address": found.street,
        "city": found.city,
        "state": found.state,
        "zip": found.zip_code,
        "image": f"{found.website}/logo.png",
        "ipoDate": found.ipo_date.isoformat(),
        "defaultImage": False,
        "isEtf": found.asset_class == "etf",
        "isActivelyTrading": True,
        "isAdr": False,
        "isFund": False,
    }


def daily_prices(call: Call, symbol: str) -> list[dict[str, Any]]:
    found = call.market.bars(symbol, *_days(call, 5 * 365, 0), as_of=call.now, adjustment="split")
    return [_daily_price(bar) for bar in reversed(found)]


def _daily_price(bar: Bar) -> dict[str, Any]:
    change = bar.close - bar.open
    return {
        "symbol": spelled(bar.symbol),
        "date": bar.session.isoformat(),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
        "change": change,
        "changePercent": round(change / bar.open * 100, 5),
        "vwap": bar.vwap,
    }


def intraday_prices(call: Call, symbol: str) -> list[dict[str, Any]]:
    timeframe = TIMEFRAMES[call.values["interval"]]
    found = call.market.bars(symbol, *_days(call, 30, 0), timeframe, as_of=call.now, adjustment="split")
    return [
        {
            "date": bar.start.astimezone(NEW_YORK).strftime(TIME),
            "open": bar.open,
            "low": bar.low,
            "high": bar.high,
            "close": bar.close,
            "volume": bar.volume,
        }
        for bar in reversed(found)
    ]


def earnings(call: Call, symbol: str) -> list[dict[str, Any]]:
    return _reports(call, [symbol], *_around(call))


def earnings_calendar(call: Call) -> Reply:
    return Reply(_reports(call, call.market.symbols(), *_days(call, 7, 7)))


def _around(call: Call) -> tuple[date, date]:
    """All that is told about a company: five years back and a year ahead."""
    today = call.now.astimezone(NEW_YORK).date()
    return today - timedelta(days=5 * 365), today + timedelta(days=365)


def _reports(call: Call, symbols: Iterable[str], start: date, end: date) -> list[dict[str, Any]]:
    found = [one for symbol in symbols for one in call.market.earnings(symbol, start, end, as_of=call.now)]
    found.sort(key=lambda report: report.report_date, reverse=True)
    return [_report(report, call.now) for report in found]


def _report(report: EarningsReport, now: datetime) -> dict[str, Any]:
    updated = min(report.report_date, now.astimezone(NEW_YORK).date())
    return {
        "symbol": spelled(report.symbol),
        "date": report.report_date.isoformat(),
        "epsActual": report.eps_actual,
        "epsEstimated": report.eps_estimate,
        "revenueActual": report.revenue_actual,
        "revenueEstimated": report.revenue_estimate,
        "lastUpdated": updated.isoformat(),
    }


def dividends(call: Call, symbol: str) -> list[dict[str, Any]]:
    return _payments(call, [symbol], *_around(call))


def dividends_calendar(call: Call) -> Reply:
    return Reply(_payments(call, call.market.symbols(), *_days(call, 7, 7)))


def _payments(call: Call, symbols: Iterable[str], start: date, end: date) -> list[dict[str, Any]]:
    found = [one for symbol in symbols for one in call.market.dividends(symbol, start, end, as_of=call.now)]
    found.sort(key=lambda payment: payment.ex_date, reverse=True)
    prices = {symbol: call.market.quote(symbol, call.now).price for symbol in {one.symbol for one in found}}
    return [_payment(payment, prices[payment.symbol]) for payment in found]


def _payment(payment: Dividend, price: Decimal) -> dict[str, Any]:
    return {
        "symbol": spelled(payment.symbol),
        "date": payment.ex_date.isoformat(),
        "recordDate": payment.record_date.isoformat(),
        "paymentDate": payment.pay_date.isoformat(),
        "declarationDate": payment.declaration_date.isoformat(),
        "adjDividend": payment.adjusted_amount,
        "dividend": payment.amount,
        "yield": round(payment.adjusted_amount * payment.frequency / price * 100, 6),
        "frequency": FREQUENCIES.get(payment.frequency, "Irregular"),
    }


def stock_news(call: Call) -> Reply:
    start, end = _days(call, 30, 0)
    found = [
        (symbol, article)
        for symbol in _known(call, "symbols")
        for article in call.market.news(symbol, start, end, as_of=call.now)
    ]
    found.sort(key=lambda one: one[1].published_at, reverse=True)
    size, page = int(call.params.get("limit", NEWS_A_PAGE)), int(call.params.get("page", 0))
    articles = [
        {
            "symbol": spelled(symbol),
            "publishedDate": article.published_at.astimezone(NEW_YORK).strftime(TIME),
            "publisher": article.source,
            "title": article.headline,
            "image": "",
            "site": article.url.split("/")[2],
            "text": article.summary,
            "url": article.url,
        }
        for symbol, article in found[page * size : (page + 1) * size]
    ]
    return Reply(articles)


def economic_calendar(call: Call) -> Reply:
    events = [
        {
            "date": found.released_at.astimezone(UTC).strftime(TIME),
            "country": found.country,
            "event": found.event,
            "currency": found.currency,
            "previous": found.previous,
            "estimate": found.estimate,
            "actual": found.actual,
            "change": None if found.actual is None or found.previous is None else found.actual - found.previous,
            "impact": found.importance.capitalize(),
            "changePercentage": None,
            "unit": found.unit,
        }
        for found in reversed(call.market.economic_events(*_days(call, 7, 7), as_of=call.now))
    ]
    return Reply(events)
