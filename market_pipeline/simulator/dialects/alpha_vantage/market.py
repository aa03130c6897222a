"""The market in Alpha Vantage's dialect: quotes, bars, options, news, economic series."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.alpha_vantage.texts import (
    PLANS,
    canonical,
    information,
    invalid_call,
    of_symbol,
    premium,
    premium_sample,
    spelled,
    table,
    wants_csv,
    written,
)
from market_pipeline.simulator.market import Adjustment, Bar, EconomicEvent, NewsArticle, OptionContract

NEW_YORK = ZoneInfo("America/New_York")
COMPACT = 100
TWENTY_WEEKS = timedelta(days=160)  # holds 100 sessions
TIME = "%Y-%m-%d %H:%M:%S"
NEWS_TIME = "%Y%m%dT%H%M"
A_SAMPLE = {
    "contractID": "XXYYZZ999999C00020000",
    "symbol": "XXYYZZ",
    "expiration": "2099-99-99",
    "strike": "20.00",
    "type": "call",
    "last": "100.00",
    "mark": "100.10",
    "bid": "100.05",
    "bid_size": "100",
    "ask": "100.15",
    "ask_size": "100",
    "volume": "100",
    "open_interest": "100",
    "date": "2049-99-99",
}


def _finished(call: Call, symbol: str, start: date, end: date) -> list[Bar]:
    """Daily bars of the sessions that are over, oldest first."""
    return [bar for bar in call.market.bars(symbol, start, end, as_of=call.now) if bar.complete]


def _today(call: Call) -> date:
    return call.now.astimezone(NEW_YORK).date()


def global_quote(call: Call, symbol: str) -> Reply:
    """The last session that is over, as free keys get it."""
    before, last = _finished(call, symbol, _today(call) - timedelta(days=14), _today(call))[-2:]
    change = last.close - before.close
    columns = {
        "symbol": spelled(symbol),
        "open": _price(last.open),
        "high": _price(last.high),
        "low": _price(last.low),
        "price": _price(last.close),
        "volume": written(last.volume),
        "latestDay": last.session.isoformat(),
        "previousClose": _price(before.close),
        "change": _price(change),
        "changePercent": f"{change / before.close:.4%}",
    }
    if wants_csv(call):
        return table([columns], ",".join(columns))
    names = "symbol,open,high,low,price,volume,latest trading day,previous close,change,change percent".split(",")
    numbered = (f"{number:02}. {name}" for number, name in enumerate(names, 1))
    return Reply({"Global Quote": dict(zip(numbered, columns.values(), strict=True))})


def _price(value: Decimal) -> str:
    return f"{value:.4f}"


def daily(call: Call, symbol: str) -> Reply:
    if call.params.get("outputsize") == "full":
        feature = "The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint."
        return information(f"{feature} You may subscribe to any of the premium plans at {PLANS}")
    bars = _finished(call, symbol, _today(call) - TWENTY_WEEKS, _today(call))[-COMPACT:]
    stamped = {bar.session.isoformat(): bar for bar in reversed(bars)}
    meta = {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": spelled(symbol),
        "3. Last Refreshed": next(iter(stamped), ""),
        "4. Output Size": "Compact",
        "5. Time Zone": "US/Eastern",
    }
    return _bars(call, stamped, "Time Series (Daily)", meta)


def intraday(call: Call, symbol: str) -> Reply:
    if call.params.get("interval") != "60min":
        return invalid_call(call)
    adjustment: Adjustment = "raw" if call.params.get("adjusted") == "false" else "split_dividend"
    start, end = _month(call)
    found = call.market.bars(symbol, start, end, "1h", as_of=call.now, adjustment=adjustment)
    stamped = {bar.start.astimezone(NEW_YORK).strftime(TIME): bar for bar in reversed(found) if bar.complete}
    if call.params.get("outputsize") != "full":
        stamped = dict(list(stamped.items())[:COMPACT])
    meta = {
        "1. Information": "Intraday (60min) open, high, low, close prices and volume",
        "2. Symbol": spelled(symbol),
        "3. Last Refreshed": next(iter(stamped), ""),
        "4. Interval": "60min",
        "5. Output Size": "Full size" if call.params.get("outputsize") == "full" else "Compact",
        "6. Time Zone": "US/Eastern",
    }
    return _bars(call, stamped, "Time Series (60min)", meta)


def _month(call: Call) -> tuple[date, date]:
    """The days of the parameter `month`; without one, the latest 30."""
    today, month = _today(call), call.params.get("month")
    if month is None:
        return today - timedelta(days=30), today
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _bars(call: Call, stamped: dict[str, Bar], name: str, meta: dict[str, str]) -> Reply:
    rows = {
        stamp: {
            "open": _price(bar.open),
            "high": _price(bar.high),
            "low": _price(bar.low),
            "close": _price(bar.close),
            "volume": written(bar.volume),
        }
        for stamp, bar in stamped.items()
    }
    if wants_csv(call):
        lines = [{"timestamp": stamp, **row} for stamp, row in rows.items()]
        return table(lines, "timestamp,open,high,low,close,volume")
    numbered = {
        stamp: {f"{at}. {key}": value for at, (key, value) in enumerate(row.items(), 1)} for stamp, row in rows.items()
    }
    return Reply({"Meta Data": meta, name: numbered})


def historical_options(call: Call) -> Reply:
    """The chain at the close of a session that is over; without a date, of the last one."""
    symbol, today = canonical(call.params.get("symbol", "")), _today(call)
    day = call.params.get("date")
    asked = (today - timedelta(days=14), today) if day is None else (date.fromisoformat(day),) * 2
    closes = [call.market.hours(session).close for session in call.market.sessions(*asked)]
    over = [close for close in closes if close < call.now]
    if not over or not call.market.knows(symbol):
        told = (
            f"No data for symbol {symbol} on date {day}. Please specify a valid combination of symbol and trading day."
        )
        return Reply({"endpoint": "Historical Options", "message": told, "data": []})
    chain = call.market.option_chain(symbol, over[-1])
    session = over[-1].astimezone(NEW_YORK).date()
    contracts = [_contract(one, session) for one in chain.contracts]
    return Reply({"endpoint": "Historical Options", "message": "success", "data": contracts})


def _contract(found: OptionContract, session: date) -> dict[str, str]:
    greeks = {name: f"{getattr(found, name):.5f}" for name in ("delta", "gamma", "theta", "vega", "rho")}
    return {
        "contractID": found.contract_symbol,
        "symbol": spelled(found.symbol),
        "expiration": found.expiration.isoformat(),
        "strike": f"{found.strike:.2f}",
        "type": found.kind,
        "last": f"{found.last:.2f}",
        "mark": f"{(found.bid + found.ask) / 2:.2f}",
        "bid": f"{found.bid:.2f}",
        "bid_size": written(found.bid_size),
        "ask": f"{found.ask:.2f}",
        "ask_size": written(found.ask_size),
        "volume": written(found.volume),
        "open_interest": written(found.open_interest),
        "date": session.isoformat(),
        "implied_volatility": f"{found.implied_volatility:.5f}",
        **greeks,
    }


def news_sentiment(call: Call) -> Reply:
    symbols = [canonical(one) for one in call.params.get("tickers", "").split(",")]
    if len(symbols) != 1 or not call.market.knows(symbols[0]):
        return Reply({"Information": "Invalid inputs. Please refer to the API documentation and try again."})
    start = _time(call.params.get("time_from"), call.now - timedelta(days=3))
    end = _time(call.params.get("time_to"), call.now)
    found = call.market.news(symbols[0], start.date(), end.date(), as_of=call.now)
    feed = [_article(one) for one in found if start <= one.published_at <= end][: int(call.params.get("limit", "50"))]
    labels = "x <= -0.35: Bearish; -0.35 < x <= -0.15: Somewhat-Bearish; -0.15 < x < 0.15: Neutral"
    bullish = "0.15 <= x < 0.35: Somewhat_Bullish; x >= 0.35: Bullish"
    return Reply(
        {
            "items": str(len(feed)),
            "sentiment_score_definition": f"{labels}; {bullish}",
            "relevance_score_definition": "0 < x <= 1, with a higher score indicating higher relevance.",
            "feed": feed,
        }
    )


def _time(text: str | None, otherwise: datetime) -> datetime:
    return otherwise if text is None else datetime.strptime(text, NEWS_TIME).replace(tzinfo=ZoneInfo("UTC"))


def _article(found: NewsArticle) -> dict[str, Any]:
    label = _label(found.sentiment)
    return {
        "title": found.headline,
        "url": found.url,
        "time_published": found.published_at.strftime("%Y%m%dT%H%M%S"),
        "authors": [found.author],
        "summary": found.summary,
        "banner_image": f"{found.url}.png",
        "source": found.source,
        "category_within_source": "General",
        "source_domain": found.source,
        "topics": [{"topic": "financial_markets", "relevance_score": "0.900000"}],
        "overall_sentiment_score": found.sentiment,
        "overall_sentiment_label": label,
        "ticker_sentiment": [
            {
                "ticker": spelled(symbol),
                "relevance_score": "1.000000",
                "ticker_sentiment_score": f"{found.sentiment:.6f}",
                "ticker_sentiment_label": label,
            }
            for symbol in found.symbols
        ],
    }


def _label(score: float) -> str:
    strength = "" if abs(score) >= 0.35 else "Somewhat-"
    return "Neutral" if abs(score) < 0.15 else f"{strength}{'Bullish' if score > 0 else 'Bearish'}"


SERIES = {
    "CPI": ("US_CPI_MOM", "Consumer Price Index for all Urban Consumers", "monthly", "index 1982-1984=100"),
    "REAL_GDP": ("US_GDP_QOQ", "Real Gross Domestic Product", "quarterly", "billions of dollars"),
    "UNEMPLOYMENT": ("US_UNEMPLOYMENT_RATE", "Unemployment Rate", "monthly", "percent"),
    "NONFARM_PAYROLL": ("US_NONFARM_PAYROLLS", "Total Nonfarm Payroll", "monthly", "thousands of persons"),
    "RETAIL_SALES": ("US_RETAIL_SALES_MOM", "Advance Retail Sales: Retail Trade", "monthly", "millions of dollars"),
}
LEVELS: dict[str, tuple[float, Callable[[float, float], float]]] = {
    "CPI": (258.0, lambda level, percent: level * (1 + percent / 100)),
    "REAL_GDP": (4700.0, lambda level, yearly_percent: level * (1 + yearly_percent / 100) ** 0.25),
    "NONFARM_PAYROLL": (152_000.0, lambda level, thousands: level + thousands),
    "RETAIL_SALES": (480_000.0, lambda level, percent: level * (1 + percent / 100)),
}
"""The vendor's series are levels, the market's releases changes: the level before SERIES_START, and the next one."""
SERIES_START = date(2020, 1, 1)


def series(function: str) -> Callable[[Call], Reply]:
    """The handler of an economic function: what has been released by now, newest first."""
    code, name, interval, unit = SERIES[function]

    def answer(call: Call) -> Reply:
        released = call.market.economic_events(SERIES_START, call.now.date(), as_of=call.now)
        changes = [(_first_day(one), one.actual) for one in released if one.code == code and one.actual is not None]
        level, following = LEVELS.get(function, (0.0, lambda _, value: value))
        rows: list[dict[str, Any]] = []
        for day, change in changes:
            level = following(level, change)
            rows.insert(0, {"date": day, "value": f"{level:.3f}".rstrip("0").rstrip(".")})
        if wants_csv(call):
            return table([{"timestamp": row["date"], "value": row["value"]} for row in rows], "timestamp,value")
        return Reply({"name": name, "interval": interval, "unit": unit, "data": rows})

    return answer


def _first_day(event: EconomicEvent) -> str:
    """The first day of a period that is written as 2026-10 or 2026-Q3."""
    year, part = event.period.split("-")[:2]
    month = 3 * int(part[1]) - 2 if part.startswith("Q") else int(part)
    return f"{year}-{month:02}-01"


MARKET_FUNCTIONS: dict[str, Callable[[Call], Reply]] = {
    "GLOBAL_QUOTE": of_symbol(global_quote, lambda call: Reply({"Global Quote": {}})),
    "TIME_SERIES_DAILY": of_symbol(daily, invalid_call),
    "TIME_SERIES_DAILY_ADJUSTED": premium,
    "TIME_SERIES_INTRADAY": of_symbol(intraday, invalid_call),
    "REALTIME_OPTIONS": premium_sample("Realtime Options", A_SAMPLE),
    "HISTORICAL_OPTIONS": historical_options,
    "NEWS_SENTIMENT": news_sentiment,
    **{name: series(name) for name in SERIES},
}
