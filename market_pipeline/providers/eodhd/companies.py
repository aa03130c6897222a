"""What EODHD knows of companies: profiles, earnings, dividends, indices.  Statements and ratios are in fundamentals.py."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from market_pipeline.providers.dates import day
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.eodhd.answers import EodhdEndpoint, objects, symbol_of, table
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import cik, integer, major_unit, number, price, scaled, sector, text

TEN_YEARS = timedelta(days=3652)
ASSET_CLASSES = {
    "common stock": "stock",
    "preferred stock": "stock",
    "etf": "etf",
    "etc": "etf",
    "fund": "fund",
    "mutual fund": "fund",
    "index": "index",
    "currency": "currency",
}
REPORT_TIMES = {"BeforeMarket": "bmo", "AfterMarket": "amc"}
PAYMENTS_A_YEAR = {
    "weekly": 52,
    "monthly": 12,
    "quarterly": 4,
    "semiannual": 2,
    "semi-annual": 2,
    "annual": 1,
    "special": 0,
}


class CompanyInfo(EodhdEndpoint):
    """`General` with its neighbours, or alone where a filter named nothing else."""

    data_type = "company_info"
    path = "/fundamentals/{symbol}"
    cost = 10

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**super().params(ask), "filter": "General,Highlights,SharesStats"}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        named = params.get("filter", "General").split(",")
        return super().match(path, params, now) if "General" in named and "Financials" not in named else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        sections = {"General": payload} if answer.params.get("filter") == "General" else payload
        found, highlights, shares = (sections.get(name) or {} for name in ("General", "Highlights", "SharesStats"))
        row = {
            "symbol": ask.symbol,
            "name": text(found["Name"]),
            "exchange": text(found.get("Exchange")),
            "asset_class": ASSET_CLASSES.get((text(found.get("Type")) or "").lower()),
            "sector": text(found.get("Sector")),
            "industry": text(found.get("Industry")),
            "country": text(found.get("CountryName")),
            "currency": major_unit(found.get("CurrencyCode"))[0],
            "market_cap": number(highlights.get("MarketCapitalization")),
            "shares_outstanding": number(shares.get("SharesOutstanding")),
            "employees": integer(found.get("FullTimeEmployees")),
            "ceo": _chief(found.get("Officers")),
            "website": text(found.get("WebURL")),
            "description": text(found.get("Description")),
            "address": text(found.get("Address")),
            "phone": text(found.get("Phone")),
            "ipo_date": day(found.get("IPODate")),
            "fiscal_year_end": text(found.get("FiscalYearEnd")),
            "cik": cik(found.get("CIK")),
            "isin": text(found.get("ISIN")),
            "figi": text(found.get("OpenFigi")),
        }
        return Parsed([row])


def _chief(officers: Any) -> str | None:
    chiefs = (one for one in objects(officers) if re.search(r"\bCEO\b|Chief Executive", str(one.get("Title"))))
    return next((text(one.get("Name")) for one in chiefs), None)


class EarningsCalendar(EodhdEndpoint):
    """Reports past and expected of up to 50 companies at once; without symbols, those of all exchanges in a week."""

    data_type = "earnings"
    path = "/calendar/earnings"
    symbols_in: ClassVar[str | None] = "symbols"
    batch = 50  # what the vendor advises

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for found in rows_of(answer.json()["earnings"], "earnings"):
            symbol = symbol_of(found["code"])
            if symbol is not None:
                rows.append({"symbol": symbol, **_reported(found)})
        return Parsed(rows)


def _reported(found: Mapping[str, Any]) -> Row:
    currency, unit = major_unit(found.get("currency"))
    return {
        "period_end": day(found.get("date")),
        "report_date": day(found["report_date"]),
        "report_time": REPORT_TIMES.get(found.get("before_after_market") or ""),
        "eps_estimate": scaled(number(found.get("estimate")), unit),
        "eps_actual": scaled(number(found.get("actual")), unit),
        "surprise_percent": number(found.get("percent")),
        "currency": currency,
    }


class EarningsTrends(EodhdEndpoint):
    """What analysts expected of past and coming quarters; those for years are not kept."""

    data_type = "earnings"
    path = "/calendar/trends"
    symbols_in: ClassVar[str | None] = "symbols"
    batch = 50  # what the vendor advises

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        trends = [found for of_one in answer.json()["trends"] for found in rows_of(of_one, "trends")]
        quarters: dict[tuple[str | None, Any], Row] = {}
        for found in sorted(trends, key=lambda one: one["period"] == "0q"):  # expected within the quarter: counts more
            symbol, ends = symbol_of(found["code"]), day(found["date"])
            if symbol is not None and found["period"].endswith("q"):
                quarters[symbol, ends] = {
                    "symbol": symbol,
                    "period_end": ends,
                    "eps_estimate": number(found.get("earningsEstimateAvg")),
                    "revenue_estimate": number(found.get("revenueEstimateAvg")),
                }
        return Parsed(list(quarters.values()))


class EarningsHistory(EodhdEndpoint):
    """The reports that a company's fundamentals tell of."""

    data_type = "earnings"
    path = "/fundamentals/{symbol}"
    cost = 10

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**super().params(ask), "filter": "Earnings::History"}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        is_told = params.get("filter", "Earnings") in ("Earnings", "Earnings::History")
        return super().match(path, params, now) if is_told else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload, filtered = answer.json(), answer.params.get("filter")
        earnings = payload.get("Earnings") if filtered is None else payload
        history = earnings if filtered == "Earnings::History" else (earnings or {}).get("History")
        return Parsed([{"symbol": ask.symbol, **_told(found)} for found in objects(history)])


def _told(found: Mapping[str, Any]) -> Row:
    """A report without the end of its period where the day of the report stands for it: it has not been placed yet."""
    currency, unit = major_unit(found.get("currency"))
    ends, reported = day(found["date"]), day(found.get("reportDate"))
    return {
        "period_end": None if ends == reported else ends,
        "report_date": reported,
        "report_time": REPORT_TIMES.get(found.get("beforeAfterMarket") or ""),
        "eps_estimate": scaled(number(found.get("epsEstimate")), unit),
        "eps_actual": scaled(number(found.get("epsActual")), unit),
        "surprise_percent": number(found.get("surprisePercent")),
        "currency": currency,
    }


class Dividends(EodhdEndpoint):
    """Dividends as paid (`unadjustedValue`) or, in CSV and older answers, divided by later splits."""

    data_type = "dividends"
    path = "/div/{symbol}"

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**super().params(ask), "from": (ask.today - TEN_YEARS).isoformat()}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed(add_up_dividends(_payment(ask.symbol, found) for found in table(answer, "Date", "Dividends")))


def _payment(symbol: str, found: Mapping[str, Any]) -> Row:
    currency, unit = major_unit(found.get("currency"))
    paid = price(found.get("unadjustedvalue"))
    adjusted = price(found["value"] if "value" in found else found["dividends"])
    period = (text(found.get("period")) or "").lower()
    return {
        "symbol": symbol,
        "ex_date": day(found["date"]),
        "amount": scaled(adjusted if paid is None else paid, unit),
        "adjustment": "split" if paid is None else "raw",
        "kind": "special" if period == "special" else None,
        "declaration_date": day(found.get("declarationdate")),
        "record_date": day(found.get("recorddate")),
        "pay_date": day(found.get("paymentdate")),
        "frequency": PAYMENTS_A_YEAR.get(period),
        "currency": currency,
    }


class Constituents(EodhdEndpoint):
    """The members of an index, which are a part of its "fundamentals"."""

    data_type = "index_constituents"
    path = "/fundamentals/{symbol}"
    fixed: ClassVar[Mapping[str, str]] = {"filter": "Components"}
    cost = 10

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [
            {
                "symbol": ask.symbol,
                "member": symbol_of(f"{found['Code']}.{found['Exchange']}"),
                "name": text(found.get("Name")),
                "sector": sector(found.get("Sector")),
                "industry": text(found.get("Industry")),
            }
            for found in objects(answer.json())
        ]
        return Parsed(rows)
