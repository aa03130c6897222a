"""The simulator over HTTP, as a client sees it: keys, limits, faults on the wire, counters, control."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from market_pipeline.simulator.control import SimulatorControl, SimulatorUnreachable
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.simulator.spoiling import GARBAGE
from market_pipeline_tests.simulator.acme import PRICE, acme_simulator


def get(acme: SimulatorControl, path: str, timeout: float = 10, key: str = "good", **params: str) -> requests.Response:
    return requests.get(acme.vendor_url("acme") + path, params={"key": key, **params}, timeout=timeout)


def quotes(acme: SimulatorControl, *symbols: str) -> Any:
    return get(acme, "/quotes", symbols=",".join(symbols)).json()


def test_a_route_answers_with_what_its_placeholder_matched(acme: SimulatorControl) -> None:
    assert get(acme, "/profile/BRK.B").json() == {"symbol": "BRK.B", "employees": 7}


def test_a_slash_within_a_symbol_is_no_new_segment(acme: SimulatorControl) -> None:
    assert get(acme, "/profile/BTC%2FUSD").json()["symbol"] == "BTC/USD"


def test_fixed_parameters_tell_routes_with_one_path_apart(acme: SimulatorControl) -> None:
    assert get(acme, "/list", kind="short").text == "short"
    assert get(acme, "/list").text == "long"


def test_the_key_is_asked_for_wherever_the_vendor_wants_one(acme: SimulatorControl) -> None:
    bare = requests.get(acme.vendor_url("acme") + "/list", timeout=10)
    assert (bare.status_code, bare.json()) == (401, {"error": "bad key"})
    assert get(acme, "/list", key="invalid").status_code == 401
    assert requests.get(acme.vendor_url("acme") + "/open", timeout=10).text == "open"


def test_free_keys_do_not_get_premium_answers(acme: SimulatorControl) -> None:
    refused = get(acme, "/gold")
    assert (refused.status_code, refused.json()) == (403, {"error": "gold members only"})


def test_calls_above_the_documented_limit_are_refused_in_the_vendors_words(acme: SimulatorControl) -> None:
    answers = [get(acme, "/list") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    counted = acme.vendor("acme")
    assert (counted["rate_limited"], counted["most_per_window"]) == (1, {"5 per 60 s": 6})


def test_a_request_uses_what_its_endpoint_costs(acme: SimulatorControl) -> None:
    assert [get(acme, "/profile/AAPL").status_code for _ in range(2)] == [200, 429]
    assert acme.vendor("acme")["most_per_window"] == {"5 per 60 s": 6}


def test_limits_can_be_scaled_and_switched_off() -> None:
    with RunningSimulator(SimulatorSettings(port=0, rate_limits=0.4), acme_simulator) as scaled:
        assert [get(scaled.control, "/list").status_code for _ in range(3)] == [200, 200, 429]
    with RunningSimulator(SimulatorSettings(port=0, rate_limits=None), acme_simulator) as unlimited:
        assert {get(unlimited.control, "/list").status_code for _ in range(20)} == {200}


def test_unknown_addresses_are_not_found_and_remembered(acme: SimulatorControl) -> None:
    assert get(acme, "/v9/quotes").status_code == 404
    assert acme.vendor("acme")["unknown_paths"] == {"/v9/quotes": 1}
    elsewhere = requests.get(f"{acme.url}/bloomberg/quotes", timeout=10)
    assert (elsewhere.status_code, "there are acme" in elsewhere.json()["error"]) == (404, True)


@pytest.mark.parametrize("path", ["/broken", "/unsendable"])
def test_a_bug_in_a_dialect_is_a_loud_500(acme: SimulatorControl, path: str, caplog: pytest.LogCaptureFixture) -> None:
    assert get(acme, path).status_code == 500
    assert acme.vendor("acme")["unexpected_errors"] == 1
    assert f"the simulator failed at {path}" in caplog.text
    assert "Traceback" in caplog.text
    assert "good" not in caplog.text  # the key


def test_the_counters_say_what_was_asked_and_answered(acme: SimulatorControl) -> None:
    quotes(acme, "AAPL", "MSFT")
    quotes(acme, "AAPL")
    get(acme, "/list", key="invalid")
    counted = acme.vendor("acme")
    assert counted["requests"] == 3
    assert counted["statuses"] == {"200": 2, "401": 1}
    assert counted["served"] == {"stock_quotes": {"AAPL": 2, "MSFT": 1}}
    assert counted["faults"] == {}


def test_an_outage_and_errors_look_like_the_vendors_own(acme: SimulatorControl) -> None:
    for faults in ("acme:outage=0-", "acme:error_rate=1"):
        acme.set_faults(faults)
        assert get(acme, "/list").status_code == 503
    assert acme.vendor("acme")["faults"] == {"outage": 1, "error_rate": 1}


def test_throttling_refuses_the_first_call_already(acme: SimulatorControl) -> None:
    acme.set_faults("acme:throttle=1")
    assert get(acme, "/list").status_code == 429
    assert acme.vendor("acme")["rate_limited"] == 0


def test_a_reset_connection_is_no_answer(acme: SimulatorControl) -> None:
    acme.set_faults("acme:reset=1")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        get(acme, "/list")


def test_a_truncated_body_ends_before_its_length(acme: SimulatorControl) -> None:
    acme.set_faults("acme:truncated=1")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError), match="IncompleteRead"):
        quotes(acme, "AAPL")
    assert acme.vendor("acme")["served"] == {}


def test_a_web_page_comes_with_status_200(acme: SimulatorControl) -> None:
    acme.set_faults("acme:html=1")
    page = get(acme, "/list")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")


def test_lies_have_status_200_and_no_data(acme: SimulatorControl) -> None:
    acme.set_faults("acme:lying=1")
    lies = [get(acme, "/list") for _ in range(2)]
    assert [lie.status_code for lie in lies] == [200, 200]
    assert [lie.text for lie in lies] == ["{}", "upstream connect error or disconnect/reset before headers"]


def test_a_slow_answer_outlasts_the_clients_patience(acme: SimulatorControl) -> None:
    acme.set_faults("acme:slow=1,slow_seconds=30")
    with pytest.raises(requests.ReadTimeout):
        get(acme, "/list", timeout=0.1)
    acme.set_faults("")
    assert get(acme, "/list").status_code == 200  # nobody else waits for it


def test_the_figures_of_a_garbage_symbol_are_senseless_and_those_of_others_are_not(acme: SimulatorControl) -> None:
    acme.set_faults("acme:garbage=AAPL")
    assert quotes(acme, "AAPL", "MSFT") == [{"symbol": "AAPL", "price": GARBAGE}, {"symbol": "MSFT", "price": PRICE}]
    assert get(acme, "/profile/AAPL").json() == {"symbol": "AAPL", "employees": GARBAGE}
    assert acme.vendor("acme")["faults"] == {"garbage": 2}


def test_faults_are_reproducible(acme: SimulatorControl) -> None:
    runs = []
    for _ in range(2):
        acme.reset()
        acme.set_faults("acme:error_rate=0.5")
        runs.append([get(acme, "/list").status_code == 503 for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {True, False}


def test_the_clock_can_be_set(acme: SimulatorControl) -> None:
    acme.set_clock(datetime(2020, 3, 16, 14, 30, tzinfo=UTC), speed=0)
    assert get(acme, "/now").json()["now"] == "2020-03-16T14:30:00+00:00"
    assert acme.state()["now"] == "2020-03-16T14:30:00+00:00"
    acme.set_clock()
    assert get(acme, "/now").json()["now"] > "2026"


def test_a_dialect_knows_its_own_address(acme: SimulatorControl) -> None:
    assert get(acme, "/now").json()["base_url"] == acme.vendor_url("acme")


def test_health_names_the_world(acme: SimulatorControl) -> None:
    assert requests.get(f"{acme.url}/_control/health", timeout=10).json() == {"status": "ok", "world": "simulated:3"}


def test_faults_come_back_in_a_form_that_can_be_set_again(acme: SimulatorControl) -> None:
    acme.set_faults("acme:outage=5-,garbage=AAPL,latency=0.01")
    plans = acme.faults()
    acme.set_faults(plans)
    assert acme.faults() == plans
    assert plans["acme"]["garbage"] == ["AAPL"]


def test_what_control_cannot_use_is_told_and_changes_nothing(acme: SimulatorControl) -> None:
    acme.set_faults("acme:html=1")
    with pytest.raises(ValueError, match="unknown vendor 'bloomberg' in the faults: accepted are acme"):
        acme.set_faults("bloomberg:html=1")
    with pytest.raises(ValueError, match="speed"):
        acme.set_clock(speed=-1)
    assert acme.faults()["acme"]["html"] == 1


def test_reset_brings_back_the_start(acme: SimulatorControl) -> None:
    acme.set_faults("acme:html=1")
    acme.set_clock(speed=0)
    get(acme, "/list")
    acme.reset()
    assert acme.vendor("acme")["requests"] == 0
    assert acme.faults() == {}
    assert acme.state()["clock"]["speed"] == 1


def test_an_address_without_a_simulator_says_so() -> None:
    with pytest.raises(SimulatorUnreachable, match=r"no simulator answers at http://127\.0\.0\.1:9 "):
        SimulatorControl("http://127.0.0.1:9").world()
