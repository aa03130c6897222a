"""What Financial Modeling Prep knows of companies: profiles, earnings, dividends, indices.  Statements and ratios are in
fundamentals.py.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.dates import day
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.fmp.endpoint import FmpEndpoint, RangedEndpoint, unmentioned
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import canonical_symbol, integer, major_unit, number, price, sector, text

PAYMENTS_A_YEAR = {
    "weekly": 52,
    "monthly": 12,
    "bi-monthly": 6,
    "quarterly": 4,
    "semi-annual": 2,
    "annual": 1,
    "special": 0,
    "irregular": 0,
}
ASSET_CLASSES = {"CRYPTO": "crypto", "FOREX": "currency", "INDEX": "index"}


class Profile(FmpEndpoint):
    data_type = "company_info"
    path = "/profile"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [self.company(found) for found in rows_of(answer.json(), "profiles")]
        return Parsed(rows, errors=unmentioned(ask, rows))

    def company(self, found: Mapping[str, Any]) -> Row:
        exchange = text(found.get("exchange"))
        kind = "etf" if found.get("isEtf") is True else "fund" if found.get("isFund") is True else None
        lines = (text(found.get(part)) for part in ("address", "city", "state", "zip"))
        return {
            "symbol": canonical_symbol(found["symbol"]),
            "name": text(found["companyName"]),
            "exchange": exchange,
            "asset_class": kind or ASSET_CLASSES.get(exchange or "", "stock"),
            "sector": text(found.get("sector")),
            "industry": text(found.get("industry")),
            "country": text(found.get("country")),
            "currency": major_unit(found.get("currency"))[0],
            "market_cap": number(found.get("marketCap")),
            "employees": integer(found.get("fullTimeEmployees")),
            "ceo": text(found.get("ceo")),
            "website": text(found.get("website")),
            "description": text(found.get("description")),
            "address": ", ".join(line for line in lines if line is not None) or None,
            "phone": text(found.get("phone")),
            "ipo_date": day(found.get("ipoDate")),
            "cik": text(found.get("cik")),
            "isin": text(found.get("isin")),
        }


class Earnings(FmpEndpoint):
    """All reports of a company and the next ones."""

    data_type = "earnings"
    path = "/earnings"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": canonical_symbol(found["symbol"]),
                "report_date": day(found["date"]),
                "eps_estimate": number(found.get("epsEstimated")),
                "eps_actual": number(found.get("epsActual")),
                "revenue_estimate": number(found.get("revenueEstimated")),
                "revenue_actual": number(found.get("revenueActual")),
            }
            for found in rows_of(answer.json(), "earnings")
        ]
        return Parsed(rows)


class EarningsCalendar(RangedEndpoint, Earnings):
    """Reports of all companies in a window; a `symbol` would be ignored."""

    path = "/earnings-calendar"
    symbols_in = None
    market_wide = True
    needs_window = True


class Dividends(FmpEndpoint):
    """All dividends of a company.  `date` is the ex-date; `adjDividend` is divided by later splits."""

    data_type = "dividends"
    path = "/dividends"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed(add_up_dividends(self.payment(found) for found in rows_of(answer.json(), "dividends")))

    def payment(self, found: Mapping[str, Any]) -> Row:
        declared, adjusted = price(found.get("dividend")), price(found.get("adjDividend"))
        frequency = (text(found.get("frequency")) or "").lower()
        return {
            "symbol": canonical_symbol(found["symbol"]),
            "ex_date": day(found["date"]),
            "amount": adjusted if declared is None else declared,
            "adjustment": "split" if declared is None else "raw",
            "kind": "special" if frequency == "special" else None,
            "declaration_date": day(found.get("declarationDate")),
            "record_date": day(found.get("recordDate")),
            "pay_date": day(found.get("paymentDate")),
            "frequency": PAYMENTS_A_YEAR.get(frequency),
        }


class DividendsCalendar(RangedEndpoint, Dividends):
    """Ex-dates of all companies in a window."""

    path = "/dividends-calendar"
    symbols_in = None
    market_wide = True
    needs_window = True


class Constituents(Endpoint):
    """The members of an index in one list, with the day on which each came into it."""

    data_type = "index_constituents"
    path = "/{symbol}-constituent"
    INDICES: ClassVar[Mapping[str, str]] = {"^GSPC": "sp500", "^NDX": "nasdaq", "^DJI": "dowjones"}

    def spell(self, symbol: str) -> str:
        return self.INDICES[symbol]

    def unspell(self, spelling: str) -> str:
        return next((index for index, name in self.INDICES.items() if name == spelling), spelling)

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and set(ask.symbols) <= set(self.INDICES)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [
            {
                "symbol": ask.symbol,
                "member": canonical_symbol(found["symbol"]),
                "name": text(found.get("name")),
                "sector": sector(found.get("sector")),
                "industry": text(found.get("subSector")),
                "added_on": day(found.get("dateFirstAdded")),
            }
            for found in rows_of(answer.json(), "members")
        ]
        return Parsed(rows)
