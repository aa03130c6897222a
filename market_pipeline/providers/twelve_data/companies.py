"""What Twelve Data knows of companies: profile, earnings, estimates, dividends.  None of it is in the free plan."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from market_pipeline.providers.dates import day
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.exchanges import SUFFIXES, listed_symbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import integer, major_unit, number, price, scaled, text
from market_pipeline.providers.twelve_data.envelope import SymbolEndpoint, TwelveDataEndpoint

YEAR = timedelta(days=365)
ASSET_CLASSES = {
    "Common Stock": "stock",
    "American Depositary Receipt": "stock",
    "Depositary Receipt": "stock",
    "Preferred Stock": "stock",
    "REIT": "stock",
    "ETF": "etf",
    "Mutual Fund": "fund",
    "Closed-end Fund": "fund",
    "Index": "index",
    "Physical Currency": "currency",
    "Digital Currency": "crypto",
}
REPORT_TIMES = {"Pre Market": "bmo", "After Hours": "amc"}  # the third is "Time Not Supplied"


class Profile(SymbolEndpoint):
    data_type = "company_info"
    path = "/profile"
    cost = 10

    def rows(self, symbol: str, found: Mapping[str, Any], answer: Answer) -> list[Row]:
        lines = (text(found.get(part)) for part in ("address", "address2", "city", "state", "zip"))
        row = {
            "symbol": symbol,
            "name": text(found["name"]),
            "exchange": text(found.get("exchange")),
            "asset_class": ASSET_CLASSES.get(found.get("type") or ""),
            "sector": text(found.get("sector")),
            "industry": text(found.get("industry")),
            "country": text(found.get("country")),
            "employees": integer(found.get("employees")),
            "ceo": text(found.get("CEO")),
            "website": text(found.get("website")),
            "description": text(found.get("description")),
            "address": ", ".join(line for line in lines if line is not None) or None,
            "phone": text(found.get("phone")),
        }
        return [row]


class DatedEndpoint(TwelveDataEndpoint):
    """One that takes days: the window or, without one, so many years back and one ahead."""

    years_back: ClassVar[int] = 5

    def params(self, ask: Ask) -> Mapping[str, str]:
        today = ask.today
        start = today - self.years_back * YEAR if ask.window is None else ask.window.start
        end = today + YEAR if ask.window is None else ask.window.end
        return {"start_date": start.isoformat(), "end_date": end.isoformat()}


class Earnings(DatedEndpoint, SymbolEndpoint):
    """Reports past and expected, by the day of the report."""

    data_type = "earnings"
    path = "/earnings"
    cost = 20

    def rows(self, symbol: str, found: Mapping[str, Any], answer: Answer) -> list[Row]:
        currency = found["meta"].get("currency")
        return [_report(symbol, one["date"], one, currency) for one in rows_of(found["earnings"], "earnings")]


class EarningsCalendar(DatedEndpoint):
    """Reports of all companies in a window, by day, on exchanges all over the world."""

    data_type = "earnings"
    path = "/earnings_calendar"
    symbols_in = None
    market_wide = True
    cost = 40
    needs_window = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [
            _report(symbol, reported_on, found, found.get("currency"))
            for reported_on, listed in (answer.json()["earnings"] or {}).items()
            for symbol, found in _listed(listed, reported_on)
        ]
        return Parsed(rows)


def _report(symbol: str, reported_on: Any, found: Mapping[str, Any], currency: Any) -> Row:
    """`difference` is told too; it follows from the other two.  Pence become pounds."""
    code, unit = major_unit(currency)
    return {
        "symbol": symbol,
        "report_date": day(reported_on),
        "report_time": REPORT_TIMES.get(found.get("time") or ""),
        "eps_estimate": scaled(number(found.get("eps_estimate")), unit),
        "eps_actual": scaled(number(found.get("eps_actual")), unit),
        "surprise_percent": number(found.get("surprise_prc")),
        "currency": code,
    }


def _listed(found: Any, what: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The entries of a calendar about shares that we can name, with our symbol for each."""
    for one in rows_of(found, what):
        symbol = listed_symbol(str(one["symbol"]), SUFFIXES.get(one["mic_code"] or ""))
        if symbol is not None:
            yield symbol, one


class EarningsEstimates(SymbolEndpoint):
    """Analysts' means for the current and the next quarter; those for years are not kept."""

    data_type = "earnings"
    path = "/earnings_estimate"
    cost = 20
    figure: ClassVar[tuple[str, str]] = ("earnings_estimate", "eps_estimate")
    """The vendor's name of the list, and our field."""

    def rows(self, symbol: str, found: Mapping[str, Any], answer: Answer) -> list[Row]:
        name, field = self.figure
        currency, unit = major_unit(found["meta"].get("currency"))
        means = (
            (day(one["date"]), number(one.get("avg_estimate")), one["period"]) for one in rows_of(found[name], name)
        )
        return [
            {"symbol": symbol, "period_end": ends, field: None if mean is None else mean * unit, "currency": currency}
            for ends, mean, period in means
            if period.endswith("_quarter")
        ]


class RevenueEstimates(EarningsEstimates):
    path = "/revenue_estimate"
    figure = ("revenue_estimate", "revenue_estimate")


class Dividends(DatedEndpoint, SymbolEndpoint):
    """Every dividend in a range, by ex-date; without a range only the last.  `adjust` is about splits, and on if unsaid."""

    data_type = "dividends"
    path = "/dividends"
    cost = 20
    years_back = 10

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**super().params(ask), "adjust": "false"}

    def rows(self, symbol: str, found: Mapping[str, Any], answer: Answer) -> list[Row]:
        currency = found["meta"].get("currency")
        adjustment = "raw" if answer.params.get("adjust") == "false" else "split"
        payments = rows_of(found["dividends"], "dividends")
        return add_up_dividends(_payment(symbol, one, adjustment, currency) for one in payments)


class DividendsCalendar(DatedEndpoint):
    """Ex-dates of all companies in a window, amounts as declared."""

    data_type = "dividends"
    path = "/dividends_calendar"
    symbols_in = None
    market_wide = True
    cost = 40
    needs_window = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        listed = _listed(answer.json(), "dividends")
        return Parsed(add_up_dividends(_payment(symbol, found, "raw", None) for symbol, found in listed))


def _payment(symbol: str, found: Mapping[str, Any], adjustment: str, currency: Any) -> Row:
    code, unit = major_unit(currency)
    return {
        "symbol": symbol,
        "ex_date": day(found["ex_date"]),
        "amount": scaled(price(found["amount"]), unit),
        "adjustment": adjustment,
        "currency": code,
    }
