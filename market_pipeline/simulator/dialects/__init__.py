"""Every vendor the simulator can speak for, once.  Adding one is its own file here and a line below."""

from market_pipeline.simulator.dialect import Dialect
from market_pipeline.simulator.dialects.finnhub import FinnhubDialect


def dialects() -> dict[str, Dialect]:
    """A new dialect of each vendor, by the provider's name."""
    known: tuple[Dialect, ...] = (FinnhubDialect(),)
    return {dialect.name: dialect for dialect in known}
