"""Every vendor there is, once.  Adding one is a line here, its own file, and its rows in `routes.py`."""

from market_pipeline.providers.base import Provider
from market_pipeline.providers.finnhub import Finnhub

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (Finnhub(),)}
