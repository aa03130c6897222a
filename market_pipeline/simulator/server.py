"""The simulator over HTTP: every vendor at `/<vendor>`, and the control API under `/_control`.

Here belong the ASGI application and the order in which a request is treated: counted, refused or answered, delayed,
sent.  What vendors decide is in `vendor`, what goes wrong in `faults`, processes and ports in `process`.

Handlers run in the event loop: they are pure and short, and the synthetic market needs no locks that way.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from market_pipeline.providers.base import Provider
from market_pipeline.simulator.clock import ClockSetting, SimulatorClock
from market_pipeline.simulator.dialect import Call, Dialect, Reply
from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.faults import FaultPlan, Kind, parse_faults
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.vendor import SimulatedVendor
from market_pipeline.simulator.wire import Reset, Truncated, left_within

logger = logging.getLogger(__name__)

_CLIENT_LEFT = 499  # nobody reads it; nginx's code for a client that closed its request
_CLOCK = TypeAdapter(ClockSetting)
_PLANS = TypeAdapter(dict[str, FaultPlan])


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class SimulatorSettings:
    """How a simulator starts."""

    port: int = Field(default=8910, ge=0, le=65535)
    """On 127.0.0.1; 0 for any free one."""
    seed: int = 1
    """Of the market and of the faults."""
    faults: str | dict[str, Any] = ""
    """Plans in one of the notations of `faults`."""
    rate_limits: float | None = 1.0
    """Factor on the vendors' documented limits; None switches them off."""
    clock: ClockSetting = ClockSetting()


def world_of(seed: int) -> str:
    """The name of the synthetic market of a seed."""
    return f"simulated:{seed}"


class Simulator:
    """All vendors over one market.  Raises ValueError for settings that make no sense."""

    def __init__(
        self,
        settings: SimulatorSettings,
        dialects: Mapping[str, Dialect],
        providers: Mapping[str, Provider],
        stopwatch: Callable[[], float] = time.time,
    ) -> None:
        missing = sorted(set(dialects) - set(providers))
        if missing:
            raise ValueError(f"dialects without a provider of the same name: {', '.join(missing)}")
        self.settings = settings
        self.world = world_of(settings.seed)
        self.market = SyntheticMarket(settings.seed)
        self._dice = Dice(settings.seed)
        self._dialects, self._providers = dialects, providers
        self._stopwatch = stopwatch
        self.reset()

    def reset(self) -> None:
        """As it was started: nothing counted, no limit used, the faults and the clock of the settings."""
        self._vendors = {
            name: SimulatedVendor(dialect, self._providers[name], self.settings.rate_limits)
            for name, dialect in self._dialects.items()
        }
        self.set_faults(self.settings.faults)
        self.clock = SimulatorClock(self.settings.clock)

    def set_faults(self, written: str | Mapping[str, Any]) -> None:
        """Replaces every vendor's plan, from now on.  Raises ValueError for what `parse_faults` refuses."""
        self.plans = parse_faults(written, self._vendors)
        self._planned = self._stopwatch()

    async def answer(self, request: Request) -> Response:
        """One request to a vendor."""
        vendor = self._vendors.get(request.path_params["vendor"])
        if vendor is None:
            known = ", ".join(sorted(self._vendors))
            return JSONResponse({"error": f"no vendor at {request.url.path}: there are {known}"}, 404)
        vendor.counts.requests += 1
        name = vendor.dialect.name
        plan = self.plans.get(name, FaultPlan())
        elapsed = self._stopwatch() - self._planned
        delay, fault = plan.verdict(self._dice, name, vendor.counts.requests, elapsed)
        if fault is not None:
            vendor.counts.faults[fault] += 1
        reply = None if fault is Kind.RESET else self._reply(request, vendor, fault, plan)
        if delay > 0 and await left_within(request, delay):
            vendor.counts.abandoned += 1
            return Response(status_code=_CLIENT_LEFT)
        if reply is None:
            return Reset()
        vendor.sent(reply)
        logger.debug("%s %s -> %d", name, request.url.path, reply.status)
        return _sent(reply, fault)

    def _reply(self, request: Request, vendor: SimulatedVendor, fault: Kind | None, plan: FaultPlan) -> Reply:
        name = vendor.dialect.name
        path = request.scope["raw_path"].decode("ascii").removeprefix(f"/{name}")
        params = dict(request.query_params)
        route, values = vendor.route(path, params) or (None, {})
        call = Call(
            path=path,
            params=params,
            headers=dict(request.headers),
            values=values,
            market=self.market if plan.seed is None else _market(plan.seed),
            now=self.clock.now(),
            base_url=f"{request.url.scheme}://{request.url.netloc}/{name}",
        )
        return vendor.answer(call, route, self._stopwatch(), fault, plan.garbage)

    def state(self) -> dict[str, Any]:
        """What `GET /_control/state` tells."""
        return {
            "world": self.world,
            "now": self.clock.now().isoformat(),
            "clock": _CLOCK.dump_python(self.clock.setting, mode="json"),
            "pid": os.getpid(),
            "rate_limits": self.settings.rate_limits,
            "vendors": {name: vendor.state() for name, vendor in self._vendors.items()},
        }

    def application(self) -> Starlette:
        """The ASGI application."""
        methods = ["GET", "POST"]
        return Starlette(
            routes=[
                Mount("/_control", control(self)),
                Route("/{vendor}", self.answer, methods=methods),
                Route("/{vendor}/{path:path}", self.answer, methods=methods),
            ]
        )


@cache
def _market(seed: int) -> SyntheticMarket:
    return SyntheticMarket(seed)


def control(simulator: Simulator) -> Starlette:
    """The control API; whatever it cannot use is a 400 that says why."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "world": simulator.world})

    async def state(request: Request) -> Response:
        return JSONResponse(simulator.state())

    async def faults(request: Request) -> Response:
        if request.method == "PUT":
            body = await request.body()
            simulator.set_faults(orjson.loads(body) if body.lstrip()[:1] == b"{" else body.decode())
        return Response(_PLANS.dump_json(simulator.plans), media_type="application/json")

    async def clock(request: Request) -> Response:
        simulator.clock.set(_CLOCK.validate_json(await request.body()))
        return JSONResponse({"now": simulator.clock.now().isoformat()})

    async def reset(request: Request) -> Response:
        simulator.reset()
        return await health(request)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/state", state),
            Route("/faults", faults, methods=["GET", "PUT"]),
            Route("/clock", clock, methods=["PUT"]),
            Route("/reset", reset, methods=["POST"]),
        ],
        exception_handlers={ValueError: _refused},
    )


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def _sent(reply: Reply, fault: Kind | None) -> Response:
    body, content_type = reply.encoded()
    kind = Truncated if fault is Kind.TRUNCATED else Response
    return kind(body, reply.status, {**reply.headers, "content-type": content_type})
