"""Every vendor the simulator can speak for, once.  Adding one is its own file here and a line below."""

from market_pipeline.simulator.dialect import Dialect
from market_pipeline.simulator.dialects.alpha_vantage import AlphaVantageDialect
from market_pipeline.simulator.dialects.cboe import CboeDialect
from market_pipeline.simulator.dialects.eodhd import EodhdDialect
from market_pipeline.simulator.dialects.finnhub import FinnhubDialect
from market_pipeline.simulator.dialects.finviz import FinvizDialect
from market_pipeline.simulator.dialects.fmp import FmpDialect
from market_pipeline.simulator.dialects.fred import FredDialect
from market_pipeline.simulator.dialects.nasdaq import NasdaqDialect
from market_pipeline.simulator.dialects.polygon import PolygonDialect
from market_pipeline.simulator.dialects.sec_edgar import SecEdgarDialect
from market_pipeline.simulator.dialects.tiingo import TiingoDialect
from market_pipeline.simulator.dialects.twelve_data import TwelveDataDialect
from market_pipeline.simulator.dialects.yahoo import YahooDialect


def dialects() -> dict[str, Dialect]:
    """A new dialect of each vendor, by the provider's name."""
    known: tuple[Dialect, ...] = (
        YahooDialect(),
        FinnhubDialect(),
        FmpDialect(),
        AlphaVantageDialect(),
        PolygonDialect(),
        NasdaqDialect(),
        FinvizDialect(),
        CboeDialect(),
        SecEdgarDialect(),
        FredDialect(),
        TwelveDataDialect(),
        TiingoDialect(),
        EodhdDialect(),
    )
    return {dialect.name: dialect for dialect in known}
