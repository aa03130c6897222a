"""What Finnhub knows of companies: profiles, earnings, dividends.  Ratios are in metrics.py."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from market_pipeline.providers.dates import day
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.finnhub.endpoint import YEAR, DatedEndpoint, FinnhubEndpoint, millions
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import canonical_symbol, integer, major_unit, number, one_of, price, text

PAYMENTS_A_YEAR = {"0": 1, "1": 12, "2": 4, "3": 2, "5": 6, "6": 3, "7": 52}  # 4 is "other or unknown"


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
    needs_window = True

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
