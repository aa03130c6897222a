"""A vendor that does not exist, whose adapter is as short as one can be: for tests of what tests adapters."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from market_pipeline.providers.base import Endpoint, Provider, by_status
from market_pipeline.providers.errors import ProviderError, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed
from market_pipeline_tests.recordings import META, Recording, load


class Quotes(Endpoint):
    data_type = "stock_quotes"
    path = "/quotes"
    symbols_in = "of"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        rows = [
            {
                "symbol": one["symbol"],
                "price": Decimal(one["price"]),
                "as_of": datetime.fromisoformat(one["at"]),
                "session": datetime.fromisoformat(one["at"]).date(),
                "volume": one.get("volume"),
            }
            for one in found["quotes"]
        ]
        return Parsed(rows, errors={symbol: UnknownSymbol("unknown") for symbol in found.get("unknown", ())})


class Vendor(Provider):
    name = "made_up"
    base_url = "https://made.up/api"
    endpoints = (Quotes(),)

    def classify(self, answer: Answer) -> ProviderError | None:
        return by_status(answer)


def written(
    folder: Path,
    *quotes: dict[str, Any],
    body: str | None = None,
    data_type: str = "stock_quotes",
    url: str = "https://made.up/api/quotes?of=MADE",
    unknown: tuple[str, ...] = (),
    status: int = 200,
    expect: dict[str, Any] | None = None,
) -> Recording:
    """The one recording of a new folder: an answer of the vendor with these quotes, or with this body."""
    where = folder / Vendor.name / data_type
    where.mkdir(parents=True)
    meta = {"request": {"url": url, "params": {}}, "status": status, "recorded_on": "2026-11-20"}
    (where / f"one{META}").write_text(json.dumps(meta if expect is None else {**meta, "expect": expect}))
    (where / "one.json").write_text(body or json.dumps({"quotes": quotes, "unknown": unknown}))
    (recording,) = load(folder)
    return recording
