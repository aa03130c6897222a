"""However broken an answer is, an adapter makes of it sound records or an error of the tree, and never anything else.

The examples are the same in every run (see the profiles in the outermost conftest).  To look for new ones:
`pytest market_pipeline_tests/providers/test_fuzz.py --hypothesis-profile explore`.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_pipeline.providers.base import Endpoint, Provider
from market_pipeline.providers.errors import MalformedResponse, ProviderError, RateLimited, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline_tests.providers.broken_answers import broken, swept
from market_pipeline_tests.providers.conformance import read, served_by, unsound
from market_pipeline_tests.providers.made_up import Quotes, Vendor, written
from market_pipeline_tests.recordings import Recording

Subject = tuple[Recording, Endpoint, Ask]


def subjects(provider: Provider, recordings: Sequence[Recording]) -> list[Subject]:
    """For each endpoint the smallest recording that it reads into records, or the smallest that it serves."""
    best: dict[Endpoint, tuple[tuple[bool, int], Subject]] = {}
    for recording in recordings:
        for endpoint, ask in served_by(provider, recording) if recording.status == 200 else ():
            empty = not read(endpoint, ask, recording.answer()).records
            rank = empty, recording.body_file.stat().st_size
            if endpoint not in best or rank < best[endpoint][0]:
                best[endpoint] = rank, (recording, endpoint, ask)
    return [subject for _, subject in best.values()]


def withstands(provider: Provider, endpoint: Endpoint, ask: Ask, answer: Answer) -> None:
    """Raises whatever is not an error of the tree, and AssertionError where one of the promises is broken."""
    error = provider.classify(answer)
    assert error is None or isinstance(error, ProviderError)
    if isinstance(error, RateLimited) and error.retry_after is not None:
        assert math.isfinite(error.retry_after)
        assert error.retry_after >= 0
    if error is None:
        reading = read(endpoint, ask, answer)
        assert [fault for record in reading.records for fault in unsound(record)] == []
        assert all(isinstance(about, ProviderError) for about in reading.symbol_errors.values())


def fuzz(provider: Provider, over: Sequence[Subject]) -> None:
    """Let Hypothesis look for a broken answer that `provider` does not withstand."""
    examples = st.one_of([st.tuples(st.just(subject), broken(subject[0])) for subject in over])

    @settings(max_examples=len(over) * settings().max_examples // 4)  # 25 an endpoint: 3 ms each, mostly Hypothesis'
    @given(examples)
    def run(example: tuple[Subject, Answer]) -> None:
        (_, endpoint, ask), answer = example
        withstands(provider, endpoint, ask, answer)

    run()


def sweep(provider: Provider, over: Sequence[Subject]) -> None:
    """Try one broken place after another, for what Hypothesis needs luck to find."""
    for recording, endpoint, ask in over:
        for answer in swept(recording):
            withstands(provider, endpoint, ask, answer)


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[request.param]


@pytest.fixture
def over(provider: Provider, recordings: dict[str, Recording]) -> list[Subject]:
    found = subjects(provider, [recording for recording in recordings.values() if recording.provider == provider.name])
    if not found:
        pytest.skip(f"no recording that {provider.name} serves")
    return found


def test_no_place_of_an_answer_can_be_missing_or_senseless_enough(provider: Provider, over: list[Subject]) -> None:
    sweep(provider, over)


def test_no_broken_answer_gets_more_out_of_an_adapter_than_records_or_an_error(
    provider: Provider, over: list[Subject]
) -> None:
    fuzz(provider, over)


class ClassifiesByForce(Vendor):
    def classify(self, answer: Answer) -> ProviderError | None:
        return None if answer.json() else UnknownSymbol("nothing")


class QuotesThatGiveUp(Quotes):
    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        parsed = super().parse(answer, ask)
        if not parsed.rows:
            raise RuntimeError("no rows")
        return parsed


class ParsesByForce(Vendor):
    endpoints = (QuotesThatGiveUp(),)


@pytest.mark.parametrize(
    ("vendor", "search", "gotten"),
    [(ClassifiesByForce(), fuzz, MalformedResponse), (ParsesByForce(), sweep, RuntimeError)],
)
def test_an_adapter_that_lets_something_out_is_found(
    vendor: Provider, search: Callable[[Provider, list[Subject]], None], gotten: type[Exception], tmp_path: Path
) -> None:
    recording = written(tmp_path, {"symbol": "MADE", "price": "12.50", "at": "2026-11-20T20:59:00Z"})
    with pytest.raises(gotten):
        search(vendor, subjects(vendor, [recording]))
