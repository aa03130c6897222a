"""What Finviz's endpoints share: its spelling of symbols, and addresses that moved.

Here belongs what every page has in common before it is read; reading belongs to `pages` and the endpoints.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.messages import Ask
from market_pipeline.providers.normalise import canonical_symbol, dashed_symbol


class FinvizEndpoint(Endpoint):
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other paths of the same page: Finviz redirects from one to the other, and has turned round before."""

    def spell(self, symbol: str) -> str:
        return dashed_symbol(symbol)

    def unspell(self, spelling: str) -> str:
        return canonical_symbol(spelling) or spelling.upper()

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(self.path if path in self.aliases else path, params, now)
