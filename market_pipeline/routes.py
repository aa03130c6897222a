"""Who is asked for what, in which order: the default, before statistics and settings have their say.

Batch and market-wide vendors come first, because one request then serves many symbols; scarce free plans come last.
"""

from collections.abc import Mapping

ROUTES: Mapping[str, tuple[str, ...]] = {
    "stock_quotes": (
        "yahoo",
        "finviz",
        "finnhub",
        "nasdaq",
        "cboe",
        "tiingo",
        "twelve_data",
        "fmp",
        "polygon",
        "alpha_vantage",
        "eodhd",
    ),
    "company_info": (
        "yahoo",
        "finnhub",
        "nasdaq",
        "finviz",
        "sec_edgar",
        "tiingo",
        "fmp",
        "polygon",
        "alpha_vantage",
        "twelve_data",
        "eodhd",
    ),
    "historical_prices": (
        "yahoo",
        "polygon",
        "nasdaq",
        "cboe",
        "twelve_data",
        "tiingo",
        "fmp",
        "alpha_vantage",
        "finnhub",
        "eodhd",
    ),
    "options_chain": ("yahoo", "cboe", "nasdaq", "polygon", "alpha_vantage", "eodhd"),
    "earnings": ("yahoo", "finnhub", "nasdaq", "finviz", "fmp", "alpha_vantage", "twelve_data", "eodhd"),
    "dividends": ("yahoo", "nasdaq", "fmp", "polygon", "tiingo", "alpha_vantage", "finnhub", "twelve_data", "eodhd"),
    "fundamentals": (
        "yahoo",
        "sec_edgar",
        "finnhub",
        "fmp",
        "polygon",
        "finviz",
        "alpha_vantage",
        "tiingo",
        "twelve_data",
        "eodhd",
    ),
    "news": ("yahoo", "finnhub", "finviz", "polygon", "fmp", "alpha_vantage", "tiingo", "eodhd"),
    "economic_events": ("yahoo", "nasdaq", "finviz", "finnhub", "fred", "fmp", "alpha_vantage", "eodhd"),
    "index_constituents": ("finviz", "fmp", "nasdaq", "eodhd"),
}


def route(data_type: str, priorities: Mapping[str, int]) -> tuple[str, ...]:
    """The vendors for a data type; a vendor with a priority takes the place of that number, counted from 1."""
    placed = {name: float(place) for place, name in enumerate(ROUTES.get(data_type, ()), start=1)}
    # half a place earlier, so that priority 1 comes before the vendor whose place by default is 1
    placed |= {name: priorities[name] - 0.5 for name in placed if name in priorities}
    return tuple(sorted(placed, key=lambda name: placed[name]))
