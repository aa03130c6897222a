"""News: `/v1/finance/search?q=…`, the latest articles that a symbol finds."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from market_pipeline.datasets import SYMBOL_PATTERN
from market_pipeline.providers.messages import Answer, Ask, Parsed, rows_of
from market_pipeline.providers.normalise import canonical_symbol, text
from market_pipeline.providers.yahoo.values import YahooEndpoint, items, when

_REACH = timedelta(days=2)  # what the latest articles are sure to cover: no article from before is no statement
_ARTICLES = 50


class News(YahooEndpoint):
    """The search takes any words: an article that Yahoo links to other symbols only is about the words, and left out."""

    data_type = "news"
    path = "/v1/finance/search"
    symbols_in = "q"

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and (ask.window is None or ask.window.end >= (ask.now - _REACH).date())

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"newsCount": str(_ARTICLES), "quotesCount": "0", "enableFuzzyQuery": "false"}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        """Searches for a symbol; those for a name have other letters, those for quotes no news."""
        if params.get("newsCount") == "0" or re.fullmatch(SYMBOL_PATTERN, params.get("q", "")) is None:
            return None
        return super().match(path, params, now)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for article in rows_of(answer.json()["news"], "news"):
            linked = [canonical_symbol(ticker) for ticker in items(article, "relatedTickers")]
            if linked and ask.symbol not in linked:
                continue
            rows.append(
                {
                    "symbol": ask.symbol,
                    "published_at": when(article["providerPublishTime"]),
                    "title": text(article["title"]),
                    "url": text(article["link"]),
                    "summary": text(article.get("summary")),
                    "source": text(article.get("publisher")),
                    "related_symbols": tuple(symbol for symbol in linked if symbol != ask.symbol),
                }
            )
        return Parsed(rows)
