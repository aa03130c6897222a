"""Bodies with senseless figures: JSON, CSV and HTML, one symbol of several or everything."""

import orjson
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.dates import epoch
from market_pipeline.providers.normalise import integer, number
from market_pipeline.simulator.spoiling import GARBAGE, garbled


def spoiled_json(value: object, *spellings: str, whole: bool = False) -> object:
    return orjson.loads(garbled(orjson.dumps(value), spellings, whole))


def test_only_what_mentions_the_symbol_is_spoiled() -> None:
    batch = {"AAPL": {"bid": 1.5, "days": [1, 2]}, "MSFT": {"bid": 2.5}, "count": 2}
    assert spoiled_json(batch, "AAPL") == {
        "AAPL": {"bid": GARBAGE, "days": [GARBAGE] * 2},
        "MSFT": {"bid": 2.5},
        "count": 2,
    }
    assert spoiled_json([{"ticker": "AAPL", "last": {"p": 3}}, {"ticker": "MSFT", "last": {"p": 4}}], "AAPL") == [
        {"ticker": "AAPL", "last": {"p": GARBAGE}},
        {"ticker": "MSFT", "last": {"p": 4}},
    ]


@pytest.mark.parametrize("figure", ["1.5", "-2", "$1,234.56", "3.4%", "1.2B", "1e5"])
def test_figures_written_as_text_are_figures(figure: str) -> None:
    assert spoiled_json({"figure": figure}, whole=True) == {"figure": str(GARBAGE)}


@pytest.mark.parametrize(
    "kept", ["2026-11-20", "11/20/2026", "2026-11-20T10:00:00Z", "Apple Inc.", "", "Q4", None, True]
)
def test_words_and_dates_stay(kept: object) -> None:
    assert spoiled_json({"kept": kept}, whole=True) == {"kept": kept}


def test_csv_keeps_its_header_and_the_other_rows() -> None:
    table = b"symbol,date,close\r\nAAPL,2026-11-20,1.5\r\nMSFT,2026-11-20,2.5\r\n"
    spoiled = b"symbol,date,close\r\nAAPL,2026-11-20,%d\r\nMSFT,2026-11-20,2.5\r\n" % GARBAGE
    assert garbled(table, ["AAPL"], whole=False) == spoiled


def test_html_is_spoiled_by_table_row() -> None:
    page = b"<table><tr><td>AAPL</td><td>1.5</td></tr><tr><td>MSFT</td><td>2.5</td></tr></table>"
    assert garbled(page, ["AAPL"], whole=False) == page.replace(b"1.5", str(GARBAGE).encode())
    assert garbled(page, [], whole=True).count(str(GARBAGE).encode()) == 2


def test_garbage_is_read_by_an_adapter_and_refused_by_the_check() -> None:
    assert integer(GARBAGE) == number(str(GARBAGE)) == GARBAGE
    quote = {"symbol": "AAPL", "as_of": epoch(GARBAGE), "session": "2026-11-20", "price": GARBAGE, "volume": GARBAGE}
    (rejected,) = DATASETS["stock_quotes"].check([quote]).rejected
    assert all(field in rejected.reason for field in ("as_of", "price", "volume"))
