"""Fault plans: both notations, what they refuse, and draws that come out the same every time."""

from collections import Counter

import pytest

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.faults import FaultPlan, Kind, parse_faults

VENDORS = ("finnhub", "yahoo")


def test_text_and_json_say_the_same() -> None:
    text = "yahoo:error_rate=0.2,latency=0.05; finnhub:outage=10-40+60-,garbage=AAPL+MSFT"
    json = {
        "yahoo": {"error_rate": 0.2, "latency": 0.05},
        "finnhub": {"outage": [[10, 40], [60, None]], "garbage": ["AAPL", "MSFT"]},
    }
    assert parse_faults(text, VENDORS) == parse_faults(json, VENDORS)
    assert parse_faults(text, VENDORS)["finnhub"].garbage == ("AAPL", "MSFT")


def test_a_star_is_every_vendor_and_what_comes_later_counts() -> None:
    plans = parse_faults("*:latency=1,html=0.1;yahoo:latency=2", VENDORS)
    assert plans == {"finnhub": FaultPlan(latency=1, html=0.1), "yahoo": FaultPlan(latency=2, html=0.1)}


def test_no_text_is_no_plan() -> None:
    assert parse_faults("", VENDORS) == {}


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("bloomberg:latency=1", "unknown vendor 'bloomberg' in the faults: accepted are finnhub, yahoo, *"),
        ("yahoo:lateness=1", "unknown fault lateness for yahoo: accepted are latency, jitter, outage, error_rate"),
        ("yahoo:error_rate=1.5", "faults of yahoo: error_rate: .*less than or equal to 1"),
        ("yahoo:latency=-1", "faults of yahoo: latency: .*greater than or equal to 0"),
        ("yahoo:latency=nan", "faults of yahoo: latency"),
        ("yahoo:latency=soon", "faults of yahoo: latency: .*valid number"),
        ("yahoo:outage=40", "'40' is no window of seconds: write 10-40"),
        ("yahoo:outage=40-10", "an outage ends after it starts"),
        ("yahoo:error_rate=0.7,html=0.4", r"add up to 1\.1"),
        ("yahoo:latency", "'yahoo:latency' is no fault plan: write vendor:fault=value"),
        ("yahoo", "'yahoo' is no fault plan"),
        ({"yahoo": 0.5}, "the faults of yahoo have to be an object"),
        ({"yahoo": {"garbage": [1]}}, "faults of yahoo: garbage"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(written: str | dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        parse_faults(written, VENDORS)
    assert "\n" not in str(refused.value)


def test_the_same_request_suffers_the_same_fault_every_time() -> None:
    plan = FaultPlan(error_rate=0.3, reset=0.3, jitter=1.0)
    verdicts = [[plan.verdict(Dice(7), "yahoo", count, elapsed=0.0) for count in range(50)] for _ in range(2)]
    assert verdicts[0] == verdicts[1]
    assert verdicts[0] != [plan.verdict(Dice(8), "yahoo", count, elapsed=0.0) for count in range(50)]
    assert verdicts[0] != [plan.verdict(Dice(7), "finnhub", count, elapsed=0.0) for count in range(50)]


def test_rates_are_shares_of_the_requests() -> None:
    plan = FaultPlan(error_rate=0.2, html=0.1, truncated=0.3)
    seen = Counter(plan.verdict(Dice(1), "yahoo", count, elapsed=0.0).kind for count in range(10_000))
    assert seen[Kind.ERROR] == pytest.approx(2_000, rel=0.1)
    assert seen[Kind.HTML] == pytest.approx(1_000, rel=0.1)
    assert seen[Kind.TRUNCATED] == pytest.approx(3_000, rel=0.1)
    assert seen[None] == pytest.approx(4_000, rel=0.1)


def test_an_outage_hits_every_request_from_its_start_until_its_end() -> None:
    plan = parse_faults("yahoo:outage=10-40+60-", VENDORS)["yahoo"]
    down = [
        at for at in (0, 9.9, 10, 39.9, 40, 59, 60, 1e9) if plan.verdict(Dice(1), "yahoo", 1, at).kind is Kind.OUTAGE
    ]
    assert down == [10, 39.9, 60, 1e9]


def test_delays_are_latency_and_jitter_and_slowness() -> None:
    delays = [FaultPlan(latency=1, jitter=0.5).verdict(Dice(1), "yahoo", count, 0.0).delay for count in range(100)]
    assert 1 <= min(delays) < 1.1
    assert 1.4 < max(delays) < 1.5
    assert FaultPlan(latency=1, slow=1, slow_seconds=20).verdict(Dice(1), "yahoo", 1, 0.0) == (21, Kind.SLOW)
