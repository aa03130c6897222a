"""Finnhub's ratios: what a share and its company's books come to now, and at the end of past years and quarters."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.market import FinancialReport, Ratios

MILLION = 1_000_000
AFTER_THE_CLOSE = time(22, tzinfo=UTC)

# What follows from the books alone.  A TTM is not written behind these, in quarters either.
OF_THE_BOOKS: Mapping[str, Callable[[FinancialReport], tuple[int, int]]] = {
    "currentRatio": lambda one: (one.balance.current_assets, one.balance.current_liabilities),
    "grossMargin": lambda one: (one.income.gross_profit, one.income.revenue),
    "netMargin": lambda one: (one.income.net_income, one.income.revenue),
    "operatingMargin": lambda one: (one.income.operating_income, one.income.revenue),
    "totalDebtToEquity": lambda one: (one.balance.total_debt, one.balance.total_equity),
}
# What the price comes into, by the name it has in years and the one in quarters.
OF_THE_PRICE: Mapping[tuple[str, str], Callable[[Ratios], float | None]] = {
    ("ev", "ev"): lambda found: found.enterprise_value / MILLION,
    ("evEbitda", "evEbitdaTTM"): lambda found: found.ev_to_ebitda,
    ("payoutRatio", "payoutRatioTTM"): lambda found: found.payout_ratio,
    ("pb", "pb"): lambda found: found.pb,
    ("pe", "peTTM"): lambda found: found.pe,
    ("ps", "psTTM"): lambda found: found.ps,
    ("roa", "roaTTM"): lambda found: found.roa,
    ("roe", "roeTTM"): lambda found: found.roe,
}


def millions(amount: float | Decimal) -> float:
    return round(float(amount) / MILLION, 4)


def metrics(call: Call) -> Reply:
    symbol = call.params.get("symbol", "")
    known = call.market.knows(symbol)
    metric = _metric(call, symbol) if known else {}
    series = _series(call, symbol) if known else {}
    return Reply({"metric": metric, "metricType": call.params.get("metric", "all"), "series": series, "symbol": symbol})


def _metric(call: Call, symbol: str) -> dict[str, Any]:
    """Shares of something are in percent here, unlike in the series; volumes and values in millions."""
    found = call.market.ratios(symbol, call.now)
    return {
        "10DayAverageTradingVolume": millions(found.average_volume_10d),
        "3MonthAverageTradingVolume": millions(found.average_volume_3m),
        "52WeekHigh": found.week52_high,
        "52WeekLow": found.week52_low,
        "beta": found.beta,
        "bookValuePerShareQuarterly": found.book_value_per_share,
        "currentDividendYieldTTM": _percent(found.dividend_yield),
        "currentRatioQuarterly": found.current_ratio,
        "dividendPerShareTTM": found.dividend_per_share,
        "enterpriseValue": millions(found.enterprise_value),
        "epsTTM": found.eps_ttm,
        "evEbitdaTTM": found.ev_to_ebitda,
        "forwardPE": found.forward_pe,
        "grossMarginTTM": _percent(found.gross_margin),
        "marketCapitalization": millions(found.market_cap),
        "netProfitMarginTTM": _percent(found.profit_margin),
        "operatingMarginTTM": _percent(found.operating_margin),
        "payoutRatioTTM": _percent(found.payout_ratio),
        "pb": found.pb,
        "peTTM": found.pe,
        "pegTTM": found.peg,
        "psTTM": found.ps,
        "revenueGrowthTTMYoy": _percent(found.revenue_growth),
        "roaTTM": _percent(found.roa),
        "roeTTM": _percent(found.roe),
        "totalDebt/totalEquityQuarterly": found.debt_to_equity,
    }


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else round(fraction * 100, 4)


def _series(call: Call, symbol: str) -> dict[str, Any]:
    filed = call.market.statements(symbol, as_of=call.now)
    return {
        "annual": _histories(call, symbol, filed.annual, names=0),
        "quarterly": _histories(call, symbol, filed.quarterly, names=1),
    }


def _histories(call: Call, symbol: str, reports: Iterable[FinancialReport], names: int) -> dict[str, Any]:
    """Each ratio at the day of each filing, newest first; `names` picks those of years (0) or of quarters (1)."""
    listed = list(reports)
    ratios = [
        call.market.ratios(symbol, min(call.now, datetime.combine(one.filing_date, AFTER_THE_CLOSE))) for one in listed
    ]
    of_the_books = {name: [_point(one, _share(*read(one))) for one in listed] for name, read in OF_THE_BOOKS.items()}
    of_the_price = {
        spelled[names]: [
            _point(one, value) for one, found in zip(listed, ratios, strict=True) if (value := read(found))
        ]
        for spelled, read in OF_THE_PRICE.items()
    }
    return of_the_books | of_the_price


def _share(numerator: int, denominator: int) -> float:
    return 0.0 if denominator == 0 else numerator / denominator


def _point(report: FinancialReport, value: float) -> dict[str, Any]:
    return {"period": report.period_end.isoformat(), "v": round(value, 4)}
