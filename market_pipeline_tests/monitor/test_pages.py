"""The pages as they are sent: each says what it is about, works without a script, and escapes what others wrote."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from market_pipeline.monitor.charts import Point, line, ring, shares
from market_pipeline.monitor.rendering import PAGES
from market_pipeline.monitor.timelines import beats
from market_pipeline.tracking.statistics import HistoryPoint
from market_pipeline_tests.monitor.conftest import Monitor

EVIL = "<script>alert(1)</script>"


def read(monitor: Monitor, path: str) -> str:
    answer = monitor.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


class Tags(HTMLParser):
    """Every opening tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))


def test_a_page_loads_only_what_is_its_own_and_names_its_fields(monitor: Monitor, subtests: pytest.Subtests) -> None:
    for path in (*(path for _, path in PAGES), "/attempts", "/vendors/yahoo", "/login"):
        with subtests.test(path):
            text = read(monitor, path)
            tags = Tags(text).found
            loaded = [one.get("src") or one.get("href") or "" for tag, one in tags if tag in ("script", "link", "img")]
            assert all(address.startswith(("/static/", "data:")) for address in loaded)
            assert not [one for _, one in tags if any(name.startswith("on") or name == "style" for name in one)]
            assert [tag for tag, _ in tags].count("h1") == 1
            html = next(one for tag, one in tags if tag == "html")
            assert html["lang"] == "en"
            for tag, one in tags:
                if tag == "select" or (tag == "input" and one.get("type") != "hidden"):
                    field = rf"<label>[^<]*(?:<code>[^<]*</code>)?\s*<{tag} [^>]*name=\"{one['name']}\""
                    assert re.search(field, text), one


def test_the_overview_says_what_is_wrong_first(monitor: Monitor) -> None:
    text = read(monitor, "/")
    assert "Dagster&#39;s daemon sends no heartbeat: no schedule or sensor runs." in text
    assert "<code>market-pipeline up</code>" in text
    assert text.index("sends no heartbeat") < text.index("queue</small>") < text.index("<h2>Freshness")
    assert "4 of 5 done" in text


def test_freshness_is_a_map_that_leads_to_the_calls(monitor: Monitor) -> None:
    text = read(monitor, "/freshness")
    assert '<td class="stale"><a\n      href="/attempts?symbol=AAPL&amp;data_type=company_info">stale</a>' in text
    missing = read(monitor, "/freshness?status=missing&sector=Nowhere")
    assert "No symbols match" in missing
    calls = read(monitor, "/attempts?symbol=aapl&data_type=company_info")
    assert "Calls for AAPL" in calls
    assert calls.count("<tr>") > 3


def test_a_failure_says_what_each_vendor_said_and_is_retried_by_its_button(monitor: Monitor) -> None:
    text = read(monitor, "/failures?data_type=stock_quotes")
    assert "<dt>finnhub</dt><dd>unavailable: HTTP 503</dd>" in text
    answer = monitor.client.post(
        "/failures/retry", data={"data_type": "stock_quotes", "symbol": "AAPL"}, follow_redirects=True
    )
    assert "The retry is scheduled" in answer.text


def test_an_execution_is_shown_with_its_symbols_and_its_calls(monitor: Monitor) -> None:
    (link,) = re.findall(r'href="(/executions/[0-9a-f-]+)"', read(monitor, "/executions"))
    text = read(monitor, link)
    assert "ZZTOP" in text
    assert "Its calls" in text


def test_symbols_are_added_and_removed_by_forms(monitor: Monitor) -> None:
    added = monitor.client.post("/symbols/add", data={"symbols": "nvda, brk.b"}, follow_redirects=True).text
    assert "7 symbols" in added
    assert "Stop fetching NVDA" in added
    wrong = monitor.client.post("/symbols/add", data={"symbols": f"IBM {EVIL}"}, follow_redirects=True).text
    assert "Nothing was changed" in wrong
    assert "7 symbols" in wrong
    removed = monitor.client.post("/symbols/remove", data={"symbol": "NVDA"}, follow_redirects=True).text
    assert "6 symbols" in removed


def test_what_vendors_and_callers_wrote_is_text_and_never_markup(monitor: Monitor) -> None:
    with monitor.database.connect() as connection:
        connection.execute("UPDATE tracked_symbols SET name = %s, sector = %s", [EVIL, EVIL])
        connection.execute("UPDATE fetch_attempts SET error_message = %s", [EVIL])
        connection.execute("UPDATE failed_symbols SET errors = jsonb_build_object('finnhub', %s::text)", [EVIL])
        connection.execute("UPDATE scheduler_execution_log SET error_message = %s", [EVIL])
    for path in [path for _, path in PAGES] + [
        f"/attempts?symbol={EVIL}",
        f"/freshness?sector={EVIL}",
        f"/?said={EVIL}",
    ]:
        text = read(monitor, path)
        assert EVIL not in text, path
    assert "&lt;script&gt;" in read(monitor, "/failures")


def test_a_chart_has_gaps_where_there_is_nothing_and_says_its_values() -> None:
    drawn = line([Point("9:00", 50), Point("10:00", None), Point("<b>", 100)], "Success", unit=" %", low=0, high=100)
    assert drawn.count('class="line"') == 2, "two strokes"
    assert "<title>9:00: 50 %</title>" in drawn
    assert "&lt;b&gt;: 100 %" in drawn
    assert "no calls" in line([Point("9:00", None)], "Success")
    assert shares([("fresh", 3), ("stale", 1)], "x").count("<rect") == 2
    assert 'width="75.000"' in shares([("fresh", 3), ("stale", 1)], "x")


def test_hours_without_calls_and_runs_that_there_were_not_are_empty_ticks() -> None:
    now = datetime(2026, 5, 29, 18, 30, tzinfo=UTC)
    good, bad = (
        HistoryPoint(
            starts_at=now.replace(minute=0) - timedelta(hours=ago),
            provider="yahoo",
            total_attempts=10,
            successes=successes,
            failures=10 - successes,
            rate_limited=0,
            success_rate=10.0 * successes,
            avg_response_time_ms=5,
            records=0,
        )
        for ago, successes in ((1, 10), (0, 4))
    )
    row = beats([good, bad], ["yahoo", "fred"], now)
    kinds = re.findall(r'<rect class="(\w+)"', row["yahoo"])
    assert kinds == ["none"] * 22 + ["good", "bad"]
    assert "18:00 UTC: 40.0 % of 10 calls" in row["yahoo"]
    assert set(re.findall(r'<rect class="(\w+)"', row["fred"])) == {"none"}


def test_a_ring_is_full_only_when_nothing_is_missing() -> None:
    assert "99 %" in ring(0.9999, "fresh")
    assert "100 %" in ring(1, "fresh")
    assert "–" in ring(None, "fresh")
