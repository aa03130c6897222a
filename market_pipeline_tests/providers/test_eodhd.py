"""What only EODHD does: refusals in a few words, tickers of the whole world, CSV and sections that were not asked for."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.providers import errors
from market_pipeline.providers.eodhd import Eodhd
from market_pipeline.providers.eodhd.companies import CompanyInfo, Dividends, EarningsHistory, EarningsTrends
from market_pipeline.providers.eodhd.market import BulkDailyPrices, DailyPrices, RealTime
from market_pipeline.providers.eodhd.options import OptionsChain
from market_pipeline.providers.messages import Answer, Ask, Window

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)  # a Saturday
FRIDAY = date(2026, 11, 20)


def answer(body: Any, status: int = 200, query: str = "fmt=json") -> Answer:
    sent = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Answer(url=f"{Eodhd.base_url}/?{query}", status=status, body=sent, received_at=NOW)


def ask(data_type: str, *symbols: str, window: Window | None = None, timeframe: str | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=symbols or ("AAPL",), now=NOW, window=window, timeframe=timeframe)


@pytest.mark.parametrize("status", [200, 402])
def test_the_calls_of_a_day_come_back_at_midnight_in_utc(status: int) -> None:
    refused = Eodhd().classify(answer("You exceeded your daily API requests limit.", status))
    assert isinstance(refused, errors.RateLimited)
    assert refused.retry_after == 6 * 3600


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Unauthenticated", errors.AuthenticationFailed),
        ("Only EOD data allowed for free users.", errors.NotEntitled),
        ("Ticker Not Found.", errors.UnknownSymbol),
        ("Something else went wrong.", errors.MalformedResponse),
    ],
)
def test_a_few_words_under_200_refuse(said: str, kind: type[errors.ProviderError]) -> None:
    assert type(Eodhd().classify(answer(said))) is kind


def test_a_symbol_names_its_exchange_or_kind_and_comes_back() -> None:
    symbols = ("BRK.B", "OCDO.L", "BHP.AX", "^GSPC", "BTC-USD", "EURUSD=X")
    spelled = ("BRK-B.US", "OCDO.LSE", "BHP.AU", "GSPC.INDX", "BTC-USD.CC", "EURUSD.FOREX")
    assert tuple(map(DailyPrices().spell, symbols)) == spelled
    assert tuple(map(DailyPrices().unspell, spelled)) == symbols


def test_csv_comes_unasked_after_an_empty_line_and_days_begin_at_the_exchange() -> None:
    body = "\nDate,Open,High,Low,Close,Adjusted_close,Volume\n2026-11-20,9,9,9,9,4.5,70\n1183\n"
    (row,) = DailyPrices().read(answer(body), ask("historical_prices", "BHP.AX", timeframe="1d")).rows
    assert (row["session"], row["close"], row["adjusted_close"]) == (FRIDAY, Decimal(9), Decimal("4.5"))
    assert row["bar_start"] == datetime(2026, 11, 19, 13, tzinfo=UTC)  # midnight in Sydney


def test_the_bars_of_an_exchange_are_worth_a_request_from_a_hundred_symbols_on() -> None:
    symbols, friday, week = [f"S{n}" for n in range(100)], Window(FRIDAY, FRIDAY), Window(date(2026, 11, 16), FRIDAY)

    def serves(some: list[str], window: Window) -> bool:
        return BulkDailyPrices().serves(ask("historical_prices", *some, window=window, timeframe="1d"))

    assert (serves(symbols, friday), serves(symbols[1:], friday), serves(symbols, week)) == (True, False, False)


def test_a_quote_without_figures_is_of_a_quiet_share_or_of_none() -> None:
    nothing = {"timestamp": "NA", "close": "NA", "previousClose": "NA"}
    body = [{**nothing, "code": "QUIET.US", "previousClose": 7.5}, {**nothing, "code": "NOSUCH.US"}]
    parsed = RealTime().read(answer(body), ask("stock_quotes", "QUIET", "NOSUCH"))
    assert type(parsed.errors["QUIET"]) is errors.NoData
    assert type(parsed.errors["NOSUCH"]) is errors.UnknownSymbol


def test_a_chain_updated_on_saturday_is_of_friday() -> None:
    contract = {"contractName": "A", "expirationDate": "2026-12-18", "type": "PUT", "updatedAt": "2026-11-21 09:00:00"}
    chain = {"lastTradeDate": "2026-11-20", "lastTradePrice": 31, "data": [{"options": {"PUT": [contract]}}]}
    (row,) = OptionsChain().read(answer(chain), ask("options_chain")).rows
    assert (row["session"], row["underlying_price"]) == (FRIDAY, Decimal(31))


@pytest.mark.parametrize(
    ("body", "amount", "adjustment"),
    [
        ([{"date": "2014-05-08", "value": 0.1175, "unadjustedValue": 3.29}], "3.29", "raw"),
        ("Date,Dividends\n2014-05-08,0.1175", "0.1175", "split"),
    ],
)
def test_dividends_are_as_paid_where_that_is_told(body: Any, amount: str, adjustment: str) -> None:
    (row,) = Dividends().read(answer(body), ask("dividends")).rows
    assert (row["amount"], row["adjustment"]) == (Decimal(amount), adjustment)


@pytest.mark.parametrize("query", ["", "filter=General,Highlights", "filter=General"])
def test_fundamentals_come_whole_in_sections_or_as_one_section(query: str) -> None:
    general = {"Name": "Apple"}
    body = general if query == "filter=General" else {"General": general, "Highlights": None}
    (row,) = CompanyInfo().read(answer(body, query=query), ask("company_info")).rows
    assert row["name"] == "Apple"


def test_a_report_without_a_period_of_its_own_has_none_and_the_estimate_of_the_quarter_itself_counts() -> None:
    history = {"2026-11-20": {"date": "2026-11-20", "reportDate": "2026-11-20", "epsActual": 2}}
    (row,) = EarningsHistory().read(answer(history, query="filter=Earnings::History"), ask("earnings")).rows
    assert (row["period_end"], row["report_date"]) == (None, FRIDAY)
    of_a_quarter = [
        {"code": "AAPL.US", "date": "2026-12-31", "period": period, "earningsEstimateAvg": estimate}
        for period, estimate in (("0q", "2.5"), ("+1q", "9"), ("0y", "8"))
    ]
    (row,) = EarningsTrends().read(answer({"trends": [of_a_quarter]}), ask("earnings")).rows
    assert (row["period_end"], row["eps_estimate"]) == (date(2026, 12, 31), Decimal("2.5"))
