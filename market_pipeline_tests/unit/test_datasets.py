"""What is a valid row, and what is said about one that is not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.datasets.earnings import calendar_quarter
from market_pipeline.datasets.news import article_id

CLOSE = datetime(2026, 11, 20, 21, tzinfo=UTC)
QUOTE = {"symbol": "AAPL", "as_of": CLOSE, "session": date(2026, 11, 20), "price": Decimal("200.5")}
BAR: dict[str, Any] = {
    "symbol": "AAPL",
    "timeframe": "1d",
    "bar_start": datetime(2026, 11, 20, 5, tzinfo=UTC),
    "session": date(2026, 11, 20),
    "adjustment": "split",
    "open": 10,
    "high": 12,
    "low": 9,
    "close": 11,
}


def test_a_good_quote_is_kept() -> None:
    checked = DATASETS["stock_quotes"].check([QUOTE])
    assert checked.rejected == []
    assert checked.records[0].model_dump()["price"] == Decimal("200.5")


@pytest.mark.parametrize(
    ("data_type", "row", "told"),
    [
        ("stock_quotes", {**QUOTE, "price": 0}, "price: Input should be greater than 0"),
        ("stock_quotes", {**QUOTE, "price": float("nan")}, "price"),
        ("stock_quotes", {**QUOTE, "as_of": datetime(2026, 11, 20, 21)}, "as_of"),  # noqa: DTZ001 - naive on purpose
        ("stock_quotes", {**QUOTE, "symbol": '"; drop table'}, "symbol"),
        ("stock_quotes", {**QUOTE, "symbol": "A" * 300}, "symbol"),
        ("stock_quotes", {**QUOTE, "currency": "GBp"}, "unknown currency 'GBp'"),
        ("stock_quotes", {**QUOTE, "session": date(1066, 10, 14)}, "implausible date"),
        ("stock_quotes", {**QUOTE, "bid": "1", "ask": 2}, "row: '>' not supported"),
        ("stock_quotes", {**QUOTE, "high": 9, "low": 10}, "high 9 is below low 10"),
        ("stock_quotes", {**QUOTE, "surprise": 1}, "surprise: Extra inputs are not permitted"),
        ("historical_prices", {**BAR, "high": 8}, "high 8 is below low 9"),
        ("historical_prices", {**BAR, "close": 13}, "close 13 is outside of low 9 to high 12"),
        ("historical_prices", {**BAR, "adjustment": "some"}, "adjustment"),
        ("earnings", {"symbol": "AAPL", "eps_actual": 1}, "calendar_quarter"),
        ("earnings", {"symbol": "AAPL", "period_end": date(1, 1, 2)}, "row: date value out of range"),
        (
            "news",
            {"symbol": "AAPL", "title": "x", "url": "javascript:alert(1)", "published_at": CLOSE},
            "not a web address",
        ),
    ],
)
def test_a_bad_row_is_refused_with_its_reason(data_type: str, row: dict[str, Any], told: str) -> None:
    checked = DATASETS[data_type].check([row])
    assert checked.records == []
    assert told in checked.rejected[0].reason


def test_text_is_kept_without_what_the_database_cannot_store() -> None:
    article = {"symbol": "AAPL", "title": "a\0b", "url": "https://example.com/1", "published_at": CLOSE, "author": "\0"}
    checked = DATASETS["news"].check([article, {**article, "author": "x"}])
    assert "author" in checked.rejected[0].reason
    assert checked.records[0].model_dump()["title"] == "ab"


def test_a_bid_above_the_offer_is_kept_and_flagged() -> None:
    crossed = {**QUOTE, "bid": Decimal(11), "ask": Decimal(10)}
    assert DATASETS["stock_quotes"].check([crossed]).records[0].flags == ("crossed_quote",)


def test_of_two_rows_with_one_key_the_later_is_kept_and_the_earlier_quarantined() -> None:
    checked = DATASETS["stock_quotes"].check([QUOTE, {**QUOTE, "price": Decimal(1)}])
    assert [record.model_dump()["price"] for record in checked.records] == [Decimal(1)]
    assert "same key" in checked.rejected[0].reason


def test_an_identical_row_twice_is_one_record_and_no_reject() -> None:
    checked = DATASETS["stock_quotes"].check([QUOTE, QUOTE])
    assert (len(checked.records), checked.rejected) == (1, [])


@pytest.mark.parametrize(
    ("period_end", "report_date", "quarter"),
    [
        (date(2026, 9, 30), None, "2026Q3"),
        (date(2026, 10, 26), None, "2026Q3"),  # NVIDIA's third quarter of fiscal 2027
        (None, date(2026, 11, 18), "2026Q3"),  # and the day it is reported
        (date(2025, 12, 28), None, "2025Q4"),
        (None, date(2026, 1, 15), "2025Q4"),
        (None, date(2026, 2, 27), "2025Q4"),
        (None, None, None),
    ],
)
def test_a_quarter_has_one_name_whichever_date_is_known(
    period_end: date | None, report_date: date | None, quarter: str | None
) -> None:
    assert calendar_quarter(period_end, report_date) == quarter


def test_an_article_is_recognised_behind_different_tracking() -> None:
    plain = article_id("https://www.example.com/story/?id=7")
    assert plain == article_id("http://example.com/story?utm_source=x&id=7#top")
    assert plain != article_id("https://example.com/story?id=8")


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_declares_what_the_rest_of_the_pipeline_needs(name: str) -> None:
    dataset = DATASETS[name]
    fields = dataset.record.model_fields
    assert set(dataset.key) <= set(fields)
    assert dataset.description
    assert dataset.freshness.warn < dataset.freshness.fail
    assert dataset.cache_ttl is None or dataset.cache_ttl <= dataset.freshness.warn, "no answer serves beyond freshness"
    assert dataset.stale_if_error is None or dataset.stale_if_error >= (dataset.cache_ttl or timedelta())
    assert all(info.description for info in fields.values()), "each field says what it means"
    assert (dataset.dated_by is not None) == dataset.partitioned_by.is_dated
