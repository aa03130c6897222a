"""What only Cboe does: a missing file that is a refusal, New York's times without a zone, a close that rolls at night."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.cboe import Cboe, Historical, OptionChain, Quote
from market_pipeline.providers.errors import ProviderError, RateLimited, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Window

NOW = datetime(2026, 11, 21, 17, 5, tzinfo=UTC)
MISSING = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
SHARE = {"security_type": "stock", "current_price": 333.8, "price_change": 11.36, "prev_day_close": 333.8}


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(url="", status=status, body=body if isinstance(body, bytes) else orjson.dumps(body), received_at=NOW)


def ask(data_type: str, window: Window | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=("AAPL",), now=NOW, window=window)


@pytest.mark.parametrize(
    ("body", "error"), [(MISSING, UnknownSymbol), (b"<html><title>Request blocked</title></html>", RateLimited)]
)
def test_a_403_is_a_missing_file_where_the_storage_says_so_and_else_the_cdns(
    body: bytes, error: type[ProviderError]
) -> None:
    assert type(Cboe().classify(answer(body, 403))) is error


@pytest.mark.parametrize("symbol", ["^VIX", "BRK.B", "AAPL"])
def test_an_index_has_an_underscore_and_finds_back_to_its_symbol(symbol: str) -> None:
    assert Quote().unspell(Quote().spell(symbol)) == symbol


def test_the_previous_close_is_what_the_change_is_measured_from_even_when_the_vendors_has_rolled_on() -> None:
    body = {"timestamp": "2026-07-25 21:02:04", "data": SHARE | {"last_trade_time": "2026-07-24T15:59:59"}}
    (row,) = Quote().read(answer(body), ask("stock_quotes")).rows
    assert row["previous_close"] == Decimal("322.44")
    assert row["as_of"] == datetime(2026, 7, 24, 19, 59, 59, tzinfo=UTC)


def test_a_chain_belongs_to_the_session_in_which_its_underlying_was_traded_last() -> None:
    option = {"option": "SPXW261120P05512500", "iv": 0.0, "last_trade_price": 0.0, "last_trade_time": None}
    underlying = SHARE | {"last_trade_time": "2026-07-24T15:59:59", "options": [option]}
    body = {"timestamp": "2026-07-25 00:43:14", "data": underlying}
    (row,) = DATASETS["options_chain"].check(OptionChain().read(answer(body), ask("options_chain")).rows).records
    contract = row.model_dump()
    assert contract["session"] == date(2026, 7, 24)
    assert (contract["strike"], contract["option_type"]) == (Decimal("5512.5"), "put")
    assert (contract["implied_volatility"], contract["last_price"]) == (None, None)
    assert contract["flags"] == ("delayed",)


def test_a_day_without_trades_is_no_bar() -> None:
    bar = {"open": "10.5", "high": "11", "low": "10", "close": "10.75", "volume": "0"}
    nothing = {"open": 0.0, "high": 0.0, "low": 0.0, "close": 10.75, "volume": 0}
    body = {"data": [{"date": "2026-11-18", **nothing}, {"date": "2026-11-19", **bar}, {"date": "2026-11-20", **bar}]}
    window = Window(date(2026, 11, 1), date(2026, 11, 19))
    rows = Historical().read(answer(body), ask("historical_prices", window)).rows
    assert [row["session"] for row in rows] == [date(2026, 11, 19)]
