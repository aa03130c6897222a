"""The replay server answers an address with what was recorded for it, and with what a test puts in its place."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from market_pipeline_tests.recordings import META
from market_pipeline_tests.replay import ReplayServer

QUOTE = "https://finnhub.io/api/v1/quote?symbol=MADE&token=REDACTED"
BARS = "https://finnhub.io/api/v1/stock/candle?symbol=MADE&resolution=D&from=1&to=2&token=REDACTED"


def record(folder: Path, name: str, url: str, body: str, *, status: int = 200, **headers: str) -> None:
    where = folder / "finnhub" / "made_up"
    where.mkdir(parents=True, exist_ok=True)
    meta = {"request": {"method": "GET", "url": url, "params": {}}, "status": status, "response_headers": headers}
    (where / f"{name}{META}").write_text(json.dumps(meta))
    (where / f"{name}.json").write_text(body)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    record(tmp_path, "quote", QUOTE, '{"c": 1.5}')
    record(tmp_path, "bars", BARS, '{"s": "ok"}')
    record(tmp_path, "later_bars", BARS.replace("from=1&to=2", "from=3&to=4"), '{"s": "later"}')
    record(tmp_path, "refused", QUOTE.replace("MADE", "SHUT"), '{"error": "no"}', status=403, **{"retry-after": "7"})
    return tmp_path


@pytest.fixture
def replay(folder: Path) -> Iterator[ReplayServer]:
    with ReplayServer(folder) as server:
        yield server


def get(replay: ReplayServer, path: str, **params: str) -> requests.Response:
    return requests.get(f"{replay.base_url('finnhub')}{path}", params=params, timeout=10)


def test_a_recorded_address_gets_the_recorded_answer_whatever_the_credentials(replay: ReplayServer) -> None:
    answer = get(replay, "/quote", symbol="MADE", token="another")
    assert (answer.status_code, answer.json()) == (200, {"c": 1.5})
    assert answer.headers["content-type"] == "application/json"


def test_status_and_headers_are_replayed(replay: ReplayServer) -> None:
    answer = get(replay, "/quote", symbol="SHUT")
    assert (answer.status_code, answer.headers["retry-after"]) == (403, "7")


def test_links_to_the_vendor_lead_back_to_the_server(folder: Path) -> None:
    record(folder, "page", "https://finnhub.io/api/v1/news", '{"next_url": "https://finnhub.io/api/v1/news?page=2"}')
    with ReplayServer(folder) as replay:
        assert get(replay, "/news").json() == {"next_url": f"{replay.base_url('finnhub')}/news?page=2"}


def test_an_unknown_address_gets_a_404_that_names_it_without_its_credentials(replay: ReplayServer) -> None:
    answer = get(replay, "/quote", symbol="OTHER", token="hush")
    assert answer.status_code == 404
    assert (answer.json()["path"], answer.json()["params"]) == ("/quote", {"symbol": "OTHER"})
    assert "hush" not in answer.text


def test_another_window_is_answered_in_lenient_mode_only(folder: Path, replay: ReplayServer) -> None:
    window = {"symbol": "MADE", "resolution": "D", "from": "3", "to": "9"}
    assert get(replay, "/stock/candle", **window).status_code == 404
    with ReplayServer(folder, lenient=True) as lenient:
        assert get(lenient, "/stock/candle", **window).json() == {"s": "later"}  # it agrees in `from`
        assert get(lenient, "/stock/candle", **{**window, "symbol": "OTHER"}).status_code == 404


def test_requests_are_counted_by_provider_and_path(replay: ReplayServer) -> None:
    for symbol in ("MADE", "SHUT", "OTHER"):
        get(replay, "/quote", symbol=symbol)
    get(replay, "/stock/candle")
    assert (replay.count("finnhub"), replay.count("finnhub", "/quote"), replay.count("yahoo")) == (4, 3, 0)


def test_what_is_put_comes_before_what_was_recorded_and_the_latest_first(replay: ReplayServer) -> None:
    replay.put("finnhub", "/quote", status=429, headers={"Retry-After": "3"}, body="slow down")
    replay.put("finnhub", "/quote", {"symbol": "MADE"}, headers={"Content-Type": "text/html"}, body="<html>")
    assert get(replay, "/quote", symbol="MADE", token="key").text == "<html>"
    throttled = get(replay, "/quote", symbol="SHUT")
    assert (throttled.status_code, throttled.headers["retry-after"], throttled.text) == (429, "3", "slow down")


def test_an_answer_can_break_off_half_way(replay: ReplayServer) -> None:
    replay.put("finnhub", "/quote", headers={"Content-Length": "5000"}, body='{"c": 1')
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(replay, "/quote", symbol="MADE")
