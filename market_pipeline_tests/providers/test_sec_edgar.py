"""What only EDGAR does: a contact for a key, files by CIK, the same figure in report after report."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.errors import RateLimited, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Request
from market_pipeline.providers.sec_edgar import SecEdgar
from market_pipeline.providers.sec_edgar.facts import CompanyFacts
from market_pipeline.providers.sec_edgar.filers import Submissions

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)
TICKERS = {
    "0": {"cik_str": 1067983, "ticker": "BRK-B", "title": "BERKSHIRE HATHAWAY INC"},
    "1": {"cik_str": 26172, "ticker": "CMI", "title": "CUMMINS INC"},
}


def answer(body: Any, path: str = "/api/xbrl/companyfacts/CIK0000026172.json", status: int = 200) -> Answer:
    sent = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(url=f"https://www.sec.gov{path}", status=status, body=sent, received_at=NOW)


def ask(symbol: str, data_type: str = "fundamentals") -> Ask:
    return Ask(data_type=data_type, symbols=(symbol,), now=NOW)


def fact(
    end: str, val: float, filed: str, form: str = "10-Q", start: str | None = None, **label: Any
) -> dict[str, Any]:
    began = {} if start is None else {"start": start}
    return {**began, "end": end, "val": val, "filed": filed, "form": form, "accn": f"{form} {filed}", **label}


def records(**concepts: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What facts in dollars are read into, by statement, type of period and its end."""
    body = {"facts": {"us-gaap": {name: {"units": {"USD": facts}} for name, facts in concepts.items()}}}
    checked = DATASETS["fundamentals"].check(CompanyFacts().read(answer(body), ask("CMI")).rows)
    assert checked.rejected == []
    found = [record.model_dump() for record in checked.records]
    return {(one["statement"], one["period_type"], str(one["period_end"])): one for one in found}


def test_the_contact_is_the_user_agent_and_no_parameter() -> None:
    signed = SecEdgar().authorise(Request(path="/x"), "Jane Doe jane@example.org")
    assert (dict(signed.headers), dict(signed.params)) == ({"User-Agent": "Jane Doe jane@example.org"}, {})


def test_a_turned_away_client_waits_as_long_as_the_page_says() -> None:
    page = b"<html><title>SEC.gov | Request Rate Threshold Exceeded</title>It will be limited for 10 minutes.</html>"
    error = SecEdgar().classify(answer(page, status=403))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 600


def test_a_ticker_of_the_universe_needs_no_directory_and_any_other_is_looked_up() -> None:
    (known,) = Submissions().requests(ask("BRK.B", "company_info"))
    assert known.path == "/submissions/CIK0001067983.json"
    (directory,) = Submissions().requests(ask("CMI", "company_info"))
    parsed = Submissions().read(answer(TICKERS, directory.path), ask("CMI", "company_info"))
    assert [request.path for request in parsed.more] == ["/submissions/CIK0000026172.json"]
    with pytest.raises(UnknownSymbol):
        Submissions().read(answer(TICKERS, directory.path), ask("CMX", "company_info"))


def test_the_last_report_of_a_figure_counts_and_is_dated_by_the_first_that_said_it() -> None:
    quarter = {"start": "2025-01-01", "end": "2025-03-31"}
    told = [
        fact(**quarter, val=100, filed="2025-05-01", fy=2025, fp="Q1"),
        fact(**quarter, val=90, filed="2025-06-15", form="10-Q/A", fy=2025, fp="Q1"),
        fact(**quarter, val=90, filed="2026-05-01", fy=2026, fp="Q1"),
        fact(**quarter, val=0.09, filed="2026-06-01", form="DEF 14A"),
    ]
    row = records(NetIncomeLoss=told)["income", "quarter", "2025-03-31"]
    assert (row["net_income"], row["filed_on"]) == (Decimal(90), date(2025, 6, 15))
    assert (row["fiscal_year"], row["fiscal_period"], row["currency"]) == (2025, "Q1", "USD")


def test_only_whole_quarters_and_years_are_kept_and_a_years_last_balance_is_its_last_quarters_too() -> None:
    annual: dict[str, Any] = {"filed": "2026-02-10", "form": "10-K", "fy": 2025, "fp": "FY"}
    flows = [
        fact("2025-06-30", 60, "2025-08-01", start="2025-01-01", fy=2025, fp="Q2"),
        fact("2025-06-30", 125, "2025-08-01", start="2024-07-01", fy=2025, fp="Q2"),
        fact("2025-12-31", 130, start="2025-01-01", **annual),
    ]
    found = records(NetIncomeLoss=flows, Assets=[fact("2025-12-31", 999, **annual)])
    assert set(found) == {("income", "year", "2025-12-31")} | {
        ("balance", kind, "2025-12-31") for kind in ("quarter", "year")
    }
    assert [found["balance", kind, "2025-12-31"]["fiscal_period"] for kind in ("quarter", "year")] == ["Q4", "FY"]
