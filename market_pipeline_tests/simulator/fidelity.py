"""Asking the simulator what a vendor was once asked, and comparing the structure of the two answers.

Here belong finding the recorded requests that adapters make, repeating one, and what may differ.  How structures are
taken and compared belongs to `structure.py`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from market_pipeline.providers.base import Endpoint, Provider
from market_pipeline.providers.errors import ProviderError
from market_pipeline.providers.messages import Answer, Ask, Request
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.dialects import dialects
from market_pipeline.simulator.server import Simulator, SimulatorSettings
from market_pipeline_tests.providers.conformance import served_by
from market_pipeline_tests.recordings import ERRORS, Recording, load
from market_pipeline_tests.replay import CREDENTIALS
from market_pipeline_tests.simulator.structure import TracedAnswer, differences, structure_of, union

KEY = "a-key-of-a-paying-customer"

ALLOWED: Mapping[str, Mapping[str, str]] = {}
"""Differences that are meant: endpoint (`finnhub.Quote`) → path → the reason."""


@dataclass(frozen=True)
class Case:
    """A recorded request that adapters make, with its answer and all recorded answers of the same endpoint."""

    recording: Recording
    provider: Provider
    matches: list[tuple[Endpoint, Ask]]
    siblings: "list[Case]" = field(repr=False)

    @property
    def endpoint(self) -> str:
        """The first endpoint that asks for it, as `finnhub.Quote`."""
        return f"{self.provider.name}.{type(self.matches[0][0]).__name__}"

    @property
    def symbols(self) -> set[str]:
        """The symbols that were asked for, in our spelling and the vendor's."""
        return {
            spelled for endpoint, ask in self.matches for one in ask.symbols for spelled in (one, endpoint.spell(one))
        }


@cache
def cases(folder: Path) -> list[Case]:
    """Every recorded answer with data that an adapter reads and whose vendor the simulator speaks for."""
    found = []
    siblings: dict[str, list[Case]] = defaultdict(list)
    for recording in load(folder) if folder.is_dir() else []:
        provider = PROVIDERS.get(recording.provider)
        if (
            provider is None
            or provider.name not in dialects()
            or recording.status != 200
            or recording.data_type == ERRORS
        ):
            continue
        matches = served_by(provider, recording)
        if not matches or provider.classify(recording.answer()) is not None:
            continue
        case = Case(recording, provider, matches, [])
        case = replace(case, siblings=siblings[case.endpoint])
        case.siblings.append(case)
        found.append(case)
    return found


def entitled(settings: SimulatorSettings) -> Simulator:
    """A simulator of all vendors that refuses nobody for his plan, so that premium answers can be compared too."""
    speaking = dialects()
    for dialect in speaking.values():
        vars(dialect)["premium"] = frozenset()
    return Simulator(settings, speaking, PROVIDERS)


def wrong(case: Case, control: SimulatorControl) -> dict[str, str]:
    """What is wrong with the simulator's answer to the recorded request, by path."""
    control.set_clock(case.recording.recorded_at, speed=0)
    simulated = repeated(case, control)
    if simulated.status_code != 200:
        return {"": f"is an HTTP {simulated.status_code}: {simulated.text[:200]}"}
    refused = case.provider.classify(replace(case.recording.answer(simulated.content), headers={}))
    if refused is not None:
        return {"": f"is told as an error by the adapter: {refused}"}
    recorded = structure_of(case.recording.body, case.symbols)
    ever = union([structure_of(one.recording.body, one.symbols) for one in case.siblings])
    return differences(structure_of(simulated.content, case.symbols), recorded, ever, _read(case))


def unexpected(case: Case, control: SimulatorControl) -> list[str]:
    """`wrong` less what is allowed, a line for each path."""
    allowed = ALLOWED.get(case.endpoint, {})
    return [f"{path or 'the answer'} {what}" for path, what in wrong(case, control).items() if path not in allowed]


def _read(case: Case) -> set[tuple[str, ...]]:
    """The paths of the recorded answer that the adapter reads."""
    traced = TracedAnswer(**_fields(case.recording.answer()), symbols=case.symbols)
    for endpoint, ask in case.matches:
        try:
            endpoint.read(traced, ask)
        except ProviderError:
            continue
    return traced.read


def _fields(answer: Answer) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in Answer.__dataclass_fields__}


def repeated(case: Case, control: SimulatorControl) -> requests.Response:
    """The simulator's answer to the recorded request, made with a good key."""
    provider, parts = case.provider, urlsplit(case.recording.url)
    params = {name: value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in CREDENTIALS}
    with requests.Session() as session:
        session.headers.update(provider.headers)
        request = Request(path=parts.path.removeprefix(urlsplit(provider.base_url).path), params=params)
        if provider.handshake is not None and any(endpoint.handshake for endpoint, _ in case.matches):
            request = replace(request, params={**params, **_tokens(case, control, session)})
        return _send(session, control, provider, provider.authorise(request, KEY))


def _tokens(case: Case, control: SimulatorControl, session: requests.Session) -> Mapping[str, str]:
    handshake = case.provider.handshake
    assert handshake is not None
    answers = [_send(session, control, case.provider, request) for request in handshake.requests]
    return handshake.read(replace(case.recording.answer(answers[-1].content), headers={}))


def _send(
    session: requests.Session, control: SimulatorControl, provider: Provider, request: Request
) -> requests.Response:
    url = control.vendor_url(provider.name) + request.path
    return session.get(url, params=dict(request.params), headers=dict(request.headers), timeout=30)
