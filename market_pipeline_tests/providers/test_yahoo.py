"""What is Yahoo's own: a crumb that may be an error, chains in parts, pence, last trades as bars, quarters in modules."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.providers.errors import (
    MalformedResponse,
    ProviderError,
    RateLimited,
    Unavailable,
)
from market_pipeline.providers.messages import Answer, Parsed
from market_pipeline.providers.yahoo import Yahoo
from market_pipeline.providers.yahoo.options import EXPIRATIONS

YAHOO = Yahoo()
NOW = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)


def answer(body: bytes, path: str = "/") -> Answer:
    return Answer(url=f"{YAHOO.base_url}{path}", status=200, body=body, received_at=NOW)


def read(path: str, body: Any) -> Parsed:
    matched = YAHOO.match(f"{YAHOO.base_url}{path}", NOW)
    assert matched is not None
    endpoint, ask = matched
    return endpoint.read(answer(orjson.dumps(body), path), ask)


def test_a_crumb_is_what_getcrumb_says() -> None:
    assert YAHOO.handshake.read(answer(b"Phb0/zVd.s6\n")) == {"crumb": "Phb0/zVd.s6"}


@pytest.mark.parametrize(
    ("said", "error"),
    [("Too Many Requests\r\n", RateLimited), ("", Unavailable), ("<html>Sign in</html>", MalformedResponse)],
)
def test_an_error_is_no_crumb(said: str, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        YAHOO.handshake.read(answer(said.encode()))


def chain(expirations: int) -> Any:
    listed = [86_400 * (20_800 + 7 * week) for week in range(expirations)]
    return {"optionChain": {"result": [{"expirationDates": listed, "options": [{"expirationDate": listed[0]}]}]}}


def test_the_first_part_of_a_chain_asks_for_the_nearest_others_and_they_for_none() -> None:
    first = read("/v7/finance/options/AAPL", chain(20))
    assert len(first.more) == EXPIRATIONS - 1
    second = read(f"/v7/finance/options/AAPL?date={first.more[0].params['date']}", chain(20))
    assert second.more == ()


def chart(timeframe: str, stamps: list[int], prices: list[float | None], **meta: Any) -> Parsed:
    quote = dict.fromkeys(("open", "high", "low", "close", "volume"), prices)
    found = {"meta": {"dataGranularity": timeframe, **meta}, "timestamp": stamps, "indicators": {"quote": [quote]}}
    return read(f"/v8/finance/chart/OCDO.L?interval={timeframe}", {"chart": {"result": [found]}})


def test_a_listing_in_pence_is_told_in_pounds_and_a_bar_without_trades_not_at_all() -> None:
    stamps = [1_795_161_600, 1_795_420_800]
    (bar,) = chart("1d", stamps, [250.5, None], currency="GBp", exchangeTimezoneName="Europe/London").rows
    assert (bar["close"], bar["currency"], bar["session"]) == (Decimal("2.505"), "GBP", date(2026, 11, 20))


def test_the_last_trade_is_no_bar_of_an_hour() -> None:
    bar, last_trade = 1_795_206_600, 1_795_208_400  # 20:30 and, at the close, 21:00
    parsed = chart("1h", [bar, last_trade], [10.0, 10.0], regularMarketTime=last_trade)
    assert [row["bar_start"].timestamp() for row in parsed.rows] == [bar]


def test_a_quarter_is_put_together_from_its_modules() -> None:
    past = {"quarter": {"raw": 1_790_726_400}, "epsActual": {"raw": 1.5}, "currency": "USD"}
    trend = {"period": "0q", "endDate": "2026-12-31", "earningsEstimate": {"avg": {"raw": 2.0}}}
    event = {"earningsDate": [1_801_170_000], "revenueAverage": 7}
    modules = {
        "earningsHistory": {"history": [past]},
        "earningsTrend": {"trend": [trend]},
        "calendarEvents": {"earnings": event},
    }
    path = "/v10/finance/quoteSummary/AAPL?modules=earningsHistory,earningsTrend,calendarEvents"
    parsed = read(path, {"quoteSummary": {"result": [modules]}})
    reported, expected = parsed.rows
    assert (reported["period_end"], reported["eps_actual"]) == (date(2026, 9, 30), Decimal("1.5"))
    assert (expected["report_date"], expected["revenue_estimate"]) == (date(2027, 1, 28), 7)
    assert (expected["period_end"], expected["eps_estimate"]) == (date(2026, 12, 31), 2)
