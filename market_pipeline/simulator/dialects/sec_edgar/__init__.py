"""EDGAR's dialect: files by CIK, a directory of tickers, HTML pages for clients that are turned away.

Shapes and wordings are those of recorded answers.  Filers are the companies of the universe.
"""

from collections.abc import Callable, Mapping
from typing import Any

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.sec_edgar.facts import accession, company_facts
from market_pipeline.simulator.market import Company, FinancialReport, SyntheticMarket

_PAGE = (
    "<!DOCTYPE html><html><head><title>SEC.gov | {title}</title></head><body>"
    "<h1>U.S. Securities and Exchange Commission</h1><p>{text}</p></body></html>"
)
_MISSING_FILE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
)
_MINUTES_OFF = 10  # however little the rate was exceeded
_EXCHANGES = {"NASDAQ": "Nasdaq", "NYSE": "NYSE"}


class SecEdgarDialect(Dialect):
    """Any User-Agent is a declared one here: the SEC, too, believes what it is told."""

    name = "sec_edgar"

    def __init__(self) -> None:
        self.routes = (
            Route("/files/company_tickers.json", directory),
            Route("/submissions/{cik}.json", of_filer(submissions)),
            Route("/api/xbrl/companyfacts/{cik}.json", of_filer(company_facts)),
        )

    def key_of(self, call: Call) -> str | None:
        return call.headers.get("user-agent") or None

    def unauthenticated(self, call: Call) -> Reply:
        text = "Please declare your traffic by updating your user agent to include company specific information."
        return _page("Your Request Originates from an Undeclared Automated Tool", text, 403)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        text = f"Your access to SEC.gov will be limited for {_MINUTES_OFF} minutes."
        return _page("Request Rate Threshold Exceeded", text, 429)

    def not_found(self, call: Call) -> Reply:
        return missing_file()


def _page(title: str, text: str, status: int) -> Reply:
    return Reply(_PAGE.format(title=title, text=text), status, content_type="text/html")


def missing_file() -> Reply:
    return Reply(_MISSING_FILE, 404, content_type="application/xml")


def of_filer(handler: Callable[[Call, Company], Any]) -> Callable[[Call], Reply]:
    """The handler's file about the company that has the CIK."""

    def answer(call: Call) -> Reply:
        symbol = _filers(call.market).get(call.values["cik"])
        if symbol is None:
            return missing_file()
        return Reply(handler(call, call.market.company(symbol, as_of=call.now)))

    return answer


def _filers(market: SyntheticMarket) -> Mapping[str, str]:
    """Symbols by CIK; of a company with two classes of shares the last one."""
    return {f"CIK{market.listing(symbol).cik}": symbol for symbol in market.symbols()}


def directory(call: Call) -> Reply:
    listings = map(call.market.listing, call.market.symbols())
    return Reply(
        {
            str(place): {"cik_str": int(one.cik), "ticker": one.symbol.replace(".", "-"), "title": one.name}
            for place, one in enumerate(listings)
        }
    )


def submissions(call: Call, company: Company) -> Any:
    address = {
        "street1": company.street.upper(),
        "street2": None,
        "city": company.city.upper(),
        "stateOrCountry": company.state,
        "zipCode": company.zip_code,
        "stateOrCountryDescription": company.state,
    }
    filed = call.market.statements(company.symbol, as_of=call.now)
    reports = [one for one in filed.quarterly if one.fiscal_period != "Q4"] + list(filed.annual)
    reports.sort(key=lambda report: report.accepted_at, reverse=True)
    year_end = max((report.period_end for report in filed.annual), default=None)
    return {
        "cik": company.cik,
        "entityType": "operating",
        "sicDescription": company.industry,
        "name": company.name,
        "tickers": [company.symbol.replace(".", "-")],
        "exchanges": [_EXCHANGES[company.exchange]],
        "description": "",
        "website": "",
        "category": "Large accelerated filer",
        "fiscalYearEnd": None if year_end is None else f"{year_end:%m%d}",
        "stateOfIncorporation": company.state,
        "addresses": {"mailing": address, "business": address},
        "phone": company.phone,
        "formerNames": [],
        "filings": {"recent": _filings(reports), "files": []},
    }


def _filings(reports: list[FinancialReport]) -> dict[str, list[str]]:
    return {
        "accessionNumber": [accession(report) for report in reports],
        "filingDate": [report.filing_date.isoformat() for report in reports],
        "reportDate": [report.period_end.isoformat() for report in reports],
        "acceptanceDateTime": [f"{report.accepted_at:%Y-%m-%dT%H:%M:%S.000Z}" for report in reports],
        "form": [report.form for report in reports],
    }
