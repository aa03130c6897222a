"""Finnhub's ratios: which of its many metrics are kept, under which of our names, in which unit."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from market_pipeline.providers.dates import day
from market_pipeline.providers.finnhub.endpoint import FinnhubEndpoint, millions
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import fraction, number


class Metrics(FinnhubEndpoint):
    """Ratios as of now, and their values at the ends of past years and quarters."""

    data_type = "fundamentals"
    path = "/stock/metric"

    # Our field: where Finnhub has it, best first.  Percentages and millions are told apart from plain figures.
    plain: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "pe_ratio": ("peTTM", "peBasicExclExtraTTM", "peNormalizedAnnual"),
        "forward_pe": ("forwardPE",),
        "peg_ratio": ("pegTTM",),
        "price_to_book": ("pb", "pbQuarterly", "pbAnnual"),
        "price_to_sales": ("psTTM", "psAnnual"),
        "ev_to_ebitda": ("evEbitdaTTM",),
        "beta": ("beta",),
        "debt_to_equity": ("totalDebt/totalEquityQuarterly", "totalDebt/totalEquityAnnual"),
        "current_ratio": ("currentRatioQuarterly", "currentRatioAnnual"),
        "eps_ttm": ("epsTTM",),
        "book_value_per_share": ("bookValuePerShareQuarterly", "bookValuePerShareAnnual"),
        "week_52_high": ("52WeekHigh",),
        "week_52_low": ("52WeekLow",),
    }
    in_percent: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "dividend_yield": ("currentDividendYieldTTM", "dividendYieldIndicatedAnnual"),
        "payout_ratio": ("payoutRatioTTM", "payoutRatioAnnual"),
        "gross_margin": ("grossMarginTTM", "grossMarginAnnual"),
        "operating_margin": ("operatingMarginTTM", "operatingMarginAnnual"),
        "profit_margin": ("netProfitMarginTTM", "netProfitMarginAnnual"),
        "return_on_equity": ("roeTTM", "roeRfy"),
        "return_on_assets": ("roaTTM", "roaRfy"),
    }
    in_millions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "market_cap": ("marketCapitalization",),
        "enterprise_value": ("enterpriseValue",),
    }
    # The series: Finnhub's name without TTM, our field.  Unlike above, margins and yields are fractions here.
    series: ClassVar[Mapping[str, str]] = {
        "ev": "enterprise_value",
        "pe": "pe_ratio",
        "pb": "price_to_book",
        "ps": "price_to_sales",
        "evEbitda": "ev_to_ebitda",
        "payoutRatio": "payout_ratio",
        "grossMargin": "gross_margin",
        "operatingMargin": "operating_margin",
        "netMargin": "profit_margin",
        "roe": "return_on_equity",
        "roa": "return_on_assets",
        "totalDebtToEquity": "debt_to_equity",
        "currentRatio": "current_ratio",
    }

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"metric": "all"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        metric, series = found["metric"] or {}, found.get("series") or {}
        rows = self.history(ask.symbol, "year", series.get("annual") or {})
        rows += self.history(ask.symbol, "quarter", series.get("quarterly") or {})
        if metric:
            today = answer.received_on
            rows.append(_ratios(ask.symbol, "instant", today) | self.snapshot(metric))
        return Parsed(rows)

    def snapshot(self, metric: Mapping[str, Any]) -> Row:
        units = ((self.plain, number), (self.in_percent, fraction), (self.in_millions, millions))
        return {
            field: next((read(metric[name]) for name in names if metric.get(name) is not None), None)
            for table, read in units
            for field, names in table.items()
        }

    def history(self, symbol: str, period_type: str, series: Mapping[str, Any]) -> list[Row]:
        rows: dict[date | None, Row] = {}
        for name, points in series.items():
            field = self.series.get(name.removesuffix("TTM"))
            if field is None:
                continue
            read = millions if field == "enterprise_value" else number
            for point in rows_of(points, name):
                period_end = day(point["period"])
                row = rows.setdefault(period_end, _ratios(symbol, period_type, period_end))
                row[field] = read(point["v"])
        return list(rows.values())


def _ratios(symbol: str, period_type: str, period_end: date | None) -> Row:
    return {"symbol": symbol, "statement": "metrics", "period_type": period_type, "period_end": period_end}
