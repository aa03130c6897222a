"""What Finnhub's endpoints share: one symbol a request, a window of exchange-local days, figures in millions."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.messages import Ask, Window
from market_pipeline.providers.normalise import number

YEAR = timedelta(days=365)


class FinnhubEndpoint(Endpoint):
    """An endpoint for one symbol; its dates are exchange-local days, both included."""

    symbols_in: ClassVar[str | None] = "symbol"
    reach: ClassVar[tuple[timedelta, timedelta]] = (YEAR, YEAR)
    """What is asked for without a window: so far back and so far ahead."""

    def window(self, ask: Ask) -> Window:
        today = ask.today
        back, ahead = self.reach
        return ask.window if ask.window is not None else Window(today - back, today + ahead)


class DatedEndpoint(FinnhubEndpoint):
    """One that takes its window as the days `from` and `to`."""

    def params(self, ask: Ask) -> Mapping[str, str]:
        window = self.window(ask)
        return {"from": window.start.isoformat(), "to": window.end.isoformat()}


def millions(value: Any) -> Decimal | None:
    """A figure that Finnhub gives in millions, in units."""
    found = number(value)
    return None if found is None else found * 1_000_000
