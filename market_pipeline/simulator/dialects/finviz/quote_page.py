"""Finviz's page about one symbol: title, the grid of 72 labels, news and profile, in the markup of 2022.

The time of the price is the one thing from later pages: without it, no quote could be told from the next.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from html import escape

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.finviz.markup import ABSENT, abbreviated, link, page, percent, ratio, row
from market_pipeline.simulator.market import Company, Quote

ARTICLES = 100
A_MONTH = timedelta(days=30)
A_QUARTER = timedelta(days=100)
EXCHANGES = {"NASDAQ": "NASD", "NYSE": "NYSE"}
COUNTRIES = {"US": "USA"}
SECTORS = {"Financial Services": "Financial"}
"""Names that are Finviz's own."""

GRID = (
    ("Index", "P/E", "EPS (ttm)", "Insider Own", "Shs Outstand", "Perf Week"),
    ("Market Cap", "Forward P/E", "EPS next Y", "Insider Trans", "Shs Float", "Perf Month"),
    ("Income", "PEG", "EPS next Q", "Inst Own", "Short Float", "Perf Quarter"),
    ("Sales", "P/S", "EPS this Y", "Inst Trans", "Short Ratio", "Perf Half Y"),
    ("Book/sh", "P/B", "EPS next Y", "ROA", "Target Price", "Perf Year"),
    ("Cash/sh", "P/C", "EPS next 5Y", "ROE", "52W Range", "Perf YTD"),
    ("Dividend", "P/FCF", "EPS past 5Y", "ROI", "52W High", "Beta"),
    ("Dividend %", "Quick Ratio", "Sales past 5Y", "Gross Margin", "52W Low", "ATR"),
    ("Employees", "Current Ratio", "Sales Q/Q", "Oper. Margin", "RSI (14)", "Volatility"),
    ("Optionable", "Debt/Eq", "EPS Q/Q", "Profit Margin", "Rel Volume", "Prev Close"),
    ("Shortable", "LT Debt/Eq", "Earnings", "Payout", "Avg Volume", "Price"),
    ("Recom", "SMA20", "SMA50", "SMA200", "Volume", "Change"),
)


def symbol_in(spelling: str) -> str:
    """BRK-B as BRK.B."""
    return spelling.upper().replace("-", ".")


def spelled(symbol: str) -> str:
    return symbol.replace(".", "-")


def quote_page(call: Call) -> Reply:
    symbol = symbol_in(call.params.get("t", ""))
    if not call.market.knows(symbol):
        return page("Page not found", "<h1>404</h1>", status=404)
    company, quote = call.market.company(symbol, as_of=call.now), call.market.quote(symbol, call.now)
    parts = (_title(company), _time(quote), _grid(_figures(call, company, quote)), _news(call, symbol))
    profile = f'<table><tr><td class="fullview-profile" align="left">{escape(company.description)}</td></tr></table>'
    return page(f"{spelled(symbol)} {company.name} Stock Quote", "\n".join((*parts, profile)))


def _title(company: Company) -> str:
    symbol, sector = spelled(company.symbol), SECTORS.get(company.sector, company.sector)
    listing = f'<span class="body-table">[{EXCHANGES[company.exchange]}]</span>'
    ticker = f'<a href="quote.ashx?t={symbol}&ty=c&ta=1&p=d" class="fullview-ticker" id="ticker">{symbol}</a>'
    name = f'<a href="{company.website}" target="_blank" class="tab-link"><b>{escape(company.name)}</b></a>'
    kinds = (
        link(f"screener.ashx?v=111&f=sec_{code(sector)}", sector),
        link(f"screener.ashx?v=111&f=ind_{code(company.industry)}", company.industry),
        link(f"screener.ashx?v=111&f=geo_{company.country.lower()}", COUNTRIES.get(company.country, company.country)),
    )
    lines = (f"{ticker} {listing}", name, " | ".join(kinds))
    rows = "".join(f'<tr><td align="center">{line}</td></tr>' for line in lines)
    return f'<table width="100%" cellpadding="3" cellspacing="0" class="fullview-title">{rows}</table>'


def code(name: str) -> str:
    """A sector's or industry's name as the screener's filters have it: consumerelectronics."""
    return "".join(letter for letter in name.lower() if letter.isalpha())


def _time(quote: Quote) -> str:
    local = quote.as_of.astimezone(NEW_YORK)
    return f"<span>{local:%b %d} • {local:%I:%M%p} ET</span>"


def _grid(figures: Mapping[str, str]) -> str:
    lines = (
        row(
            f'<td width="7%" class="snapshot-td2-cp" align="left">{escape(label)}</td>'
            f'<td width="8%" class="snapshot-td2" align="left"><b>{escape(figures.get(label, ABSENT))}</b></td>'
            for label in labels
        )
        for labels in GRID
    )
    return f'<table width="100%" class="snapshot-table2">{"".join(lines)}</table>'


def _figures(call: Call, company: Company, quote: Quote) -> dict[str, str]:
    found = call.market.ratios(company.symbol, call.now)
    names = {"Dow Jones": "DJIA", "S&P 500": "S&P500"}
    return {
        "Index": " ".join(names[index] for index in company.indices if index in names) or ABSENT,
        "Market Cap": abbreviated(found.market_cap),
        "Sales": abbreviated(found.revenue_ttm),
        "Shs Outstand": abbreviated(company.shares_outstanding),
        "Employees": str(company.employees),
        "P/E": ratio(found.pe),
        "Forward P/E": ratio(found.forward_pe),
        "PEG": ratio(found.peg),
        "P/S": ratio(found.ps),
        "P/B": ratio(found.pb),
        "EPS (ttm)": ratio(found.eps_ttm),
        "Book/sh": ratio(found.book_value_per_share),
        "Dividend": ratio(found.dividend_per_share) if found.dividend_per_share else ABSENT,
        "Dividend %": percent(found.dividend_yield) if found.dividend_yield else ABSENT,
        "Payout": percent(found.payout_ratio),
        "ROA": percent(found.roa),
        "ROE": percent(found.roe),
        "Current Ratio": ratio(found.current_ratio),
        "Debt/Eq": ratio(found.debt_to_equity),
        "Gross Margin": percent(found.gross_margin),
        "Oper. Margin": percent(found.operating_margin),
        "Profit Margin": percent(found.profit_margin),
        "Beta": ratio(found.beta),
        "52W Range": f"{found.week52_low} - {found.week52_high}",
        "52W High": percent(quote.price / found.week52_high - 1),
        "52W Low": percent(quote.price / found.week52_low - 1),
        "SMA50": percent(quote.price / found.average_50d - 1),
        "SMA200": percent(quote.price / found.average_200d - 1),
        "Avg Volume": abbreviated(found.average_volume_3m),
        "Optionable": "Yes",
        "Shortable": "Yes",
        "Earnings": _earnings(call, company.symbol),
        "Prev Close": str(quote.previous_close),
        "Price": str(quote.price),
        "Volume": f"{quote.volume:,}",
        "Change": f"{quote.change_percent:.2f}%",
    }


def _earnings(call: Call, symbol: str) -> str:
    """The report nearest to today: Jul 28 AMC."""
    today = call.now.astimezone(NEW_YORK).date()
    reports = call.market.earnings(symbol, today - A_QUARTER, today + A_QUARTER, as_of=call.now)
    if not reports:
        return ABSENT
    nearest = min(reports, key=lambda one: abs(one.report_date - today))
    return f"{nearest.report_date:%b %d} {nearest.timing.upper()}"


def _news(call: Call, symbol: str) -> str:
    return f'<table id="news-table" class="fullview-news-outer">{"".join(_articles(call, symbol))}</table>'


def _articles(call: Call, symbol: str) -> Iterator[str]:
    """Newest first; the day is written where it differs from the row above."""
    today = call.now.date()
    above: date | None = None
    for article in call.market.news(symbol, today - A_MONTH, today, as_of=call.now)[:ARTICLES]:
        local = article.published_at.astimezone(NEW_YORK)
        day = "" if local.date() == above else f"{local:%b-%d-%y} "
        above = local.date()
        headline = f'<a href="{article.url}" target="_blank" class="tab-link-news">{escape(article.headline)}</a>'
        yield row(
            (
                f'<td width="130" align="right">{day}{local:%I:%M%p}&nbsp;&nbsp;</td>',
                '<td align="left"><div class="news-link-container">'
                f'<div class="news-link-left">{headline}</div>'
                f'<div class="news-link-right"><span> {escape(article.source)}</span></div></div></td>',
            )
        )
