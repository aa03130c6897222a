"""What only Finviz does: pages whose markup changes, days without a year, symbols that a table leaves out."""

from datetime import UTC, date, datetime, timedelta

import pytest

from market_pipeline.providers import errors
from market_pipeline.providers.finviz import Finviz
from market_pipeline.providers.finviz.economic_calendar import EconomicEvents
from market_pipeline.providers.finviz.quote_page import EarningsDate, News, Quote, Ratios
from market_pipeline.providers.finviz.screener import Constituents, Screener
from market_pipeline.providers.messages import Answer, Ask, Window

NOW = datetime(2026, 1, 5, 17, 5, tzinfo=UTC)
HEADERS = (
    "<tr><th>No.</th><th>Ticker</th><th>Company</th><th>Sector</th><th>Industry</th><th>Country</th><th>Price</th>"
)
TABLE = f"<table>{HEADERS}<th>Change</th><th>Volume</th></tr>%s</table>"


def answer(body: str, url: str = "/quote.ashx?t=AAPL", status: int = 200) -> Answer:
    return Answer(url=Finviz.base_url + url, status=status, body=body.encode(), received_at=NOW)


def ask(data_type: str, *symbols: str, window: Window | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=symbols or ("AAPL",), now=NOW, window=window)


def grid(**values: str) -> str:
    """The page of 2026: a label and its value in divisions of neighbouring cells."""
    cells = (f"<td><div>{label}</div></td><td><div><b>{value}</b></div></td>" for label, value in values.items())
    return f"<table><tr>{''.join(cells)}</tr></table>"


def line(number: int, ticker: str) -> str:
    cells = (str(number), ticker, "Company", "Technology", "Software", "USA", "12.50", "-1.00%", "1,000")
    return f"<tr>{''.join(f'<td><a>{cell}</a></td>' for cell in cells)}</tr>"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer("Too many requests."), errors.RateLimited),
        (answer("<title>Just a moment...</title>", status=403), errors.RateLimited),
        (answer("<title>404</title>", status=404), errors.UnknownSymbol),
    ],
)
def test_refusals_are_told_by_words_first(given: Answer, expected: type) -> None:
    assert type(Finviz().classify(given)) is expected


def test_a_page_of_today_says_when_its_price_was_and_ranges_in_two_cells() -> None:
    page = "<span>Dec 31 <b>•</b> 03:59PM ET</span>" + grid(**{"Price": "12.50", "52W High": "20.10 -37.8%"})
    (quote,) = Quote().read(answer(page), ask("stock_quotes")).rows
    assert (quote["as_of"], quote["flags"]) == (datetime(2025, 12, 31, 20, 59, tzinfo=UTC), ("delayed",))
    (ratios,) = Ratios().read(answer(page), ask("fundamentals")).rows
    assert str(ratios["week_52_high"]) == "20.10"


def test_a_price_without_a_time_is_dated_with_the_fetch_and_says_so() -> None:
    (quote,) = Quote().read(answer(grid(Price="12.50")), ask("stock_quotes")).rows
    assert (quote["as_of"], quote["flags"]) == (NOW, ("delayed", "as_of_is_fetch_time"))


@pytest.mark.parametrize(("written", "day"), [("Oct 30 AMC", date(2025, 10, 30)), ("Jan 29 BMO", date(2026, 1, 29))])
def test_a_day_without_a_year_is_the_nearest_one(written: str, day: date) -> None:
    (row,) = EarningsDate().read(answer(grid(Price="12.50", Earnings=written)), ask("earnings")).rows
    assert row["report_date"] == day


def test_symbols_that_the_screener_leaves_out_are_unknown() -> None:
    page = "Total: 1 #1" + TABLE % line(1, "BRK-B")
    parsed = Screener().read(answer(page, "/screener.ashx?v=111&t=BRK-B,NOPE"), ask("stock_quotes", "BRK.B", "NOPE"))
    assert [row["symbol"] for row in parsed.rows] == ["BRK.B"]
    assert {symbol: type(error) for symbol, error in parsed.errors.items()} == {"NOPE": errors.UnknownSymbol}


def test_the_members_of_an_index_come_page_by_page() -> None:
    question = ask("index_constituents", "^GSPC")
    (request,) = Constituents().requests(question)
    assert (request.path, request.params) == ("/screener.ashx", {"v": "111", "f": "idx_sp500"})
    page = "#1 / 21 Total" + TABLE % "".join(line(number, f"T{number}") for number in range(1, 21))
    first = Constituents().read(answer(page, "/screener.ashx?v=111&f=idx_sp500"), question)
    (following,) = first.more
    assert (len(first.rows), following.params) == (20, {"v": "111", "f": "idx_sp500", "r": "21"})
    last = Constituents().read(answer("#1 / 21 Total" + TABLE % line(21, "U"), "/screener.ashx?v=111&r=21"), question)
    assert ([one["member"] for one in last.rows], last.more) == (["U"], ())


def test_old_news_is_not_asked_for_because_a_page_holds_the_latest_only() -> None:
    long_ago = NOW.date() - timedelta(days=30)
    assert not News().serves(ask("news", window=Window(long_ago, long_ago)))
    assert News().serves(ask("news", window=Window(NOW.date(), NOW.date())))


def test_the_calendar_of_today_is_read_from_its_script() -> None:
    entry = '{"event":"CPI YoY","date":"2026-01-05T08:30:00","actual":"3.1%","forecast":null,"importance":3}'
    page = f'<script id="route-init-data" type="application/json">{{"data":{{"entries":[{entry}]}}}}</script>'
    (row,) = EconomicEvents().read(answer(page, "/calendar/economic"), ask("economic_events", "*")).rows
    assert (row["event_at"], row["importance"]) == (datetime(2026, 1, 5, 13, 30, tzinfo=UTC), "high")
