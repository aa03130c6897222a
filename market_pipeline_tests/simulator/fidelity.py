"""Asking the simulator what a vendor was once asked, and comparing the structure of the two answers.

Here belong finding the recorded requests that adapters make, repeating them, and the rule of what may differ.  How
structures are taken and compared belongs to `structure.py`, exceptions by name to `meant.py`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path as Folder
from urllib.parse import parse_qsl, urlsplit

import requests

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import Endpoint, Provider
from market_pipeline.providers.errors import ProviderError
from market_pipeline.providers.messages import Ask, Parsed, Request
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.dialects import dialects
from market_pipeline.simulator.market import UNKNOWN_SYMBOLS, SyntheticMarket
from market_pipeline.simulator.server import Simulator, SimulatorSettings
from market_pipeline_tests.providers.conformance import served_by
from market_pipeline_tests.recordings import ERRORS, Recording, load
from market_pipeline_tests.replay import CREDENTIALS
from market_pipeline_tests.simulator.meant import ALLOWED, FUNDS, UNTOLD, covers
from market_pipeline_tests.simulator.structure import (
    MISSING,
    Path,
    Structure,
    invented,
    needed,
    shown,
    structure_of,
    topmost,
    union,
    without,
)

KEY = "a-key-of-a-paying-customer"
DAYS = 31
_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_EPOCH = re.compile(r"(?<==)1\d{9}(?=(?:000)?(?:&|$))")


@dataclass(frozen=True)
class Case:
    """A recorded request that adapters make, with its answer."""

    recording: Recording
    provider: Provider
    matches: list[tuple[Endpoint, Ask]]
    siblings: "list[Case]" = field(repr=False)
    """All recordings of the same endpoint, this one among them."""

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

    @property
    def beyond_the_market(self) -> set[str]:
        """Symbols that were asked for and are no companies, of which alone there is a synthetic market."""
        market = SyntheticMarket()
        asked = {symbol for _, ask in self.matches for symbol in ask.symbols if symbol != MARKET_WIDE}
        unknown = {symbol for symbol in asked if not market.knows(symbol)}
        meant = {symbol for symbol in unknown if symbol in UNKNOWN_SYMBOLS or symbol.startswith("ZZ")}
        return unknown - meant | asked & FUNDS

    @cached_property
    def structure(self) -> Structure:
        """The recorded answer's."""
        return structure_of(self.recording.body, self.symbols)

    def matters(self, paths: list[Path]) -> bool:
        """Whether the adapter makes something else of the recorded answer when paths are left out of it."""
        return self._made != self._made_of(without(self.recording.body, paths, self.symbols))

    @cached_property
    def _made(self) -> list[Parsed | str]:
        return self._made_of(self.recording.body)

    def _made_of(self, body: bytes) -> list[Parsed | str]:
        """What the adapter makes of the recorded answer with this body: for each endpoint its rows, or its complaint."""
        made: list[Parsed | str] = []
        for endpoint, ask in self.matches:
            try:
                made.append(endpoint.read(self.recording.answer(body), ask))
            except ProviderError as error:
                made.append(error.outcome)
        return made


@cache
def cases(folder: Folder) -> list[Case]:
    """Every recorded answer with data that an adapter reads and whose vendor the simulator speaks for."""
    found = []
    siblings: dict[str, list[Case]] = defaultdict(list)
    for recording in load(folder) if folder.is_dir() else []:
        provider = PROVIDERS.get(recording.provider)
        if provider is None or provider.name not in dialects() or recording.status != 200:
            continue
        if recording.data_type == ERRORS or provider.classify(recording.answer()) is not None:
            continue
        matches = served_by(provider, recording)
        if matches:
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


class Comparison:
    """Recorded answers and a running simulator's."""

    def __init__(self, control: SimulatorControl) -> None:
        self._control = control
        self._asked: dict[tuple[str, int], Structure | str] = {}

    def unexpected(self, case: Case) -> list[str]:
        """`wrong` less what is meant, a line for each path, and a line when the dialect stumbled on any day."""
        meant = ALLOWED.get(case.endpoint, {})
        before = self._stumbles(case)
        found = [
            f"{path or 'the answer'} {what}"
            for path, what in self.wrong(case).items()
            if not any(covers(one, path) for one in meant)
        ]
        stumbles = self._stumbles(case) - before
        return [*found, f"the dialect stumbled {stumbles} times: see the log"] if stumbles else found

    def _stumbles(self, case: Case) -> int:
        return int(self._control.vendor(case.provider.name)["unexpected_errors"])

    def wrong(self, case: Case) -> dict[str, str]:
        """What is wrong with the simulator's answer to the recorded request, by path; {} where nothing is."""
        simulated = self._answered(case)
        if isinstance(simulated, str):
            return {"": simulated}
        if simulated.format != case.structure.format:
            return {"": f"is {simulated.format}, recorded is {case.structure.format}"}
        missing = topmost(case.structure.types.keys() - simulated.types.keys())
        due = [path for path in missing if not self._optional(case, path)]
        wrong = dict.fromkeys(self._never_there(case, needed(due, case.matters)), MISSING)
        wrong |= invented(simulated, union(one.structure for one in case.siblings))
        return {shown(path): what for path, what in wrong.items()}

    def _never_there(self, case: Case, missing: list[Path]) -> list[Path]:
        """Those of `missing` that are missing on other days too.

        The synthetic market has few companies: a day on which it has no earnings, say, proves nothing.  So the request is
        repeated a day later and another, clock and dates alike.
        """
        for later in range(1, DAYS):
            simulated = self._answered(case, later) if missing else ""
            if isinstance(simulated, Structure):
                missing = [path for path in missing if path not in simulated.types]
        return missing

    def _optional(self, case: Case, path: Path) -> bool:
        """Whether another recording of the endpoint lacks a path, and another answer of the simulator's has it."""
        if not any(one.structure.lacks(path) for one in case.siblings):
            return False
        simulated = (self._answered(one) for one in case.siblings)
        return any(path in one.types for one in simulated if isinstance(one, Structure))

    def _answered(self, case: Case, later: int = 0) -> Structure | str:
        """The structure of the simulator's answer to the recorded request; a sentence where that is no data."""
        key = case.recording.id, later
        if key not in self._asked:
            self._asked[key] = self._ask(case, later)
        return self._asked[key]

    def _ask(self, case: Case, later: int) -> Structure | str:
        self._control.set_clock(case.recording.recorded_at + timedelta(days=later), speed=0)
        answer = self._repeated(case, later)
        if answer.status_code != 200:
            return f"is an HTTP {answer.status_code}: {answer.text[:200]}"
        refused = case.provider.classify(replace(case.recording.answer(answer.content), headers={}))
        if refused is not None:
            return f"is told as an error by the adapter: {refused}"
        return structure_of(answer.content, case.symbols)

    def _repeated(self, case: Case, later: int) -> requests.Response:
        """The recorded request, made with a good key and all dates so many days later."""
        provider, parts = case.provider, urlsplit(case.recording.url)
        params = dict(parse_qsl(_later(parts.query, later), keep_blank_values=True))
        for pattern, untold in UNTOLD.items():
            params |= untold if fnmatchcase(case.recording.id, pattern) else {}
        path = _later(parts.path.removeprefix(urlsplit(provider.base_url).path), later)
        request = Request(path=path, params={name: params[name] for name in params.keys() - CREDENTIALS})
        with requests.Session() as session:
            session.headers.update(provider.headers)
            if provider.handshake is not None and any(endpoint.handshake for endpoint, _ in case.matches):
                request = replace(request, params={**request.params, **self._tokens(case, session)})
            return self._send(session, provider, provider.authorise(request, KEY))

    def _tokens(self, case: Case, session: requests.Session) -> Mapping[str, str]:
        handshake = case.provider.handshake
        assert handshake is not None
        answers = [self._send(session, case.provider, request) for request in handshake.requests]
        return handshake.read(replace(case.recording.answer(answers[-1].content), headers={}))

    def _send(self, session: requests.Session, provider: Provider, request: Request) -> requests.Response:
        url = self._control.vendor_url(provider.name) + request.path
        return session.get(url, params=dict(request.params), headers=dict(request.headers), timeout=30)


def _later(written: str, days: int) -> str:
    """Text with every date and every epoch of a query so many days later."""
    moved = _DATE.sub(lambda day: (date.fromisoformat(day[0]) + timedelta(days=days)).isoformat(), written)
    return _EPOCH.sub(lambda seconds: str(int(seconds[0]) + 86_400 * days), moved)
