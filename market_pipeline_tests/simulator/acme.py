"""Acme, a small vendor with everything the server has to deal with: keys, premium, batches, limits, and a broken route."""

from collections.abc import Mapping

from market_pipeline.providers.base import Endpoint, Provider, Rate
from market_pipeline.providers.errors import ProviderError
from market_pipeline.providers.messages import Answer, Ask, Parsed
from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.server import Simulator, SimulatorSettings

PRICE = 12.5


class Quotes(Endpoint):
    data_type = "stock_quotes"
    path = "/quotes"
    symbols_in = "symbols"
    batch = 10

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed([{"symbol": one["symbol"], "price": one["price"]} for one in answer.json()])


class Profile(Endpoint):
    data_type = "company_info"
    path = "/profile/{symbol}"
    cost = 3

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed([])


class Acme(Provider):
    name = "acme"
    title = "Acme"
    homepage = "https://acme.example"
    base_url = "https://acme.example/api"
    limits = (Rate(5, 60),)
    endpoints = (Quotes(), Profile())

    def classify(self, answer: Answer) -> ProviderError | None:
        return None


class AcmeDialect(Dialect):
    name = "acme"
    keyless = frozenset({"/open"})
    premium = frozenset({"/gold"})

    def __init__(self) -> None:
        self.routes = (
            Route("/quotes", self._quotes),
            Route("/profile/{symbol}", lambda call: Reply({"symbol": call.values["symbol"], "employees": 7})),
            Route("/table", lambda call: Reply("symbol,price\r\nAAPL,1.5\r\n", content_type="text/csv")),
            Route("/list", lambda call: Reply("short"), fixed={"kind": "short"}),
            Route("/list", lambda call: Reply("long")),
            Route("/now", lambda call: Reply({"now": call.now.isoformat(), "base_url": call.base_url})),
            Route("/open", lambda call: Reply("open")),
            Route("/gold", lambda call: Reply("gold")),
            Route("/broken", self._broken),
            Route("/unsendable", lambda call: Reply({"what": object()})),
        )

    def key_of(self, call: Call) -> str | None:
        return call.params.get("key")

    def unauthenticated(self, call: Call) -> Reply:
        return Reply({"error": "bad key"}, 401)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        return Reply({"error": "slow down"}, 429, {"retry-after": str(round(wait))})

    def not_entitled(self, call: Call) -> Reply:
        return Reply({"error": "gold members only"}, 403)

    def _quotes(self, call: Call) -> Reply:
        return Reply([{"symbol": symbol, "price": PRICE} for symbol in call.params["symbols"].split(",")])

    def _broken(self, call: Call) -> Reply:
        raise LookupError("a bug in the dialect")


def acme_simulator(settings: SimulatorSettings) -> Simulator:
    """A simulator of nobody but Acme."""
    return Simulator(settings, {"acme": AcmeDialect()}, providers())


def providers() -> Mapping[str, Provider]:
    return {"acme": Acme()}
