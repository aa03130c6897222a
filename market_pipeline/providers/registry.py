"""Every vendor there is, once.  Adding one is a line here, its own file, and its rows in `routes.py`."""

from market_pipeline.providers.alpha_vantage import AlphaVantage
from market_pipeline.providers.base import Provider
from market_pipeline.providers.cboe import Cboe
from market_pipeline.providers.eodhd import Eodhd
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.finviz import Finviz
from market_pipeline.providers.fmp import FinancialModelingPrep
from market_pipeline.providers.fred import Fred
from market_pipeline.providers.nasdaq import Nasdaq
from market_pipeline.providers.polygon import Polygon
from market_pipeline.providers.sec_edgar import SecEdgar
from market_pipeline.providers.tiingo import Tiingo
from market_pipeline.providers.twelve_data import TwelveData
from market_pipeline.providers.yahoo import Yahoo

PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        Yahoo(),
        Finnhub(),
        FinancialModelingPrep(),
        AlphaVantage(),
        Polygon(),
        Nasdaq(),
        Finviz(),
        Cboe(),
        SecEdgar(),
        Fred(),
        TwelveData(),
        Tiingo(),
        Eodhd(),
    )
}
