"""Finviz's page about one symbol: its quote, company, ratios, earnings date and news, each read by an endpoint.

All five come from the same address; a page holds a grid of some 80 labels with their values.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urljoin

from market_pipeline.providers.dates import NEW_YORK, clock, month
from market_pipeline.providers.errors import MalformedResponse
from market_pipeline.providers.finviz.endpoint import FinvizEndpoint
from market_pipeline.providers.finviz.pages import Page, address, cells, day_near, labelled, link, page_of, words
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.normalise import fraction, integer, number, one_of, price, text

DELAYED = "delayed"
FETCH_TIME = "as_of_is_fetch_time"
"""Flags of quotes: exchanges' prices come 15 to 20 minutes late, and most pages do not say from when they are."""

_RATIOS = {
    "Market Cap": "market_cap",
    "Enterprise Value": "enterprise_value",
    "P/E": "pe_ratio",
    "Forward P/E": "forward_pe",
    "PEG": "peg_ratio",
    "P/B": "price_to_book",
    "P/S": "price_to_sales",
    "EV/EBITDA": "ev_to_ebitda",
    "Beta": "beta",
    "Debt/Eq": "debt_to_equity",
    "Current Ratio": "current_ratio",
    "EPS (ttm)": "eps_ttm",
    "Book/sh": "book_value_per_share",
}
_PERCENTAGES = {
    "Payout": "payout_ratio",
    "Gross Margin": "gross_margin",
    "Oper. Margin": "operating_margin",
    "Profit Margin": "profit_margin",
    "ROE": "return_on_equity",
    "ROA": "return_on_assets",
}
_OTHERS = (
    "Price", "Prev Close", "Change", "Volume", "Shs Outstand", "Employees", "Earnings", "Dividend %", "Dividend TTM",
    "52W Range", "52W High", "52W Low",
)  # fmt: skip
_LABELS = frozenset([*_RATIOS, *_PERCENTAGES, *_OTHERS])
_PRICE_TIME = re.compile(r"\b[A-Z][a-z]{2} \d{1,2} • \d{1,2}:\d{2} ?[AP]M ET\b")
_NEWS_TIME = re.compile(r"(?:(?P<day>[A-Z][a-z]{2}-\d{2}-\d{2}|Today)\s)?(?P<time>\d{1,2}:\d{2}[AP]M)")
OPENING = timedelta(hours=9, minutes=30)
_ARTICLES_AGE = timedelta(days=2)  # a large company's page goes back one or two days


def session_of(ask: Ask, fetched_at: datetime) -> date:
    """The session that a page fetched now is about: the one asked for, else the last weekday that has opened."""
    if ask.window is not None:
        return ask.window.end
    opened = (fetched_at.astimezone(NEW_YORK) - OPENING).date()
    return opened - timedelta(days=max(0, opened.weekday() - 4))


class _QuotePage(FinvizEndpoint):
    path = "/quote.ashx"
    aliases = ("/quote", "/stock")
    symbols_in = "t"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        page = page_of(answer)
        grid = labelled(page, _LABELS)
        if "Price" not in grid:
            raise MalformedResponse("the page has no grid with a price", sample=answer.sample)
        return Parsed([{"symbol": ask.symbol, **row} for row in self.rows(page, grid, answer, ask)])

    @abstractmethod
    def rows(self, page: Page, grid: Mapping[str, str], answer: Answer, ask: Ask) -> list[Row]:
        """Rows without their symbol, from the page and its labelled values."""


class Quote(_QuotePage):
    """The last price.  Pages since 2023 say its time without the year ("Nov 20 • 04:00PM ET"), older ones nothing."""

    data_type = "stock_quotes"

    def rows(self, page: Page, grid: Mapping[str, str], answer: Answer, ask: Ask) -> list[Row]:
        said = _PRICE_TIME.search(words(page.body))
        on = None if said is None else day_near(said[0], answer.received_on)
        at = None if said is None else clock(said[0])
        stated = None if on is None or at is None else datetime.combine(on, at, NEW_YORK).astimezone(UTC)
        last, before = price(grid["Price"]), price(grid.get("Prev Close"))
        return [
            {
                "as_of": stated or answer.received_at,
                "session": on if on is not None and stated is not None else session_of(ask, answer.received_at),
                "price": last,
                "previous_close": before,
                "change": None if last is None or before is None else last - before,
                "change_percent": number(grid.get("Change")),
                "volume": integer(grid.get("Volume")),
                "currency": "USD",
                "flags": (DELAYED,) if stated is not None else (DELAYED, FETCH_TIME),
            }
        ]


class Company(_QuotePage):
    data_type = "company_info"

    def rows(self, page: Page, grid: Mapping[str, str], answer: Answer, ask: Ask) -> list[Row]:
        name = page.css_first("h2[class*=company]") or page.css_first(".fullview-title a[target=_blank]")
        industry = words(link(page, r"[?&]f=ind_"))
        listed = re.search(r"\[([A-Z]+)\]", words(page.css_first(".fullview-title")))
        website = address(name)
        return [
            {
                "name": text(words(name)),
                "exchange": text(words(link(page, r"[?&]f=exch_"))) or (listed[1] if listed else None),
                "asset_class": "etf" if industry == "Exchange Traded Fund" else "stock",
                "sector": text(words(link(page, r"[?&]f=sec_"))),
                "industry": text(industry),
                "country": text(words(link(page, r"[?&]f=geo_"))),
                "currency": "USD",
                "market_cap": number(grid.get("Market Cap")),
                "shares_outstanding": number(grid.get("Shs Outstand")),
                "employees": integer(grid.get("Employees")),
                "website": website if website.startswith("http") else None,
                "description": text(words(page.css_first(".fullview-profile, .quote_profile-bio"))),
            }
        ]


class Ratios(_QuotePage):
    """The grid as a snapshot of the day it was fetched: figures are of the last twelve months or the last quarter."""

    data_type = "fundamentals"

    def rows(self, page: Page, grid: Mapping[str, str], answer: Answer, ask: Ask) -> list[Row]:
        low, high = _year_range(grid)
        return [
            {
                "statement": "metrics",
                "period_type": "instant",
                "period_end": answer.received_on,
                "currency": "USD",
                **{name: number(grid.get(label)) for label, name in _RATIOS.items()},
                **{name: fraction(grid.get(label)) for label, name in _PERCENTAGES.items()},
                "dividend_yield": _yield(grid.get("Dividend %") or grid.get("Dividend TTM")),
                "week_52_low": low,
                "week_52_high": high,
            }
        ]


def _year_range(grid: Mapping[str, str]) -> tuple[Decimal | None, Decimal | None]:
    """Lowest and highest price of 52 weeks: "129.04 - 182.94"; since 2024 in two cells, "129.04 16.37%"."""
    low, _, high = grid.get("52W Range", "").partition(" - ")
    if high:
        return number(low), number(high)
    return _first_figure(grid.get("52W Low", "")), _first_figure(grid.get("52W High", ""))


def _first_figure(written: str) -> Decimal | None:
    found = re.match(r"([\d.,]+) ", written)
    return None if found is None else number(found[1])


def _yield(written: str | None) -> Decimal | None:
    """The fraction in "0.61%" or "1.04 (0.39%)"."""
    found = re.search(r"([\d.,]+)%", written or "")
    return None if found is None else fraction(found[1])


class EarningsDate(_QuotePage):
    """The report that is nearest to today, before or behind: "Jul 28 AMC"."""

    data_type = "earnings"

    def rows(self, page: Page, grid: Mapping[str, str], answer: Answer, ask: Ask) -> list[Row]:
        written = grid.get("Earnings", "")
        reported = day_near(written, answer.received_on)
        if reported is None:
            return []
        return [{"report_date": reported, "report_time": one_of(written[-3:], "bmo", "amc"), "currency": "USD"}]


class News(_QuotePage):
    """The latest 100 articles, New York times; a day is written once and holds for the rows below it."""

    data_type = "news"

    def serves(self, ask: Ask) -> bool:
        today = ask.today
        return super().serves(ask) and (ask.window is None or ask.window.start >= today - _ARTICLES_AGE)

    def rows(self, page: Page, grid: Mapping[str, str], answer: Answer, ask: Ask) -> list[Row]:
        rows: list[Row] = []
        day: date | None = None
        for line in page.css("tr"):
            columns = cells(line)
            told = _NEWS_TIME.fullmatch(words(columns[0])) if len(columns) == 2 else None
            if told is None:
                continue
            day = _news_day(told["day"], answer) or day
            at, headline = clock(told["time"]), columns[1].css_first("a")
            if day is None or at is None or headline is None:
                raise MalformedResponse(f"news without a day or a link: {words(line)[:80]}")
            rows.append(
                {
                    "published_at": datetime.combine(day, at, NEW_YORK).astimezone(UTC),
                    "title": text(words(headline)),
                    "url": urljoin("https://finviz.com", address(columns[1])),
                    "source": text(words(columns[1].css_first("span")).strip("()")),
                }
            )
        return rows


def _news_day(written: str | None, answer: Answer) -> date | None:
    """The day of "Jul-18-22" or "Today"."""
    if written is None:
        return None
    if written == "Today":
        return answer.received_on
    name, day_of_month, year = written.split("-")
    return date(2000 + int(year), month(name), int(day_of_month))
