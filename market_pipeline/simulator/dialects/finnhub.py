"""Finnhub's dialect: short keys, parallel arrays, epoch seconds; what it does not know is zeros, {}, [] or no_data.

Shapes and wordings are those of recorded answers (candles and dividends: of the documentation's samples).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.finnhub_metrics import metrics, millions
from market_pipeline.simulator.market import Adjustment, Bar, EarningsReport, NewsArticle, Timeframe

TIMEFRAMES: Mapping[str, tuple[Timeframe, Adjustment]] = {
    "D": ("1d", "split"),
    "60": ("1h", "raw"),
    "5": ("5m", "raw"),
    "1": ("1m", "raw"),
}
FREQUENCY_CODES = {1: "0", 12: "1", 4: "2", 2: "3"}
A_YEAR_OF_REPORTS = 4
A_MONTH = 30 * 86_400  # seconds


class FinnhubDialect(Dialect):
    name = "finnhub"
    premium = frozenset({"/stock/candle", "/stock/dividend"})

    def __init__(self) -> None:
        self.routes = (
            Route("/quote", quote),
            Route("/stock/profile2", or_unknown({}, profile)),
            Route("/stock/candle", or_unknown({"s": "no_data"}, candles)),
            Route("/calendar/earnings", earnings_calendar),
            Route("/stock/earnings", or_unknown([], earnings_surprises)),
            Route("/stock/dividend", or_unknown([], dividends)),
            Route("/stock/metric", metrics),
            Route("/company-news", or_unknown([], company_news)),
            Route("/calendar/economic", economic_calendar),
        )

    def key_of(self, call: Call) -> str | None:
        return call.headers.get("x-finnhub-token") or call.params.get("token")

    def unauthenticated(self, call: Call) -> Reply:
        return _error("Please use an API key." if self.key_of(call) is None else "Invalid API key", 401)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        reset = int(call.now.timestamp() + wait) + 1  # the first whole second at which a call succeeds
        headers = {"X-Ratelimit-Limit": "60", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": str(reset)}
        return _error("API limit reached. Please try again later. Remaining Limit: 0", 429, headers)

    def not_entitled(self, call: Call) -> Reply:
        return _error("You don't have access to this resource.", 403)


def _error(message: str, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply({"error": message}, status, headers or {})


def or_unknown(unknown: Any, handler: Callable[[Call, str], Any]) -> Callable[[Call], Reply]:
    """The handler's answer for a symbol of the market, `unknown` for any other."""

    def answer(call: Call) -> Reply:
        symbol = call.params.get("symbol", "")
        return Reply(handler(call, symbol) if call.market.knows(symbol) else unknown)

    return answer


def _days(call: Call, back: int, ahead: int) -> tuple[date, date]:
    """The days `from` and `to`, or what is answered without them: so many days around today."""
    today = call.now.astimezone(NEW_YORK).date()
    try:
        return date.fromisoformat(call.params["from"]), date.fromisoformat(call.params["to"])
    except (KeyError, ValueError):
        return today - timedelta(days=back), today + timedelta(days=ahead)


def quote(call: Call) -> Reply:
    symbol = call.params.get("symbol", "")
    if not call.market.knows(symbol):
        return Reply({"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0})
    found = call.market.quote(symbol, call.now)
    return Reply(
        {
            "c": found.price,
            "d": found.change,
            "dp": found.change_percent,
            "h": found.high,
            "l": found.low,
            "o": found.open,
            "pc": found.previous_close,
            "t": int(found.as_of.timestamp()),
        }
    )


def profile(call: Call, symbol: str) -> Any:
    found = call.market.company(symbol, as_of=call.now)
    return {
        "country": found.country,
        "currency": found.currency,
        "estimateCurrency": found.currency,
        "exchange": f"{found.exchange} - US MARKET",
        "finnhubIndustry": found.industry,
        "ipo": found.ipo_date.isoformat(),
        "logo": f"{found.website}/logo.png",
        "marketCapitalization": millions(call.market.ratios(symbol, call.now).market_cap),
        "name": found.name,
        "phone": found.phone,
        "shareOutstanding": millions(found.shares_outstanding),
        "ticker": symbol,
        "weburl": found.website,
    }


def candles(call: Call, symbol: str) -> Any:
    timeframe, adjustment = TIMEFRAMES[call.params.get("resolution", "D")]
    now = int(call.now.timestamp())
    start = datetime.fromtimestamp(int(call.params.get("from", now - A_MONTH)), UTC)
    end = datetime.fromtimestamp(int(call.params.get("to", now)), UTC)
    days = (start.astimezone(NEW_YORK).date(), end.astimezone(NEW_YORK).date())
    found = call.market.bars(symbol, *days, timeframe, as_of=call.now, adjustment=adjustment)
    stamped = [(_stamp(bar), bar) for bar in found]
    kept = [(stamp, bar) for stamp, bar in stamped if start.timestamp() <= stamp <= end.timestamp()]
    if not kept:
        return {"s": "no_data"}
    bars = [bar for _, bar in kept]
    return {
        "c": [bar.close for bar in bars],
        "h": [bar.high for bar in bars],
        "l": [bar.low for bar in bars],
        "o": [bar.open for bar in bars],
        "s": "ok",
        "t": [stamp for stamp, _ in kept],
        "v": [bar.volume for bar in bars],
    }


def _stamp(bar: Bar) -> int:
    """Midnight in New York for a daily bar, the start of any other."""
    midnight = datetime.combine(bar.session, datetime.min.time(), NEW_YORK)
    return int((midnight if bar.timeframe == "1d" else bar.start).timestamp())


def earnings_calendar(call: Call) -> Reply:
    start, end = _days(call, 0, 90)
    asked = call.params.get("symbol")
    symbols: Iterable[str] = [asked] if asked else call.market.symbols()
    reports = [
        report
        for symbol in symbols
        if call.market.knows(symbol)
        for report in call.market.earnings(symbol, start, end, as_of=call.now)
    ]
    reports.sort(key=lambda report: report.report_date, reverse=True)
    return Reply({"earningsCalendar": [_calendar_entry(report) for report in reports]})


def _calendar_entry(report: EarningsReport) -> dict[str, Any]:
    return {
        "date": report.report_date.isoformat(),
        "epsActual": report.eps_actual,
        "epsEstimate": report.eps_estimate,
        "hour": report.timing,
        "quarter": report.fiscal_quarter,
        "revenueActual": report.revenue_actual,
        "revenueEstimate": report.revenue_estimate,
        "symbol": report.symbol,
        "year": report.fiscal_year,
    }


def earnings_surprises(call: Call, symbol: str) -> Any:
    today = call.now.astimezone(NEW_YORK).date()
    reports = call.market.earnings(symbol, today - timedelta(days=500), today, as_of=call.now)
    told = [_surprise(report, report.eps_actual) for report in reversed(reports) if report.eps_actual is not None]
    return told[:A_YEAR_OF_REPORTS]


def _surprise(report: EarningsReport, actual: Decimal) -> dict[str, Any]:
    surprise = actual - report.eps_estimate
    percent = None if report.eps_estimate == 0 else round(surprise / abs(report.eps_estimate) * 100, 4)
    return {
        "actual": actual,
        "estimate": report.eps_estimate,
        "period": report.period_end.isoformat(),
        "quarter": report.fiscal_quarter,
        "surprise": surprise,
        "surprisePercent": percent,
        "symbol": report.symbol,
        "year": report.fiscal_year,
    }


def dividends(call: Call, symbol: str) -> Any:
    found = call.market.dividends(symbol, *_days(call, 365, 90), as_of=call.now)
    return [
        {
            "adjustedAmount": one.adjusted_amount,
            "amount": one.amount,
            "currency": one.currency,
            "date": one.ex_date.isoformat(),
            "declarationDate": one.declaration_date.isoformat(),
            "freq": FREQUENCY_CODES.get(one.frequency, "4"),
            "payDate": one.pay_date.isoformat(),
            "recordDate": one.record_date.isoformat(),
            "symbol": symbol,
        }
        for one in reversed(found)
    ]


def company_news(call: Call, symbol: str) -> Any:
    return [_article(found, symbol) for found in call.market.news(symbol, *_days(call, 7, 0), as_of=call.now)]


def _article(found: NewsArticle, symbol: str) -> dict[str, Any]:
    published = int(found.published_at.timestamp())
    return {
        "category": "company",
        "datetime": published,
        "headline": found.headline,
        "id": published,
        "image": "",
        "related": symbol,
        "source": found.source,
        "summary": found.summary,
        "url": found.url,
    }


def economic_calendar(call: Call) -> Reply:
    events = [
        {
            "actual": found.actual,
            "country": "GB" if found.country == "UK" else found.country,
            "estimate": found.estimate,
            "event": found.event,
            "impact": found.importance,
            "prev": found.previous,
            "time": found.released_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "unit": found.unit,
        }
        for found in call.market.economic_events(*_days(call, 0, 7), as_of=call.now)
    ]
    return Reply({"economicCalendar": events})
