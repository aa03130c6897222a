"""What only Finnhub does: a reset instead of Retry-After, one 401 for two reasons, two stamps for one day."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import orjson
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.errors import AuthenticationFailed, NotEntitled, RateLimited
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.finnhub.market import DailyCandles, HourlyCandles
from market_pipeline.providers.finnhub.metrics import Metrics
from market_pipeline.providers.messages import Answer, Ask, Window

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(url="", status=status, body=orjson.dumps(body), received_at=NOW, headers=named)


def ask(data_type: str, window: Window | None = None, timeframe: str | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=("AAPL",), now=NOW, window=window, timeframe=timeframe)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_ratelimit_reset": str(int(NOW.timestamp()) + 12)}, 12),
        ({"x_ratelimit_reset": str(int(NOW.timestamp()) - 12)}, 0),
        ({"x_ratelimit_reset": str(int(NOW.timestamp()) + 12), "retry_after": "3"}, 3),
        ({"x_ratelimit_reset": "soon"}, None),
    ],
)
def test_over_the_limit_the_wait_is_retry_after_or_lasts_until_the_reset(
    headers: dict[str, str], seconds: float | None
) -> None:
    error = Finnhub().classify(answer({"error": "API limit reached."}, 429, **headers))
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_a_401_is_about_the_plan_or_about_the_key_as_its_words_say() -> None:
    no_access = answer({"error": "You don't have access to this resource."}, 401)
    assert isinstance(Finnhub().classify(no_access), NotEntitled)
    assert isinstance(Finnhub().classify(answer({"error": "Invalid API key"}, 401)), AuthenticationFailed)


@pytest.mark.parametrize("hour", [0, 4], ids=["midnight in UTC", "midnight in New York"])
def test_a_daily_candle_belongs_to_its_utc_date_however_it_is_stamped(hour: int) -> None:
    stamp = int(datetime(2026, 9, 24, hour, tzinfo=UTC).timestamp())
    bar = {"o": [2], "h": [3], "l": [1], "c": [2], "v": [100], "t": [stamp], "s": "ok"}
    (row,) = DailyCandles().read(answer(bar), ask("historical_prices", timeframe="1d")).rows
    assert row["session"] == date(2026, 9, 24)
    assert row["bar_start"] == datetime(2026, 9, 24, 4, tzinfo=UTC)


def test_hourly_candles_are_asked_for_a_month_at_a_time_without_a_gap() -> None:
    window = Window(date(2026, 8, 1), date(2026, 10, 5))
    spans = [
        (int(request.params["from"]), int(request.params["to"]))
        for request in HourlyCandles().requests(ask("historical_prices", window, "1h"))
    ]
    assert spans[0][0] == datetime(2026, 8, 1, 4, tzinfo=UTC).timestamp()
    assert spans[-1][1] == datetime(2026, 10, 6, 4, tzinfo=UTC).timestamp() - 1
    assert all(start == end + 1 for (_, end), (start, _) in pairwise(spans))
    assert all(end - start < 31 * 86_400 for start, end in spans)


def test_percentages_and_millions_become_fractions_and_units_but_a_series_is_plain_already() -> None:
    series = {"annual": {"grossMargin": [{"period": "2026-09-26", "v": 0.47}]}}
    metric = {"grossMarginTTM": 47, "marketCapitalization": 4_535_749.5, "peTTM": 37}
    body = {"metric": metric, "series": series, "metricType": "all", "symbol": "AAPL"}
    checked = DATASETS["fundamentals"].check(Metrics().read(answer(body), ask("fundamentals")).rows)
    year, now = (record.model_dump(mode="json") for record in checked.records)
    assert (year["gross_margin"], now["gross_margin"]) == ("0.47", "0.47")
    assert (float(now["market_cap"]), now["period_end"]) == (4_535_749_500_000, "2026-11-20")
